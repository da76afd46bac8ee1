package dev.varve.cdc.connector;

import dev.varve.cdc.CaptureState;
import io.debezium.connector.SnapshotRecord;
import io.debezium.pipeline.spi.OffsetContext;
import io.debezium.pipeline.txmetadata.TransactionContext;
import io.debezium.spi.schema.DataCollectionId;
import java.time.Instant;
import java.util.HashMap;
import java.util.Map;
import org.apache.kafka.connect.data.Schema;
import org.apache.kafka.connect.data.Struct;
import org.jspecify.annotations.Nullable;

/** Where capture stands, as Debezium holds it. Changed by the reading thread alone. */
final class LogOffsetContext implements OffsetContext {

  private final LogConnectorConfig config;
  private final TransactionContext unused = new TransactionContext();
  private volatile @Nullable CaptureState state;

  LogOffsetContext(LogConnectorConfig config, @Nullable CaptureState state) {
    this.config = config;
    this.state = state;
  }

  static OffsetContext.Loader<LogOffsetContext> loader(LogConnectorConfig config) {
    return offset -> new LogOffsetContext(config, CaptureState.fromMap(offset));
  }

  CaptureState state() {
    CaptureState current = state;
    if (current == null) {
      throw new IllegalStateException("nothing has been read yet");
    }
    return current;
  }

  void advance(CaptureState to) {
    state = to;
  }

  @Override
  public Map<String, ?> getOffset() {
    CaptureState current = state;
    return current == null ? new HashMap<>() : new HashMap<>(current.toMap());
  }

  @Override
  public boolean isInitialSnapshotRunning() {
    CaptureState current = state;
    return current == null || current.scan().isPresent();
  }

  @Override
  public Schema getSourceInfoSchema() {
    return config.getSourceInfoStructMaker().schema();
  }

  @Override
  public Struct getSourceInfo() {
    return new LogSourceInfo(config, Instant.EPOCH).struct();
  }

  @Override
  public TransactionContext getTransactionContext() {
    return unused;
  }

  @Override
  public void markSnapshotRecord(SnapshotRecord record) {
    // the state says it
  }

  @Override
  public void preSnapshotStart(boolean onDemand) {
    // the state says it
  }

  @Override
  public void preSnapshotCompletion() {
    // the state says it
  }

  @Override
  public void postSnapshotCompletion() {
    // the state says it
  }

  @Override
  public void event(DataCollectionId collection, Instant timestamp) {
    // the state says it
  }
}
