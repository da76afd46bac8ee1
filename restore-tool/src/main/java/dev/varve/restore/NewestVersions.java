package dev.varve.restore;

import dev.varve.change.VersionVector;
import dev.varve.topology.Fingerprint;
import dev.varve.topology.VersionDigest;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.PriorityQueue;
import org.jspecify.annotations.Nullable;

/**
 * Merges runs: of each element the newest version by {@link VersionDigest#ORDER}, removals too. One
 * version a run is held, and what large runs have read ahead.
 */
final class NewestVersions implements VersionSource {

  /** Smaller runs are not worth a thread. */
  private static final long AHEAD_FROM_BYTES = 1 << 20;

  private static final int MAX_AHEAD = 3;

  private static final Comparator<Head> BY_ID =
      (a, b) -> Version.compareIds(a.version.id(), b.version.id());

  private final List<VersionSource> sources = new ArrayList<>();
  private final PriorityQueue<Head> heads = new PriorityQueue<>(BY_ID);
  private Fingerprint moved = Fingerprint.EMPTY;
  private long versions;

  private static final class Head {
    private final VersionSource source;
    private final boolean part;
    private Version version;

    Head(VersionSource source, boolean part, Version version) {
      this.source = source;
      this.part = part;
      this.version = version;
    }
  }

  private NewestVersions() {}

  /**
   * @param hashed whether the hashes of the versions will be asked for
   */
  static NewestVersions of(List<Runs.Run> runs, VersionVector vector, boolean hashed) {
    NewestVersions merge = new NewestVersions();
    try {
      int ahead = 0;
      for (Runs.Run run : runs) {
        VersionSource source = run.open(vector, hashed);
        if (run.bytes() >= AHEAD_FROM_BYTES && ahead < MAX_AHEAD) {
          source = new AheadSource(source);
          ahead++;
        }
        merge.sources.add(source);
        Version first = source.next();
        if (first != null) {
          Head head = new Head(source, run.part(), first);
          merge.count(head);
          merge.heads.add(head);
        }
      }
      return merge;
    } catch (RuntimeException e) {
      merge.close();
      throw e;
    }
  }

  @Override
  public @Nullable Version next() {
    Head least = heads.poll();
    if (least == null) {
      return null;
    }
    Version newest = least.version;
    advance(least);
    for (Head next = heads.peek();
        next != null && next.version.id().equals(newest.id());
        next = heads.peek()) {
      heads.poll();
      if (newer(next.version, newest)) {
        newest = next.version;
      }
      advance(next);
    }
    return newest;
  }

  private static boolean newer(Version a, Version b) {
    return VersionDigest.ORDER.compare(a.held().header().digest(), b.held().header().digest()) > 0;
  }

  private void advance(Head head) {
    Version next = head.source.next();
    if (next != null) {
      head.version = next;
      count(head);
      heads.add(head);
    }
  }

  private void count(Head head) {
    versions++;
    if (head.part) {
      moved = moved.after(head.version.held().header());
    }
  }

  /** What the versions of partial runs so far did to the fingerprint. */
  Fingerprint moved() {
    return moved;
  }

  /** How many versions were read so far. */
  long versions() {
    return versions;
  }

  @Override
  public void close() {
    sources.forEach(VersionSource::close);
  }
}
