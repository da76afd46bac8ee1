package dev.varve.cdc.age;

import dev.varve.fault.ExitCode;
import dev.varve.fault.VarveException;
import io.debezium.config.Configuration;
import io.debezium.config.Field;
import java.nio.charset.StandardCharsets;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.HashMap;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Properties;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.zip.CRC32;
import org.apache.kafka.common.config.ConfigDef;

/**
 * How to reach one AGE graph in a PostgreSQL database.
 *
 * @param uri {@code postgresql://host:port/database}, with the driver's parameters behind a {@code
 *     ?} (such as {@code sslmode=verify-full}); without user and password
 * @param user who logs in; absent for the driver's own default
 * @param graph the graph's name in AGE, which is also its schema's
 * @param slot the replication slot, and the publication, that are Varve's for this graph
 */
public record AgeSettings(
    String uri, Optional<String> user, Optional<String> password, String graph, String slot) {

  /** The role that 'varve source setup' makes, unless another is named. */
  public static final String DEFAULT_USER = "varve";

  private static final Pattern URI_FORM =
      Pattern.compile(
          "postgresql://(?<host>\\[[0-9A-Fa-f:.]+\\]|[^/@\\s?:,]+)(:(?<port>\\d{1,5}))?"
              + "/(?<database>[^/?\\s]+)(\\?(?<parameters>\\S*))?");
  private static final Pattern PLAIN_NAME = Pattern.compile("[a-z0-9_]+");
  private static final int DEFAULT_PORT = 5432;
  private static final int NAME_MAX = 63;
  private static final int CONNECT_SECONDS = 10;
  private static final int LOGIN_SECONDS = 30;

  static final Field URI =
      Field.create("age.uri")
          .withType(ConfigDef.Type.STRING)
          .withImportance(ConfigDef.Importance.HIGH)
          .withDescription("The database's address: postgresql://host:port/database")
          .required();
  static final Field USER =
      Field.create("age.user")
          .withType(ConfigDef.Type.STRING)
          .withImportance(ConfigDef.Importance.HIGH)
          .withDescription("The role that logs in.");
  static final Field PASSWORD =
      Field.create("age.password")
          .withType(ConfigDef.Type.PASSWORD)
          .withImportance(ConfigDef.Importance.HIGH)
          .withDescription("The role's password.");
  static final Field GRAPH =
      Field.create("age.graph")
          .withType(ConfigDef.Type.STRING)
          .withImportance(ConfigDef.Importance.HIGH)
          .withDescription("The graph's name in AGE.")
          .required();
  static final Field SLOT =
      Field.create("age.slot")
          .withType(ConfigDef.Type.STRING)
          .withImportance(ConfigDef.Importance.LOW)
          .withDescription("The replication slot's name, and the publication's.")
          .required();

  static final Field.Set FIELDS = Field.setOf(URI, USER, PASSWORD, GRAPH, SLOT);

  public AgeSettings {
    if (!URI_FORM.matcher(uri).matches()) {
      throw new IllegalArgumentException(
          "expected postgresql://host:port/database, without user and password, got '" + uri + "'");
    }
    if (graph.isEmpty() || graph.getBytes(StandardCharsets.UTF_8).length > NAME_MAX) {
      throw new IllegalArgumentException(
          "a graph's name has 1 to " + NAME_MAX + " bytes, got '" + graph + "'");
    }
    if (!PLAIN_NAME.matcher(slot).matches() || slot.length() > NAME_MAX) {
      throw new IllegalArgumentException(
          "a slot's name has a-z, 0-9 and _ and at most "
              + NAME_MAX
              + " of them, got '"
              + slot
              + "'");
    }
  }

  /**
   * A graph with the slot that Varve calls after it.
   *
   * @throws IllegalArgumentException if the address or the name is none
   */
  public static AgeSettings of(
      String uri, Optional<String> user, Optional<String> password, String graph) {
    Matcher matcher = URI_FORM.matcher(uri);
    String database = matcher.matches() ? matcher.group("database") : "";
    return new AgeSettings(uri, user, password, graph, slotFor(database, graph));
  }

  static AgeSettings of(Configuration config) {
    return new AgeSettings(
        config.getString(URI),
        Optional.ofNullable(config.getString(USER)),
        Optional.ofNullable(config.getString(PASSWORD)),
        config.getString(GRAPH),
        config.getString(SLOT));
  }

  Map<String, String> toMap() {
    Map<String, String> map = new HashMap<>();
    map.put(URI.name(), uri);
    user.ifPresent(value -> map.put(USER.name(), value));
    password.ifPresent(value -> map.put(PASSWORD.name(), value));
    map.put(GRAPH.name(), graph);
    map.put(SLOT.name(), slot);
    return map;
  }

  /** Slots are of the whole server and of few characters; what does not fit gets a checksum. */
  private static String slotFor(String database, String graph) {
    String name = "varve_" + database + "_" + graph;
    if (PLAIN_NAME.matcher(name).matches() && name.length() <= NAME_MAX) {
      return name;
    }
    CRC32 sum = new CRC32();
    sum.update((database + "\0" + graph).getBytes(StandardCharsets.UTF_8));
    String plain = name.toLowerCase(Locale.ROOT).replaceAll("[^a-z0-9_]", "_");
    String suffix = "_%08x".formatted(sum.getValue());
    return plain.substring(0, Math.min(plain.length(), NAME_MAX - suffix.length())) + suffix;
  }

  public String host() {
    return part("host").orElseThrow();
  }

  public int port() {
    return part("port").map(Integer::parseInt).orElse(DEFAULT_PORT);
  }

  public String database() {
    return part("database").orElseThrow();
  }

  /** The driver's parameters, by name. */
  public Map<String, String> parameters() {
    Map<String, String> parameters = new TreeMap<>();
    for (String pair : part("parameters").orElse("").split("&", -1)) {
      int equals = pair.indexOf('=');
      if (equals > 0) {
        parameters.put(pair.substring(0, equals), pair.substring(equals + 1));
      }
    }
    return parameters;
  }

  /** The publication's name. */
  public String publication() {
    return slot;
  }

  /** For JDBC, without user and password. */
  public String jdbcUrl() {
    return "jdbc:" + uri;
  }

  /**
   * Opens a connection of its own to the database.
   *
   * @throws SQLException if it cannot be had
   */
  public Connection connect() throws SQLException {
    Properties properties = new Properties();
    user.ifPresent(value -> properties.setProperty("user", value));
    password.ifPresent(value -> properties.setProperty("password", value));
    properties.setProperty("ApplicationName", "varve");
    limit(properties, "connectTimeout", CONNECT_SECONDS);
    limit(properties, "loginTimeout", LOGIN_SECONDS); // a server that hangs is connected to
    Connection connection = DriverManager.getConnection(jdbcUrl(), properties);
    try (Statement statement = connection.createStatement()) {
      // a database may be closed to clients' writes: capture still has to find the log's end
      statement.execute("SET default_transaction_read_only = off");
    } catch (SQLException e) {
      connection.close();
      throw e;
    }
    return connection;
  }

  private void limit(Properties properties, String name, int seconds) {
    if (!parameters().containsKey(name)) {
      properties.setProperty(name, Integer.toString(seconds));
    }
  }

  /**
   * These settings with another slot and publication.
   *
   * @throws IllegalArgumentException if the name is none
   */
  public AgeSettings withSlot(String name) {
    return new AgeSettings(uri, user, password, graph, name);
  }

  /** These settings with another role. */
  public AgeSettings as(String otherUser, Optional<String> otherPassword) {
    return new AgeSettings(uri, Optional.of(otherUser), otherPassword, graph, slot);
  }

  private Optional<String> part(String name) {
    Matcher matcher = URI_FORM.matcher(uri);
    return matcher.matches() ? Optional.ofNullable(matcher.group(name)) : Optional.empty();
  }

  /** An error of the connection in words for an operator. */
  public VarveException refused(SQLException e) {
    String state = String.valueOf(e.getSQLState());
    String who = user.map(name -> " for role " + name).orElse("");
    if (state.startsWith("28")) {
      return new VarveException(
          ExitCode.FAILED,
          "PostgreSQL at " + this + " refuses the login" + who + ": " + e.getMessage(),
          "correct source.user and the password in source.passwordFile or VARVE_SOURCE_PASSWORD;"
              + " pg_hba.conf must let the role in, also for replication",
          e);
    }
    if (state.equals("3D000")) {
      return new VarveException(
          ExitCode.FAILED,
          "there is no such database: " + e.getMessage(),
          "correct the database's name in source.uri",
          e);
    }
    if (state.equals("42501")) {
      return new VarveException(
          ExitCode.FAILED,
          "PostgreSQL at " + this + " does not allow it" + who + ": " + e.getMessage(),
          "run what 'varve source setup' prints, as a superuser",
          e);
    }
    return new VarveException(
        ExitCode.FAILED,
        "PostgreSQL at " + this + ": " + e.getMessage(),
        "see that the server runs, that source.uri is right, and the server's log",
        e);
  }

  /** Where it is, without the password. */
  @Override
  public String toString() {
    return host() + ":" + port() + "/" + database() + ", graph " + graph;
  }
}
