package dev.varve.cli;

import dev.varve.age.Graphid;
import dev.varve.age.LabelRule;
import dev.varve.archive.EntryJson;
import dev.varve.archive.Keys;
import dev.varve.archive.Manifest;
import dev.varve.archive.Repository;
import dev.varve.archive.SegmentWriter;
import dev.varve.change.Dot;
import dev.varve.change.Site;
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
import dev.varve.topology.Fingerprint;
import dev.varve.topology.VersionHeader;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/** A base of a graph of Apache AGE: people in a ring, each of whom knows the next ones. */
final class AgeChain {

  static final String GRAPH = "people";
  static final int PERSON = 3;
  static final int KNOWS = 5;
  private static final Site SITE = new Site("age", 1);
  private static final long MICROS = 1_790_000_000_000_000L;

  private final Repository repository;
  private final Path scratch;
  private final ElementHasher hasher = new ElementHasher();
  private final List<Manifest.Segment> segments = new ArrayList<>();
  private Fingerprint fingerprint = Fingerprint.EMPTY;

  AgeChain(Repository repository, Path scratch) {
    this.repository = repository;
    this.scratch = scratch;
  }

  /**
   * Lays the base down; returns what it promises.
   *
   * @param rules beside the labels' own
   */
  Fingerprint lay(int vertices, int edges, List<StoreSchema.Rule> rules) throws IOException {
    segment(ElementKind.VERTEX, vertices, vertices);
    segment(ElementKind.EDGE, edges, vertices);
    List<StoreSchema.Rule> all = new ArrayList<>(rules);
    all.add(new LabelRule("Person", ElementKind.VERTEX, PERSON).rule());
    all.add(new LabelRule("KNOWS", ElementKind.EDGE, KNOWS).rule());
    Manifest manifest =
        new Manifest(
            GRAPH,
            1,
            Manifest.Kind.BASE,
            Optional.empty(),
            VersionVector.EMPTY,
            VersionVector.of(SITE, 1),
            new Manifest.CommitSpan(MICROS, MICROS),
            List.of(),
            List.of(new Manifest.SiteCut(SITE, "age:test", 1, MICROS, Optional.empty())),
            new Manifest.Counts(vertices, edges, vertices + edges, 0, 0),
            fingerprint,
            new StoreSchema(all),
            segments,
            Optional.empty(),
            new Manifest.Writer("test", "0"),
            Manifest.Encoding.ZSTD,
            Instant.EPOCH);
    repository.create(manifest.key(), EntryJson.write(manifest));
    return fingerprint;
  }

  private void segment(ElementKind kind, int count, int vertices) throws IOException {
    String key = Keys.part(GRAPH, 1, kind.code() + "000", 7);
    Path file = scratch.resolve("segment-" + kind.code());
    try (SegmentWriter writer = new SegmentWriter(file, key, kind)) {
      for (int n = 1; n <= count; n++) {
        writer.append(version(kind, n, vertices));
      }
      segments.add(writer.finish());
    }
    repository.create(key, file);
  }

  private ElementVersion version(ElementKind kind, int n, int vertices) {
    int label = kind == ElementKind.VERTEX ? PERSON : KNOWS;
    ElementId id = new ElementId(kind, id(label, n));
    Element state =
        kind == ElementKind.VERTEX
            ? Vertex.of(Set.of("Person"), Map.of("n", Value.Int.of(n)))
            : Edge.of(
                "KNOWS",
                id(PERSON, 1 + n % vertices),
                id(PERSON, 1 + (n + 1 + n / vertices) % vertices),
                Map.of("since", Value.Int.of(n)));
    VersionVector vector = VersionVector.of(SITE, 1);
    VersionHeader header =
        new VersionHeader(
            new Dot(SITE, 1, n * 2L + (kind == ElementKind.VERTEX ? 0 : 1)),
            MICROS,
            vector.weight(),
            vector,
            Optional.of(hasher.hash(id, state)),
            Optional.empty(),
            false,
            List.of(),
            List.of());
    fingerprint = fingerprint.after(header);
    return new ElementVersion(id, header, Optional.of(state));
  }

  static String id(int label, long entry) {
    return new Graphid(label, entry).toString();
  }
}
