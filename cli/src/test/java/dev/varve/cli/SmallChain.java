package dev.varve.cli;

import dev.varve.archive.Chain;
import dev.varve.archive.EntryJson;
import dev.varve.archive.Keys;
import dev.varve.archive.Manifest;
import dev.varve.archive.Repository;
import dev.varve.archive.SegmentWriter;
import dev.varve.change.Dot;
import dev.varve.change.Site;
import dev.varve.change.VersionVector;
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
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/** A chain of a base and deltas, each with one vertex more. */
final class SmallChain {

  static final String GRAPH = "orders";
  private static final Site SITE = new Site("neo4j", 1);
  private static final long FIRST_MICROS = 1_790_000_000_000_000L;

  private final Repository repository;
  private final Path scratch;
  private final String writer;
  private final long stepMicros;
  private Fingerprint fingerprint = Fingerprint.EMPTY;
  private long seq;

  SmallChain(Repository repository, Path scratch) {
    this(repository, scratch, "test", Duration.ofNanos(1000));
  }

  /**
   * @param step how far apart transactions are
   */
  SmallChain(Repository repository, Path scratch, String writer, Duration step) {
    this.repository = repository;
    this.scratch = scratch;
    this.writer = writer;
    this.stepMicros = step.toNanos() / 1000;
  }

  /** Adds a snapshot of one transaction behind whatever is newest; the first is a base. */
  Manifest add() throws IOException {
    seq++;
    Optional<Manifest.Parent> parent = Chain.load(repository, GRAPH).tip();
    long number = parent.map(tip -> tip.number() + 1).orElse(1L);
    ElementVersion version = version(ElementId.vertex(Long.toString(seq)));
    fingerprint = fingerprint.after(version.header());
    String key = Keys.part(GRAPH, number, "v000", 7);
    Path file = scratch.resolve("segment-" + number);
    Manifest.Segment segment;
    try (SegmentWriter writer = new SegmentWriter(file, key, ElementKind.VERTEX)) {
      writer.append(version);
      segment = writer.finish();
    }
    repository.create(key, file);
    Manifest manifest =
        new Manifest(
            GRAPH,
            number,
            seq == 1 ? Manifest.Kind.BASE : Manifest.Kind.DELTA,
            parent,
            seq == 1 ? VersionVector.EMPTY : VersionVector.of(SITE, seq - 1),
            VersionVector.of(SITE, seq),
            new Manifest.CommitSpan(micros(), micros()),
            List.of(),
            List.of(new Manifest.SiteCut(SITE, "neo4j:test", seq, micros(), Optional.empty())),
            new Manifest.Counts(seq, 0, 1, 0, 0),
            fingerprint,
            StoreSchema.EMPTY,
            List.of(segment),
            Optional.empty(),
            new Manifest.Writer(writer, "0"),
            Manifest.Encoding.ZSTD,
            Instant.EPOCH);
    repository.create(manifest.key(), EntryJson.write(manifest));
    return manifest;
  }

  private long micros() {
    return FIRST_MICROS + seq * stepMicros;
  }

  private ElementVersion version(ElementId id) {
    Vertex vertex = Vertex.of(Set.of("Order"), Map.of("n", Value.Int.of(seq)));
    VersionVector vector = VersionVector.of(SITE, seq);
    return new ElementVersion(
        id,
        new VersionHeader(
            new Dot(SITE, seq, 0),
            micros(),
            vector.weight(),
            vector,
            Optional.of(new ElementHasher().hash(id, vertex)),
            Optional.empty(),
            false,
            List.of(),
            List.of()),
        Optional.of(vertex));
  }
}
