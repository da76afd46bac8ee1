package dev.varve.archive;

import static dev.varve.archive.JsonTree.list;
import static dev.varve.archive.JsonTree.micros;
import static dev.varve.archive.JsonTree.number;
import static dev.varve.archive.JsonTree.object;
import static dev.varve.archive.JsonTree.text;
import static dev.varve.archive.JsonTree.time;
import static dev.varve.archive.JsonTree.writeVector;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.varve.change.VersionVector;
import dev.varve.graph.StoreSchema;
import dev.varve.topology.Fingerprint;
import java.util.List;

/**
 * How far a standby has come: what it keeps in itself beside the graph. Its text form is a JSON
 * object whose members are those of a manifest, as far as it has them too.
 *
 * @param graph the graph's name
 * @param chain the snapshot that the standby was begun with: which chain it belongs to
 * @param vector the cut: every transaction that it covers is in the standby, whole, and no other
 * @param sites every site of the cut
 * @param committedAtMicros the latest commit time in it
 * @param positions where to go on reading the topics after it
 * @param fingerprint what the versions that were applied add up to
 * @param settled whether the fingerprint is that of the graph at the cut: not if concurrent changes
 *     of several sites are partly beyond it
 * @param schema indexes and constraints at the cut
 */
public record Reached(
    String graph,
    Manifest.Parent chain,
    VersionVector vector,
    List<Manifest.SiteCut> sites,
    long committedAtMicros,
    List<Manifest.Position> positions,
    Fingerprint fingerprint,
    boolean settled,
    StoreSchema schema) {

  private static final int VERSION = 1;
  private static final ObjectMapper JSON = new ObjectMapper();

  public Reached {
    sites = List.copyOf(sites);
    positions = List.copyOf(positions);
  }

  /** Where a restore of the whole of a snapshot leaves off. */
  public static Reached of(Chain.Link link) {
    Manifest manifest = link.manifest();
    return new Reached(
        manifest.graph(),
        new Manifest.Parent(manifest.number(), link.sha256()),
        manifest.to(),
        manifest.sites(),
        manifest.committed().lastMicros(),
        manifest.positions(),
        manifest.fingerprint(),
        true,
        manifest.schema());
  }

  /**
   * Reads the form that {@link #toString} writes.
   *
   * @throws DamagedException if the text is not of this form
   */
  public static Reached parse(String json) {
    try {
      JsonNode tree = JSON.readTree(json);
      if (number(tree, "version") > VERSION) {
        throw new IllegalArgumentException(
            "version " + number(tree, "version") + " is newer than this program");
      }
      JsonNode chain = object(tree, "chain");
      return new Reached(
          text(tree, "graph"),
          new Manifest.Parent(number(chain, "number"), text(chain, "sha256")),
          JsonTree.vector(object(tree, "to")),
          list(tree, "sites", ManifestJson::site),
          micros(text(tree, "committed")),
          list(tree, "positions", ManifestJson::position),
          Fingerprint.parse(text(tree, "fingerprint")),
          tree.path("settled").asBoolean(),
          new StoreSchema(list(tree, "schema", ManifestJson::rule)));
    } catch (JsonProcessingException | IllegalArgumentException e) {
      throw new DamagedException("the standby's cut", String.valueOf(e.getMessage()), e);
    }
  }

  @Override
  public String toString() {
    ObjectNode json = JSON.createObjectNode();
    json.put("version", VERSION);
    json.put("graph", graph);
    json.putObject("chain").put("number", chain.number()).put("sha256", chain.sha256());
    writeVector(json.putObject("to"), vector);
    ArrayNode siteNodes = json.putArray("sites");
    sites.forEach(site -> ManifestJson.writeSite(siteNodes.addObject(), site));
    json.put("committed", time(committedAtMicros));
    ArrayNode positionNodes = json.putArray("positions");
    positions.forEach(position -> ManifestJson.writePosition(positionNodes.addObject(), position));
    json.put("fingerprint", fingerprint.toString());
    json.put("settled", settled);
    ArrayNode rules = json.putArray("schema");
    schema.rules().forEach(rule -> ManifestJson.writeRule(rules.addObject(), rule));
    return json.toString();
  }
}
