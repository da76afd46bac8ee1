package dev.varve.cli.config;

import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.core.StreamReadFeature;
import com.fasterxml.jackson.dataformat.yaml.YAMLFactory;
import dev.varve.fault.ExitCode;
import dev.varve.fault.VarveException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.time.Duration;
import java.time.format.DateTimeParseException;
import java.util.Comparator;
import java.util.EnumMap;
import java.util.HashSet;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * What the file and the environment say, key by key, each with the place it comes from. The
 * environment wins.
 */
final class Settings {

  private static final Pattern DURATION = Pattern.compile("(\\d+)\\s*(ms|s|m|h|d)");
  private static final Pattern SIZE =
      Pattern.compile("(\\d+)\\s*(|b|k|kb|kib|m|mb|mib|g|gb|gib)", Pattern.CASE_INSENSITIVE);

  /**
   * @param origin such as {@code varve.yaml:7} or the name of a variable
   */
  private record Entry(String text, String origin) {}

  /** The section of further repositories, each with the keys of one. */
  static final String COPIES = "copies";

  /** Stands before each word of a command that is given as a list. */
  static final String WORD = "\0";

  private static final Pattern COPY_NAME = Pattern.compile("[a-z0-9][a-z0-9-]{0,99}");

  private final Map<Key, Entry> entries = new EnumMap<>(Key.class);
  private final Map<String, Settings> copies = new TreeMap<>();
  private final Path directory;

  /** What stands in the place of {@link Key#REPOSITORY}; the same if this is no copy. */
  private final String repository;

  private Settings(Path directory, String repository) {
    this.directory = directory;
    this.repository = repository;
  }

  /** What the environment says alone. */
  static Settings ofEnvironment(Map<String, String> environment) {
    Settings settings = new Settings(Path.of("").toAbsolutePath(), Key.REPOSITORY);
    settings.readEnvironment(environment);
    return settings;
  }

  /** The further repositories, by name. */
  Map<String, Settings> copies() {
    return copies;
  }

  private Settings copy(String name) {
    return copies.computeIfAbsent(name, n -> new Settings(directory, COPIES + "." + n + "."));
  }

  /** As an operator writes the key here. */
  private String name(Key key) {
    return key.path().startsWith(Key.REPOSITORY)
        ? repository + key.path().substring(Key.REPOSITORY.length())
        : key.path();
  }

  /** The variable that overrides it. */
  String variable(Key key) {
    return Key.environment(name(key));
  }

  /**
   * Reads a file and what the environment says instead of it.
   *
   * @throws VarveException with {@link ExitCode#USAGE} if the file is not there, not YAML, or has a
   *     key that is not known
   */
  static Settings read(Path file, Map<String, String> environment) {
    Path parent = file.toAbsolutePath().getParent();
    Settings settings = new Settings(parent == null ? Path.of("/") : parent, Key.REPOSITORY);
    try {
      settings.readFile(file);
    } catch (NoSuchFileException e) {
      throw usage(
          "there is no configuration at " + file,
          "write one with 'varve init', or name it with -c <file>",
          e);
    } catch (JsonProcessingException e) {
      throw usage(
          file + ":" + e.getLocation().getLineNr() + ": " + e.getOriginalMessage(),
          "the file must be YAML; 'varve init' writes one to begin with",
          e);
    } catch (IOException e) {
      throw usage("cannot read " + file + ": " + e.getMessage(), "see who may read the file", e);
    }
    settings.readEnvironment(environment);
    return settings;
  }

