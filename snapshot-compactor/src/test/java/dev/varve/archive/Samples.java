package dev.varve.archive;

import dev.varve.change.Dot;
import dev.varve.change.Site;
import dev.varve.change.Transaction;
import dev.varve.change.VersionVector;
import dev.varve.graph.Edge;
import dev.varve.graph.Element;
import dev.varve.graph.ElementHasher;
import dev.varve.graph.ElementId;
import dev.varve.graph.ElementKind;
import dev.varve.graph.StoreSchema;
import dev.varve.graph.Value;
import dev.varve.graph.Vertex;
import dev.varve.topology.ElementVersion;
import dev.varve.topology.VersionHeader;
import java.time.LocalDate;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;

/** Things to put into archives. */
final class Samples {

  static final Site SITE = new Site("neo4j", 1);
  static final long EPOCH_MICROS = 1_790_000_000_000_000L;

  private Samples() {}

  static ElementVersion vertex(String id, long seq, String name) {
    Vertex vertex =
        Vertex.of(
            Set.of("Person", "Näme"),
            Map.of(
                "name", Value.Text.of(name),
                "born", new Value.Date(LocalDate.of(1942, 8, 1)),
                "height", Value.Float.of(1.75),
                "tags", Value.ListOf.of(List.of(Value.Text.of("a"), Value.Text.of("b")))));
    return version(ElementId.vertex(id), seq, Optional.of(vertex));
  }

  static ElementVersion edge(String id, long seq, String start, String end) {
    return version(
        ElementId.edge(id),
        seq,
        Optional.of(Edge.of("KNOWS", start, end, Map.of("since", Value.Int.of(seq)))));
  }

  static ElementVersion removed(ElementId id, long seq) {
    return version(id, seq, Optional.empty());
  }

  static ElementVersion version(ElementId id, long seq, Optional<Element> state) {
    VersionVector vector = VersionVector.of(SITE, seq);
    return new ElementVersion(
        id,
        new VersionHeader(
            new Dot(SITE, seq, 0),
            EPOCH_MICROS + seq,
            vector.weight(),
            vector,
            state.map(element -> new ElementHasher().hash(id, element)),
            Optional.empty(),
            false,
            List.of(),
            List.of()),
        state);
  }

  /** A version that lost against another site's, and includes more than its writer had seen. */
  static ElementVersion concurrent(String id, long seq, String name) {
    ElementVersion version = vertex(id, seq, name);
    return new ElementVersion(
        version.id(),
        new VersionHeader(
            version.header().dot(),
            EPOCH_MICROS + seq,
            seq + 20,
            VersionVector.of(SITE, seq).union(VersionVector.of(new Site("rome", 2), 40)),
            version.header().hash(),
            Optional.empty(),
            true,
            List.of("Person"),
            List.of("born", "name")),
        version.state());
  }

  /** The same version from another site. */
  static ElementVersion at(ElementVersion version, Site site) {
    VersionHeader header = version.header();
    long seq = header.dot().seq();
    return new ElementVersion(
        version.id(),
        new VersionHeader(
            new Dot(site, seq, seq % 3),
            header.committedAtMicros(),
            seq,
            VersionVector.of(site, seq),
            header.hash(),
            header.replaced(),
            header.lost(),
            header.alteredLabels(),
            header.alteredProperties()),
        version.state());
  }

  static Transaction transaction(long seq) {
    return new Transaction(
        SITE,
        seq,
        EPOCH_MICROS + seq,
        Optional.of("alice"),
        new TreeMap<>(Map.of("app", "shop")),
        List.of(new Transaction.Count(ElementKind.VERTEX, "Person", 1, 2, 3)),
        Optional.of(
            new StoreSchema.Change(
                false,
                List.of(
                    new StoreSchema.Rule(
                        "person_name",
                        StoreSchema.Form.INDEX,
                        "RANGE",
                        ElementKind.VERTEX,
                        List.of("Person"),
                        List.of("name"),
                        Optional.of("CREATE INDEX person_name …"))),
                List.of("old"))));
  }
}
