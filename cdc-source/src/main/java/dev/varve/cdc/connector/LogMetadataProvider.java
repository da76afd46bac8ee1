package dev.varve.cdc.connector;

import dev.varve.cdc.CaptureState;
import io.debezium.pipeline.source.spi.EventMetadataProvider;
import io.debezium.pipeline.spi.OffsetContext;
import io.debezium.spi.schema.DataCollectionId;
import java.time.Instant;
import java.util.Map;
import org.apache.kafka.connect.data.Struct;
import org.jspecify.annotations.Nullable;

/** What Debezium's metrics show of an event. */
final class LogMetadataProvider implements EventMetadataProvider {

  private static final long MICROS = 1_000_000;

  @Override
  public Instant getEventTimestamp(
      DataCollectionId source, OffsetContext offset, Object key, @Nullable Struct value) {
    long micros = state(offset).committedAtMicros();
    return Instant.ofEpochSecond(
        Math.floorDiv(micros, MICROS), Math.floorMod(micros, MICROS) * 1_000);
  }

  @Override
  public Map<String, String> getEventSourcePosition(
      DataCollectionId source, OffsetContext offset, Object key, @Nullable Struct value) {
    return Map.of("position", state(offset).position(), "site", state(offset).site().toString());
  }

  @Override
  public String getTransactionId(
      DataCollectionId source, OffsetContext offset, Object key, @Nullable Struct value) {
    return Long.toString(state(offset).reached());
  }

  @Override
  public String toSummaryString(
      DataCollectionId source, OffsetContext offset, Object key, @Nullable Struct value) {
    return "position=" + state(offset).position();
  }

  private static CaptureState state(OffsetContext offset) {
    return ((LogOffsetContext) offset).state();
  }
}
