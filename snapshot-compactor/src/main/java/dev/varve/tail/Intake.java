package dev.varve.tail;

import dev.varve.change.Transaction;
import dev.varve.change.VersionVector;
import dev.varve.fault.ExitCode;
import dev.varve.fault.VarveException;
import dev.varve.tail.CutTracker.Stamp;
import dev.varve.tail.SortEntry.Origin;
import dev.varve.topology.VersionHeader;
import dev.varve.wire.AvroInput;
import dev.varve.wire.MalformedRecordException;
import dev.varve.wire.TransactionCodec;
import dev.varve.wire.VersionCodec;
import dev.varve.wire.WatermarkCodec;
import dev.varve.wire.Wire;
import java.nio.charset.StandardCharsets;
import java.util.List;
import org.apache.kafka.clients.consumer.ConsumerRecord;

/**
 * Takes records as they come: watermarks to the tracker, versions and transactions to the tracker
 * and to whoever collects them.
 */
public final class Intake implements Tail.Sink {

  /** Collects versions and transactions, in the order of each partition. */
  public interface Collector {

    /**
     * @param covered whether what was begun from covers it: it is read again
     */
    void version(
        byte kind, String id, Origin origin, VersionHeader header, Body body, boolean covered);

    void transaction(Origin origin, Transaction transaction, Body body, boolean covered);
  }

  /** An encoded record inside an array, which is used again afterwards. */
  @SuppressWarnings("ArrayRecordComponent") // a view that lives for one call
  public record Body(byte[] bytes, int offset, int length) {}

  private final Wire wire;
  private final List<Place> places;
  private final VersionVector start;
  private final CutTracker tracker;
  private final Collector collector;
  private final VersionCodec versions = new VersionCodec();
  private final WatermarkCodec watermarks = new WatermarkCodec();
  private final TransactionCodec transactions = new TransactionCodec();

  /**
   * @param start what was begun from
   */
  public Intake(
      Wire wire, List<Place> places, VersionVector start, CutTracker tracker, Collector collector) {
    this.wire = wire;
    this.places = places;
    this.start = start;
    this.tracker = tracker;
    this.collector = collector;
  }

  @Override
  public void accept(int place, ConsumerRecord<byte[], byte[]> record) {
    if (record.value() == null || record.key() == null) {
      return; // a removed key; what it stood for was counted before
    }
    try {
      Wire.Body body = wire.open(record.value());
      switch (body.kind()) {
        case ELEMENT_VERSION -> version(place, record, body.input());
        case WATERMARK -> tracker.watermark(place, record.offset(), watermarks.read(body.input()));
        case TRANSACTION -> transaction(place, record.offset(), body.input());
        default -> throw foreign(place, record.offset(), "a " + body.kind(), null);
      }
    } catch (MalformedRecordException | IllegalArgumentException e) {
      throw foreign(place, record.offset(), String.valueOf(e.getMessage()), e);
    }
  }

  private void version(int place, ConsumerRecord<byte[], byte[]> record, AvroInput input) {
    int from = input.position();
    int length = input.remaining();
    VersionHeader header = versions.readHeader(input);
    long ordinal =
        tracker.version(
            place,
            record.offset(),
            new Stamp(header.dot().site(), header.dot().seq(), header.committedAtMicros()));
    String key = new String(record.key(), StandardCharsets.UTF_8);
    byte kind = kind(place, record.offset(), key);
    String id = key.substring(1);
    if (header.lost()) {
      String suffix = "!" + header.dot();
      if (!id.endsWith(suffix)) {
        throw foreign(place, record.offset(), "the key " + key + " of a lost version", null);
      }
      id = id.substring(0, id.length() - suffix.length());
    }
    collector.version(
        kind,
        id,
        new Origin(place, record.offset(), ordinal),
        header,
        new Body(input.array(), from, length),
        start.covers(header.dot()));
  }

  private void transaction(int place, long offset, AvroInput input) {
    int from = input.position();
    int length = input.remaining();
    Transaction transaction = transactions.read(input);
    long ordinal =
        tracker.version(
            place,
            offset,
            new Stamp(transaction.site(), transaction.seq(), transaction.committedAtMicros()));
    collector.transaction(
        new Origin(place, offset, ordinal),
        transaction,
        new Body(input.array(), from, length),
        start.covers(transaction.site(), transaction.seq()));
  }

  private byte kind(int place, long offset, String key) {
    if (key.length() > 1 && key.charAt(0) == 'v') {
      return SortEntry.VERTEX;
    }
    if (key.length() > 1 && key.charAt(0) == 'e') {
      return SortEntry.EDGE;
    }
    throw foreign(place, offset, "the key " + key, null);
  }

  private VarveException foreign(
      int place, long offset, String what, @org.jspecify.annotations.Nullable Throwable cause) {
    return new VarveException(
        ExitCode.DAMAGE_FOUND,
        "%s holds at offset %d what does not belong there: %s"
            .formatted(places.get(place), offset, what),
        "look for who else writes to this topic; everything laid down up to now is whole",
        cause);
  }
}
