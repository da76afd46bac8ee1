package dev.varve.restore.target.neo4jstore;

import dev.varve.graph.Value;
import dev.varve.graph.Value.FloatWidth;
import dev.varve.graph.Value.IntWidth;
import dev.varve.restore.convert.Neo4jRule;
import dev.varve.restore.convert.Neo4jValues;
import java.time.LocalDate;
import java.time.LocalDateTime;
import java.time.LocalTime;
import java.time.OffsetTime;
import java.time.ZonedDateTime;
import java.util.List;
import java.util.Optional;
import java.util.function.Function;
import java.util.function.IntFunction;
import org.neo4j.values.storable.CoordinateReferenceSystem;
import org.neo4j.values.storable.DateTimeValue;
import org.neo4j.values.storable.DateValue;
import org.neo4j.values.storable.DurationValue;
import org.neo4j.values.storable.LocalDateTimeValue;
import org.neo4j.values.storable.LocalTimeValue;
import org.neo4j.values.storable.PointValue;
import org.neo4j.values.storable.TimeValue;
import org.neo4j.values.storable.Values;

/** Varve's property values as Neo4j stores them, in the width and type that they carry. */
final class PropertyValues {

  private PropertyValues() {}

  /**
   * A value as Neo4j stores it.
   *
   * @throws UnsupportedValueException if Neo4j has no such property type
   */
  static org.neo4j.values.storable.Value stored(Value value) {
    Optional<Neo4jRule> misfit = Neo4jValues.misfit(value);
    if (misfit.isPresent()) {
      throw new UnsupportedValueException(misfit.get().subject());
    }
    if (value instanceof Value.Text text) {
      return text.character()
          ? Values.charValue(text.value().charAt(0))
          : Values.stringValue(text.value());
    } else if (value instanceof Value.Int number) {
      return number(number);
    } else if (value instanceof Value.Float number) {
      return number.width() == FloatWidth.FLOAT32
          ? Values.floatValue((float) number.value())
          : Values.doubleValue(number.value());
    } else if (value instanceof Value.Bool bool) {
      return Values.booleanValue(bool.value());
    } else if (value instanceof Value.Bytes bytes) {
      return Values.byteArray(bytes.value());
    } else if (value instanceof Value.Point point) {
      return point(point);
    } else if (value instanceof Value.ListOf list) {
      return list.items().isEmpty()
          ? emptyArray(list.stored().orElse("string"))
          : array(list.items());
    }
    return temporal(value);
  }

  private static org.neo4j.values.storable.Value number(Value.Int number) {
    return switch (number.width()) {
      case INT8 -> Values.byteValue((byte) number.value());
      case INT16 -> Values.shortValue((short) number.value());
      case INT32 -> Values.intValue((int) number.value());
      case INT64 -> Values.longValue(number.value());
    };
  }

  private static org.neo4j.values.storable.Value temporal(Value value) {
    if (value instanceof Value.Date date) {
      return DateValue.date(date.value());
    } else if (value instanceof Value.Time time) {
      return TimeValue.time(time.value());
    } else if (value instanceof Value.LocalTimeOfDay time) {
      return LocalTimeValue.localTime(time.value());
    } else if (value instanceof Value.LocalTimestamp timestamp) {
      return LocalDateTimeValue.localDateTime(timestamp.value());
    } else if (value instanceof Value.OffsetTimestamp timestamp) {
      return DateTimeValue.datetime(timestamp.value());
    } else if (value instanceof Value.ZonedTimestamp timestamp) {
      return DateTimeValue.datetime(timestamp.value());
    } else if (value instanceof Value.Duration duration) {
      return duration(duration);
    }
    throw unforeseen(value);
  }

  private static DurationValue duration(Value.Duration duration) {
    return DurationValue.duration(
        duration.months(), duration.days(), duration.seconds(), duration.nanos());
  }

  private static PointValue point(Value.Point point) {
    double[] coordinates = point.coordinates().stream().mapToDouble(Double::doubleValue).toArray();
    return Values.pointValue(CoordinateReferenceSystem.get(point.srid()), coordinates);
  }

  /** An array is of the type of its items, of the widest where their widths differ. */
  private static org.neo4j.values.storable.Value array(List<Value> items) {
    Value first = items.get(0);
    if (first instanceof Value.Int) {
      return integers(items);
    } else if (first instanceof Value.Text) {
      return texts(items);
    } else if (first instanceof Value.Float) {
      return floats(items);
    } else if (first instanceof Value.Bool) {
      boolean[] bools = new boolean[items.size()];
      for (int i = 0; i < bools.length; i++) {
        bools[i] = item(items, i, Value.Bool.class).value();
      }
      return Values.booleanArray(bools);
    } else if (first instanceof Value.Point) {
      return Values.pointArray(
          all(items, Value.Point.class, PropertyValues::point, PointValue[]::new));
    }
    return temporals(items);
  }

