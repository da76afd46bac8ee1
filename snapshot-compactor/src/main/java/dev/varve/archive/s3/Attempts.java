package dev.varve.archive.s3;

import java.io.IOException;
import java.io.InterruptedIOException;
import java.time.Duration;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import software.amazon.awssdk.core.exception.SdkException;

/** Sends a request again while that may help, with growing pauses and an end. */
final class Attempts {

  private static final Logger LOG = LoggerFactory.getLogger(Attempts.class);

  /** Where nobody answers, this often is enough. */
  private static final int UNREACHABLE_ATTEMPTS = 4;

  private final S3Options.Retry retry;
  private final S3Errors errors;

  Attempts(S3Options.Retry retry, S3Errors errors) {
    this.retry = retry;
    this.errors = errors;
  }

  /** One request; sent again, it does no harm. */
  interface Request<T> {
    T send() throws IOException;
  }

  /**
   * Sends a request until it is answered.
   *
   * @param what it does, as it stands after "cannot"
   * @throws SdkException if it is one of the {@linkplain S3Errors#isAnswer answers} that callers
   *     understand
   * @throws IOException if it still fails after the last attempt; its outcome is unknown
   * @throws dev.varve.fault.VarveException if only an operator can help
   */
  <T> T run(String what, Request<T> request) throws IOException {
    for (int failures = 1; ; failures++) {
      IOException failure;
      Duration pause;
      boolean last;
      try {
        return request.send();
      } catch (SdkException e) {
        if (S3Errors.isAnswer(e)) {
          throw e;
        }
        failure = errors.translate(what, e);
        pause = pause(failures, e);
        last = failures >= (S3Errors.unreachable(e) ? unreachable() : retry.attempts());
      } catch (InterruptedIOException e) {
        throw e;
      } catch (IOException e) {
        failure = e;
        pause = jittered(retry.firstPause(), failures);
        last = failures >= retry.attempts();
      }
      if (last) {
        throw errors.gaveUp(what, failure);
      }
      LOG.debug("{}, trying again in {} ms", failure.getMessage(), pause.toMillis());
      sleep(pause);
    }
  }

  /** Waits after so many failures in a row; throws the last if they are too many. */
  void pauseAfter(String what, int failures, IOException failure) throws IOException {
    if (failures >= retry.attempts()) {
      throw errors.gaveUp(what, failure);
    }
    sleep(jittered(retry.firstPause(), failures));
  }

  private int unreachable() {
    return Math.min(UNREACHABLE_ATTEMPTS, retry.attempts());
  }

  private Duration pause(int failures, SdkException e) {
    if (!S3Errors.throttled(e)) {
      return jittered(retry.firstPause(), failures);
    }
    Duration pause = jittered(retry.throttledPause(), failures);
    Duration asked = S3Errors.retryAfter(e).orElse(Duration.ZERO);
    Duration longer = asked.compareTo(pause) > 0 ? asked : pause;
    return longer.compareTo(retry.longestPause()) > 0 ? retry.longestPause() : longer;
  }

  /** Between half of the doubled pause and the whole. */
  private Duration jittered(Duration first, int failures) {
    long whole =
        Math.min(
            retry.longestPause().toNanos(),
            first.toNanos() << Math.min(20, Math.max(0, failures - 1)));
    return Duration.ofNanos(
        whole / 2 + (long) (ThreadLocalRandom.current().nextDouble() * whole / 2));
  }

  private static void sleep(Duration pause) throws InterruptedIOException {
    try {
      TimeUnit.NANOSECONDS.sleep(pause.toNanos());
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new InterruptedIOException("interrupted");
    }
  }
}
