package dev.varve.tail;

import dev.varve.fault.ExitCode;
import dev.varve.fault.VarveException;
import java.io.IOException;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Does again what failed for a while: pauses grow, and there is an end to patience. {@link #stop}
 * ends a pause at once.
 */
public final class Insistence {

  private static final Logger LOG = LoggerFactory.getLogger(Insistence.class);

  private final Retry retry;
  private final String hint;
  private final CountDownLatch stopped = new CountDownLatch(1);
  private volatile Optional<String> trouble = Optional.empty();

  /**
   * @param hint what an operator can do if it fails for good
   */
  public Insistence(Retry retry, String hint) {
    this.retry = retry;
    this.hint = hint;
  }

  /** Something that may fail for a while and does no harm if it is done again. */
  public interface Attempt<T> {
    T run() throws IOException;
  }

  /**
   * Runs the attempt until it succeeds.
   *
   * @param what it does, as it stands after "cannot"
   * @throws VarveException if it still fails when patience ends
   * @throws CancellationException if {@link #stop} was called meanwhile
   */
  public <T> T insist(String what, Attempt<T> attempt) {
    long beganNanos = System.nanoTime();
    for (int failures = 1; ; failures++) {
      checkStopped();
      try {
        T result = attempt.run();
        trouble = Optional.empty();
        return result;
      } catch (IOException e) {
        trouble = Optional.of("cannot " + what + ": " + e);
        Duration spent = Duration.ofNanos(System.nanoTime() - beganNanos);
        if (spent.compareTo(retry.giveUpAfter()) >= 0) {
          throw new VarveException(
              ExitCode.FAILED,
              "cannot %s, tried %d times in %d s: %s; nothing is lost, what is missing is still in"
                      .formatted(what, failures, spent.toSeconds(), e)
                  + " Kafka",
              hint,
              e);
        }
        Duration pause = retry.pauseAfter(failures);
        LOG.warn("cannot {}, trying again in {} ms: {}", what, pause.toMillis(), e.toString());
        pause(pause);
      }
    }
  }

  /** What is wrong at the moment. */
  public Optional<String> trouble() {
    return trouble;
  }

  public void stop() {
    stopped.countDown();
  }

  public boolean isStopped() {
    return stopped.getCount() == 0;
  }

  /** Waits; ends early if stopped. */
  public void pause(Duration pause) {
    try {
      if (stopped.await(pause.toNanos(), TimeUnit.NANOSECONDS)) {
        checkStopped();
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new CancellationException("interrupted");
    }
  }

  private void checkStopped() {
    if (isStopped()) {
      throw new CancellationException("stopped");
    }
  }
}
