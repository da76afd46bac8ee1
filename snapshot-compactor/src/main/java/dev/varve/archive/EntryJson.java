package dev.varve.archive;

import static dev.varve.archive.JsonTree.list;
import static dev.varve.archive.JsonTree.micros;
import static dev.varve.archive.JsonTree.number;
import static dev.varve.archive.JsonTree.object;
import static dev.varve.archive.JsonTree.optional;
import static dev.varve.archive.JsonTree.text;
import static dev.varve.archive.JsonTree.time;
import static dev.varve.archive.JsonTree.vector;
import static dev.varve.archive.JsonTree.writeVector;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.util.DefaultIndenter;
import com.fasterxml.jackson.core.util.DefaultPrettyPrinter;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.DateTimeException;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.Arrays;
import java.util.Locale;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Entries of a chain as JSON; {@code docs/format/manifest.md} describes them.
 *
 * <p>The same entry always gives the same bytes: UTF-8, members in a fixed order, two spaces of
 * indentation, line feeds, one at the end. The last member is a sha256 over all bytes before its
 * name. Readers ignore members that they do not know, and refuse a major version that they do not
 * know.
 */
public final class EntryJson {

  static final String FORMAT = "varve-manifest";
  static final int MAJOR = 1;
  static final int MINOR = 0;
  static final String CHECKSUM = "checksum";

  private static final String LEDGER = "ledger";
  private static final Pattern VERSION = Pattern.compile("([0-9]{1,6})\\.([0-9]{1,6})");

  private static final ObjectMapper MAPPER =
      JsonMapper.builder()
          .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
          .enable(DeserializationFeature.FAIL_ON_READING_DUP_TREE_KEY)
          .build();

  private EntryJson() {}

  /** What every entry has. */
  record Head(
      String graph,
      long number,
      Optional<Manifest.Parent> parent,
      Manifest.Writer writer,
      Instant createdAt) {}

  /** The entry's bytes. */
  public static byte[] write(Entry entry) {
    ObjectNode json = MAPPER.createObjectNode();
    json.put("format", FORMAT);
    json.put("version", MAJOR + "." + MINOR);
    json.put("graph", entry.graph());
    json.put("number", entry.number());
    json.put("kind", entry instanceof Manifest m ? word(m.kind()) : LEDGER);
    entry
        .parent()
        .ifPresent(
            parent ->
                json.putObject("parent")
                    .put("number", parent.number())
                    .put("sha256", parent.sha256()));
    if (entry instanceof Manifest manifest) {
      ManifestJson.write(manifest, json);
    } else if (entry instanceof Ledger ledger) {
      writeLedger(ledger, json);
    }
    json.putObject("writer")
        .put("id", entry.writer().id())
        .put("version", entry.writer().version());
    json.put("createdAt", entry.createdAt().truncatedTo(ChronoUnit.MILLIS).toString());
    return withChecksum(pretty(json));
  }

  /**
   * Reads an entry.
   *
   * @param key of the object, for messages
   * @throws DamagedException if the bytes are not an entry
   * @throws NewerFormatException if its major version is not known
   */
  public static Entry read(String key, byte[] bytes) {
    try {
      JsonNode json = MAPPER.readTree(bytes);
      if (json == null || !json.isObject()) {
        throw new DamagedException(key, "not a JSON object", null);
      }
      checkFormat(key, json);
      checkChecksum(key, bytes, json);
      Head head = head(json);
      String kind = text(json, "kind");
      return kind.equals(LEDGER)
          ? ledger(head, json)
          : ManifestJson.read(head, Manifest.Kind.valueOf(kind.toUpperCase(Locale.ROOT)), json);
    } catch (JsonProcessingException e) {
      throw new DamagedException(
          key, "not JSON at byte " + e.getLocation().getByteOffset() + " of " + bytes.length, e);
    } catch (IOException e) {
      throw new DamagedException(key, "not JSON", e);
    } catch (IllegalArgumentException | DateTimeException | ArithmeticException e) {
      throw new DamagedException(key, String.valueOf(e.getMessage()), e);
    }
  }

