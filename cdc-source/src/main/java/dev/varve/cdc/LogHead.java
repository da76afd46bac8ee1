package dev.varve.cdc;

import java.util.Optional;

/**
 * The end of a store's log at one moment.
 *
 * @param position the store's own text for it
 * @param seq the number of the last transaction: every one up to it is before the position, every
 *     later one behind; absent if the store does not tell
 * @param committedAtMicros when that was committed or later, but before anything behind the
 *     position; microseconds since 1970 UTC
 */
public record LogHead(String position, Optional<Long> seq, long committedAtMicros) {

  public LogHead {
    if (seq.isPresent() && seq.get() < 0) {
      throw new IllegalArgumentException("seq must be >= 0, got " + seq.get());
    }
  }

  /** The number that the scan's changes carry: nothing that is behind the position has it. */
  long scanSeq() {
    return seq.orElse(0L);
  }
}
