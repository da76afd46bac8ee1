package dev.varve.cdc;

/**
 * A piece of a store's log.
 *
 * @param position the store's own text for the point after it
 * @param whole whether that point is between two transactions
 * @param seq the last transaction that is in it, be it in part or (a row may be empty) without
 *     changes
 * @param committedAtMicros when that was committed, microseconds since 1970 UTC
 * @param headSeq the number of the last transaction in the store when the row was read
 * @param consistent whether no watermark has to be held back: false while the log lacks something
 *     that is made up for further on
 * @param batch the changes and transactions: see {@link dev.varve.wire.LogBatch}
 */
@SuppressWarnings("ArrayRecordComponent") // handed on, never compared
public record LogRow(
    String position,
    boolean whole,
    long seq,
    long committedAtMicros,
    long headSeq,
    boolean consistent,
    byte[] batch) {

  /** A row of a log that lacks nothing. */
  public LogRow(
      String position,
      boolean whole,
      long seq,
      long committedAtMicros,
      long headSeq,
      byte[] batch) {
    this(position, whole, seq, committedAtMicros, headSeq, true, batch);
  }
}
