package dev.varve.bench;

import dev.varve.archive.DirectoryRepository;
import dev.varve.archive.EntryJson;
import dev.varve.archive.Keys;
import dev.varve.archive.Manifest;
import dev.varve.archive.SegmentWriter;
import dev.varve.change.Dot;
import dev.varve.change.Site;
import dev.varve.change.VersionVector;
import dev.varve.graph.Edge;
import dev.varve.graph.Element;
import dev.varve.graph.ElementHash;
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
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.time.LocalDate;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import java.util.function.LongFunction;

/** A chain of one base: people who know, like and follow each other. */
final class SyntheticChain {

  static final String GRAPH = "bench";

  private static final Site SITE = Site.parse("neo4j@1");
  private static final long SEQ = 1;
  private static final long COMMITTED_MICROS = 1_700_000_000_000_000L;
  private static final int ELEMENTS_A_SEGMENT = 250_000;
  private static final List<String> LABELS = List.of("Person", "Author", "Reader");
  private static final List<String> TYPES = List.of("KNOWS", "LIKES", "FOLLOWS");

  /** What every Neo4j database has from its first day. */
  private static final StoreSchema SCHEMA =
      new StoreSchema(
          List.of(
              lookUp("index_343aff4e", ElementKind.VERTEX, "(n) ON EACH labels(n)"),
              lookUp("index_f7700477", ElementKind.EDGE, "()-[n]-() ON EACH type(n)")));

  private final Path scratch;
  private final DirectoryRepository repository;
  private final Random random;
  private final ElementHasher hasher = new ElementHasher();
  private final List<Manifest.Segment> segments = new ArrayList<>();
  private Fingerprint fingerprint = Fingerprint.EMPTY;

  SyntheticChain(Path scratch, Path repository, long seed) {
    this.scratch = scratch;
    this.repository = new DirectoryRepository(repository);
    this.random = new Random(seed);
  }

  private static StoreSchema.Rule lookUp(String name, ElementKind kind, String on) {
    return new StoreSchema.Rule(
        name,
        StoreSchema.Form.INDEX,
        "LOOKUP",
        kind,
        List.of(),
        List.of(),
        Optional.of("CREATE LOOKUP INDEX `" + name + "` IF NOT EXISTS FOR " + on));
  }

  void write(long vertices, long edges) throws IOException {
    Files.createDirectories(scratch);
    write(ElementKind.VERTEX, vertices, this::vertex);
    write(ElementKind.EDGE, edges, n -> edge(n, vertices));
    Manifest manifest =
        new Manifest(
            GRAPH,
            1,
            Manifest.Kind.BASE,
            Optional.empty(),
            VersionVector.EMPTY,
            VersionVector.of(SITE, SEQ),
            new Manifest.CommitSpan(COMMITTED_MICROS, COMMITTED_MICROS),
            List.of(),
            List.of(new Manifest.SiteCut(SITE, "bench", SEQ, COMMITTED_MICROS, Optional.empty())),
            new Manifest.Counts(vertices, edges, vertices + edges, 0, 0),
            fingerprint,
            SCHEMA,
            segments,
            Optional.empty(),
            new Manifest.Writer("bench", "0"),
            Manifest.Encoding.ZSTD,
            Instant.EPOCH);
    repository.create(manifest.key(), EntryJson.write(manifest));
  }

  private void write(ElementKind kind, long count, LongFunction<Element> elements)
      throws IOException {
    for (long from = 0; from < count; from += ELEMENTS_A_SEGMENT) {
      String part = kind.code() + String.format("%03d", segments.size());
      String key = Keys.part(GRAPH, 1, part, 1);
      Path file = scratch.resolve(part);
      try (SegmentWriter writer = new SegmentWriter(file, key, kind)) {
        for (long n = from; n < Math.min(count, from + ELEMENTS_A_SEGMENT); n++) {
          writer.append(version(new ElementId(kind, Long.toString(n)), elements.apply(n), n));
        }
        segments.add(writer.finish());
      }
      repository.create(key, file);
      Files.deleteIfExists(file);
    }
  }

  private ElementVersion version(ElementId id, Element state, long n) {
    ElementHash hash = hasher.hash(id, state);
    fingerprint = fingerprint.plus(hash);
    long index = n * 2 + (id.kind() == ElementKind.EDGE ? 1 : 0);
    return new ElementVersion(
        id,
        new VersionHeader(
            new Dot(SITE, SEQ, index),
            COMMITTED_MICROS,
            1,
            VersionVector.of(SITE, SEQ),
            Optional.of(hash),
            Optional.empty(),
            false,
            List.of(),
            List.of()),
        Optional.of(state));
  }

  private Element vertex(long n) {
    return Vertex.of(
        Set.of(LABELS.get((int) (n % LABELS.size()))),
        Map.of(
            "name", Value.Text.of("person number " + n),
            "born", new Value.Date(LocalDate.ofEpochDay(random.nextInt(20_000))),
            "score", Value.Float.of(random.nextDouble()),
            "visits", Value.Int.of(random.nextInt(1_000_000))));
  }

  private Element edge(long n, long vertices) {
    return Edge.of(
        TYPES.get((int) (n % TYPES.size())),
        Long.toString(random.nextLong(vertices)),
        Long.toString(random.nextLong(vertices)),
        Map.of(
            "since", Value.Int.of(1_990 + random.nextInt(37)),
            "weight", Value.Float.of(random.nextDouble())));
  }
}