  private static String word(Manifest.Kind kind) {
    return kind.name().toLowerCase(Locale.ROOT);
  }

  private static Head head(JsonNode json) {
    JsonNode writer = object(json, "writer");
    return new Head(
        text(json, "graph"),
        number(json, "number"),
        optional(
            json,
            "parent",
            parent -> new Manifest.Parent(number(parent, "number"), text(parent, "sha256"))),
        new Manifest.Writer(text(writer, "id"), text(writer, "version")),
        Instant.parse(text(json, "createdAt")));
  }

  private static void writeLedger(Ledger ledger, ObjectNode json) {
    ArrayNode points = json.putArray("restorePoints");
    for (Ledger.RestorePoint point : ledger.restorePoints()) {
      ObjectNode node = points.addObject().put("name", point.name());
      writeVector(node.putObject("vector"), point.vector());
      node.put("committedAt", time(point.committedAtMicros()));
      node.put("setAt", point.setAt().truncatedTo(ChronoUnit.MILLIS).toString());
    }
    ArrayNode expired = json.putArray("expired");
    for (Ledger.Range range : ledger.expired()) {
      expired.addObject().put("first", range.first()).put("last", range.last());
    }
  }

  private static Ledger ledger(Head head, JsonNode json) {
    return new Ledger(
        head.graph(),
        head.number(),
        head.parent(),
        list(
            json,
            "restorePoints",
            node ->
                new Ledger.RestorePoint(
                    text(node, "name"),
                    vector(object(node, "vector")),
                    micros(text(node, "committedAt")),
                    Instant.parse(text(node, "setAt")))),
        list(
            json, "expired", node -> new Ledger.Range(number(node, "first"), number(node, "last"))),
        head.writer(),
        head.createdAt());
  }

  private static void checkFormat(String key, JsonNode json) {
    String format = text(json, "format");
    if (!format.equals(FORMAT)) {
      throw new DamagedException(key, "format is '" + format + "', not " + FORMAT, null);
    }
    String version = text(json, "version");
    Matcher matcher = VERSION.matcher(version);
    if (!matcher.matches()) {
      throw new DamagedException(key, "version is '" + version + "'", null);
    }
    if (Integer.parseInt(matcher.group(1)) != MAJOR) {
      throw new NewerFormatException(key, version, MAJOR + "." + MINOR);
    }
  }

  /** The newest entry has no child yet that names its hash, so it carries one of its own. */
  private static byte[] withChecksum(String text) {
    String open = text.substring(0, text.lastIndexOf("\n}")) + ",\n  ";
    String checksum = Digests.sha256Of(open.getBytes(StandardCharsets.UTF_8));
    return (open + "\"" + CHECKSUM + "\" : \"" + checksum + "\"\n}\n")
        .getBytes(StandardCharsets.UTF_8);
  }

  private static void checkChecksum(String key, byte[] bytes, JsonNode json) {
    String name = "\"" + CHECKSUM + "\"";
    int at = new String(bytes, StandardCharsets.ISO_8859_1).lastIndexOf(name);
    String said = text(json, CHECKSUM);
    String actual = Digests.sha256Of(Arrays.copyOf(bytes, Math.max(at, 0)));
    if (!actual.equals(said)) {
      throw new DamagedException(key, "its checksum is " + actual + ", not " + said, null);
    }
  }

  private static String pretty(ObjectNode json) {
    DefaultIndenter indenter = new DefaultIndenter("  ", "\n");
    DefaultPrettyPrinter printer = new DefaultPrettyPrinter();
    printer.indentObjectsWith(indenter);
    printer.indentArraysWith(indenter);
    try {
      return MAPPER.writer(printer).writeValueAsString(json);
    } catch (JsonProcessingException e) {
      throw new IllegalStateException("a tree can always be written", e);
    }
  }
}
