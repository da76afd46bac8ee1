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

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/**
 * Entries of a chain as {@link SealedJson}, members in a fixed order; {@code
 * docs/format/manifest.md} describes them.
 */
public final class EntryJson {

  private static final SealedJson.Format FORMAT = new SealedJson.Format("varve-manifest", 1, 0);

  /** Says that a reader has to know {@link SegmentFormat#ELEMENTS}. */
  private static final SealedJson.Format FORMAT_2 = new SealedJson.Format("varve-manifest", 2, 0);

  private static final String LEDGER = "ledger";

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
    ObjectNode json = SealedJson.begin(format(entry));
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
    // the newest entry has no child yet that names its hash, so each carries one of its own
    return SealedJson.seal(SealedJson.open(json));
  }

  /**
   * Reads an entry.
   *
   * @param key of the object, for messages
   * @throws DamagedException if the bytes are not an entry
   * @throws NewerFormatException if its major version is not known
   */
  public static Entry read(String key, byte[] bytes) {
    return SealedJson.read(key, bytes, FORMAT_2, EntryJson::entry);
  }

  private static SealedJson.Format format(Entry entry) {
    return entry instanceof Manifest manifest
            && manifest.encoding().segments() == SegmentFormat.ELEMENTS
        ? FORMAT_2
        : FORMAT;
  }

  private static Entry entry(JsonNode json) {
    Head head = head(json);
    String kind = text(json, "kind");
    return kind.equals(LEDGER)
        ? ledger(head, json)
        : ManifestJson.read(head, Manifest.Kind.valueOf(kind.toUpperCase(Locale.ROOT)), json);
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
    List<ExpiredHashes.Run> runs = ledger.expiredHashes().runs();
    if (!runs.isEmpty()) {
      ArrayNode hashes = json.putArray("expiredHashes");
      runs.forEach(run -> hashes.addObject().put("first", run.first()).put("sha256", run.digits()));
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
        json.has("expiredHashes")
            ? ExpiredHashes.of(
                list(
                    json,
                    "expiredHashes",
                    node -> new ExpiredHashes.Run(number(node, "first"), text(node, "sha256"))))
            : ExpiredHashes.NONE,
        head.writer(),
        head.createdAt());
  }
}
