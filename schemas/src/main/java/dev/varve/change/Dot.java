package dev.varve.change;

/**
 * Names one change: which transaction of which site, and the how-manyeth change in it. Unique.
 *
 * @param seq the store's own number of the transaction, rising per site, with gaps
 * @param index from 0 inside the transaction
 */
public record Dot(Site site, long seq, long index) {

  public Dot {
    if (seq < 0) {
      throw new IllegalArgumentException("seq must be >= 0, got " + seq);
    }
    if (index < 0) {
      throw new IllegalArgumentException("index must be >= 0, got " + index);
    }
  }

  @Override
  public String toString() {
    return site + "/" + seq + "/" + index;
  }
}
