package dev.varve.wire;

import dev.varve.change.Sweep;
import dev.varve.graph.ElementId;

/** Sweeps as {@code dev.varve.wire.Sweep}. Not thread-safe. */
public final class SweepCodec {

  private final HeaderCodec headers = new HeaderCodec();

  public void write(Sweep sweep, AvroOutput out) {
    out.writeString(sweep.site().toString()).writeLong(sweep.seq()).writeInt(sweep.index());
    out.writeLong(sweep.committedAtMicros());
    out.writeString(sweep.first().toString()).writeString(sweep.last().toString());
  }

  /**
   * Reads what {@link #write} writes.
   *
   * @throws MalformedRecordException if the bytes are not a sweep
   */
  public Sweep read(AvroInput in) {
    try {
      Sweep sweep =
          new Sweep(
              headers.readSite(in),
              in.readLong(),
              Math.toIntExact(in.readLong()),
              in.readLong(),
              ElementId.parse(in.readString()),
              ElementId.parse(in.readString()));
      in.expectEnd();
      return sweep;
    } catch (IllegalArgumentException | ArithmeticException e) {
      throw new MalformedRecordException(String.valueOf(e.getMessage()), e);
    }
  }
}
