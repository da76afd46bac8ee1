package dev.varve.tail;

import java.time.Duration;

/**
 * How to meet what fails for a while.
 *
 * @param first the pause after the first failure; each is twice the one before
 * @param longest no pause is longer
 * @param giveUpAfter when to stop trying, counted from the first failure
 */
public record Retry(Duration first, Duration longest, Duration giveUpAfter) {
  public static final Retry USUAL =
      new Retry(Duration.ofMillis(200), Duration.ofSeconds(30), Duration.ofMinutes(15));

  public Retry {
    if (first.isNegative() || first.isZero() || longest.compareTo(first) < 0) {
      throw new IllegalArgumentException("pauses must be > 0, got " + first + ", " + longest);
    }
  }

  /** The pause after the given failure, counted from 1. */
  public Duration pauseAfter(int failures) {
    Duration pause = first;
    for (int i = 1; i < failures && pause.compareTo(longest) < 0; i++) {
      pause = pause.multipliedBy(2);
    }
    return pause.compareTo(longest) < 0 ? pause : longest;
  }
}
