package dev.varve.graph;

import java.math.BigDecimal;
import java.time.Instant;
import java.time.LocalDate;
import java.time.LocalDateTime;
import java.time.LocalTime;
import java.time.OffsetDateTime;
import java.time.OffsetTime;
import java.time.ZonedDateTime;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.UUID;

/**
 * A property value, in the types that Varve carries from any store to any other.
 *
 * <p>Where a store distinguishes widths (Neo4j's byte, short, int, float, char), the width travels
 * with the value so that a restore into the same kind of store is exact. Two values that differ in
 * width alone count as the same content: the fingerprint does not see it.
 */
public sealed interface Value {

  /** A null, only inside a list or a map. */
  record Null() implements Value {}

  record Bool(boolean value) implements Value {}

  /** A whole number that fits the width it was stored in. */
  record Int(long value, IntWidth width) implements Value {
    public Int {
      if (!width.holds(value)) {
        throw new IllegalArgumentException(value + " does not fit " + width);
      }
    }

    public static Int of(long value) {
      return new Int(value, IntWidth.INT64);
    }
  }

  /** How many bits a store keeps a whole number in. */
  enum IntWidth {
    INT8(8),
    INT16(16),
    INT32(32),
    INT64(64);

    private final int bits;

    IntWidth(int bits) {
      this.bits = bits;
    }

    public int bits() {
      return bits;
    }

    boolean holds(long value) {
      return bits == 64 || (value >> (bits - 1)) == (value >> 63);
    }
  }

  /** A floating-point number; a 32-bit one is held widened, which is exact. */
  record Float(double value, FloatWidth width) implements Value {
    public static Float of(double value) {
      return new Float(value, FloatWidth.FLOAT64);
    }
  }

  enum FloatWidth {
    FLOAT32,
    FLOAT64
  }

  record Decimal(BigDecimal value) implements Value {}

  /** A string; {@code character} if the store holds it as a single 16-bit character. */
  record Text(String value, boolean character) implements Value {
    public static Text of(String value) {
      return new Text(value, false);
    }
  }

  /** Raw bytes; not to be changed after construction. */
  @SuppressWarnings("ArrayRecordComponent") // equality is defined below
  record Bytes(byte[] value) implements Value {
    @Override
    public boolean equals(Object other) {
      return other instanceof Bytes bytes && Arrays.equals(value, bytes.value);
    }

    @Override
    public int hashCode() {
      return Arrays.hashCode(value);
    }

    @Override
    public String toString() {
      return "Bytes[" + value.length + "]";
    }
  }

  record Uuid(UUID value) implements Value {}

  record Date(LocalDate value) implements Value {}

  /** A time of day with an offset from UTC. */
  record Time(OffsetTime value) implements Value {}

  record LocalTimeOfDay(LocalTime value) implements Value {}

  record LocalTimestamp(LocalDateTime value) implements Value {}

  /** A date and time with a fixed offset. */
  record OffsetTimestamp(OffsetDateTime value) implements Value {}

  /** A date and time in a named zone. */
  record ZonedTimestamp(ZonedDateTime value) implements Value {}

  record Timestamp(Instant value) implements Value {}

  /** An amount of time in calendar and clock units, as ISO 8601 and Neo4j have it. */
  record Duration(long months, long days, long seconds, int nanos) implements Value {}

  /** A point in a coordinate reference system, two or three coordinates. */
  record Point(int srid, List<Double> coordinates) implements Value {
    public Point {
      coordinates = List.copyOf(coordinates);
    }
  }

  /** A shape as well-known text. */
  record Geoshape(String wkt) implements Value {}

  /**
   * A list.
   *
   * @param stored the store's name for the array's type where the items do not tell it (an empty
   *     {@code int[]}); not part of the content
   */
  record ListOf(List<Value> items, Optional<String> stored) implements Value {
    public ListOf {
      items = List.copyOf(items);
    }

    public static ListOf of(List<Value> items) {
      return new ListOf(items, Optional.empty());
    }
  }

  record MapOf(SortedMap<String, Value> entries) implements Value {
    public MapOf {
      entries = Collections.unmodifiableSortedMap(new TreeMap<>(entries));
    }

    public static MapOf of(Map<String, Value> entries) {
      return new MapOf(new TreeMap<>(entries));
    }
  }
}
