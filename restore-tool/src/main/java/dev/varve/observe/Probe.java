package dev.varve.observe;

import java.time.Duration;

/** Something that is up or is not. Used by one thread at a time. */
public interface Probe extends AutoCloseable {

  /**
   * Asks it for the least thing that shows that it serves, over a new connection or one that is
   * open. Returns if it answered.
   *
   * @param timeout after which nobody waits any more; the thread is interrupted then
   * @throws Exception what was wrong, in words for an operator
   */
  void look(Duration timeout) throws Exception;

  /** Lets go of connections, that of a look that hangs in another thread too; never throws. */
  @Override
  void close();
}
