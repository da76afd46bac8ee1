package dev.varve.age;

import com.fasterxml.jackson.core.io.NumberOutput;
import dev.varve.graph.Decimals;
import dev.varve.graph.Value;
import dev.varve.wire.AvroInput;
import dev.varve.wire.ElementCodec;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/**
 * Turns properties as the chain has them straight into agtype's text: what {@link Agtype} makes of
 * the values, without making the values. For the restore of large graphs. Not thread-safe.
 */
public final class AgtypeEncoder {

  // the places of the types in the union of dev.varve.wire.Value
  private static final int BRANCHES = 23;
  private static final int NULL = 0;
  private static final int BOOLEAN = 1;
  private static final int NARROW_INT = 2;
  private static final int LONG = 3;
  private static final int FLOAT = 4;
  private static final int DOUBLE = 5;
  private static final int CHARACTER = 6;
  private static final int STRING = 7;
  private static final int LIST = 21;
  private static final int MAP = 22;

  private static final byte[] NULL_TEXT = ascii("null");
  private static final byte[] TRUE_TEXT = ascii("true");
  private static final byte[] FALSE_TEXT = ascii("false");
  private static final byte[] HEX = ascii("0123456789abcdef");

  private final ElementCodec codec = new ElementCodec();
  private byte[] out = new byte[1 << 10];
  private int length;

  /**
   * Writes the properties at the cursor in place of what was written before.
   *
   * @throws IllegalArgumentException if agtype has no such value, or PostgreSQL cannot hold it
   * @throws dev.varve.wire.MalformedRecordException if the bytes are not properties
   */
  public void properties(AvroInput in) {
    length = 0;
    put('{');
    boolean first = true;
    for (int n = in.readBlockCount(); n > 0; n = in.readBlockCount()) {
      for (int i = 0; i < n; i++) {
        first = separate(first);
        string(in);
        put(':');
        put(' ');
        value(in, 1);
      }
    }
    put('}');
  }

  /** The text in UTF-8, up to {@link #length}. */
  public byte[] array() {
    return out;
  }

  public int length() {
    return length;
  }

  private boolean separate(boolean first) {
    if (!first) {
      put(',');
      put(' ');
    }
    return false;
  }

  private void value(AvroInput in, int depth) {
    if (depth > Agtype.DEPTH_MAX) {
      throw new IllegalArgumentException(
          "more than " + Agtype.DEPTH_MAX + " lists and maps in each other");
    }
    int start = in.position();
    int branch = in.readBranch(BRANCHES);
    switch (branch) {
      case NULL -> put(NULL_TEXT);
      case BOOLEAN -> put(in.readBoolean() ? TRUE_TEXT : FALSE_TEXT);
      case NARROW_INT -> {
        in.readInt(); // its width
        number(in.readLong());
      }
      case LONG -> number(in.readLong());
      case FLOAT -> put(ascii(NumberOutput.toString((double) in.readFloat(), true)));
      case DOUBLE -> put(ascii(NumberOutput.toString(in.readDouble(), true)));
      case CHARACTER, STRING -> string(in);
      case LIST -> list(in, depth);
      case MAP -> map(in, start, depth);
      default -> byValue(in, start, depth);
    }
  }

  private void list(AvroInput in, int depth) {
    if (in.readBranch(2) == 1) {
      in.readString(); // how the store kept it
    }
    put('[');
    boolean first = true;
    for (int n = in.readBlockCount(); n > 0; n = in.readBlockCount()) {
      for (int i = 0; i < n; i++) {
        first = separate(first);
        value(in, depth + 1);
      }
    }
    put(']');
  }

  /** One whose first key may be a tag is left to those who know tags. */
  private void map(AvroInput in, int start, int depth) {
    int begun = length;
    put('{');
    boolean first = true;
    for (int n = in.readBlockCount(); n > 0; n = in.readBlockCount()) {
      for (int i = 0; i < n; i++) {
        boolean leads = first;
        first = separate(first);
        int key = length;
        string(in);
        if (leads && length > key + 2 && out[key + 1] == ':' && out[key + 2] == ':') {
          length = begun;
          byValue(in, start, depth);
          return;
        }
        put(':');
        put(' ');
        value(in, depth + 1);
      }
    }
    put('}');
  }

  /** The way round: decodes from the value's beginning and moves the cursor behind it. */
  private void byValue(AvroInput in, int start, int depth) {
    int end = in.position() + in.remaining();
    AvroInput again = new AvroInput(in.array(), start, end - start);
    Value value = codec.readValue(again);
    in.skip(again.position() - in.position());
    StringBuilder text = new StringBuilder();
    new AgtypeWriter(text).value(value, depth);
    put(text.toString().getBytes(StandardCharsets.UTF_8));
  }

  /** As it stands in the chain, but for what JSON escapes. */
  private void string(AvroInput in) {
    long count = in.readLong();
    if (count < 0 || count > in.remaining()) {
      throw new dev.varve.wire.MalformedRecordException("found a string of " + count + " bytes");
    }
    byte[] bytes = in.array();
    int from = in.position();
    int to = from + (int) count;
    room((int) count + 2);
    put('"');
    int copied = from;
    for (int at = from; at < to; at++) {
      byte c = bytes[at];
      if (c >= ' ' && c != '"' && c != '\\' || c < 0 && !isSurrogate(bytes, at, to)) {
        continue;
      }
      put(bytes, copied, at - copied);
      copied = at + 1;
      escape(c);
    }
    put(bytes, copied, to - copied);
    put('"');
    in.skip((int) count);
  }

  /** What stands for half a character in bytes that claim to be UTF-8. */
  private static boolean isSurrogate(byte[] bytes, int at, int to) {
    return bytes[at] == (byte) 0xED && at + 1 < to && (bytes[at + 1] & 0xFF) >= 0xA0;
  }

  private void escape(byte c) {
    if (c <= 0) {
      throw new IllegalArgumentException(
          c == 0
              ? "PostgreSQL's text has no character U+0000"
              : "PostgreSQL's text has no half characters (surrogates)");
    }
    put('\\');
    switch (c) {
      case '"', '\\' -> put((char) c);
      case '\n' -> put('n');
      case '\r' -> put('r');
      case '\t' -> put('t');
      case '\b' -> put('b');
      case '\f' -> put('f');
      default -> {
        put('u');
        put('0');
        put('0');
        put((char) HEX[c >> 4]);
        put((char) HEX[c & 0xF]);
      }
    }
  }

  private void number(long number) {
    room(Decimals.LONGEST_BYTES);
    int digits = Decimals.length(number);
    Decimals.write(number, digits, out, length);
    length += digits;
  }

  private static byte[] ascii(String text) {
    return text.getBytes(StandardCharsets.US_ASCII);
  }

  private void put(char c) {
    room(1);
    out[length++] = (byte) c;
  }

  private void put(byte[] bytes) {
    put(bytes, 0, bytes.length);
  }

  private void put(byte[] bytes, int offset, int count) {
    room(count);
    System.arraycopy(bytes, offset, out, length, count);
    length += count;
  }

  private void room(int bytes) {
    if (out.length - length < bytes) {
      int needed = Math.addExact(length, bytes);
      out =
          Arrays.copyOf(out, (int) Math.min(Integer.MAX_VALUE - 8L, Math.max(needed, 2L * length)));
    }
  }
}
