package dev.varve.cdc.connector;

import io.debezium.pipeline.EventDispatcher;
import io.debezium.pipeline.notification.NotificationService;
import io.debezium.pipeline.source.spi.ChangeEventSourceFactory;
import io.debezium.pipeline.source.spi.SnapshotChangeEventSource;
import io.debezium.pipeline.source.spi.SnapshotProgressListener;
import io.debezium.pipeline.source.spi.StreamingChangeEventSource;

/** Makes the two sources of events: the scan and the log. */
final class LogSources implements ChangeEventSourceFactory<LogPartition, LogOffsetContext> {

  private final LogConnectorConfig config;
  private final LogReader reader;
  private final EventDispatcher<LogPartition, Elements> dispatcher;
  private final LogMetrics metrics;

  LogSources(
      LogConnectorConfig config,
      LogReader reader,
      EventDispatcher<LogPartition, Elements> dispatcher,
      LogMetrics metrics) {
    this.config = config;
    this.reader = reader;
    this.dispatcher = dispatcher;
    this.metrics = metrics;
  }

  @Override
  public SnapshotChangeEventSource<LogPartition, LogOffsetContext> getSnapshotChangeEventSource(
      SnapshotProgressListener<LogPartition> progress,
      NotificationService<LogPartition, LogOffsetContext> notifications) {
    return new LogScanSource(config, reader, progress, metrics.scan(), notifications);
  }

  @Override
  public StreamingChangeEventSource<LogPartition, LogOffsetContext>
      getStreamingChangeEventSource() {
    return new LogStreamSource(config, reader, dispatcher, metrics.stream());
  }
}
