package dev.varve.cli.drill;

import dev.varve.cli.demo.Content;

/**
 * A client in a store, who tries everything once and gives up soon: who waits for it decides.
 *
 * <p>Connects at the first question. Each throws a {@link StoreFailure} if it is not answered.
 */
interface Link extends AutoCloseable {

  /** What tells the store from every other; a standby has one of its own. */
  String identity();

  /** Whether it holds a copy that a replay keeps in step; no more once promote has ended. */
  boolean isStandby();

  /** Whether what it holds comes from another kind of store: it cannot be promoted. */
  boolean isConverted();

  /** Where the log of transactions ends, as the chain numbers them. */
  long lastTransaction();

  /** What it holds, read from end to end. */
  Content scan();

  /** What it holds a copy of. */
  Content standbyScan();

  /** How a load is written into it. */
  Hand hand(Handwriting names);

  /** Nobody waits for a server that may hang. */
  @Override
  void close();
}