  private static org.neo4j.values.storable.Value integers(List<Value> items) {
    IntWidth widest = IntWidth.INT16; // bytes are Value.Bytes
    long[] longs = new long[items.size()];
    for (int i = 0; i < longs.length; i++) {
      var number = item(items, i, Value.Int.class);
      longs[i] = number.value();
      widest = number.width().compareTo(widest) > 0 ? number.width() : widest;
    }
    if (widest == IntWidth.INT64) {
      return Values.longArray(longs);
    } else if (widest == IntWidth.INT32) {
      int[] ints = new int[longs.length];
      for (int i = 0; i < ints.length; i++) {
        ints[i] = (int) longs[i];
      }
      return Values.intArray(ints);
    }
    short[] shorts = new short[longs.length];
    for (int i = 0; i < shorts.length; i++) {
      shorts[i] = (short) longs[i];
    }
    return Values.shortArray(shorts);
  }

  private static org.neo4j.values.storable.Value texts(List<Value> items) {
    boolean characters = true;
    String[] strings = new String[items.size()];
    for (int i = 0; i < strings.length; i++) {
      var text = item(items, i, Value.Text.class);
      strings[i] = text.value();
      characters &= text.character();
    }
    if (!characters) {
      return Values.stringArray(strings);
    }
    char[] chars = new char[strings.length];
    for (int i = 0; i < chars.length; i++) {
      chars[i] = strings[i].charAt(0);
    }
    return Values.charArray(chars);
  }

  private static org.neo4j.values.storable.Value floats(List<Value> items) {
    boolean single = true;
    double[] doubles = new double[items.size()];
    for (int i = 0; i < doubles.length; i++) {
      var number = item(items, i, Value.Float.class);
      doubles[i] = number.value();
      single &= number.width() == FloatWidth.FLOAT32;
    }
    if (!single) {
      return Values.doubleArray(doubles);
    }
    float[] floats = new float[doubles.length];
    for (int i = 0; i < floats.length; i++) {
      floats[i] = (float) doubles[i];
    }
    return Values.floatArray(floats);
  }

  private static org.neo4j.values.storable.Value temporals(List<Value> items) {
    Value first = items.get(0);
    if (first instanceof Value.Date) {
      return Values.dateArray(all(items, Value.Date.class, Value.Date::value, LocalDate[]::new));
    } else if (first instanceof Value.Time) {
      return Values.timeArray(all(items, Value.Time.class, Value.Time::value, OffsetTime[]::new));
    } else if (first instanceof Value.LocalTimeOfDay) {
      return Values.localTimeArray(
          all(items, Value.LocalTimeOfDay.class, Value.LocalTimeOfDay::value, LocalTime[]::new));
    } else if (first instanceof Value.LocalTimestamp) {
      return Values.localDateTimeArray(
          all(
              items,
              Value.LocalTimestamp.class,
              Value.LocalTimestamp::value,
              LocalDateTime[]::new));
    } else if (first instanceof Value.Duration) {
      return Values.durationArray(
          all(items, Value.Duration.class, PropertyValues::duration, DurationValue[]::new));
    } else if (first instanceof Value.OffsetTimestamp || first instanceof Value.ZonedTimestamp) {
      return Values.dateTimeArray(
          all(items, Value.class, PropertyValues::zoned, ZonedDateTime[]::new));
    }
    throw unforeseen(first);
  }

  private static ZonedDateTime zoned(Value value) {
    if (value instanceof Value.OffsetTimestamp timestamp) {
      return timestamp.value().toZonedDateTime();
    } else if (value instanceof Value.ZonedTimestamp timestamp) {
      return timestamp.value();
    }
    throw unforeseen(value);
  }

  private static <V extends Value, T> T[] all(
      List<Value> items, Class<V> type, Function<V, T> convert, IntFunction<T[]> array) {
    T[] result = array.apply(items.size());
    for (int i = 0; i < result.length; i++) {
      result[i] = convert.apply(item(items, i, type));
    }
    return result;
  }

  private static <V extends Value> V item(List<Value> items, int index, Class<V> type) {
    if (!type.isInstance(items.get(index))) {
      throw unforeseen(items.get(index));
    }
    return type.cast(items.get(index));
  }

  private static org.neo4j.values.storable.Value emptyArray(String itemType) {
    return switch (itemType) {
      // the record format cannot hold an empty array of points; empty is empty
      case "string", "point" -> Values.EMPTY_TEXT_ARRAY;
      case "char" -> Values.EMPTY_CHAR_ARRAY;
      case "long" -> Values.EMPTY_LONG_ARRAY;
      case "int" -> Values.EMPTY_INT_ARRAY;
      case "short" -> Values.EMPTY_SHORT_ARRAY;
      case "double" -> Values.EMPTY_DOUBLE_ARRAY;
      case "float" -> Values.EMPTY_FLOAT_ARRAY;
      case "boolean" -> Values.EMPTY_BOOLEAN_ARRAY;
      case "datetime" -> Values.dateTimeArray(new ZonedDateTime[0]);
      case "localdatetime" -> Values.localDateTimeArray(new LocalDateTime[0]);
      case "date" -> Values.dateArray(new LocalDate[0]);
      case "time" -> Values.timeArray(new OffsetTime[0]);
      case "localtime" -> Values.localTimeArray(new LocalTime[0]);
      case "duration" -> Values.durationArray(new DurationValue[0]);
      default -> throw new UnsupportedValueException("an empty list of " + itemType);
    };
  }

  private static IllegalStateException unforeseen(Value value) {
    return new IllegalStateException("the table says that Neo4j holds " + value);
  }

  /** A value that Neo4j has no property type for. */
  static final class UnsupportedValueException extends RuntimeException {
    UnsupportedValueException(String what) {
      super(what);
    }
  }
}