  private void readFile(Path file) throws IOException {
    YAMLFactory yaml =
        YAMLFactory.builder().enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION).build();
    try (JsonParser parser = yaml.createParser(Files.readString(file))) {
      JsonToken first = parser.nextToken();
      if (first == null || first == JsonToken.VALUE_NULL) {
        return;
      }
      if (first != JsonToken.START_OBJECT) {
        throw usage(
            place(file, parser) + ": expected keys and values",
            "the file begins with a line such as 'graph: orders'",
            null);
      }
      readObject(file, parser, "");
    }
  }

  private void readObject(Path file, JsonParser parser, String prefix) throws IOException {
    while (parser.nextToken() == JsonToken.FIELD_NAME) {
      String path = prefix + parser.currentName();
      String place = place(file, parser);
      if (path.equals(COPIES)) {
        readCopies(file, parser);
        continue;
      }
      if (Key.of(path).isEmpty() && !Key.isSection(path)) {
        throw unknown(place, path);
      }
      JsonToken value = parser.nextToken();
      if (value == JsonToken.START_OBJECT) {
        if (!Key.isSection(path)) {
          throw usage(place + ": " + path + " is one value, not a section", explained(path), null);
        }
        readObject(file, parser, path + ".");
      } else if (value == JsonToken.START_ARRAY) {
        put(path, place, readArray(parser, path));
      } else if (!isNothing(value, parser)) {
        put(path, place, parser.getText());
      }
    }
  }

  /** What stands behind a name whose values are all commented out. */
  private static boolean isNothing(JsonToken value, JsonParser parser) throws IOException {
    return value == JsonToken.VALUE_NULL
        || (value == JsonToken.VALUE_STRING && parser.getText().isEmpty());
  }

  private void readCopies(Path file, JsonParser parser) throws IOException {
    String section = place(file, parser);
    JsonToken value = parser.nextToken();
    if (isNothing(value, parser)) {
      return;
    }
    requireSection(section, COPIES, value);
    while (parser.nextToken() == JsonToken.FIELD_NAME) {
      String name = parser.currentName();
      String place = place(file, parser);
      if (!COPY_NAME.matcher(name).matches()) {
        throw usage(
            place + ": the name of a copy is made of a-z, 0-9 and -, got '" + name + "'",
            "such as copies.far.root",
            null);
      }
      requireSection(place, COPIES + "." + name, parser.nextToken());
      copy(name).readCopy(file, parser);
    }
  }

  private static void requireSection(String place, String path, JsonToken value) {
    if (value != JsonToken.START_OBJECT) {
      throw usage(
          place + ": " + path + " is a section, not a value",
          "such as copies: { far: { root: \"s3://bucket/prefix\" } }",
          null);
    }
  }

  private void readCopy(Path file, JsonParser parser) throws IOException {
    while (parser.nextToken() == JsonToken.FIELD_NAME) {
      String place = place(file, parser);
      String name = parser.currentName();
      Key key = Key.of(Key.REPOSITORY + name).orElseThrow(() -> unknownOfCopy(place, name));
      JsonToken value = parser.nextToken();
      if (value == JsonToken.START_ARRAY && key == Key.REPOSITORY_KEY_COMMAND) {
        put(key, place, readArray(parser, key.path()));
      } else if (value == JsonToken.START_OBJECT || value == JsonToken.START_ARRAY) {
        throw usage(place + ": " + name(key) + " is one value", "it is " + key.description(), null);
      } else if (!isNothing(value, parser)) {
        put(key, place, parser.getText());
      }
    }
  }

  private VarveException unknownOfCopy(String place, String name) {
    String nearest =
        Key.ofRepository()
            .map(key -> key.path().substring(Key.REPOSITORY.length()))
            .min(Comparator.comparingInt(known -> Key.distance(known, name)))
            .orElseThrow();
    return unknown(place, repository + name, repository + nearest);
  }

  private static String readArray(JsonParser parser, String path) throws IOException {
    StringBuilder text = new StringBuilder();
    boolean words = path.equals(Key.REPOSITORY_KEY_COMMAND.path());
    while (parser.nextToken() != JsonToken.END_ARRAY) {
      text.append(text.isEmpty() && !words ? "" : words ? WORD : ",").append(parser.getText());
    }
    return text.toString();
  }

  private void put(String path, String place, String text) {
    // "registry: embedded" is the short way to write "registry: { url: embedded }"
    Key key =
        path.equals("registry")
            ? Key.REGISTRY_URL
            : Key.of(path)
                .orElseThrow(
                    () ->
                        usage(
                            place + ": " + path + " is a section, not a value",
                            "its keys are " + String.join(", ", Key.section(path)),
                            null));
    put(key, place, text);
  }

  private void put(Key key, String place, String text) {
    String path = name(key);
    if (key.secret()) {
      throw usage(
          place + ": " + path + " does not belong into this file, where others may read it",
          "put it into a file of its own and name that with "
              + path
              + "File, or set "
              + variable(key),
          null);
    }
    entries.put(key, new Entry(text, place));
  }

  private void readEnvironment(Map<String, String> environment) {
    for (Key key : Key.values()) {
      String value = environment.get(key.environment());
      if (value == null && key == Key.REGISTRY_URL) {
        value = environment.get(Key.ENVIRONMENT_PREFIX + "REGISTRY");
      }
      if (value != null) {
        entries.put(key, new Entry(value, key.environment()));
      }
    }
    String first = Key.environment(COPIES + ".");
    String last = "_ROOT";
    for (String variable : environment.keySet()) {
      if (variable.startsWith(first)
          && variable.length() > first.length() + last.length()
          && variable.endsWith(last)) {
        String name = variable.substring(first.length(), variable.length() - last.length());
        copy(name.toLowerCase(Locale.ROOT).replace('_', '-'));
      }
    }
    copies.values().forEach(copy -> copy.readEnvironmentOfCopy(environment));
    requireKnown(environment);
  }

  private void requireKnown(Map<String, String> environment) {
    Set<String> known = new HashSet<>();
    for (Key key : Key.values()) {
      known.add(key.environment());
    }
    known.add(Key.ENVIRONMENT_PREFIX + "REGISTRY");
    copies.values().forEach(copy -> Key.ofRepository().map(copy::variable).forEach(known::add));
    Optional<Variables.Unknown> unknown = Variables.unknown(environment, known);
    if (unknown.isPresent()) {
      throw usage(
          "the environment variable " + unknown.get().name() + " overrides no key",
          "the nearest known one is "
              + unknown.get().nearest()
              + "; docs/operations.md lists them all; unset it if it is not meant for Varve",
          null);
    }
  }

  private void readEnvironmentOfCopy(Map<String, String> environment) {
    Key.ofRepository()
        .forEach(
            key -> {
              String value = environment.get(variable(key));
              if (value != null) {
                entries.put(key, new Entry(value, variable(key)));
              }
            });
  }

  Optional<String> optional(Key key) {
    Entry entry = entries.get(key);
    return entry != null ? Optional.of(entry.text()) : key.defaultText();
  }

  String text(Key key) {
    return optional(key)
        .orElseThrow(
            () ->
                usage(
                    name(key) + " is not set",
                    "it is " + key.description() + "; set it in the file or as " + variable(key),
                    null));
  }

  int number(Key key, int least) {
    String text = text(key);
    try {
      int number = Integer.parseInt(text.strip());
      if (number >= least) {
        return number;
      }
    } catch (NumberFormatException e) {
      // said below
    }
    throw invalid(key, "a whole number, " + least + " or more");
  }

  Duration duration(Key key) {
    return duration(text(key))
        .orElseThrow(() -> invalid(key, "a duration such as 500ms, 60s, 5m, 24h or 7d"));
  }

  /** Reads a duration; absent if the text is none, or not greater than zero. */
  static Optional<Duration> duration(String text) {
    Matcher matcher = DURATION.matcher(text.strip());
    try {
      Duration duration =
          matcher.matches()
              ? of(Long.parseLong(matcher.group(1)), matcher.group(2))
              : Duration.parse(text.strip());
      return Optional.of(duration).filter(found -> !found.isNegative() && !found.isZero());
    } catch (DateTimeParseException | ArithmeticException | NumberFormatException e) {
      return Optional.empty();
    }
  }

  private static Duration of(long count, String unit) {
    return switch (unit) {
      case "ms" -> Duration.ofMillis(count);
      case "s" -> Duration.ofSeconds(count);
      case "m" -> Duration.ofMinutes(count);
      case "h" -> Duration.ofHours(count);
      default -> Duration.ofDays(count);
    };
  }

  long bytes(Key key) {
    Matcher matcher = SIZE.matcher(text(key).strip());
    try {
      if (matcher.matches()) {
        long count = Long.parseLong(matcher.group(1));
        String unit = matcher.group(2).toLowerCase(Locale.ROOT);
        int shift =
            unit.startsWith("k") ? 10 : unit.startsWith("m") ? 20 : unit.startsWith("g") ? 30 : 0;
        long bytes = Math.multiplyExact(count, 1L << shift);
        if (bytes > 0) {
          return bytes;
        }
      }
    } catch (ArithmeticException | NumberFormatException e) {
      // said below
    }
    throw invalid(key, "a size such as 512KiB, 64MiB or 1GiB");
  }

  Optional<Boolean> truth(Key key) {
    return optional(key).isEmpty()
        ? Optional.empty()
        : Optional.of(oneOf(key, "true", "false").equals("true"));
  }

  /** One of a few words. */
  String oneOf(Key key, String... words) {
    String text = text(key);
    for (String word : words) {
      if (word.equals(text)) {
        return text;
      }
    }
    throw invalid(key, "one of " + String.join(", ", words));
  }

  /** Where relative paths begin. */
  Path directory() {
    return directory;
  }

  /** Relative paths begin where the file is. */
  Optional<Path> path(Key key) {
    return optional(key).map(directory::resolve).map(Path::normalize);
  }

  /** A secret from the environment or from the file that is named for it; never empty text. */
  Optional<String> secret(Key key, Key fileKey) {
    Optional<String> given = optional(key);
    if (given.isPresent()) {
      return given;
    }
    return path(fileKey).map(file -> readSecret(file, fileKey));
  }

  private String readSecret(Path file, Key fileKey) {
    try {
      String secret = Files.readString(file).strip();
      if (!secret.isEmpty()) {
        return secret;
      }
      throw usage(
          origin(fileKey) + "the file " + file + " is empty",
          "it must hold the secret and nothing else",
          null);
    } catch (IOException e) {
      throw usage(
          origin(fileKey) + "cannot read the file " + file,
          "it must be there and readable by the user who runs varve",
          e);
    }
  }

  VarveException invalid(Key key, String expected) {
    return usage(
        origin(key) + name(key) + " must be " + expected + ", got '" + text(key) + "'",
        "it is " + key.description(),
        null);
  }

  private String origin(Key key) {
    Entry entry = entries.get(key);
    return entry == null ? "" : entry.origin() + ": ";
  }

  private static VarveException unknown(String place, String path) {
    return unknown(place, path, Key.nearest(path));
  }

  private static VarveException unknown(String place, String path, String nearest) {
    return usage(
        place + ": unknown key '" + path + "'",
        "the nearest known key is '"
            + nearest
            + "'; docs/operations.md lists them all, 'varve init' writes them commented",
        null);
  }

  private static String explained(String path) {
    return Key.of(path).map(key -> "it is " + key.description()).orElse("see docs/operations.md");
  }

  private static String place(Path file, JsonParser parser) {
    return file.getFileName() + ":" + parser.currentTokenLocation().getLineNr();
  }

  private static VarveException usage(String message, String hint, @Nullable Throwable cause) {
    return new VarveException(ExitCode.USAGE, message, hint, cause);
  }
}
