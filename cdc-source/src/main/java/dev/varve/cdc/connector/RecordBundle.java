package dev.varve.cdc.connector;

import dev.varve.cdc.CaptureState;
import dev.varve.cdc.Outgoing;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.apache.kafka.connect.source.SourceRecord;

/**
 * All records of a poll as one, for our own capture: Debezium's engine spends more on each record
 * than publishing it costs. Its offset is where capture stands after all of them.
 */
public final class RecordBundle extends SourceRecord {

  private final transient List<Outgoing> records;
  private final transient Optional<Progress> progress;

  /**
   * How far the bundle goes.
   *
   * @param changes how many of its records are changes
   * @param headSeq the number of the last transaction that the store had then
   */
  public record Progress(CaptureState state, int changes, long headSeq) {}

  RecordBundle(
      Map<String, ?> sourcePartition,
      Map<String, ?> sourceOffset,
      List<Outgoing> records,
      Optional<Progress> progress) {
    super(sourcePartition, sourceOffset, records.get(0).topic(), null, null, null);
    this.records = records;
    this.progress = progress;
  }

  public List<Outgoing> records() {
    return records;
  }

  /** How far it goes; absent if it holds nothing but Debezium's own records. */
  public Optional<Progress> progress() {
    return progress;
  }
}
