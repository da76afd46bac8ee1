package dev.varve.cdc.connector;

import io.debezium.connector.base.ChangeEventQueue;
import io.debezium.pipeline.ErrorHandler;
import org.apache.kafka.connect.source.SourceConnector;
import org.jspecify.annotations.Nullable;

/**
 * Lets every error end the task: the reading thread has already retried what can be retried, with
 * the position in hand, and a restart inside the task would read an offset that may be behind it.
 */
final class LogErrorHandler extends ErrorHandler {

  LogErrorHandler(
      Class<? extends SourceConnector> connector,
      LogConnectorConfig config,
      ChangeEventQueue<?> queue,
      @Nullable ErrorHandler replaced) {
    super(connector, config, queue, replaced);
  }

  @Override
  protected boolean isRetriable(@Nullable Throwable throwable) {
    return false;
  }
}
