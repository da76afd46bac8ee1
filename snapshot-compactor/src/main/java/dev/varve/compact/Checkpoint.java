package dev.varve.compact;

import dev.varve.archive.Chain;
import dev.varve.archive.Damage;
import dev.varve.archive.DamagedException;
import dev.varve.archive.Manifest;
import dev.varve.archive.Repository;
import dev.varve.archive.SegmentReader;
import dev.varve.change.Site;
import dev.varve.change.VersionVector;
import dev.varve.compact.SnapshotBuilder.Datum;
import dev.varve.compact.SortEntry.Origin;
import dev.varve.compact.SortEntry.Rank;
import dev.varve.fault.ExitCode;
import dev.varve.fault.VarveException;
import dev.varve.graph.ElementId;
import dev.varve.graph.ElementKind;
import dev.varve.topology.VersionDigest;
import dev.varve.topology.VersionHeader;
import dev.varve.wire.AvroInput;
import dev.varve.wire.VersionCodec;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.time.Clock;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import java.util.random.RandomGenerator;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * Merges a base and the deltas after it into a new base at a cut of the chain, so that it stays
 * short and no single loss breaks it. Reads and writes the repository alone; the chain may go on
 * meanwhile.
 *
 * <p>The deltas are sorted, within a budget of memory; the base streams by. The result is only
 * published if its fingerprint and counts are those of the manifest that it stands for.
 */
public final class Checkpoint {

  private final Repository repository;
  private final Publisher publisher;
  private final Path directory;
  private final long segmentBytes;
  private final long sortBytes;
  private final Manifest.Writer writer;
  private final Clock clock;
  private final RandomGenerator random;
  private final VersionCodec codec = new VersionCodec();

  Checkpoint(
      Repository repository,
      Publisher publisher,
      Path directory,
      long segmentBytes,
      long sortBytes,
      Manifest.Writer writer,
      Clock clock,
      RandomGenerator random) {
    this.repository = repository;
    this.publisher = publisher;
    this.directory = directory;
    this.segmentBytes = segmentBytes;
    this.sortBytes = sortBytes;
    this.writer = writer;
    this.clock = clock;
    this.random = random;
  }

  /**
   * Makes a checkpoint at the newest cut of a graph, whether or not a compactor is running.
   *
   * @return the manifest that was written, or that of the base or checkpoint that is there already
   * @throws VarveException if there is no chain, or if it is damaged
   */
  public static Manifest make(Repository repository, String graph) {
    Insistence insistence =
        new Insistence(CompactConfig.Retry.USUAL, "make room, then start again");
    Publisher publisher = new Publisher(repository, insistence);
    SecureRandom random = new SecureRandom();
    Manifest.Writer writer =
        new Manifest.Writer(
            "checkpoint-" + UUID.randomUUID(),
            Optional.ofNullable(Checkpoint.class.getPackage().getImplementationVersion())
                .orElse("development"));
    try {
      Path parent = Files.createTempDirectory("varve-checkpoint");
      try (WorkDirectory work = WorkDirectory.claim(parent)) {
        Checkpoint checkpoint =
            new Checkpoint(
                repository,
                publisher,
                work.path(),
                CompactConfig.DEFAULT_SEGMENT_BYTES,
                CompactConfig.DEFAULT_SORT_BYTES,
                writer,
                Clock.systemUTC(),
                random);
        return checkpoint.make(graph, head(repository, graph));
      } finally {
        Files.deleteIfExists(parent);
      }
    } catch (IOException e) {
      throw new VarveException(
          ExitCode.FAILED,
          "no checkpoint was made: " + e,
          "check the repository and the room for temporary files; the chain is as it was",
          e);
    }
  }

  /** Whether a base at the cut may leave out removed elements: nobody else can bring them back. */
  static boolean forgetsTombstones(Cut cut) {
    List<Site> replaced = cut.sites().stream().flatMap(site -> site.replaces().stream()).toList();
    return cut.sites().stream().filter(site -> !replaced.contains(site.site())).count() <= 1;
  }

