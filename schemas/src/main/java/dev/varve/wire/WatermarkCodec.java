package dev.varve.wire;

import dev.varve.change.Site;
import dev.varve.change.Watermark;
import java.util.Optional;

/** Watermarks as {@code dev.varve.wire.Watermark}. Not thread-safe. */
public final class WatermarkCodec {

  private final HeaderCodec headers = new HeaderCodec();

  public void write(Watermark watermark, AvroOutput out) {
    out.writeString(watermark.site().toString()).writeLong(watermark.seq());
    out.writeLong(watermark.committedAtMicros()).writeLong(watermark.versions());
    out.writeString(watermark.store());
    HeaderCodec.writeOptional(watermark.replaces().map(Site::toString), out);
  }

  /**
   * Reads what {@link #write} writes.
   *
   * @throws MalformedRecordException if the bytes are not a watermark
   */
  public Watermark read(AvroInput in) {
    try {
      Watermark watermark =
          new Watermark(
              headers.readSite(in),
              in.readLong(),
              in.readLong(),
              in.readLong(),
              in.readString(),
              in.readBranch(2) == 0 ? Optional.empty() : Optional.of(headers.readSite(in)));
      in.expectEnd();
      return watermark;
    } catch (IllegalArgumentException e) {
      throw new MalformedRecordException(String.valueOf(e.getMessage()), e);
    }
  }
}
