package dev.varve.archive;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.util.DefaultIndenter;
import com.fasterxml.jackson.core.util.DefaultPrettyPrinter;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.varve.change.Site;
import dev.varve.change.VersionVector;
import dev.varve.graph.ElementKind;
import dev.varve.graph.StoreSchema;
import dev.varve.topology.Fingerprint;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.DateTimeException;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.function.Function;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * A manifest as JSON; {@code docs/format/manifest.md} describes it.
 *
 * <p>The same manifest always gives the same bytes: UTF-8, members in the order below, two spaces
 * of indentation, line feeds, one at the end. The last member is a sha256 over all bytes before its
 * name. Readers ignore members that they do not know, and refuse a major version that they do not
 * know.
 */
public final class ManifestJson {

  static final String FORMAT = "varve-manifest";
  static final int MAJOR = 1;
  static final int MINOR = 0;
  static final String CHECKSUM = "checksum";

  private static final Pattern VERSION = Pattern.compile("([0-9]{1,6})\\.([0-9]{1,6})");
  private static final int MICROS_PER_SECOND = 1_000_000;

  private static final ObjectMapper MAPPER =
      JsonMapper.builder()
          .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
          .enable(DeserializationFeature.FAIL_ON_READING_DUP_TREE_KEY)
          .build();

  private ManifestJson() {}

  /** The manifest's bytes. */
  public static byte[] write(Manifest manifest) {
    ObjectNode json = MAPPER.createObjectNode();
    json.put("format", FORMAT);
    json.put("version", MAJOR + "." + MINOR);
    json.put("graph", manifest.graph());
    json.put("number", manifest.number());
    json.put("kind", manifest.kind().name().toLowerCase(Locale.ROOT));
    manifest
        .parent()
        .ifPresent(
            parent ->
                json.putObject("parent")
                    .put("number", parent.number())
                    .put("sha256", parent.sha256()));
    writeVector(json.putObject("from"), manifest.from());
    writeVector(json.putObject("to"), manifest.to());
    json.putObject("committed")
        .put("first", time(manifest.committed().firstMicros()))
        .put("last", time(manifest.committed().lastMicros()));
    json.put("fingerprint", manifest.fingerprint().toString());
    json.putObject("counts")
        .put("vertices", manifest.counts().vertices())
        .put("edges", manifest.counts().edges())
        .put("versions", manifest.counts().versions())
        .put("tombstones", manifest.counts().tombstones())
        .put("transactions", manifest.counts().transactions());
    ArrayNode sites = json.putArray("sites");
    manifest.sites().forEach(site -> writeSite(sites.addObject(), site));
    ArrayNode positions = json.putArray("positions");
    manifest.positions().forEach(position -> writePosition(positions.addObject(), position));
    ArrayNode segments = json.putArray("segments");
    manifest.segments().forEach(segment -> writeSegment(segments.addObject(), segment));
    manifest
        .transactions()
        .ifPresent(
            file ->
                writeObject(json.putObject("transactions"), file.object())
                    .put("transactions", file.transactions()));
    ArrayNode schema = json.putArray("schema");
    manifest.schema().rules().forEach(rule -> writeRule(schema.addObject(), rule));
    ObjectNode encoding =
        json.putObject("encoding").put("compression", manifest.encoding().compression());
    manifest.encoding().keyId().ifPresent(id -> encoding.put("keyId", id));
    json.putObject("writer")
        .put("id", manifest.writer().id())
        .put("version", manifest.writer().version());
    json.put("createdAt", manifest.createdAt().truncatedTo(ChronoUnit.MILLIS).toString());
    return withChecksum(text(json));
  }

