package dev.varve.cdc.connector;

import dev.varve.cdc.Piece;
import io.debezium.pipeline.DataChangeEvent;
import java.util.Map;
import org.apache.kafka.connect.source.SourceRecord;

/** A piece on its way through Debezium's queue: a whole row, not a single record. */
final class PieceEvent extends DataChangeEvent {

  private static final SourceRecord NONE =
      new SourceRecord(Map.of(), Map.of(), "none", null, null, null);

  private final Piece piece;

  PieceEvent(Piece piece) {
    super(NONE);
    this.piece = piece;
  }

  Piece piece() {
    return piece;
  }

  @Override
  public long objectSize() {
    return piece.lengthBytes();
  }

  @Override
  public String toString() {
    return "PieceEvent[" + piece.state() + "]";
  }
}
