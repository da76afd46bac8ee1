package dev.varve.change;

import dev.varve.graph.ElementId;

/**
 * The removal, by one transaction, of every element in a range of ids: what a store logs as one
 * step without naming the elements (PostgreSQL's TRUNCATE, AGE's drop of a label or a graph).
 *
 * <p>It stands behind all changes of its transaction and removes what was there before it: each
 * living element of the range whose vector does not cover the transaction.
 *
 * @param seq the transaction, and {@code index} which sweep of it, from 0
 * @param committedAtMicros microseconds since 1970 UTC
 * @param first the lowest id of the range
 * @param last the highest, of the same kind; it belongs to the range
 */
public record Sweep(
    Site site, long seq, int index, long committedAtMicros, ElementId first, ElementId last) {

  /** So many sweeps can one transaction have. */
  public static final int INDEX_MAX = (1 << 20) - 1;

  public Sweep {
    if (seq < 0) {
      throw new IllegalArgumentException("seq must be >= 0, got " + seq);
    }
    if (index < 0 || index > INDEX_MAX) {
      throw new IllegalArgumentException("index must be 0 to " + INDEX_MAX + ", got " + index);
    }
    if (first.kind() != last.kind() || first.compareTo(last) > 0) {
      throw new IllegalArgumentException("not a range: " + first + " to " + last);
    }
  }

  /** Whether the element is in the range. */
  public boolean includes(ElementId id) {
    return first.compareTo(id) <= 0 && id.compareTo(last) <= 0;
  }
}
