package dev.varve.archive;

import dev.varve.change.VersionVector;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeSet;

/**
 * What has been decided about a chain: its restore points, and what of it has expired. An entry of
 * the chain itself, so that nobody decides on a state that another has just changed. Only the
 * newest one counts; it is complete.
 *
 * @param restorePoints by name
 * @param expired numbers of entries that are no longer part of the chain, whether or not their
 *     objects are still there; ascending, apart from each other
 * @param expiredHashes of the newest of these
 */
public record Ledger(
    String graph,
    long number,
    Optional<Manifest.Parent> parent,
    List<RestorePoint> restorePoints,
    List<Range> expired,
    ExpiredHashes expiredHashes,
    Manifest.Writer writer,
    Instant createdAt)
    implements Entry {

  /** A ledger that knows no hash of what has expired. */
  public Ledger(
      String graph,
      long number,
      Optional<Manifest.Parent> parent,
      List<RestorePoint> restorePoints,
      List<Range> expired,
      Manifest.Writer writer,
      Instant createdAt) {
    this(graph, number, parent, restorePoints, expired, ExpiredHashes.NONE, writer, createdAt);
  }

  public Ledger {
    if (number < 1) {
      throw new IllegalArgumentException("number must be >= 1, got " + number);
    }
    restorePoints = List.copyOf(restorePoints);
    expired = List.copyOf(expired);
    for (int i = 1; i < expired.size(); i++) {
      if (expired.get(i).first() <= expired.get(i - 1).last() + 1) {
        throw new IllegalArgumentException(
            "ranges out of order: " + expired.get(i - 1) + ", " + expired.get(i));
      }
    }
    for (int i = 1; i < restorePoints.size(); i++) {
      if (restorePoints.get(i - 1).name().compareTo(restorePoints.get(i).name()) >= 0) {
        throw new IllegalArgumentException(
            "restore points out of order: " + restorePoints.get(i).name());
      }
    }
  }

  /**
   * A named cut. While it is there, nothing that a restore to it needs expires.
   *
   * @param name letters, digits, dot, dash and underscore
   * @param vector what a restore to it includes
   * @param committedAtMicros the latest commit time in it
   * @param setAt by the clock of whoever set it; for people
   */
  public record RestorePoint(
      String name, VersionVector vector, long committedAtMicros, Instant setAt) {
    public RestorePoint {
      if (!name.matches("[A-Za-z0-9][A-Za-z0-9._-]{0,99}")) {
        throw new IllegalArgumentException("not a restore point's name: '" + name + "'");
      }
    }
  }

  /** Numbers from the first to the last, both included. */
  public record Range(long first, long last) {
    public Range {
      if (first < 1 || last < first) {
        throw new IllegalArgumentException("not a range: " + first + " to " + last);
      }
    }
  }

  @Override
  public Ledger behind(Manifest.Parent other) {
    return new Ledger(
        graph,
        other.number() + 1,
        Optional.of(other),
        restorePoints,
        expired,
        expiredHashes,
        writer,
        createdAt);
  }

  @Override
  public boolean head() {
    return false;
  }

  /** The same with other restore points. */
  public Ledger withRestorePoints(List<RestorePoint> points) {
    return new Ledger(graph, number, parent, points, expired, expiredHashes, writer, createdAt);
  }

  /**
   * The same, and some entries more have expired.
   *
   * @param sha256 of these entries, by number, as far as they are known
   */
  public Ledger withExpired(Collection<Long> numbers, Map<Long, String> sha256) {
    return new Ledger(
        graph,
        number,
        parent,
        restorePoints,
        with(expired, numbers),
        expiredHashes.with(sha256),
        writer,
        createdAt);
  }

  public Optional<RestorePoint> restorePoint(String name) {
    return restorePoints.stream().filter(point -> point.name().equals(name)).findFirst();
  }

  /** Whether the entry of this number is no longer part of the chain. */
  public boolean isExpired(long entry) {
    int low = 0;
    int high = expired.size() - 1;
    while (low <= high) {
      int middle = (low + high) >>> 1;
      Range range = expired.get(middle);
      if (entry < range.first()) {
        high = middle - 1;
      } else if (entry > range.last()) {
        low = middle + 1;
      } else {
        return true;
      }
    }
    return false;
  }

  /** The points, one of them new or in place of the one of its name. */
  public static List<RestorePoint> with(List<RestorePoint> points, RestorePoint point) {
    List<RestorePoint> result = new ArrayList<>(without(points, point.name()));
    result.add(point);
    result.sort(Comparator.comparing(RestorePoint::name));
    return result;
  }

  public static List<RestorePoint> without(List<RestorePoint> points, String name) {
    return points.stream().filter(point -> !point.name().equals(name)).toList();
  }

  /** The ranges and some numbers more; ranges that touch become one. */
  public static List<Range> with(List<Range> ranges, Collection<Long> numbers) {
    List<Range> all = new ArrayList<>(ranges);
    for (long number : new TreeSet<>(numbers)) {
      all.add(new Range(number, number));
    }
    all.sort(Comparator.comparingLong(Range::first));
    List<Range> joined = new ArrayList<>();
    for (Range next : all) {
      Range last = joined.isEmpty() ? null : joined.get(joined.size() - 1);
      if (last != null && next.first() <= last.last() + 1) {
        joined.set(joined.size() - 1, new Range(last.first(), Math.max(last.last(), next.last())));
      } else {
        joined.add(next);
      }
    }
    return joined;
  }
}
