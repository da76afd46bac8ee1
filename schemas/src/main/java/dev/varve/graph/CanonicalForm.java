package dev.varve.graph;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Collection;
import java.util.Map;
import java.util.SortedMap;

/**
 * The bytes that the hash of an element is made of. A buffer that is used again and again: {@link
 * #vertex} and {@link #edge} begin an element, whose parts have to follow in the order below.
 *
 * <p>Canonical form: one tag byte, then the fields in order; a string is its UTF-8 length as a
 * 32-bit integer and its bytes; counts are 32-bit integers; all numbers big endian. Labels and
 * property keys come in the order of their UTF-16 units, as {@link String#compareTo} sorts them.
 *
 * <ul>
 *   <li>a vertex: {@link #vertex}, its id, {@link #labels}, its properties
 *   <li>an edge: {@link #edge}, its type, the ids of its start and its end, its properties
 *   <li>properties: {@link #properties}, or {@link #count} and then, in the order of the keys, a
 *       key and a value each
 * </ul>
 *
 * <p>Not thread-safe.
 */
public final class CanonicalForm {

  private static final int INITIAL_BYTES = 512;

  private ByteBuffer out = ByteBuffer.allocate(INITIAL_BYTES);

  /** Begins a vertex in place of what was written before. */
  public CanonicalForm vertex() {
    out.clear();
    put((byte) 'V');
    return this;
  }

  /** Begins an edge in place of what was written before. */
  public CanonicalForm edge() {
    out.clear();
    put((byte) 'E');
    return this;
  }

  /** Forgets what was written. */
  public CanonicalForm clear() {
    return cut(0);
  }

  /**
   * @param labels sorted
   */
  public CanonicalForm labels(Collection<String> labels) {
    count(labels.size());
    labels.forEach(this::text);
    return this;
  }

  /** A string: an id, a type, a label, a key, or what follows {@link #textValue}. */
  public CanonicalForm text(String text) {
    byte[] utf8 = text.getBytes(StandardCharsets.UTF_8);
    return text(utf8, 0, utf8.length);
  }

  /** The same of a string in UTF-8. */
  public CanonicalForm text(byte[] utf8, int from, int length) {
    count(length);
    put(utf8, from, length);
    return this;
  }

  /** The text that {@link Long#toString} gives. */
  public CanonicalForm decimal(long number) {
    int length = Decimals.length(number);
    room(Integer.BYTES + length).putInt(length);
    int at = out.position();
    Decimals.write(number, length, out.array(), at);
    out.position(at + length);
    return this;
  }

  /** How many properties, entries, items or labels follow. */
  public CanonicalForm count(int count) {
    room(Integer.BYTES).putInt(count);
    return this;
  }

  /** Begins a value that is a string; the string follows. */
  public CanonicalForm textValue() {
    put((byte) 5);
    return this;
  }

  /** A whole number of any width. */
  public CanonicalForm wholeNumber(long number) {
    put((byte) 2);
    putLong(number);
    return this;
  }

  /** A floating-point number of any width. */
  public CanonicalForm floatingPoint(double number) {
    put((byte) 3);
    putLong(Double.doubleToLongBits(number));
    return this;
  }

  /** A boolean. */
  public CanonicalForm bool(boolean value) {
    put((byte) 1);
    put((byte) (value ? 1 : 0));
    return this;
  }

  /** A part that another form holds, as it is. */
  public CanonicalForm part(CanonicalForm other, int from, int to) {
    put(other.out.array(), from, to - from);
    return this;
  }

  /** Forgets what was written from there on. */
  public CanonicalForm cut(int length) {
    out.position(length);
    return this;
  }

  /** How much was written. */
  public int length() {
    return out.position();
  }

  /** The buffer itself; only the first {@link #length} bytes mean something. */
  public byte[] array() {
    return out.array();
  }

  /** A map of values, or the properties of an element. */
  public CanonicalForm properties(SortedMap<String, Value> properties) {
    putInt(properties.size());
    for (Map.Entry<String, Value> property : properties.entrySet()) {
      text(property.getKey());
      put(property.getValue());
    }
    return this;
  }

