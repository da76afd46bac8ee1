package dev.varve.archive;

import static dev.varve.archive.JsonTree.micros;
import static dev.varve.archive.JsonTree.number;
import static dev.varve.archive.JsonTree.object;
import static dev.varve.archive.JsonTree.optionalText;
import static dev.varve.archive.JsonTree.text;
import static dev.varve.archive.JsonTree.time;
import static dev.varve.archive.JsonTree.vector;
import static dev.varve.archive.JsonTree.writeVector;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.varve.change.Site;
import java.time.Instant;
import java.time.temporal.ChronoUnit;

/**
 * Manifests of branches as {@link SealedJson}, members in a fixed order; {@code
 * docs/format/branch.md} describes them.
 */
final class BranchJson {

  private static final SealedJson.Format FORMAT = new SealedJson.Format("varve-branch", 1, 0);

  private BranchJson() {}

  static byte[] write(Branch branch) {
    ObjectNode json = SealedJson.begin(FORMAT);
    json.put("graph", branch.graph());
    json.put("name", branch.name());
    json.put("site", branch.site().toString());
    json.put("store", branch.store());
    branch.follows().ifPresent(name -> json.put("follows", name));
    writeVector(json.putObject("from"), branch.from());
    writeVector(json.putObject("to"), branch.to());
    json.put("first", branch.span().first());
    json.put("last", branch.span().last());
    json.putObject("committed")
        .put("first", time(branch.committed().firstMicros()))
        .put("last", time(branch.committed().lastMicros()));
    json.putObject("counts")
        .put("transactions", branch.counts().transactions())
        .put("changes", branch.counts().changes())
        .put("removals", branch.counts().removals());
    writeObject(json.putObject("changes"), branch.changes());
    writeObject(json.putObject("transactions"), branch.transactions().object());
    json.putObject("successor")
        .put("store", branch.successor().store())
        .put("address", branch.successor().address())
        .put("promotedAt", branch.successor().promotedAt().toString());
    ObjectNode encoding =
        json.putObject("encoding").put("compression", branch.encoding().compression());
    branch.encoding().keyId().ifPresent(id -> encoding.put("keyId", id));
    json.putObject("writer")
        .put("id", branch.writer().id())
        .put("version", branch.writer().version());
    json.put("createdAt", branch.createdAt().truncatedTo(ChronoUnit.MILLIS).toString());
    return SealedJson.seal(SealedJson.open(json));
  }

  /**
   * Reads a manifest.
   *
   * @param key of the object, for messages
   * @throws DamagedException if the bytes are not one
   * @throws NewerFormatException if its major version is not known
   */
  static Branch read(String key, byte[] bytes) {
    return SealedJson.read(key, bytes, FORMAT, BranchJson::branch);
  }

  private static Branch branch(JsonNode json) {
    JsonNode committed = object(json, "committed");
    JsonNode counts = object(json, "counts");
    JsonNode successor = object(json, "successor");
    JsonNode encoding = object(json, "encoding");
    JsonNode writer = object(json, "writer");
    long transactions = number(counts, "transactions");
    return new Branch(
        text(json, "graph"),
        text(json, "name"),
        Site.parse(text(json, "site")),
        text(json, "store"),
        optionalText(json, "follows"),
        vector(object(json, "from")),
        vector(object(json, "to")),
        new Branch.Span(number(json, "first"), number(json, "last")),
        new Manifest.CommitSpan(micros(text(committed, "first")), micros(text(committed, "last"))),
        new Branch.Counts(transactions, number(counts, "changes"), number(counts, "removals")),
        storedObject(object(json, "changes")),
        new Manifest.TransactionsFile(storedObject(object(json, "transactions")), transactions),
        new Branch.Successor(
            text(successor, "store"),
            text(successor, "address"),
            Instant.parse(text(successor, "promotedAt"))),
        new Manifest.Writer(text(writer, "id"), text(writer, "version")),
        new Manifest.Encoding(
            text(encoding, "compression"), SegmentFormat.VERSIONS, optionalText(encoding, "keyId")),
        Instant.parse(text(json, "createdAt")));
  }

  private static void writeObject(ObjectNode json, Manifest.StoredObject object) {
    json.put("key", object.key()).put("bytes", object.bytes()).put("sha256", object.sha256());
  }

  private static Manifest.StoredObject storedObject(JsonNode json) {
    return new Manifest.StoredObject(
        text(json, "key"), number(json, "bytes"), text(json, "sha256"));
  }
}
