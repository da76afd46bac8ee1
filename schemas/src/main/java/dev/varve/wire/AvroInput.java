package dev.varve.wire;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/**
 * A cursor over bytes in Avro's binary encoding; the counterpart of {@link AvroOutput}.
 *
 * <p>Every read checks the limit: bytes that end too early or a length that cannot be are a {@link
 * MalformedRecordException}. Not thread-safe.
 */
public final class AvroInput {

  private static final int LONGEST_VARINT_BITS = 64;

  private final byte[] bytes;
  private final int limit;
  private int position;

  public AvroInput(byte[] bytes) {
    this(bytes, 0, bytes.length);
  }

  /**
   * A cursor over a part of an array.
   *
   * @param offset where it starts
   * @param count how many bytes it may read
   */
  public AvroInput(byte[] bytes, int offset, int count) {
    if (offset < 0 || count < 0 || offset > bytes.length - count) {
      throw new IllegalArgumentException(
          "no " + count + " bytes at " + offset + " in an array of " + bytes.length);
    }
    this.bytes = bytes;
    this.position = offset;
    this.limit = offset + count;
  }

  public byte[] array() {
    return bytes;
  }

  /** Where in the array the next read starts. */
  public int position() {
    return position;
  }

  public int remaining() {
    return limit - position;
  }

  public long readLong() {
    if (position < limit && bytes[position] >= 0) { // most are short
      int value = bytes[position++];
      return (value >>> 1) ^ -(value & 1);
    }
    return readLongest();
  }

  private long readLongest() {
    long value = 0;
    for (int shift = 0; shift < LONGEST_VARINT_BITS; shift += 7) {
      need(1);
      byte next = bytes[position++];
      value |= (long) (next & 0x7F) << shift;
      if (next >= 0) {
        return (value >>> 1) ^ -(value & 1);
      }
    }
    throw malformed("a variable-length integer of more than ten bytes");
  }

  public int readInt() {
    long value = readLong();
    if (value != (int) value) {
      throw malformed("an int of " + value);
    }
    return (int) value;
  }

  public boolean readBoolean() {
    need(1);
    byte value = bytes[position++];
    if (value != 0 && value != 1) {
      throw malformed("a boolean of " + value);
    }
    return value == 1;
  }

  public float readFloat() {
    need(Float.BYTES);
    float value = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN).getFloat(position);
    position += Float.BYTES;
    return value;
  }

  public double readDouble() {
    need(Double.BYTES);
    double value = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN).getDouble(position);
    position += Double.BYTES;
    return value;
  }

  public String readString() {
    int count = readCount();
    String value = new String(bytes, position, count, StandardCharsets.UTF_8);
    position += count;
    return value;
  }

  public byte[] readBytes() {
    int count = readCount();
    byte[] value = Arrays.copyOfRange(bytes, position, position + count);
    position += count;
    return value;
  }

  /** Eight bytes, big endian, without a length. */
  public long readFixedLong() {
    need(Long.BYTES);
    long value = ByteBuffer.wrap(bytes).getLong(position);
    position += Long.BYTES;
    return value;
  }

  /**
   * The number of items in the next block of an array or map; 0 ends it. The byte size that may
   * precede a block is passed over.
   */
  public int readBlockCount() {
    long count = readLong();
    if (count < 0) {
      count = -count;
      readLong();
    }
    if (count < 0 || count > Integer.MAX_VALUE) {
      throw malformed("a block of " + count + " items");
    }
    return (int) count;
  }

  /** Which branch of a union of {@code branches} follows. */
  public int readBranch(int branches) {
    int branch = readInt();
    if (branch < 0 || branch >= branches) {
      throw malformed("branch " + branch + " of a union of " + branches);
    }
    return branch;
  }

  /** Passes over bytes without reading them. */
  public void skip(int count) {
    need(count);
    position += count;
  }

  /** Passes over a string or bytes. */
  public void skipBytes() {
    int count = readCount();
    position += count;
  }

  /** Asserts that everything has been read. */
  public void expectEnd() {
    if (position != limit) {
      throw malformed(remaining() + " bytes after the end");
    }
  }

  private int readCount() {
    long count = readLong();
    if (count < 0 || count > remaining()) {
      throw malformed("a length of " + count + " with " + remaining() + " bytes left");
    }
    return (int) count;
  }

  private void need(int count) {
    if (count < 0 || count > limit - position) {
      throw malformed("the end, " + count + " more bytes were expected");
    }
  }

  private MalformedRecordException malformed(String found) {
    return new MalformedRecordException("found " + found + ", at byte " + position);
  }
}
