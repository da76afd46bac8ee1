package dev.varve.graph;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Arrays;
import java.util.Map;
import java.util.SortedMap;

/**
 * Computes {@link ElementHash}es. Keeps buffers, so one instance serves one thread.
 *
 * <p>Canonical form: one tag byte, then the fields in order; a string is its UTF-8 length as a
 * 32-bit integer and its bytes; counts are 32-bit integers; all numbers big endian. Labels and
 * property keys come in the order of their UTF-16 units, as {@link String#compareTo} sorts them.
 */
public final class ElementHasher {

  private static final int INITIAL_BUFFER_BYTES = 512;

  private final MessageDigest sha256;
  private ByteBuffer form = ByteBuffer.allocate(INITIAL_BUFFER_BYTES);

  public ElementHasher() {
    try {
      sha256 = MessageDigest.getInstance("SHA-256");
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every JDK has SHA-256", e);
    }
  }

  /**
   * The hash of an element.
   *
   * @param id its id; only a vertex's enters the hash
   */
  public ElementHash hash(ElementId id, Element element) {
    form.clear();
    if (element instanceof Vertex vertex) {
      put((byte) 'V');
      put(id.id());
      putInt(vertex.labels().size());
      vertex.labels().forEach(this::put);
      putProperties(vertex.properties());
    } else if (element instanceof Edge edge) {
      put((byte) 'E');
      put(edge.type());
      put(edge.start());
      put(edge.end());
      putProperties(edge.properties());
    }
    sha256.update(form.array(), 0, form.position());
    ByteBuffer digest = ByteBuffer.wrap(sha256.digest());
    return new ElementHash(digest.getLong(), digest.getLong());
  }

  private void putProperties(SortedMap<String, Value> properties) {
    putInt(properties.size());
    for (Map.Entry<String, Value> property : properties.entrySet()) {
      put(property.getKey());
      put(property.getValue());
    }
  }

  /** Tags are part of the format: never change or re-use one. */
  private void put(Value value) {
    if (value instanceof Value.Text text) {
      put((byte) 5);
      put(text.value());
    } else if (value instanceof Value.Int number) {
      put((byte) 2);
      putLong(number.value());
    } else if (value instanceof Value.Float number) {
      put((byte) 3);
      putLong(Double.doubleToLongBits(number.value()));
    } else if (value instanceof Value.Bool bool) {
      put((byte) 1);
      put((byte) (bool.value() ? 1 : 0));
    } else if (value instanceof Value.ListOf list) {
      put((byte) 18);
      putInt(list.items().size());
      list.items().forEach(this::put);
    } else if (value instanceof Value.MapOf map) {
      put((byte) 19);
      putProperties(map.entries());
    } else if (value instanceof Value.Null) {
      put((byte) 0);
    } else if (value instanceof Value.Decimal decimal) {
      put((byte) 4);
      put(decimal.value().stripTrailingZeros().toString());
    } else if (value instanceof Value.Bytes bytes) {
      put((byte) 6);
      put(bytes.value());
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
      put(shape.wkt());
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
      put(timestamp.value().getZone().getId());
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

  private void put(String value) {
    put(value.getBytes(StandardCharsets.UTF_8));
  }

  private void put(byte[] bytes) {
    putInt(bytes.length);
    room(bytes.length).put(bytes);
  }

  private ByteBuffer room(int bytes) {
    if (form.remaining() < bytes) {
      int needed = Math.addExact(form.position(), bytes);
      int grown = (int) Math.min(Integer.MAX_VALUE - 8L, Math.max(needed, form.capacity() * 2L));
      form = ByteBuffer.wrap(Arrays.copyOf(form.array(), grown)).position(form.position());
    }
    return form;
  }
}
