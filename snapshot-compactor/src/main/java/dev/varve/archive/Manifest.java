package dev.varve.archive;

import dev.varve.change.InexactSpan;
import dev.varve.change.Site;
import dev.varve.change.VersionVector;
import dev.varve.graph.ElementKind;
import dev.varve.graph.StoreSchema;
import dev.varve.topology.Fingerprint;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * What a snapshot consists of. Publishing the manifest is what makes the snapshot exist.
 *
 * @param graph the graph's name
 * @param number counts from 1; each manifest has the next
 * @param kind what its segments hold
 * @param parent the entry before this one; absent only for number 1
 * @param from the cut that a delta begins after; empty for a base or checkpoint
 * @param to the cut: every transaction that it covers is in the snapshot, whole, and no other
 * @param committed commit times of what is in it
 * @param positions where to go on reading after this cut, one a partition
 * @param sites every site that the cut names
 * @param counts what is in it
 * @param fingerprint of the graph at {@code to}
 * @param schema indexes and constraints of the store at {@code to}
 * @param segments those of vertices first, each kind in the order of its ids
 * @param transactions lists the transactions between the two cuts; absent if there is none to list
 * @param inexact behind which transactions the graph is not known exactly, as the transactions of
 *     this snapshot say; they may also be earlier ones than these
 * @param writer who wrote it
 * @param encoding how segments and transactions file are packed
 * @param createdAt by the writer's clock; for people
 */