  /**
   * Reads a manifest.
   *
   * @param key of the object, for messages
   * @throws DamagedException if the bytes are not a manifest
   * @throws NewerFormatException if its major version is not known
   */
  public static Manifest read(String key, byte[] bytes) {
    try {
      JsonNode json = MAPPER.readTree(bytes);
      if (json == null || !json.isObject()) {
        throw new DamagedException(key, "not a JSON object", null);
      }
      checkFormat(key, json);
      checkChecksum(key, bytes, json);
      return manifest(json);
    } catch (JsonProcessingException e) {
      throw new DamagedException(
          key, "not JSON at byte " + e.getLocation().getByteOffset() + " of " + bytes.length, e);
    } catch (IOException e) {
      throw new DamagedException(key, "not JSON", e);
    } catch (IllegalArgumentException | DateTimeException | ArithmeticException e) {
      throw new DamagedException(key, String.valueOf(e.getMessage()), e);
    }
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

  private static Manifest manifest(JsonNode json) {
    JsonNode counts = object(json, "counts");
    JsonNode committed = object(json, "committed");
    JsonNode encoding = object(json, "encoding");
    JsonNode writer = object(json, "writer");
    return new Manifest(
        text(json, "graph"),
        number(json, "number"),
        Manifest.Kind.valueOf(text(json, "kind").toUpperCase(Locale.ROOT)),
        optional(
            json,
            "parent",
            parent -> new Manifest.Parent(number(parent, "number"), text(parent, "sha256"))),
        vector(object(json, "from")),
        vector(object(json, "to")),
        new Manifest.CommitSpan(micros(text(committed, "first")), micros(text(committed, "last"))),
        list(json, "positions", ManifestJson::position),
        list(json, "sites", ManifestJson::site),
        new Manifest.Counts(
            number(counts, "vertices"),
            number(counts, "edges"),
            number(counts, "versions"),
            number(counts, "tombstones"),
            number(counts, "transactions")),
        Fingerprint.parse(text(json, "fingerprint")),
        new StoreSchema(list(json, "schema", ManifestJson::rule)),
        list(json, "segments", ManifestJson::segment),
        optional(
            json,
            "transactions",
            file ->
                new Manifest.TransactionsFile(storedObject(file), number(file, "transactions"))),
        new Manifest.Writer(text(writer, "id"), text(writer, "version")),
        new Manifest.Encoding(text(encoding, "compression"), optionalText(encoding, "keyId")),
        Instant.parse(text(json, "createdAt")));
  }

  private static void writeVector(ObjectNode json, VersionVector vector) {
    vector.seqs().forEach((site, seq) -> json.put(site.toString(), seq));
  }

  private static VersionVector vector(JsonNode json) {
    SortedMap<Site, Long> seqs = new TreeMap<>();
    json.fieldNames().forEachRemaining(name -> seqs.put(Site.parse(name), number(json, name)));
    return new VersionVector(seqs);
  }

  private static void writeSite(ObjectNode json, Manifest.SiteCut cut) {
    json.put("site", cut.site().toString());
    json.put("store", cut.store());
    json.put("seq", cut.seq());
    json.put("committedAt", time(cut.committedAtMicros()));
    cut.replaces().ifPresent(replaced -> json.put("replaces", replaced.toString()));
  }

  private static Manifest.SiteCut site(JsonNode json) {
    return new Manifest.SiteCut(
        Site.parse(text(json, "site")),
        text(json, "store"),
        number(json, "seq"),
        micros(text(json, "committedAt")),
        optionalText(json, "replaces").map(Site::parse));
  }

  private static void writePosition(ObjectNode json, Manifest.Position position) {
    json.put("topic", position.topic());
    position.topicId().ifPresent(id -> json.put("topicId", id));
    json.put("partition", position.partition());
    json.put("offset", position.offset());
    json.put("versions", position.versions());
  }

  private static Manifest.Position position(JsonNode json) {
    return new Manifest.Position(
        text(json, "topic"),
        optionalText(json, "topicId"),
        Math.toIntExact(number(json, "partition")),
        number(json, "offset"),
        number(json, "versions"));
  }

  private static void writeSegment(ObjectNode json, Manifest.Segment segment) {
    json.put("kind", segment.kind().name().toLowerCase(Locale.ROOT));
    writeObject(json, segment.object());
    json.put("versions", segment.versions());
    json.put("tombstones", segment.tombstones());
    json.put("firstId", segment.firstId());
    json.put("lastId", segment.lastId());
  }

  private static Manifest.Segment segment(JsonNode json) {
    return new Manifest.Segment(
        ElementKind.valueOf(text(json, "kind").toUpperCase(Locale.ROOT)),
        storedObject(json),
        number(json, "versions"),
        number(json, "tombstones"),
        text(json, "firstId"),
        text(json, "lastId"));
  }

  private static ObjectNode writeObject(ObjectNode json, Manifest.StoredObject object) {
    return json.put("key", object.key())
        .put("bytes", object.bytes())
        .put("sha256", object.sha256());
  }

  private static Manifest.StoredObject storedObject(JsonNode json) {
    return new Manifest.StoredObject(
        text(json, "key"), number(json, "bytes"), text(json, "sha256"));
  }

  private static void writeRule(ObjectNode json, StoreSchema.Rule rule) {
    json.put("name", rule.name());
    json.put("form", rule.form().name().toLowerCase(Locale.ROOT));
    json.put("type", rule.type());
    json.put("kind", rule.kind().name().toLowerCase(Locale.ROOT));
    ArrayNode labels = json.putArray("labels");
    rule.labels().forEach(labels::add);
    ArrayNode properties = json.putArray("properties");
    rule.properties().forEach(properties::add);
    rule.statement().ifPresent(statement -> json.put("statement", statement));
  }

  private static StoreSchema.Rule rule(JsonNode json) {
    return new StoreSchema.Rule(
        text(json, "name"),
        StoreSchema.Form.valueOf(text(json, "form").toUpperCase(Locale.ROOT)),
        text(json, "type"),
        ElementKind.valueOf(text(json, "kind").toUpperCase(Locale.ROOT)),
        list(json, "labels", JsonNode::asText),
        list(json, "properties", JsonNode::asText),
        optionalText(json, "statement"));
  }

  private static String time(long micros) {
    return Instant.ofEpochSecond(
            Math.floorDiv(micros, MICROS_PER_SECOND),
            Math.floorMod(micros, MICROS_PER_SECOND) * 1000L)
        .toString();
  }

  private static long micros(String time) {
    return ChronoUnit.MICROS.between(Instant.EPOCH, Instant.parse(time));
  }

  private static String text(JsonNode json, String name) {
    return optionalText(json, name)
        .orElseThrow(() -> new IllegalArgumentException("no text '" + name + "'"));
  }

  private static Optional<String> optionalText(JsonNode json, String name) {
    JsonNode node = json.get(name);
    return node != null && node.isTextual() ? Optional.of(node.textValue()) : Optional.empty();
  }

  private static long number(JsonNode json, String name) {
    JsonNode node = json.get(name);
    if (node == null || !node.isIntegralNumber() || !node.canConvertToLong()) {
      throw new IllegalArgumentException("no whole number '" + name + "'");
    }
    return node.longValue();
  }

  private static JsonNode object(JsonNode json, String name) {
    JsonNode node = json.get(name);
    if (node == null || !node.isObject()) {
      throw new IllegalArgumentException("no object '" + name + "'");
    }
    return node;
  }

  private static <T> Optional<T> optional(
      JsonNode json, String name, Function<JsonNode, T> reader) {
    return json.has(name) ? Optional.of(reader.apply(object(json, name))) : Optional.empty();
  }

  private static <T> List<T> list(JsonNode json, String name, Function<JsonNode, T> reader) {
    JsonNode node = json.get(name);
    if (node == null || !node.isArray()) {
      throw new IllegalArgumentException("no list '" + name + "'");
    }
    List<T> items = new ArrayList<>(node.size());
    node.forEach(item -> items.add(reader.apply(item)));
    return items;
  }

  /** The manifest has no child yet that names its hash, so it carries one of its own. */
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

  private static String text(ObjectNode json) {
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
