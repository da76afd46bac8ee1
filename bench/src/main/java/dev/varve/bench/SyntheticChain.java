package dev.varve.bench;

import dev.varve.archive.Chain;
import dev.varve.archive.DirectoryRepository;
import dev.varve.archive.EntryJson;
import dev.varve.archive.Keys;
import dev.varve.archive.Manifest;
import dev.varve.archive.SegmentFormat;
import dev.varve.archive.SegmentWriter;
import dev.varve.change.Dot;
import dev.varve.change.Site;
import dev.varve.change.VersionVector;
import dev.varve.graph.Element;
import dev.varve.graph.ElementHash;
import dev.varve.graph.ElementHasher;
import dev.varve.graph.ElementId;
import dev.varve.graph.ElementKind;
import dev.varve.graph.StoreSchema;
import dev.varve.topology.ElementVersion;
import dev.varve.topology.Fingerprint;
import dev.varve.topology.VersionHeader;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Random;
import java.util.TreeSet;
import java.util.function.Consumer;
import java.util.function.LongFunction;

/**
 * A chain of a base and, if wanted, deltas: people who know, like and follow each other, in Neo4j
 * unless another {@link Shape} is given.
 */
final class SyntheticChain {

  static final String GRAPH = "bench";

  private static final Site SITE = Site.parse("neo4j@1");
  private static final long FIRST_SEQ = 1;
  private static final long COMMITTED_MICROS = 1_700_000_000_000_000L;
  private static final long GROWN_MICROS = 10_000;
  private static final int LEVEL = Integer.getInteger("level", 1);
  private static final int ELEMENTS_A_SEGMENT = 250_000;
  private final Path scratch;
  private final DirectoryRepository repository;
  private final Random random;
  private final Shape shape;
  private final ElementHasher hasher = new ElementHasher();
  private final List<Manifest.Segment> segments = new ArrayList<>();
  private final Map<ElementKind, List<ElementVersion>> pending = new EnumMap<>(ElementKind.class);
  private final Map<ElementKind, ElementHash[]> hashes = new EnumMap<>(ElementKind.class);
  private Fingerprint fingerprint = Fingerprint.EMPTY;
  private List<Manifest.Position> positions = List.of();
  private long seq = FIRST_SEQ;
  private long transactions = FIRST_SEQ;
  private long number;
  private Optional<Manifest.Parent> parent = Optional.empty();

  SyntheticChain(Path scratch, Path repository, long seed) {
    this(scratch, repository, seed, new Neo4jShape());
  }

  SyntheticChain(Path scratch, Path repository, long seed, Shape shape) {
    this.shape = shape;
    this.scratch = scratch;
    this.repository = new DirectoryRepository(repository);
    this.random = new Random(seed);
  }

  /** What the elements are like. */
  interface Shape {
    /** The identity of the store that they come from. */
    String store();

    /** Rises with n. */
    ElementId id(ElementKind kind, long n);

    Element vertex(long n, Random random);

    Element edge(long n, long vertices, Random random);

    StoreSchema schema();
  }

  /** A base in which each element was last changed by another one of so many transactions. */
  SyntheticChain grownBy(long count) {
    transactions = count;
    return this;
  }

  void write(long vertices, long edges) throws IOException {
    Files.createDirectories(scratch);
    seq = transactions;
    write(ElementKind.VERTEX, vertices, this::vertex);
    write(ElementKind.EDGE, edges, n -> edge(n, vertices));
    publish(Manifest.Kind.BASE, VersionVector.EMPTY, vertices + edges);
  }

  /** The same graph without a chain: what the initial scan finds, in order. */
  void scan(long vertices, long edges, Consumer<ElementVersion> each) {
    hashes.put(ElementKind.VERTEX, new ElementHash[Math.toIntExact(vertices)]);
    hashes.put(ElementKind.EDGE, new ElementHash[Math.toIntExact(edges)]);
    for (long n = 0; n < vertices; n++) {
      each.accept(version(shape.id(ElementKind.VERTEX, n), vertex(n), n));
    }
    for (long n = 0; n < edges; n++) {
      each.accept(version(shape.id(ElementKind.EDGE, n), edge(n, vertices), n));
    }
  }

  /** Where a compactor goes on to read after the base. */
  SyntheticChain readOnFrom(List<Manifest.Position> places) {
    positions = places;
    return this;
  }

  /** A delta that changes so many elements, half of them vertices. */
  void delta(int changes) throws IOException {
    VersionVector from = VersionVector.of(SITE, seq);
    segments.clear();
    for (ElementVersion version : change(changes)) {
      pending.computeIfAbsent(version.id().kind(), kind -> new ArrayList<>()).add(version);
    }
    for (ElementKind kind : ElementKind.values()) {
      List<ElementVersion> versions = pending.getOrDefault(kind, List.of());
      if (!versions.isEmpty()) {
        writeSegment(kind, versions);
      }
    }
    pending.clear();
    publish(Manifest.Kind.DELTA, from, changes);
  }

