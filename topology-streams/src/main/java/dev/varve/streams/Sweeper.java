package dev.varve.streams;

import dev.varve.change.ChangeHeader;
import dev.varve.change.Dot;
import dev.varve.change.Site;
import dev.varve.change.Sweep;
import dev.varve.change.VersionVector;
import dev.varve.change.Watermark;
import dev.varve.graph.ElementId;
import dev.varve.topology.ElementVersion;
import dev.varve.topology.Fold;
import dev.varve.topology.VersionDigest;
import dev.varve.wire.AvroOutput;
import dev.varve.wire.RecordKind;
import dev.varve.wire.VersionCodec;
import dev.varve.wire.Wire;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Optional;
import java.util.function.BiPredicate;
import org.apache.kafka.common.utils.Bytes;

/**
 * Removes living elements of one partition that a transaction took away without a change for each.
 * Every removal is a version like any other, with a dot of its own.
 */
final class Sweeper {

  /** The dots of removals by sweeping: far beyond the index of any change in a transaction. */
  static final long FIRST_INDEX = 1L << 62;

  /** How far the dots of one sweep are from those of the next in its transaction. */
  static final long INDEX_STRIDE = 1L << 40;

  private final Site site;
  private final long seq;
  private final long committedAtMicros;
  private final BiPredicate<Bytes, VersionVector> taken;
  private final Wire wire;
  private final int partitions;
  private final VersionCodec codec = new VersionCodec();
  private final AvroOutput out = new AvroOutput();
  private long index;
  private long removed;

  private Sweeper(
      Site site,
      long seq,
      long committedAtMicros,
      BiPredicate<Bytes, VersionVector> taken,
      Wire wire,
      int partitions,
      long firstIndex) {
    this.site = site;
    this.seq = seq;
    this.committedAtMicros = committedAtMicros;
    this.taken = taken;
    this.wire = wire;
    this.partitions = partitions;
    this.index = firstIndex;
  }

  /** What is in the sweep's range and was not written by its transaction, or after it. */
  static Sweeper of(Sweep sweep, Wire wire, int partitions, int partition) {
    return new Sweeper(
        sweep.site(),
        sweep.seq(),
        sweep.committedAtMicros(),
        (key, vector) -> !vector.covers(sweep.site(), sweep.seq()) && sweep.includes(id(key)),
        wire,
        partitions,
        FIRST_INDEX + (sweep.index() + 1) * INDEX_STRIDE + partition);
  }

  /** What an earlier incarnation of the watermark's site left and the new one has not written. */
  static Sweeper of(Watermark watermark, Site replaced, Wire wire, int partitions, int partition) {
    return new Sweeper(
        watermark.site(),
        watermark.seq(),
        watermark.committedAtMicros(),
        (key, vector) -> isLeft(vector, watermark.site(), replaced),
        wire,
        partitions,
        FIRST_INDEX + partition);
  }

  /** Removes what is in this table. */
  void sweep(TopologyTable table, long timestampMs) {
    table.forEach(
        (key, digest) -> {
          if (digest.hash().isPresent() && taken.test(key, digest.vector())) {
            remove(table, key, digest, timestampMs);
          }
        });
  }

  /** How many elements were removed. */
  long removed() {
    return removed;
  }

  private void remove(TopologyTable table, Bytes key, VersionDigest digest, long timestampMs) {
    ChangeHeader removal =
        new ChangeHeader(
            new Dot(site, seq, index),
            committedAtMicros,
            digest.vector(),
            Optional.empty(),
            List.of(),
            List.of());
    if (!(Fold.apply(digest, removal) instanceof Fold.Won won)) {
      throw new IllegalStateException(removal.dot() + " does not follow " + digest);
    }
    index += partitions;
    removed++;
    codec.write(new ElementVersion(id(key), won.version(), Optional.empty()), out.clear());
    byte[] value = wire.frame(RecordKind.ELEMENT_VERSION, out);
    table.putWon(key, won.version().digest(), value, timestampMs);
  }

  private static boolean isLeft(VersionVector vector, Site site, Site replaced) {
    boolean earlier = vector.seqs().containsKey(replaced);
    for (Site other : vector.seqs().keySet()) {
      if (other.equals(site)) {
        return false;
      }
      earlier |= other.name().equals(site.name()) && other.incarnation() < site.incarnation();
    }
    return earlier;
  }

  private static ElementId id(Bytes key) {
    return ElementId.parse(new String(key.get(), StandardCharsets.UTF_8));
  }
}
