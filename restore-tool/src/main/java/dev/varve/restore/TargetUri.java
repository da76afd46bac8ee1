package dev.varve.restore;

import dev.varve.fault.ExitCode;
import dev.varve.fault.VarveException;
import java.net.URI;
import java.net.URISyntaxException;
import java.net.URLDecoder;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.EnumSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;

/** Where a graph is restored to, as an operator names it with {@code --target}. */
public sealed interface TargetUri {

  /**
   * A running Neo4j: {@code bolt://[user@]host[:port][?database=name]}, also {@code bolt+s}, {@code
   * bolt+ssc}, {@code neo4j}, {@code neo4j+s} and {@code neo4j+ssc}.
   *
   * @param server scheme, host and port alone
   * @param database the server's default database if absent
   */
  record Bolt(URI server, Optional<String> user, Optional<String> database) implements TargetUri {
    @Override
    public String toString() {
      return server + database.map(name -> "?database=" + name).orElse("");
    }
  }

  /** A Neo4j store that no server has open: {@code neo4j-store:<directory>[?database=name]}. */
  record Neo4jStore(Path directory, String database) implements TargetUri {
    @Override
    public String toString() {
      return "neo4j-store:" + directory;
    }
  }

  /** A directory of open files: {@code dir:<path>[?format=csv|avro|csv,avro]}; both if not said. */
  record Directory(Path path, Set<Format> formats) implements TargetUri {
    public Directory {
      formats = Set.copyOf(formats);
    }

    @Override
    public String toString() {
      return "dir:" + path;
    }
  }

  /**
   * A graph of Apache AGE in a PostgreSQL database: {@code
   * age:postgresql://[user@]host[:port]/database/graph[?sslmode=…&sslrootcert=…]}.
   *
   * @param host as in a URI, so an IPv6 address in brackets
   * @param port absent for PostgreSQL's own
   * @param graph the graph's name, which is also its schema's
   * @param tls how the connection is protected, in the driver's own words
   */
  record Age(
      String host,
      OptionalInt port,
      Optional<String> user,
      String database,
      String graph,
      Map<String, String> tls)
      implements TargetUri {
    public Age {
      tls = Map.copyOf(tls);
    }

    /** The same with another user. */
    public Age as(Optional<String> other) {
      return new Age(host, port, other, database, graph, tls);
    }

    /** Without user and password. */
    public String jdbcUrl() {
      return "jdbc:postgresql://"
          + host
          + (port.isPresent() ? ":" + port.getAsInt() : "")
          + "/"
          + URLEncoder.encode(database, StandardCharsets.UTF_8);
    }

    @Override
    public String toString() {
      return "age:postgresql://"
          + host
          + (port.isPresent() ? ":" + port.getAsInt() : "")
          + "/"
          + database
          + "/"
          + graph;
    }
  }

  /** In which form a directory holds the graph. */
  enum Format {
    CSV,
    AVRO
  }

  /** What {@link #parse} takes, for a hint and for the command's help. */
  String FORMS =
      "targets are bolt://host:port (also neo4j://, bolt+s://, …), neo4j-store:<directory>,"
          + " age:postgresql://user@host:port/database/graph and dir:<path>";

  /**
   * Reads a target.
   *
   * @throws VarveException with {@link ExitCode#USAGE} if the text names no known target
   */
  static TargetUri parse(String text) {
    int colon = text.indexOf(':');
    String scheme = colon < 0 ? "" : text.substring(0, colon).toLowerCase(Locale.ROOT);
    return switch (scheme) {
      case "bolt", "bolt+s", "bolt+ssc", "neo4j", "neo4j+s", "neo4j+ssc" -> bolt(text);
      case "neo4j-store" -> {
        Map<String, String> options = options(text, "database");
        yield new Neo4jStore(path(text), options.getOrDefault("database", "neo4j"));
      }
      case "age" -> age(text);
      case "dir" -> directory(text);
      default -> throw usage(text, "the kind of target is not known", FORMS);
    };
  }

