package dev.varve.cli;

import static org.assertj.core.api.Assertions.assertThat;

/** Waits for what a test has no other way to be told of. */
final class Waiting {

  private static final long LOOK_EVERY_MS = 200;

  private Waiting() {}

  /** Something that is so sooner or later. */
  interface Condition {
    boolean holds() throws Exception;
  }

  /**
   * Looks until it is so, for {@link Installed#AT_MOST}.
   *
   * @param what for a message
   */
  static void await(String what, Condition condition) throws Exception {
    long end = System.nanoTime() + Installed.AT_MOST.toNanos();
    while (!condition.holds()) {
      assertThat(System.nanoTime()).as("waited in vain until %s", what).isLessThan(end);
      Thread.sleep(LOOK_EVERY_MS);
    }
  }
}
