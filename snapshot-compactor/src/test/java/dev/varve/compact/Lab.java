package dev.varve.compact;

import dev.varve.archive.Chain;
import dev.varve.archive.Manifest;
import dev.varve.archive.Repository;
import dev.varve.change.Site;
import dev.varve.change.Transaction;
import dev.varve.change.VersionVector;
import dev.varve.change.Watermark;
import dev.varve.graph.Element;
import dev.varve.graph.ElementId;
import dev.varve.graph.StoreSchema;
import dev.varve.tail.Cut;
import dev.varve.tail.Insistence;
import dev.varve.tail.Retry;
import dev.varve.tail.SortEntry;
import dev.varve.tail.SortEntry.Origin;
import dev.varve.tail.SortEntry.Rank;
import dev.varve.tail.VersionSorter;
import dev.varve.topology.ElementVersion;
import dev.varve.topology.VersionHeader;
import dev.varve.wire.AvroInput;
import dev.varve.wire.AvroOutput;
import dev.varve.wire.RegistryConfig;
import dev.varve.wire.Topics;
import dev.varve.wire.TransactionCodec;
import dev.varve.wire.VersionCodec;
import dev.varve.wire.WatermarkCodec;
import dev.varve.wire.Wire;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.Optional;
import java.util.Random;
import java.util.TreeMap;

/**
 * A graph, what the tables hold of it, and writers that lay it down as the compactor does, with its
 * own classes; without Kafka.
 */
final class Lab implements AutoCloseable {

  static final String GRAPH = "g";

  static final Retry IMPATIENT =
      new Retry(Duration.ofMillis(1), Duration.ofMillis(2), Duration.ofMillis(20));

  final Random random;
  final SyntheticGraph graph;
  final Path directory;
  private final Wire wire = Wire.open(RegistryConfig.embedded());
  private final List<Version> versions = new ArrayList<>();
  private final List<byte[]> transactions = new ArrayList<>();
  private final NavigableMap<Site, Watermark> watermarks = new TreeMap<>();
  private int nextDirectory;

  /** A version as it is in the tables. */
  private record Version(byte kind, String id, VersionHeader header, byte[] encoded) {}

  Lab(long seed, Path directory) {
    this.random = new Random(seed);
    this.directory = directory;
    this.graph = new SyntheticGraph(seed, wire, 1, 40);
  }

  /** Commit time of the newest transaction, as a clock. */
  Clock clock() {
    return Clock.fixed(MergePlan.instant(SyntheticGraph.micros(graph.seq)), ZoneOffset.UTC);
  }

  static Instant at(long seq) {
    return MergePlan.instant(SyntheticGraph.micros(seq));
  }

  VersionVector cut() {
    return graph.vectors.lastEntry().getValue();
  }

  Housekeeper housekeeper(
      Repository repository, MergePlan.Policy merges, ExpirePlan.Policy retention, Clock clock) {
    return Housekeeper.of(
        new HousekeepingConfig(
            GRAPH,
            repository,
            directory.resolve("housekeeping"),
            5000,
            64 << 10,
            CompactConfig.DEFAULT_COMPRESSION_LEVEL,
            IMPATIENT,
            Duration.ofDays(10_000),
            Duration.ofHours(1),
            merges,
            retention,
            HousekeepingConfig.HeavyWork.ALWAYS),
        clock);
  }

  LedgerBook book(Repository repository, Clock clock) {
    return new LedgerBook(
        repository,
        new Publisher(repository, new Insistence(IMPATIENT, "wait")),
        new Manifest.Writer("book-" + random.nextInt(), "test"),
        clock);
  }

  Workbench bench(Repository repository, long seed) throws IOException {
    return bench(repository, seed, clock());
  }

  Workbench bench(Repository repository, long seed, Clock clock) throws IOException {
    return new Workbench(
        repository,
        new Publisher(repository, new Insistence(IMPATIENT, "wait")),
        Files.createDirectories(directory.resolve("work-" + nextDirectory++)),
        3000,
        64 << 10,
        new Manifest.Writer("writer-" + seed, "test"),
        clock,
        new Random(seed));
  }

  /** Takes what the graph has put into the tables. */
  private void read() {
    VersionCodec codec = new VersionCodec();
    for (int place = 0; place < 3; place++) {
      for (SyntheticGraph.Row row : graph.queues.get(place)) {
        Wire.Body body = wire.open(row.value());
        AvroInput in = body.input();
        byte[] encoded =
            java.util.Arrays.copyOfRange(in.array(), in.position(), in.position() + in.remaining());
        switch (body.kind()) {
          case ELEMENT_VERSION -> {
            VersionHeader header = codec.readHeader(new AvroInput(encoded));
            String id = row.key().substring(1);
            versions.add(
                new Version(
                    row.key().charAt(0) == 'v' ? SortEntry.VERTEX : SortEntry.EDGE,
                    header.lost() ? id.substring(0, id.lastIndexOf('!')) : id,
                    header,
                    encoded));
          }
          case TRANSACTION -> transactions.add(encoded);
          default -> {
            Watermark next = new WatermarkCodec().read(new AvroInput(encoded));
            watermarks.merge(next.site(), next, Lab::later);
          }
        }
      }
      graph.queues.get(place).clear();
    }
  }

  /** A site says once which it took the place of. */
  private static Watermark later(Watermark before, Watermark next) {
    return new Watermark(
        next.site(),
        next.seq(),
        next.committedAtMicros(),
        next.versions(),
        next.store(),
        next.replaces().or(before::replaces));
  }

