package dev.varve.cli.drill;

import java.util.Map;
import java.util.concurrent.CompletableFuture;

/**
 * What a {@link Load} writes into one store, in the handwriting that it was given, and reads again.
 *
 * <p>All but {@link #write} throw a {@link StoreFailure} if the store does not do it. What nobody
 * has written yet is not there, and no failure.
 */
interface Hand {

  /** Makes room for the first transaction. */
  void prepare();

  /**
   * Writes a transaction: a vertex and an edge to the one before, and its number on both halves and
   * the edge between them. One that is there already is not written again.
   *
   * @param number from 0 on
   * @param text of small letters
   * @return completed when the store has acknowledged it, with a failure if it has not
   */
  CompletableFuture<?> write(long number, String text);

  /** How often each number is there. */
  Map<Long, Long> times();

  /** How many vertices there are of it. */
  long vertices();

  /** How many a standby holds; while one is made it has no cut yet, and holds nothing whole. */
  long inStandby();

  /** Takes it all away; how many vertices there were. */
  long remove();
}