  private static Manifest head(Repository repository, String graph) throws IOException {
    return Chain.loadEnd(repository, graph)
        .orElseThrow(
            () ->
                new VarveException(
                    ExitCode.NO_REPOSITORY,
                    "there is no chain of " + graph + " in " + repository.location(),
                    "check the repository's root and the graph's name"))
        .head()
        .manifest();
  }

  /**
   * Makes a checkpoint.
   *
   * @param at the manifest at whose cut it is
   * @return its manifest, or that of the base or checkpoint that is at this cut already
   * @throws DamagedException if nothing that the chain holds leads to this cut
   */
  Manifest make(String graph, Manifest at) throws IOException {
    Chain chain = Chain.load(repository, graph);
    List<Chain.Stretch> ways = chain.waysTo(at.to(), Set.of());
    if (ways.isEmpty()) {
      throw new DamagedException(
          at.key(),
          "no unbroken chain leads to it: "
              + chain.damage().stream().map(Damage::text).collect(Collectors.joining("; ")),
          null);
    }
    if (ways.get(0).deltas().isEmpty()) {
      return ways.get(0).base().manifest();
    }
    Manifest.Parent tip =
        chain
            .tip()
            .orElseThrow(() -> new DamagedException(at.key(), "the chain's end is damaged", null));
    return (Manifest) publisher.publishBehind(merge(ways, at, tip)).entry();
  }

  /** An older base stands in if what follows the newest cannot be read. */
  private Manifest merge(List<Chain.Stretch> ways, Manifest at, Manifest.Parent tip)
      throws IOException {
    for (int i = 0; ; i++) {
      try {
        return merge(ways.get(i), at, tip);
      } catch (DamagedException e) {
        if (i == ways.size() - 1) {
          throw e;
        }
      }
    }
  }

  private Manifest merge(Chain.Stretch stretch, Manifest last, Manifest.Parent tip)
      throws IOException {
    Cut cut = new Cut(last.to(), last.sites());
    Path runs = Files.createTempDirectory(directory, "checkpoint");
    try (VersionSorter sorter = new VersionSorter(runs, sortBytes);
        SnapshotBuilder builder =
            new SnapshotBuilder(
                last.graph(),
                tip.number() + 1,
                Optional.empty(),
                last.schema(),
                segmentBytes,
                directory,
                publisher,
                random)) {
      for (Chain.Link delta : stretch.deltas()) {
        for (Manifest.Segment segment : delta.manifest().segments()) {
          collect(segment, sorter);
        }
      }
      try (VersionSorter.Merge merge = sorter.merge();
          Base base = new Base(stretch.base().manifest().segments())) {
        join(base, merge, builder, forgetsTombstones(cut));
      }
      builder.finish();
      check(builder, last);
      return new Manifest(
          last.graph(),
          tip.number() + 1,
          Manifest.Kind.CHECKPOINT,
          Optional.of(tip),
          VersionVector.EMPTY,
          last.to(),
          builder.span(cut),
          last.positions(),
          last.sites(),
          builder.counts(),
          builder.fingerprint(),
          last.schema(),
          builder.segments(),
          Optional.empty(),
          writer,
          publisher.encoding(),
          clock.instant());
    } finally {
      Files.deleteIfExists(runs);
    }
  }

  private void collect(Manifest.Segment segment, VersionSorter sorter) throws IOException {
    byte kind = segment.kind() == ElementKind.VERTEX ? SortEntry.VERTEX : SortEntry.EDGE;
    Origin origin = new Origin(0, 0, 0);
    try (SegmentReader reader = SegmentReader.open(repository, segment)) {
      while (reader.next()) {
        VersionHeader header = reader.header();
        AvroInput version = reader.versionBytes();
        sorter.addVersion(
            kind,
            reader.id(),
            origin,
            new Rank(header.weight(), header.committedAtMicros()),
            version.array(),
            version.position(),
            version.remaining());
      }
    }
  }

