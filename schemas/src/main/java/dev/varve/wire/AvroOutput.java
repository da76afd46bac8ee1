package dev.varve.wire;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/**
 * A growing buffer that Avro's binary encoding is written into.
 *
 * <p>Avro's own encoder works on records of Avro's or on a stream; the fold and the segments need
 * to place a header in front of bytes that are already encoded, which is what this is for. Not
 * thread-safe.
 */
public final class AvroOutput {

  private static final int INITIAL_BYTES = 512;
  private static final int LONGEST_VARINT_BYTES = 10;

  private byte[] bytes = new byte[INITIAL_BYTES];
  private int length;

  /** A zig-zag variable-length integer; Avro's {@code int} is written the same way. */
  public AvroOutput writeLong(long value) {
    reserve(LONGEST_VARINT_BYTES);
    long rest = (value << 1) ^ (value >> 63);
    while ((rest & ~0x7FL) != 0) {
      bytes[length++] = (byte) ((rest & 0x7F) | 0x80);
      rest >>>= 7;
    }
    bytes[length++] = (byte) rest;
    return this;
  }

  public AvroOutput writeInt(int value) {
    return writeLong(value);
  }

  public AvroOutput writeBoolean(boolean value) {
    reserve(1);
    bytes[length++] = (byte) (value ? 1 : 0);
    return this;
  }

  public AvroOutput writeFloat(float value) {
    return littleEndian(Float.floatToRawIntBits(value), Float.BYTES);
  }

  public AvroOutput writeDouble(double value) {
    return littleEndian(Double.doubleToRawLongBits(value), Double.BYTES);
  }

  public AvroOutput writeString(String value) {
    return writeBytes(value.getBytes(StandardCharsets.UTF_8));
  }

  /** A length and the bytes. */
  public AvroOutput writeBytes(byte[] value) {
    writeLong(value.length);
    return raw(value, 0, value.length);
  }

  /** Eight bytes, big endian, without a length: half of a {@code fixed} of sixteen. */
  public AvroOutput writeFixedLong(long value) {
    reserve(Long.BYTES);
    ByteBuffer.wrap(bytes).putLong(length, value);
    length += Long.BYTES;
    return this;
  }

  /** Bytes as they are, without a length: something that is encoded already. */
  public AvroOutput raw(byte[] source, int offset, int count) {
    reserve(count);
    System.arraycopy(source, offset, bytes, length, count);
    length += count;
    return this;
  }

  /** The buffer itself; only the first {@link #length} bytes mean something. */
  public byte[] array() {
    return bytes;
  }

  public int length() {
    return length;
  }

  public byte[] toByteArray() {
    return Arrays.copyOf(bytes, length);
  }

  /** Forgets what was written, to be used again. */
  public AvroOutput clear() {
    length = 0;
    return this;
  }

  private AvroOutput littleEndian(long bits, int count) {
    reserve(Long.BYTES);
    ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN).putLong(length, bits);
    length += count;
    return this;
  }

  private void reserve(int count) {
    int needed = Math.addExact(length, count);
    if (needed > bytes.length) {
      long doubled = Math.min(Integer.MAX_VALUE - 8L, bytes.length * 2L);
      bytes = Arrays.copyOf(bytes, (int) Math.max(needed, doubled));
    }
  }
}