  /** Changes so many elements in the next transaction; their versions in order. */
  List<ElementVersion> change(int changes) {
    seq++;
    List<ElementVersion> versions = new ArrayList<>();
    for (ElementKind kind : ElementKind.values()) {
      long count = count(kind);
      if (changes / 2 > count) {
        throw new IllegalArgumentException(changes / 2 + " of " + count + " cannot be changed");
      }
      TreeSet<Long> chosen = new TreeSet<>();
      while (chosen.size() < changes / 2) {
        chosen.add(random.nextLong(count));
      }
      for (long n : chosen) {
        ElementId id = shape.id(kind, n);
        Element state = kind == ElementKind.VERTEX ? vertex(n) : edge(n, count(ElementKind.VERTEX));
        versions.add(version(id, state, n));
      }
    }
    return versions;
  }

  private long count(ElementKind kind) {
    return Objects.requireNonNull(hashes.get(kind)).length;
  }

  long seq() {
    return seq;
  }

  static Site site() {
    return SITE;
  }

  private void writeSegment(ElementKind kind, List<ElementVersion> versions) throws IOException {
    String part = kind.code() + "000";
    String key = Keys.part(GRAPH, number + 1, part, 1);
    Path file = scratch.resolve(part);
    try (SegmentWriter writer = new SegmentWriter(file, key, kind)) {
      for (ElementVersion version : versions) {
        writer.append(version);
      }
      segments.add(writer.finish());
    }
    repository.create(key, file);
    Files.deleteIfExists(file);
  }

  private void publish(Manifest.Kind kind, VersionVector from, long versions) throws IOException {
    number++;
    long committed = micros(seq);
    Manifest manifest =
        new Manifest(
            GRAPH,
            number,
            kind,
            parent,
            from,
            VersionVector.of(SITE, seq),
            new Manifest.CommitSpan(committed, committed),
            positions,
            List.of(new Manifest.SiteCut(SITE, shape.store(), seq, committed, Optional.empty())),
            new Manifest.Counts(count(ElementKind.VERTEX), count(ElementKind.EDGE), versions, 0, 0),
            fingerprint,
            shape.schema(),
            segments,
            Optional.empty(),
            new Manifest.Writer("bench", "0"),
            Manifest.Encoding.of(kind, Optional.empty()),
            Instant.EPOCH);
    byte[] json = EntryJson.write(manifest);
    repository.create(manifest.key(), json);
    parent = Optional.of(Chain.Tip.of(manifest.key(), json).asParent());
  }

  static long micros(long seq) {
    return COMMITTED_MICROS + seq * 1000;
  }

  private void write(ElementKind kind, long count, LongFunction<Element> elements)
      throws IOException {
    hashes.put(kind, new ElementHash[Math.toIntExact(count)]);
    for (long from = 0; from < count; from += ELEMENTS_A_SEGMENT) {
      String part = kind.code() + String.format("%03d", segments.size());
      String key = Keys.part(GRAPH, 1, part, 1);
      Path file = scratch.resolve(part);
      try (SegmentWriter writer =
          new SegmentWriter(file, key, kind, SegmentFormat.ELEMENTS, LEVEL)) {
        for (long n = from; n < Math.min(count, from + ELEMENTS_A_SEGMENT); n++) {
          ElementVersion version = version(shape.id(kind, n), elements.apply(n), n);
          writer.append(transactions == FIRST_SEQ ? version : grown(version));
        }
        segments.add(writer.finish());
      }
      repository.create(key, file);
      Files.deleteIfExists(file);
    }
  }

  private ElementVersion version(ElementId id, Element state, long n) {
    ElementHash hash = hasher.hash(id, state);
    ElementHash[] known = Objects.requireNonNull(hashes.get(id.kind()));
    Optional<ElementHash> replaced = Optional.ofNullable(known[(int) n]);
    known[(int) n] = hash;
    VersionVector vector = VersionVector.of(SITE, seq);
    long index = n * 2 + (id.kind() == ElementKind.EDGE ? 1 : 0);
    VersionHeader header =
        new VersionHeader(
            new Dot(SITE, seq, index),
            micros(seq),
            vector.weight(),
            vector,
            Optional.of(hash),
            replaced,
            false,
            List.of(),
            List.of());
    fingerprint = fingerprint.after(header);
    return new ElementVersion(id, header, Optional.of(state));
  }

  /** The same, but as a transaction somewhere in the past left it. */
  private ElementVersion grown(ElementVersion version) {
    long then = FIRST_SEQ + random.nextLong(transactions);
    VersionVector vector = VersionVector.of(SITE, then);
    String altered = version.id().kind() == ElementKind.VERTEX ? "visits" : "weight";
    return new ElementVersion(
        version.id(),
        new VersionHeader(
            new Dot(SITE, then, 0),
            COMMITTED_MICROS + then * GROWN_MICROS + random.nextLong(GROWN_MICROS),
            vector.weight(),
            vector,
            version.header().hash(),
            Optional.empty(),
            false,
            List.of(),
            List.of(altered)),
        version.state());
  }

  private Element vertex(long n) {
    return shape.vertex(n, random);
  }

  private Element edge(long n, long vertices) {
    return shape.edge(n, vertices, random);
  }
}