  /** Tags are part of the format: never change or re-use one. */
  private void put(Value value) {
    if (value instanceof Value.Text text) {
      textValue();
      text(text.value());
    } else if (value instanceof Value.Int number) {
      wholeNumber(number.value());
    } else if (value instanceof Value.Float number) {
      floatingPoint(number.value());
    } else if (value instanceof Value.Bool bool) {
      bool(bool.value());
    } else if (value instanceof Value.ListOf list) {
      put((byte) 18);
      putInt(list.items().size());
      list.items().forEach(this::put);
    } else if (value instanceof Value.MapOf map) {
      put((byte) 19);
      properties(map.entries());
    } else if (value instanceof Value.Null) {
      put((byte) 0);
    } else if (value instanceof Value.Decimal decimal) {
      put((byte) 4);
      text(decimal.value().stripTrailingZeros().toString());
    } else if (value instanceof Value.Bytes bytes) {
      put((byte) 6);
      text(bytes.value(), 0, bytes.value().length);
    } else if (value instanceof Value.Uuid uuid) {
      put((byte) 7);
      putLong(uuid.value().getMostSignificantBits());
      putLong(uuid.value().getLeastSignificantBits());
    } else if (value instanceof Value.Point point) {
      put((byte) 16);
      putInt(point.srid());
      putInt(point.coordinates().size());
      point.coordinates().forEach(c -> putLong(Double.doubleToLongBits(c)));
    } else if (value instanceof Value.Geoshape shape) {
      put((byte) 17);
      text(shape.wkt());
    } else {
      putTemporal(value);
    }
  }

  private void putTemporal(Value value) {
    if (value instanceof Value.Date date) {
      put((byte) 8);
      putLong(date.value().toEpochDay());
    } else if (value instanceof Value.Time time) {
      put((byte) 9);
      putLong(time.value().toLocalTime().toNanoOfDay());
      putInt(time.value().getOffset().getTotalSeconds());
    } else if (value instanceof Value.LocalTimeOfDay time) {
      put((byte) 10);
      putLong(time.value().toNanoOfDay());
    } else if (value instanceof Value.LocalTimestamp timestamp) {
      put((byte) 11);
      putLong(timestamp.value().toLocalDate().toEpochDay());
      putLong(timestamp.value().toLocalTime().toNanoOfDay());
    } else if (value instanceof Value.OffsetTimestamp timestamp) {
      put((byte) 12);
      putLong(timestamp.value().toEpochSecond());
      putInt(timestamp.value().getNano());
      putInt(timestamp.value().getOffset().getTotalSeconds());
    } else if (value instanceof Value.ZonedTimestamp timestamp) {
      put((byte) 13);
      putLong(timestamp.value().toEpochSecond());
      putInt(timestamp.value().getNano());
      text(timestamp.value().getZone().getId());
    } else if (value instanceof Value.Timestamp timestamp) {
      put((byte) 14);
      putLong(timestamp.value().getEpochSecond());
      putInt(timestamp.value().getNano());
    } else if (value instanceof Value.Duration duration) {
      put((byte) 15);
      putLong(duration.months());
      putLong(duration.days());
      putLong(duration.seconds());
      putInt(duration.nanos());
    } else {
      throw new IllegalStateException("no canonical form for " + value);
    }
  }

  private void put(byte value) {
    room(1).put(value);
  }

  private void putInt(int value) {
    room(Integer.BYTES).putInt(value);
  }

  private void putLong(long value) {
    room(Long.BYTES).putLong(value);
  }

  private void put(byte[] bytes, int from, int length) {
    room(length).put(bytes, from, length);
  }

  private ByteBuffer room(int bytes) {
    if (out.remaining() < bytes) {
      int needed = Math.addExact(out.position(), bytes);
      int grown = (int) Math.min(Integer.MAX_VALUE - 8L, Math.max(needed, out.capacity() * 2L));
      out = ByteBuffer.wrap(Arrays.copyOf(out.array(), grown)).position(out.position());
    }
    return out;
  }
}
