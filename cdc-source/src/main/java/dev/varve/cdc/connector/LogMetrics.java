package dev.varve.cdc.connector;

import io.debezium.connector.base.ChangeEventQueueMetrics;
import io.debezium.connector.common.CdcSourceTaskContext;
import io.debezium.pipeline.metrics.CapturedTablesSupplier;
import io.debezium.pipeline.metrics.DefaultChangeEventSourceMetricsFactory;
import io.debezium.pipeline.metrics.SnapshotChangeEventSourceMetrics;
import io.debezium.pipeline.metrics.StreamingChangeEventSourceMetrics;
import io.debezium.pipeline.source.spi.EventMetadataProvider;
import org.jspecify.annotations.Nullable;

/**
 * Debezium's metrics, kept at hand: the sources count what they publish themselves, because it does
 * not pass through Debezium's dispatcher.
 */
final class LogMetrics extends DefaultChangeEventSourceMetricsFactory<LogPartition> {

  private @Nullable SnapshotChangeEventSourceMetrics<LogPartition> scan;
  private @Nullable StreamingChangeEventSourceMetrics<LogPartition> stream;

  @Override
  @SuppressWarnings("rawtypes") // as the framework has it
  public <T extends CdcSourceTaskContext>
      SnapshotChangeEventSourceMetrics<LogPartition> getSnapshotMetrics(
          T context, ChangeEventQueueMetrics queue, EventMetadataProvider metadata) {
    SnapshotChangeEventSourceMetrics<LogPartition> made =
        super.getSnapshotMetrics(context, queue, metadata);
    scan = made;
    return made;
  }

  @Override
  @SuppressWarnings("rawtypes") // as the framework has it
  public <T extends CdcSourceTaskContext>
      StreamingChangeEventSourceMetrics<LogPartition> getStreamingMetrics(
          T context,
          ChangeEventQueueMetrics queue,
          EventMetadataProvider metadata,
          CapturedTablesSupplier captured) {
    StreamingChangeEventSourceMetrics<LogPartition> made =
        super.getStreamingMetrics(context, queue, metadata, captured);
    stream = made;
    return made;
  }

  SnapshotChangeEventSourceMetrics<LogPartition> scan() {
    if (scan == null) {
      throw new IllegalStateException("the coordinator has not been started");
    }
    return scan;
  }

  StreamingChangeEventSourceMetrics<LogPartition> stream() {
    if (stream == null) {
      throw new IllegalStateException("the coordinator has not been started");
    }
    return stream;
  }
}
