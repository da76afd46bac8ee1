package dev.varve.restore.target.neo4jstore;

import dev.varve.graph.Value;
import dev.varve.graph.Value.FloatWidth;
import dev.varve.graph.Value.IntWidth;
import java.time.LocalDate;
import java.time.LocalDateTime;
import java.time.LocalTime;
import java.time.OffsetDateTime;
import java.time.OffsetTime;
import java.time.ZoneId;
import java.time.ZoneOffset;
import java.time.ZonedDateTime;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/** A property of every type that Neo4j stores: alone, in an array, in an empty array, at limits. */
final class AllValues {

  static final Map<String, Value> BY_KEY = make();

  private AllValues() {}

  private static Map<String, Value> make() {
    Map<String, List<Value>> singles = new TreeMap<>();
    singles.put("boolean", List.of(new Value.Bool(true), new Value.Bool(false)));
    singles.put("short", ints(IntWidth.INT16, Short.MIN_VALUE, -1, 0, Short.MAX_VALUE));
    singles.put("int", ints(IntWidth.INT32, Integer.MIN_VALUE, 0, 7, Integer.MAX_VALUE));
    singles.put("long", ints(IntWidth.INT64, Long.MIN_VALUE, 0, 7, 1L << 40, Long.MAX_VALUE));
    singles.put("float", floats(FloatWidth.FLOAT32, 0.5, -0.0, Float.MAX_VALUE, Float.NaN));
    singles.put(
        "double",
        floats(FloatWidth.FLOAT64, 0.1, -0.0, Double.MIN_VALUE, Double.NEGATIVE_INFINITY));
    singles.put("char", List.of(new Value.Text("c", true), new Value.Text("\u2603", true)));
    singles.put(
        "string",
        List.of(
            Value.Text.of("short"),
            Value.Text.of(""),
            Value.Text.of("\ud83e\udea8 lime\u0000stone"),
            Value.Text.of("0123456789".repeat(1_000))));
    singles.put(
        "point",
        List.of(
            new Value.Point(4326, List.of(12.5, -55.75)),
            new Value.Point(4326, List.of(-180.0, 90.0))));
    singles.put(
        "date",
        List.of(
            new Value.Date(LocalDate.of(2024, 2, 29)), new Value.Date(LocalDate.of(-44, 3, 15))));
    singles.put(
        "time",
        List.of(
            new Value.Time(OffsetTime.of(23, 59, 59, 999_999_999, ZoneOffset.ofHours(-7))),
            new Value.Time(OffsetTime.of(0, 0, 0, 0, ZoneOffset.UTC))));
    singles.put("localtime", List.of(new Value.LocalTimeOfDay(LocalTime.of(1, 2, 3, 4))));
    singles.put(
        "localdatetime",
        List.of(new Value.LocalTimestamp(LocalDateTime.of(1969, 12, 31, 23, 59, 59, 1))));
    singles.put(
        "datetime",
        List.of(
            new Value.OffsetTimestamp(
                OffsetDateTime.of(2026, 11, 1, 12, 0, 0, 5, ZoneOffset.ofHoursMinutes(5, 30))),
            new Value.ZonedTimestamp(
                ZonedDateTime.of(2026, 3, 29, 4, 0, 0, 0, ZoneId.of("Europe/Berlin")))));
    singles.put(
        "duration",
        List.of(new Value.Duration(14, -3, 12_345, 999_999_999), new Value.Duration(0, 0, -1, 1)));

    Map<String, Value> all = new TreeMap<>();
    singles.forEach(
        (type, values) -> {
          for (int i = 0; i < values.size(); i++) {
            all.put(type + i, values.get(i));
          }
          all.put(type + "s", Value.ListOf.of(values));
          all.put("no_" + type, new Value.ListOf(List.of(), Optional.of(type)));
        });
    for (long number : new long[] {Byte.MIN_VALUE, 0, Byte.MAX_VALUE}) {
      all.put("byte" + number, new Value.Int(number, IntWidth.INT8));
    }
    all.remove("no_point"); // Neo4j's record format has none
    all.put("bytes", new Value.Bytes(new byte[] {1, -1, 0}));
    all.put("no_byte", new Value.Bytes(new byte[0]));
    all.put("many_bytes", new Value.Bytes(new byte[40_000]));
    all.put("point3d", new Value.Point(9157, List.of(1.0, 2.0, 3.0)));
    all.put("point_flat", new Value.Point(7203, List.of(-1e300, 2.0)));
    all.put("point_high", new Value.Point(4979, List.of(1.0, 2.0, 3000.5)));
    all.put("many_longs", Value.ListOf.of(ints(IntWidth.INT64, counting(3_000))));
    return all;
  }

  private static long[] counting(int length) {
    long[] numbers = new long[length];
    for (int i = 0; i < length; i++) {
      numbers[i] = (long) i * i * i * 1_000_003L;
    }
    return numbers;
  }

  private static List<Value> ints(IntWidth width, long... numbers) {
    List<Value> values = new ArrayList<>();
    for (long number : numbers) {
      values.add(new Value.Int(number, width));
    }
    return values;
  }

  private static List<Value> floats(FloatWidth width, double... numbers) {
    List<Value> values = new ArrayList<>();
    for (double number : numbers) {
      values.add(new Value.Float(number, width));
    }
    return values;
  }
}
