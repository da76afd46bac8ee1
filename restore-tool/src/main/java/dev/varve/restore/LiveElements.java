package dev.varve.restore;

import org.jspecify.annotations.Nullable;

/**
 * One pass over all vertices or all edges of a {@link LiveGraph}, in the order of their ids. For
 * one thread at a time; the elements handed out may go to other threads.
 */
public interface LiveElements extends AutoCloseable {

  /**
   * The next element, or null after the last one. What stands behind has been checked as a whole
   * (length, checksum, order) only once null was returned.
   *
   * @throws dev.varve.fault.VarveException if the chain is damaged or cannot be read
   */
  @Nullable LiveElement next();

  /** Ends the pass early or late; never throws. */
  @Override
  void close();
}
