package dev.varve.cdc;

import java.time.Duration;
import java.util.function.LongSupplier;

/**
 * How long to wait before trying again, and when to give up. The wait doubles from one failure to
 * the next; a success begins afresh. Not thread-safe.
 */
public final class Backoff {

  private static final Duration FIRST = Duration.ofMillis(100);
  private static final Duration LONGEST = Duration.ofSeconds(5);

  private final Duration limit;
  private final LongSupplier nanoTime;
  private long waitMs = FIRST.toMillis();
  private long failingSinceNanos;
  private boolean failing;

  /**
   * @param limit how long failures may go on
   * @param nanoTime a monotonic clock
   */
  public Backoff(Duration limit, LongSupplier nanoTime) {
    this.limit = limit;
    this.nanoTime = nanoTime;
  }

  /** Something worked. */
  public void reset() {
    failing = false;
    waitMs = FIRST.toMillis();
  }

  /**
   * Something failed.
   *
   * @return how long to wait before the next try, in milliseconds; negative if the limit is passed
   */
  public long failed() {
    long now = nanoTime.getAsLong();
    if (!failing) {
      failing = true;
      failingSinceNanos = now;
    }
    if (now - failingSinceNanos >= limit.toNanos()) {
      return -1;
    }
    long wait = waitMs;
    waitMs = Math.min(waitMs * 2, LONGEST.toMillis());
    return wait;
  }
}