  private Cut reached() {
    VersionVector vector = VersionVector.EMPTY;
    List<Manifest.SiteCut> sites = new ArrayList<>();
    for (Watermark to : watermarks.values()) {
      vector = vector.with(to.site(), to.seq());
      sites.add(
          new Manifest.SiteCut(
              to.site(), to.store(), to.seq(), to.committedAtMicros(), to.replaces()));
    }
    return new Cut(vector, sites);
  }

  /** What the graph is when everything is folded that a moment includes, whatever the order. */
  Map<ElementId, Element> graphAt(VersionVector moment) {
    read();
    VersionCodec codec = new VersionCodec();
    List<ElementVersion> all = new ArrayList<>();
    for (Version version : versions) {
      ElementId id =
          version.kind() == SortEntry.VERTEX
              ? ElementId.vertex(version.id())
              : ElementId.edge(version.id());
      all.add(codec.read(id, new AvroInput(version.encoded())));
    }
    return Restored.at(all, moment);
  }

  /**
   * Gives the newest version of the first vertex another one's state, and leaves its hash.
   *
   * @return the vertex
   */
  ElementId exchangeStates() {
    read();
    List<Version> alive =
        versions.stream()
            .filter(v -> v.kind() == SortEntry.VERTEX && !v.header().removed())
            .filter(v -> versions.stream().noneMatch(later -> newer(later, v)))
            .toList();
    Version victim = alive.get(0);
    Version other = alive.get(1);
    VersionCodec codec = new VersionCodec();
    AvroOutput out = new AvroOutput();
    codec.writeHeader(victim.header(), out);
    AvroInput in = new AvroInput(other.encoded());
    codec.readHeader(in);
    out.raw(in.array(), in.position(), in.remaining());
    versions.set(
        versions.indexOf(victim),
        new Version(victim.kind(), victim.id(), victim.header(), out.toByteArray()));
    return ElementId.vertex(victim.id());
  }

  private static boolean newer(Version a, Version b) {
    return a.kind() == b.kind()
        && a.id().equals(b.id())
        && a.header().weight() > b.header().weight();
  }

  Writer writer(Repository repository, long seed) throws IOException {
    return new Writer(bench(repository, seed), repository);
  }

  /** What a compactor is: it remembers what it published last. */
  final class Writer {
    private final Workbench bench;
    private Optional<Manifest> head;
    private Optional<Manifest.Parent> tip;

    private Writer(Workbench bench, Repository repository) throws IOException {
      this.bench = bench;
      Optional<Chain.End> end = Chain.loadEnd(repository, GRAPH);
      head = end.map(e -> e.head().manifest());
      tip = end.map(e -> e.tip().asParent());
    }

    /** Lays down all that there is; a base at first. */
    Manifest layDown() throws IOException {
      read();
      Cut cut = reached();
      VersionVector from = head.map(Manifest::to).orElse(VersionVector.EMPTY);
      if (from.equals(cut.vector())) {
        return head.orElseThrow();
      }
      Path runs = Files.createTempDirectory(bench.directory(), "runs");
      try (VersionSorter sorter = new VersionSorter(runs, 64 << 10)) {
        collect(from, sorter);
        return publish(cut, from, sorter);
      } finally {
        Files.deleteIfExists(runs);
      }
    }

    private void collect(VersionVector from, VersionSorter sorter) throws IOException {
      for (Version version : versions) {
        if (!from.covers(version.header().dot())) {
          sorter.addVersion(
              version.kind(),
              version.id(),
              new Origin(0, 0, 0),
              new Rank(version.header().weight(), version.header().committedAtMicros()),
              version.encoded(),
              0,
              version.encoded().length);
        }
      }
      TransactionCodec codec = new TransactionCodec();
      for (int i = 0; i < transactions.size(); i++) {
        byte[] encoded = transactions.get(i);
        Transaction transaction = codec.read(new AvroInput(encoded));
        if (!from.covers(transaction.site(), transaction.seq())) {
          sorter.addTransaction(new Origin(2, i, i), encoded, 0, encoded.length);
        }
      }
    }

    private Manifest publish(Cut cut, VersionVector from, VersionSorter sorter) throws IOException {
      boolean base = head.isEmpty();
      long number = tip.map(parent -> parent.number() + 1).orElse(1L);
      Manifest.Kind kind = base ? Manifest.Kind.BASE : Manifest.Kind.DELTA;
      try (VersionSorter.Merge merge = sorter.merge();
          SnapshotBuilder builder =
              new SnapshotBuilder(
                  bench,
                  GRAPH,
                  number,
                  kind,
                  head,
                  head.map(Manifest::schema).orElse(StoreSchema.EMPTY))) {
        boolean forgets = Checkpoint.forgetsTombstones(cut);
        new Flush(merge, builder, cut, new Topics(GRAPH), base, forgets, 3).run();
        Manifest manifest =
            new Manifest(
                GRAPH,
                number,
                kind,
                tip,
                from,
                cut.vector(),
                builder.span(cut),
                List.of(),
                cut.sites(),
                builder.counts(),
                builder.fingerprint(),
                builder.schema(),
                builder.segments(),
                builder.transactions(),
                builder.inexact(),
                bench.writer(),
                Manifest.Encoding.of(kind, Optional.empty()),
                bench.clock().instant());
        Chain.Tip done = bench.publisher().publishHead(manifest);
        head = Optional.of((Manifest) done.entry());
        tip = Optional.of(done.asParent());
        return head.get();
      }
    }
  }

  @Override
  public void close() {
    wire.close();
  }
}
