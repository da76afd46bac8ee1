package dev.varve.archive;

import static dev.varve.archive.JsonTree.list;
import static dev.varve.archive.JsonTree.micros;
import static dev.varve.archive.JsonTree.number;
import static dev.varve.archive.JsonTree.object;
import static dev.varve.archive.JsonTree.optional;
import static dev.varve.archive.JsonTree.optionalText;
import static dev.varve.archive.JsonTree.text;
import static dev.varve.archive.JsonTree.time;
import static dev.varve.archive.JsonTree.vector;
import static dev.varve.archive.JsonTree.writeVector;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.varve.change.InexactSpan;
import dev.varve.change.Site;
import dev.varve.graph.ElementKind;
import dev.varve.graph.StoreSchema;
import dev.varve.topology.Fingerprint;
import java.util.List;
import java.util.Locale;

/** What a snapshot's manifest has beside the members that every entry has. */
final class ManifestJson {

  private ManifestJson() {}

  static void write(Manifest manifest, ObjectNode json) {
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
    if (!manifest.inexact().isEmpty()) {
      ArrayNode inexact = json.putArray("inexact");
      manifest.inexact().forEach(span -> writeSpan(inexact.addObject(), span));
    }
    ArrayNode schema = json.putArray("schema");
    manifest.schema().rules().forEach(rule -> writeRule(schema.addObject(), rule));
    ObjectNode encoding =
        json.putObject("encoding").put("compression", manifest.encoding().compression());
    if (manifest.encoding().segments() != SegmentFormat.VERSIONS) {
      encoding.put("segments", manifest.encoding().segments().number());
    }
    manifest.encoding().keyId().ifPresent(id -> encoding.put("keyId", id));
  }

  static Manifest read(EntryJson.Head head, Manifest.Kind kind, JsonNode json) {
    JsonNode counts = object(json, "counts");
    JsonNode committed = object(json, "committed");
    JsonNode encoding = object(json, "encoding");
    return new Manifest(
        head.graph(),
        head.number(),
        kind,
        head.parent(),
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
        json.has("inexact") ? list(json, "inexact", ManifestJson::span) : List.of(),
        head.writer(),
        new Manifest.Encoding(
            text(encoding, "compression"),
            encoding.has("segments")
                ? SegmentFormat.ofNumber(number(encoding, "segments"))
                : SegmentFormat.VERSIONS,
            optionalText(encoding, "keyId")),
        head.createdAt());
  }

  static void writeSite(ObjectNode json, Manifest.SiteCut cut) {
    json.put("site", cut.site().toString());
    json.put("store", cut.store());
    json.put("seq", cut.seq());
    json.put("committedAt", time(cut.committedAtMicros()));
    cut.replaces().ifPresent(replaced -> json.put("replaces", replaced.toString()));
  }

  static Manifest.SiteCut site(JsonNode json) {
    return new Manifest.SiteCut(
        Site.parse(text(json, "site")),
        text(json, "store"),
        number(json, "seq"),
        micros(text(json, "committedAt")),
        optionalText(json, "replaces").map(Site::parse));
  }

  static void writePosition(ObjectNode json, Manifest.Position position) {
    json.put("topic", position.topic());
    position.topicId().ifPresent(id -> json.put("topicId", id));
    json.put("partition", position.partition());
    json.put("offset", position.offset());
    json.put("versions", position.versions());
  }

  static Manifest.Position position(JsonNode json) {
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

  private static void writeSpan(ObjectNode json, InexactSpan span) {
    json.put("site", span.site().toString());
    json.put("first", span.first());
    json.put("last", span.last());
  }

  private static InexactSpan span(JsonNode json) {
    return new InexactSpan(
        Site.parse(text(json, "site")), number(json, "first"), number(json, "last"));
  }

  static void writeRule(ObjectNode json, StoreSchema.Rule rule) {
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

  static StoreSchema.Rule rule(JsonNode json) {
    return new StoreSchema.Rule(
        text(json, "name"),
        StoreSchema.Form.valueOf(text(json, "form").toUpperCase(Locale.ROOT)),
        text(json, "type"),
        ElementKind.valueOf(text(json, "kind").toUpperCase(Locale.ROOT)),
        list(json, "labels", JsonNode::asText),
        list(json, "properties", JsonNode::asText),
        optionalText(json, "statement"));
  }
}
