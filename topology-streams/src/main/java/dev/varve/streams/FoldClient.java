package dev.varve.streams;

import dev.varve.fault.ExitCode;
import dev.varve.fault.VarveException;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import org.apache.kafka.clients.consumer.InvalidOffsetException;
import org.apache.kafka.clients.consumer.NoOffsetForPartitionException;
import org.apache.kafka.common.Metric;
import org.apache.kafka.common.MetricName;
import org.apache.kafka.streams.CloseOptions;
import org.apache.kafka.streams.KafkaStreams;
import org.apache.kafka.streams.errors.StreamsUncaughtExceptionHandler.StreamThreadExceptionResponse;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The Kafka Streams client of a fold, made anew when one of its threads fails, a limited number of
 * times.
 *
 * <p>Streams can replace the thread alone, but the new one has another number, and with it another
 * id for its transactions: what the failed one left open, or a replaced one whose process is
 * killed, would then hold up every reader until it times out. A client that is made anew has the
 * ids that it had before, and the first thing that it does is to end what they left open.
 *
 * <p>Invariant: at most one client is open; what cannot be folded is never tried again.
 */
final class FoldClient {

  private static final Logger LOG = LoggerFactory.getLogger(FoldClient.class);

  /** Failures further apart than this are not the same trouble. */
  private static final Duration TROUBLE_ENDS = Duration.ofMinutes(10);

  private static final int FAILURES_MAX = 10;
  private static final Duration BEFORE_NEXT = Duration.ofSeconds(1);
  private static final Duration CLOSE_TIMEOUT = Duration.ofSeconds(30);

  private final Supplier<KafkaStreams> making;
  private final CountDownLatch closing = new CountDownLatch(1);
  private KafkaStreams client; // guarded by this
  private @Nullable Thread next; // guarded by this; makes the client that follows
  private @Nullable Throwable failure; // guarded by this
  private int failures; // guarded by this
  private long lastNanos = System.nanoTime(); // guarded by this

  private FoldClient(Supplier<KafkaStreams> making) {
    this.making = making;
    this.client = making.get();
  }

  /**
   * Starts one.
   *
   * @param making makes a client that is not started, the same each time
   * @throws org.apache.kafka.streams.errors.StreamsException if its state directory is in use
   */
  static FoldClient start(Supplier<KafkaStreams> making) {
    FoldClient started = new FoldClient(making);
    started.begin(started.client());
    return started;
  }

  private synchronized KafkaStreams client() {
    return client;
  }

  private void begin(KafkaStreams streams) {
    streams.setUncaughtExceptionHandler(error -> met(streams, error));
    streams.start();
  }

  /** Such as {@code RUNNING}; {@code RESTARTING} between two clients. */
  synchronized String state() {
    return next != null && failure == null ? "RESTARTING" : client.state().name();
  }

  Map<MetricName, ? extends Metric> metrics() {
    return client().metrics();
  }

  /** Why it has stopped by itself, a {@link VarveException} where it knows. */
  synchronized Optional<Throwable> failure() {
    return Optional.ofNullable(failure);
  }

  /**
   * Commits what was folded and stops.
   *
   * @return whether no thread of it is left
   */
  boolean close(CloseOptions.GroupMembershipOperation leave) {
    closing.countDown();
    Thread restarting;
    synchronized (this) {
      restarting = next;
    }
    try {
      if (restarting != null) {
        restarting.join();
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    return client().close(CloseOptions.timeout(CLOSE_TIMEOUT).withGroupMembershipOperation(leave));
  }

  // failing

  private synchronized StreamThreadExceptionResponse met(KafkaStreams streams, Throwable error) {
    Throwable known = knownCause(error);
    if (known instanceof VarveException || error instanceof Error) {
      stop(known);
      LOG.error("the fold stops: {}", known.getMessage(), error);
    } else if (streams == client && next == null) { // else another thread has seen to it
      if (System.nanoTime() - lastNanos > TROUBLE_ENDS.toNanos()) {
        failures = 0;
      }
      lastNanos = System.nanoTime();
      if (++failures > FAILURES_MAX) {
        stop(error);
        LOG.error("the fold stops after {} failures", FAILURES_MAX, error);
      } else {
        LOG.warn("a thread of the fold failed, and it is started anew", error);
        Thread thread = new Thread(() -> again(streams), "fold-again");
        thread.setDaemon(true);
        next = thread;
        thread.start();
      }
    }
    return StreamThreadExceptionResponse.SHUTDOWN_CLIENT;
  }

  private synchronized void stop(Throwable why) {
    if (failure == null) {
      failure = why;
    }
  }

  private void again(KafkaStreams failed) {
    try {
      boolean over = closing.await(BEFORE_NEXT.toMillis(), TimeUnit.MILLISECONDS);
      boolean closed =
          failed.close(
              CloseOptions.timeout(CLOSE_TIMEOUT)
                  .withGroupMembershipOperation(
                      CloseOptions.GroupMembershipOperation.REMAIN_IN_GROUP));
      if (!closed) {
        throw new VarveException(
            ExitCode.FAILED,
            "a thread of the fold failed, and the others have not stopped within "
                + CLOSE_TIMEOUT.toSeconds()
                + " s",
            "start it again; nothing of what they were doing is committed");
      }
      if (!over && failure().isEmpty()) {
        goOn();
      }
    } catch (RuntimeException e) {
      stop(e);
      LOG.error("the fold stops", e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    } finally {
      over(Thread.currentThread());
    }
  }

  private synchronized void over(Thread making) {
    if (next == making) {
      next = null;
    }
  }

  private void goOn() {
    KafkaStreams streams = making.get();
    synchronized (this) { // whoever closes finds it started, or not at all
      if (closing.getCount() == 0) {
        streams.close();
        return;
      }
      client = streams;
      next = null; // it may fail at once
      begin(streams);
    }
  }

  private static Throwable knownCause(Throwable error) {
    for (Throwable cause = error; cause != null; cause = cause.getCause()) {
      if (cause instanceof VarveException) {
        return cause;
      }
      if (cause instanceof InvalidOffsetException gone) {
        return FoldTopics.changesAreGone(
            gone.partitions()
                + (gone instanceof NoOffsetForPartitionException
                    ? " has no committed place"
                    : " no longer has the place that was committed"));
      }
    }
    return error;
  }
}