public record Manifest(
    String graph,
    long number,
    Kind kind,
    Optional<Parent> parent,
    VersionVector from,
    VersionVector to,
    CommitSpan committed,
    List<Position> positions,
    List<SiteCut> sites,
    Counts counts,
    Fingerprint fingerprint,
    StoreSchema schema,
    List<Segment> segments,
    Optional<TransactionsFile> transactions,
    List<InexactSpan> inexact,
    Writer writer,
    Encoding encoding,
    Instant createdAt)
    implements Entry {

  public Manifest {
    if (number < 1) {
      throw new IllegalArgumentException("number must be >= 1, got " + number);
    }
    if (!to.includes(from)) {
      throw new IllegalArgumentException("the cut " + to + " goes back behind " + from);
    }
    if (kind.whole() && !from.equals(VersionVector.EMPTY)) {
      throw new IllegalArgumentException("a " + kind + " begins at nothing, got " + from);
    }
    positions = List.copyOf(positions);
    sites = List.copyOf(sites);
    segments = List.copyOf(segments);
    inexact = List.copyOf(inexact);
  }

  /** A snapshot none of whose transactions says that the graph is not known exactly. */
  public Manifest(
      String graph,
      long number,
      Kind kind,
      Optional<Parent> parent,
      VersionVector from,
      VersionVector to,
      CommitSpan committed,
      List<Position> positions,
      List<SiteCut> sites,
      Counts counts,
      Fingerprint fingerprint,
      StoreSchema schema,
      List<Segment> segments,
      Optional<TransactionsFile> transactions,
      Writer writer,
      Encoding encoding,
      Instant createdAt) {
    this(
        graph,
        number,
        kind,
        parent,
        from,
        to,
        committed,
        positions,
        sites,
        counts,
        fingerprint,
        schema,
        segments,
        transactions,
        List.of(),
        writer,
        encoding,
        createdAt);
  }

  /** The segments of one kind, in the order of their ids. */
  public List<Segment> segments(ElementKind kind) {
    return segments.stream().filter(segment -> segment.kind() == kind).toList();
  }

  /** Everything that it vouches for: segments, then the transactions file. */
  public List<StoredObject> objects() {
    List<StoredObject> objects = new ArrayList<>();
    segments.forEach(segment -> objects.add(segment.object()));
    transactions.ifPresent(file -> objects.add(file.object()));
    return objects;
  }

  @Override
  public boolean head() {
    return kind.head();
  }

  /** The same snapshot after another entry. */
  @Override
  public Manifest behind(Parent other) {
    return new Manifest(
        graph,
        other.number() + 1,
        kind,
        Optional.of(other),
        from,
        to,
        committed,
        positions,
        sites,
        counts,
        fingerprint,
        schema,
        segments,
        transactions,
        inexact,
        writer,
        encoding,
        createdAt);
  }

  /** Bytes of all segments and of the transactions file. */
  public long totalBytes() {
    return objects().stream().mapToLong(StoredObject::bytes).sum();
  }

  /** What the segments of a snapshot hold. */
  public enum Kind {
    /** The newest version of each element at the cut, read from the tables. */
    BASE,
    /** Every version between two cuts, read from the tables. */
    DELTA,
    /** The newest version of each element at an earlier cut of the chain, merged from it. */
    CHECKPOINT,
    /** Deltas that follow each other, merged: every version between two cuts. */
    MERGED,
    /**
     * Deltas that follow each other, merged and thinned: of every element that was changed between
     * two cuts the newest version. Only the two cuts can be restored, no moment in between.
     */
    THINNED;

    /** Whether a restore can begin with it. */
    public boolean whole() {
      return this == BASE || this == CHECKPOINT;
    }

    /** Whether it was read from the tables; the others are made of what the chain holds already. */
    public boolean head() {
      return this == BASE || this == DELTA;
    }

    /** Whether it leads from one cut to another through every moment in between. */
    public boolean everyMoment() {
      return this == DELTA || this == MERGED;
    }
  }

  /**
   * The entry before this one.
   *
   * @param sha256 of its bytes, 64 hexadecimal digits
   */
  public record Parent(long number, String sha256) {}

  /**
   * Commit times in microseconds since 1970 UTC.
   *
   * @param firstMicros the earliest of what is in the snapshot
   * @param lastMicros the latest, that of the cut included
   */
  public record CommitSpan(long firstMicros, long lastMicros) {
    public CommitSpan {
      if (lastMicros < firstMicros) {
        throw new IllegalArgumentException(lastMicros + " is before " + firstMicros);
      }
    }
  }

  /**
   * Where to go on reading a partition: the first record that the cut does not wholly cover.
   *
   * @param topicId tells a topic from another that had its name before; absent if unknown
   * @param offset of that record, or of the next one to come
   * @param versions how many versions (in the transactions topic: transactions) are before it in
   *     the partition since it began
   */
  public record Position(
      String topic, Optional<String> topicId, int partition, long offset, long versions) {}

  /**
   * A site and how far the cut goes in it.
   *
   * @param store the identity of the site's store
   * @param committedAtMicros commit time of transaction {@code seq}
   * @param replaces an earlier incarnation that this one put an end to
   */
  public record SiteCut(
      Site site, String store, long seq, long committedAtMicros, Optional<Site> replaces) {}

  /**
   * How much there is.
   *
   * @param vertices alive at the cut
   * @param edges alive at the cut
   * @param versions in the segments, tombstones included
   * @param tombstones versions that are removals
   * @param transactions in the transactions file
   */
  public record Counts(
      long vertices, long edges, long versions, long tombstones, long transactions) {}

  /**
   * An object that the manifest vouches for.
   *
   * @param sha256 of its bytes, 64 hexadecimal digits
   */
  public record StoredObject(String key, long bytes, String sha256) {}

  /**
   * A segment.
   *
   * @param versions how many it holds, tombstones included
   * @param firstId without the letter of the kind
   * @param lastId without the letter of the kind
   */
  public record Segment(
      ElementKind kind,
      StoredObject object,
      long versions,
      long tombstones,
      String firstId,
      String lastId) {}

  /** The transactions file and how many it lists. */
  public record TransactionsFile(StoredObject object, long transactions) {}

  /**
   * Who wrote a manifest.
   *
   * @param id unique to one run of one program
   * @param version of Varve
   */
  public record Writer(String id, String version) {}

  /**
   * How segments and transactions file are packed.
   *
   * @param compression the Avro codec's name
   * @param segments how the versions in them are laid out
   * @param keyId the key that they are encrypted with; absent if they are not
   */
  public record Encoding(String compression, SegmentFormat segments, Optional<String> keyId) {
    /** What every segment was packed like once, and those of deltas still are. */
    public static final Encoding ZSTD =
        new Encoding("zstandard", SegmentFormat.VERSIONS, Optional.empty());

    /** How a snapshot of this kind is packed now. */
    public static Encoding of(Kind kind, Optional<String> keyId) {
      return new Encoding(ZSTD.compression, SegmentFormat.of(kind), keyId);
    }
  }
}
