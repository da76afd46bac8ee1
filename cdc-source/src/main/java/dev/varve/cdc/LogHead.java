package dev.varve.cdc;

/**
 * The end of a store's log at one moment.
 *
 * @param position the store's own text for it
 * @param seq the last transaction's number
 * @param committedAtMicros when that was committed, microseconds since 1970 UTC
 */
public record LogHead(String position, long seq, long committedAtMicros) {

  public LogHead {
    if (seq < 0) {
      throw new IllegalArgumentException("seq must be >= 0, got " + seq);
    }
  }
}
