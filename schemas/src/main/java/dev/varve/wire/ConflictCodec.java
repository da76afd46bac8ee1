package dev.varve.wire;

import dev.varve.graph.ElementId;
import dev.varve.topology.Conflict;

/** Conflicts as {@code dev.varve.wire.Conflict}. Not thread-safe. */
public final class ConflictCodec {

  private final HeaderCodec headers = new HeaderCodec();

  public void write(Conflict conflict, AvroOutput out) {
    out.writeString(conflict.id().toString());
    HeaderCodec.writeDot(conflict.winner(), out);
    HeaderCodec.writeDot(conflict.loser(), out);
  }

  /**
   * Reads what {@link #write} writes.
   *
   * @throws MalformedRecordException if the bytes are not a conflict
   */
  public Conflict read(AvroInput in) {
    try {
      Conflict conflict =
          new Conflict(ElementId.parse(in.readString()), headers.readDot(in), headers.readDot(in));
      in.expectEnd();
      return conflict;
    } catch (IllegalArgumentException e) {
      throw new MalformedRecordException(String.valueOf(e.getMessage()), e);
    }
  }
}
