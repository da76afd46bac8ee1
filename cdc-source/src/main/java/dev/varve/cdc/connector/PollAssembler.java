package dev.varve.cdc.connector;

import dev.varve.cdc.Outgoing;
import dev.varve.cdc.Piece;
import dev.varve.cdc.PieceFactory;
import dev.varve.change.Watermark;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.apache.kafka.connect.data.Schema;
import org.apache.kafka.connect.json.JsonConverter;
import org.apache.kafka.connect.source.SourceRecord;
import org.jspecify.annotations.Nullable;

/**
 * Puts the pieces of one poll in line: their records in order, and of their watermarks only the
 * newest, at its own place, and a site's first one if it replaces another. Only the last record of
 * a piece has the piece's offset, those before it still have the one before, so that a worker that
 * keeps offsets by the record never skips any.
 *
 * <p>Records that come from Debezium itself (heartbeats, notifications) become JSON bytes.
 */
final class PollAssembler {

  private final Map<String, String> sourcePartition;
  private final PieceFactory pieces;
  private final JsonConverter json = new JsonConverter();

  PollAssembler(LogPartition partition, PieceFactory pieces) {
    this.sourcePartition = partition.getSourcePartition();
    this.pieces = pieces;
    json.configure(Map.of("schemas.enable", "false"), false);
  }

  /** One thing of a poll: a piece or a record of Debezium's own. */
  sealed interface Item permits PieceItem, OwnItem {}

  record PieceItem(Piece piece) implements Item {}

  record OwnItem(SourceRecord record) implements Item {}

  /** A record and the offset after it, if it is the last one of its piece. */
  private record Line(Outgoing record, @Nullable Map<String, ?> offset) {}

  /**
   * The records of a poll, for any Connect worker.
   *
   * @param before the offset before the poll
   */
  List<SourceRecord> flat(List<Item> items, Map<String, ?> before) {
    List<SourceRecord> records = new ArrayList<>();
    Map<String, ?> offset = before;
    for (Line line : lines(items)) {
      if (line.offset() != null) {
        offset = line.offset();
      }
      records.add(sourceRecord(line.record(), offset));
    }
    return records;
  }

  /** The records of a poll in one, for our own capture; absent if there are none. */
  Optional<RecordBundle> bundle(List<Item> items, Map<String, ?> before) {
    List<Outgoing> records = new ArrayList<>();
    Map<String, ?> offset = before;
    for (Line line : lines(items)) {
      records.add(line.record());
      if (line.offset() != null) {
        offset = line.offset();
      }
    }
    if (records.isEmpty()) {
      return Optional.empty();
    }
    int changes = 0;
    Piece last = null;
    for (Item item : items) {
      if (item instanceof PieceItem piece) {
        last = piece.piece();
        changes += last.changes();
      }
    }
    Optional<RecordBundle.Progress> progress =
        last == null
            ? Optional.empty()
            : Optional.of(new RecordBundle.Progress(last.state(), changes, last.headSeq()));
    return Optional.of(new RecordBundle(sourcePartition, offset, records, progress));
  }

  private List<Line> lines(List<Item> items) {
    int newest = -1;
    for (int i = 0; i < items.size(); i++) {
      if (items.get(i) instanceof PieceItem item && item.piece().watermark().isPresent()) {
        newest = i;
      }
    }
    List<Line> lines = new ArrayList<>();
    for (int i = 0; i < items.size(); i++) {
      if (items.get(i) instanceof OwnItem own) {
        lines.add(new Line(asBytes(own.record()), own.record().sourceOffset()));
      } else if (items.get(i) instanceof PieceItem item) {
        boolean isNewest = i == newest;
        add(item.piece(), item.piece().watermark().filter(w -> isNewest || first(w)), lines);
      }
    }
    return lines;
  }

  /** Whether a watermark says something that no later one will say. */
  private static boolean first(Watermark watermark) {
    return watermark.replaces().isPresent();
  }

  private void add(Piece piece, Optional<Watermark> watermark, List<Line> lines) {
    piece.closed().forEach(record -> lines.add(new Line(record, null)));
    watermark.ifPresent(
        mark -> pieces.records(mark).forEach(record -> lines.add(new Line(record, null))));
    piece.open().forEach(record -> lines.add(new Line(record, null)));
    if (!lines.isEmpty()) {
      // what is before it is of this piece or of one before it, so the offset holds
      Line last = lines.remove(lines.size() - 1);
      lines.add(new Line(last.record(), new HashMap<>(piece.state().toMap())));
    }
  }

  private SourceRecord sourceRecord(Outgoing record, Map<String, ?> offset) {
    return new SourceRecord(
        sourcePartition,
        offset,
        record.topic(),
        record.partition(),
        Schema.BYTES_SCHEMA,
        record.key(),
        Schema.BYTES_SCHEMA,
        record.value(),
        record.timestampMs());
  }

  private Outgoing asBytes(SourceRecord own) {
    return new Outgoing(
        own.topic(),
        own.kafkaPartition() == null ? 0 : own.kafkaPartition(),
        json.fromConnectData(own.topic(), own.keySchema(), own.key()),
        json.fromConnectData(own.topic(), own.valueSchema(), own.value()),
        own.timestamp() == null ? System.currentTimeMillis() : own.timestamp());
  }
}
