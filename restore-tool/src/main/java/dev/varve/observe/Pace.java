package dev.varve.observe;

import java.time.Duration;

/**
 * How often an observer looks, and what it takes for a failure.
 *
 * @param interval from one look to the next
 * @param timeout of one look
 * @param retries how many looks in a row have to fail, the first one included; after a failure the
 *     next one follows at once, but for a short pause
 */
public record Pace(Duration interval, Duration timeout, int retries) {

  /** Every 5 s, 2 s for an answer, three failures in a row. */
  public static final Pace USUAL = new Pace(Duration.ofSeconds(5), Duration.ofSeconds(2), 3);

  /** A server that refuses at once gets this much time between two looks. */
  private static final Duration RETRY_PAUSE = Duration.ofMillis(500);

  public Pace {
    if (interval.isNegative() || interval.isZero() || timeout.isNegative() || timeout.isZero()) {
      throw new IllegalArgumentException(
          "interval and timeout must be > 0, got " + interval + " and " + timeout);
    }
    if (retries < 1) {
      throw new IllegalArgumentException("retries must be >= 1, got " + retries);
    }
  }

  Duration retryPause() {
    return interval.compareTo(RETRY_PAUSE) < 0 ? interval : RETRY_PAUSE;
  }

  /** How long an observer's word counts that does not repeat it: three looks, as slow as can be. */
  Duration wordCounts() {
    return interval.plus(timeout).multipliedBy(3);
  }
}
