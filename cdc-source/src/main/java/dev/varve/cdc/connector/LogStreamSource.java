package dev.varve.cdc.connector;

import dev.varve.cdc.CaptureState;
import dev.varve.cdc.LogRow;
import dev.varve.cdc.Piece;
import dev.varve.cdc.StoreLog;
import dev.varve.graph.ElementKind;
import io.debezium.data.Envelope.Operation;
import io.debezium.pipeline.EventDispatcher;
import io.debezium.pipeline.metrics.StreamingChangeEventSourceMetrics;
import io.debezium.pipeline.source.spi.StreamingChangeEventSource;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Reads the log to its end, over and over. */
final class LogStreamSource implements StreamingChangeEventSource<LogPartition, LogOffsetContext> {

  private final LogConnectorConfig config;
  private final LogReader reader;
  private final EventDispatcher<LogPartition, Elements> dispatcher;
  private final StreamingChangeEventSourceMetrics<LogPartition> metrics;
  private @Nullable LogOffsetContext current;

  LogStreamSource(
      LogConnectorConfig config,
      LogReader reader,
      EventDispatcher<LogPartition, Elements> dispatcher,
      StreamingChangeEventSourceMetrics<LogPartition> metrics) {
    this.config = config;
    this.reader = reader;
    this.dispatcher = dispatcher;
    this.metrics = metrics;
  }

  @Override
  public void execute(
      ChangeEventSourceContext context, LogPartition partition, LogOffsetContext offset)
      throws InterruptedException {
    while (context.isRunning()) {
      if (context.isPaused()) {
        context.streamingPaused();
        context.waitSnapshotCompletion();
      }
      String before = offset.state().position();
      boolean ended =
          reader.attempt(context, metrics::connected, log -> read(log, offset, context));
      if (ended) {
        if (offset.state().until().isPresent()) {
          publish(reader.pieces().caughtUp(offset.state()), offset, context);
        }
        dispatcher.dispatchHeartbeatEvent(partition, offset);
        if (before.equals(offset.state().position())) {
          Thread.sleep(config.idleWait().toMillis());
        }
      }
    }
  }

  private boolean read(StoreLog log, LogOffsetContext offset, ChangeEventSourceContext context)
      throws InterruptedException {
    CaptureState state = offset.state();
    return log.read(
        state.position(),
        new StoreLog.ReadAs(state.site(), state.seen()),
        row -> publish(row, offset, context));
  }

  private boolean publish(LogRow row, LogOffsetContext offset, ChangeEventSourceContext context)
      throws InterruptedException {
    Piece piece = reader.pieces().row(offset.state(), row);
    if (piece.isEmpty()) {
      offset.advance(piece.state());
      return context.isRunning();
    }
    return publish(piece, offset, context);
  }

  private boolean publish(Piece piece, LogOffsetContext offset, ChangeEventSourceContext context)
      throws InterruptedException {
    return reader.publish(piece, ElementKind.VERTEX, Operation.UPDATE, offset, metrics, context);
  }

  /** Is told by Kafka Connect, or by our own capture, what has been committed. */
  @Override
  public void commitOffset(Map<String, ?> partition, Map<String, ?> offset) {
    CaptureState.positionOf(offset).ifPresent(reader::acknowledge);
  }

  @Override
  public void init(LogOffsetContext offset) {
    current = offset;
  }

  @Override
  public @Nullable LogOffsetContext getOffsetContext() {
    return current;
  }
}