  private static Bolt bolt(String text) {
    URI uri;
    try {
      uri = new URI(text);
    } catch (URISyntaxException e) {
      throw usage(text, String.valueOf(e.getMessage()), FORMS);
    }
    if (uri.getHost() == null) {
      throw usage(text, "it names no host", FORMS);
    }
    if (uri.getPath() != null && uri.getPath().length() > 1) {
      throw usage(
          text, "a path means nothing here", "name a database with ?database=<name> instead");
    }
    Optional<String> user = Optional.ofNullable(uri.getUserInfo());
    requireNoPassword(text, uri);
    Map<String, String> options = options(text, "database");
    try {
      URI server = new URI(uri.getScheme(), null, uri.getHost(), uri.getPort(), null, null, null);
      return new Bolt(server, user, Optional.ofNullable(options.get("database")));
    } catch (URISyntaxException e) {
      throw usage(text, String.valueOf(e.getMessage()), FORMS);
    }
  }

  private static Age age(String text) {
    URI uri;
    try {
      uri = new URI(text.substring(text.indexOf(':') + 1));
    } catch (URISyntaxException e) {
      throw usage(text, String.valueOf(e.getMessage()), AGE_FORM);
    }
    if (uri.getHost() == null || !"postgresql".equals(uri.getScheme())) {
      throw usage(text, "it names no PostgreSQL server", AGE_FORM);
    }
    requireNoPassword(text, uri);
    String[] path = uri.getRawPath().split("/", -1);
    if (path.length != 3 || path[1].isEmpty() || path[2].isEmpty()) {
      throw usage(text, "it does not name a database and a graph in it", AGE_FORM);
    }
    return new Age(
        uri.getHost(),
        uri.getPort() < 0 ? OptionalInt.empty() : OptionalInt.of(uri.getPort()),
        Optional.ofNullable(uri.getUserInfo()),
        decoded(path[1]),
        decoded(path[2]),
        options(text, "sslmode", "sslrootcert"));
  }

  String AGE_FORM =
      "it is age:postgresql://user@host:port/database/graph, where ?sslmode=verify-full and"
          + " sslrootcert=<file> may follow";

  /** A plus is a plus in a path. */
  private static String decoded(String part) {
    return URLDecoder.decode(part.replace("+", "%2B"), StandardCharsets.UTF_8);
  }

  private static void requireNoPassword(String text, URI uri) {
    if (uri.getUserInfo() != null && uri.getUserInfo().contains(":")) {
      throw usage(
          text.replace(uri.getRawUserInfo(), "…"),
          "a password does not belong into a URI, where others can see it",
          "give it in a file or in the environment");
    }
  }

  private static Directory directory(String text) {
    String format = options(text, "format").getOrDefault("format", "csv,avro");
    EnumSet<Format> formats = EnumSet.noneOf(Format.class);
    for (String name : format.split(",", -1)) {
      switch (name) {
        case "csv" -> formats.add(Format.CSV);
        case "avro" -> formats.add(Format.AVRO);
        default ->
            throw usage(text, "format '" + name + "' is not known", "formats are csv and avro");
      }
    }
    return new Directory(path(text), formats);
  }

  private static Path path(String text) {
    String path = text.substring(text.indexOf(':') + 1);
    int question = path.lastIndexOf('?');
    String name = question < 0 ? path : path.substring(0, question);
    if (name.isEmpty()) {
      throw usage(text, "it names no directory", FORMS);
    }
    try {
      return Path.of(name).toAbsolutePath().normalize();
    } catch (InvalidPathException e) {
      throw usage(text, String.valueOf(e.getMessage()), FORMS);
    }
  }

  private static Map<String, String> options(String text, String... known) {
    Map<String, String> options = new LinkedHashMap<>();
    int question = text.lastIndexOf('?');
    if (question < 0) {
      return options;
    }
    for (String option : text.substring(question + 1).split("&", -1)) {
      int equals = option.indexOf('=');
      String key = equals < 0 ? option : option.substring(0, equals);
      if (!List.of(known).contains(key) || equals < 0 || equals == option.length() - 1) {
        throw usage(
            text,
            "option '" + option + "' is not known",
            known.length == 1
                ? "the one option is " + known[0] + "=…"
                : "options are " + String.join("=…, ", known) + "=…");
      }
      options.put(key, URLDecoder.decode(option.substring(equals + 1), StandardCharsets.UTF_8));
    }
    return options;
  }

  private static VarveException usage(String text, String why, String hint) {
    return new VarveException(ExitCode.USAGE, "cannot restore to '" + text + "': " + why, hint);
  }
}