  /** Goes through base and deltas side by side, element by element. */
  private void join(
      Base base, VersionSorter.Merge deltas, SnapshotBuilder builder, boolean forgetsTombstones)
      throws IOException {
    Newest changed = new Newest(deltas);
    boolean inBase = base.next();
    boolean inDeltas = changed.next();
    while (inBase || inDeltas) {
      int order = !inBase ? 1 : !inDeltas ? -1 : base.id().compareTo(changed.id());
      boolean takeBase =
          order < 0
              || (order == 0
                  && VersionDigest.ORDER.compare(base.header().digest(), changed.header.digest())
                      > 0);
      ElementId id = order <= 0 ? base.id() : changed.id();
      VersionHeader header = takeBase ? base.header() : changed.header;
      if (!header.removed() || !forgetsTombstones) {
        builder.addNewest(id.kind(), id.id(), header, takeBase ? base.datum() : changed.datum());
      }
      if (order <= 0) {
        inBase = base.next();
      }
      if (order >= 0) {
        inDeltas = changed.next();
      }
    }
  }

  private static void check(SnapshotBuilder builder, Manifest last) {
    Manifest.Counts counts = builder.counts();
    if (!builder.fingerprint().equals(last.fingerprint())
        || counts.vertices() != last.counts().vertices()
        || counts.edges() != last.counts().edges()) {
      throw new DamagedException(
          last.key(),
          "merged, the chain has %d vertices, %d edges and the fingerprint %s, not %d, %d and %s"
              .formatted(
                  counts.vertices(),
                  counts.edges(),
                  builder.fingerprint(),
                  last.counts().vertices(),
                  last.counts().edges(),
                  last.fingerprint()),
          null);
    }
  }

  /** The base's versions, one an element: vertices, then edges. */
  private final class Base implements AutoCloseable {
    private final List<Manifest.Segment> segments;
    private int nextSegment;
    private @Nullable SegmentReader reader;

    Base(List<Manifest.Segment> segments) {
      this.segments = segments;
    }

    boolean next() throws IOException {
      while (true) {
        SegmentReader current = reader;
        if (current != null) {
          if (current.next()) {
            return true;
          }
          current.close();
          reader = null;
        }
        if (nextSegment == segments.size()) {
          return false;
        }
        reader = SegmentReader.open(repository, segments.get(nextSegment++));
      }
    }

    ElementId id() {
      return reader().elementId();
    }

    VersionHeader header() {
      return reader().header();
    }

    Datum datum() {
      return new Datum(reader().array(), reader().entryOffset(), reader().entryLength());
    }

    @Override
    public void close() throws IOException {
      if (reader != null) {
        reader.close();
      }
    }

    private SegmentReader reader() {
      SegmentReader current = reader;
      if (current == null) {
        throw new IllegalStateException("next() comes first");
      }
      return current;
    }
  }

  /** The newest version of each element among the deltas. */
  private final class Newest {
    private final VersionSorter.Merge merge;
    private boolean ahead;
    private byte[] entry = new byte[512];
    private VersionHeader header;

    @SuppressWarnings("NullAway.Init") // header is there after next()
    Newest(VersionSorter.Merge merge) throws IOException {
      this.merge = merge;
      this.ahead = merge.next();
    }

    boolean next() throws IOException {
      if (!ahead) {
        return false;
      }
      do {
        int length = SortEntry.totalLength(merge.bytes(), merge.at());
        if (entry.length < length) {
          entry = new byte[length * 2];
        }
        System.arraycopy(merge.bytes(), merge.at(), entry, 0, length);
        ahead = merge.next();
      } while (ahead && SortEntry.sameElement(entry, 0, merge.bytes(), merge.at()));
      header = codec.readHeader(SortEntry.body(entry, 0));
      return true;
    }

    ElementId id() {
      ElementKind kind =
          SortEntry.kind(entry, 0) == SortEntry.VERTEX ? ElementKind.VERTEX : ElementKind.EDGE;
      return new ElementId(kind, SortEntry.id(entry, 0));
    }

    Datum datum() {
      return new Datum(entry, SortEntry.HEADER_BYTES, SortEntry.datumLength(entry, 0));
    }
  }
}
