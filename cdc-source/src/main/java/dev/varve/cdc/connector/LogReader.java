package dev.varve.cdc.connector;

import dev.varve.cdc.Backoff;
import dev.varve.cdc.LogGapException;
import dev.varve.cdc.LogHead;
import dev.varve.cdc.Piece;
import dev.varve.cdc.PieceFactory;
import dev.varve.cdc.StoreLog;
import dev.varve.cdc.StoreUnavailableException;
import dev.varve.fault.ExitCode;
import dev.varve.fault.VarveException;
import dev.varve.graph.ElementKind;
import io.debezium.connector.base.ChangeEventQueue;
import io.debezium.data.Envelope.Operation;
import io.debezium.pipeline.DataChangeEvent;
import io.debezium.pipeline.source.spi.ChangeEventSource.ChangeEventSourceContext;
import io.debezium.pipeline.source.spi.DataChangeEventListener;
import java.time.Duration;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What scanning and streaming have in common: a connection to the store that is opened again when
 * it breaks, and the way into the queue. Used by the coordinator's thread alone.
 */
final class LogReader implements AutoCloseable {

  private static final Logger LOG = LoggerFactory.getLogger(LogReader.class);
  private static final long FULL_QUEUE_WAIT_MS = 5;
  private static final long RETRY_STEP_MS = 100;

  private final LogOpener opener;
  private final PieceFactory pieces;
  private final ChangeEventQueue<DataChangeEvent> queue;
  private final LogPartition partition;
  private final Duration retryLimit;
  private final Backoff backoff;
  private volatile @Nullable StoreLog log; // acknowledged by another thread
  private @Nullable String identity;

  LogReader(
      LogOpener opener,
      PieceFactory pieces,
      ChangeEventQueue<DataChangeEvent> queue,
      LogPartition partition,
      Duration retryLimit) {
    this.opener = opener;
    this.pieces = pieces;
    this.queue = queue;
    this.partition = partition;
    this.retryLimit = retryLimit;
    this.backoff = new Backoff(retryLimit, System::nanoTime);
  }

  PieceFactory pieces() {
    return pieces;
  }

  /** One step against the store. */
  interface Step<T> {
    T with(StoreLog log) throws InterruptedException;
  }

  /**
   * Does a step, again and again while the store cannot be reached. A step that was cut off must go
   * on from where it got to.
   *
   * @throws VarveException if the store stays away for longer than the limit
   */
  <T> T attempt(ChangeEventSourceContext context, Connection connection, Step<T> step)
      throws InterruptedException {
    while (true) {
      if (!context.isRunning()) {
        throw new InterruptedException("stopping");
      }
      try {
        T result = step.with(log());
        backoff.reset();
        return result;
      } catch (StoreUnavailableException e) {
        close();
        connection.connected(false);
        await(context, e);
        connection.connected(true);
      }
    }
  }

  /** Is told whether there is a connection. */
  interface Connection {
    void connected(boolean connected);
  }

  /** From here on the store must have this identity, after each reconnection too. */
  void expect(String expected) {
    identity = expected;
  }

  /**
   * Hands a piece to the queue, and says so to the metrics; returns false if it is time to stop.
   */
  boolean publish(
      Piece piece,
      ElementKind kind,
      Operation operation,
      LogOffsetContext offset,
      DataChangeEventListener<LogPartition> metrics,
      ChangeEventSourceContext context)
      throws InterruptedException {
    while (queue.remainingCapacity() < 1) {
      if (!context.isRunning()) {
        return false;
      }
      Thread.sleep(FULL_QUEUE_WAIT_MS);
    }
    offset.advance(piece.state());
    queue.enqueue(new PieceEvent(piece));
    for (int i = 0; i < piece.changes(); i++) {
      metrics.onEvent(partition, Elements.of(kind), offset, "", null, operation);
    }
    return context.isRunning();
  }

  @Override
  public void close() {
    StoreLog open = log;
    log = null;
    if (open != null) {
      open.close();
    }
  }

  private StoreLog log() {
    StoreLog open = log;
    if (open == null) {
      open = opened();
      log = open;
      if (identity != null && !identity.equals(open.identity())) {
        throw LogGapException.otherStore(identity, open.identity());
      }
    }
    return open;
  }

  /** What refuses after an outage has let us in before, and may again when it is all up. */
  private StoreLog opened() {
    try {
      return opener.open();
    } catch (LogGapException e) {
      throw e;
    } catch (VarveException e) {
      if (identity == null) {
        throw e;
      }
      throw new StoreUnavailableException(String.valueOf(e.getMessage()), e);
    }
  }

  private void await(ChangeEventSourceContext context, StoreUnavailableException cause)
      throws InterruptedException {
    long waitMs = backoff.failed();
    if (waitMs < 0) {
      throw new VarveException(
          ExitCode.FAILED,
          "the store has been out of reach for "
              + retryLimit.toSeconds()
              + " s: "
              + cause.getMessage()
              + "; what was published is safe",
          "bring the store back and start capture again, it goes on from where it was",
          cause);
    }
    LOG.warn("{}; trying again in {} ms", cause.getMessage(), waitMs);
    for (long waited = 0; waited < waitMs && context.isRunning(); waited += RETRY_STEP_MS) {
      Thread.sleep(Math.min(RETRY_STEP_MS, waitMs));
    }
  }

  /** Passes on what has been committed; called by the thread that polls. */
  void acknowledge(String position) {
    StoreLog open = log;
    if (open != null) {
      open.acknowledge(position);
    }
  }

  /** Where to read the log from after a scan that begins now. */
  LogHead begin(ChangeEventSourceContext context) throws InterruptedException {
    return attempt(context, up -> {}, StoreLog::begin);
  }

  /** The log's end as it is now. */
  LogHead head(ChangeEventSourceContext context) throws InterruptedException {
    return attempt(context, up -> {}, StoreLog::head);
  }

  <T> T once(ChangeEventSourceContext context, Function<StoreLog, T> step)
      throws InterruptedException {
    return attempt(context, up -> {}, step::apply);
  }
}
