// SPDX-License-Identifier: GPL-3.0-only
package dev.varve.neo4j.plugin;

import dev.varve.graph.Value;
import dev.varve.graph.Value.FloatWidth;
import dev.varve.graph.Value.IntWidth;
import java.time.ZoneOffset;
import java.time.ZonedDateTime;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.neo4j.values.AnyValue;
import org.neo4j.values.storable.ArrayValue;
import org.neo4j.values.storable.BooleanArray;
import org.neo4j.values.storable.BooleanValue;
import org.neo4j.values.storable.ByteArray;
import org.neo4j.values.storable.ByteValue;
import org.neo4j.values.storable.CharArray;
import org.neo4j.values.storable.CharValue;
import org.neo4j.values.storable.DateArray;
import org.neo4j.values.storable.DateTimeArray;
import org.neo4j.values.storable.DateTimeValue;
import org.neo4j.values.storable.DateValue;
import org.neo4j.values.storable.DoubleArray;
import org.neo4j.values.storable.DoubleValue;
import org.neo4j.values.storable.DurationArray;
import org.neo4j.values.storable.DurationValue;
import org.neo4j.values.storable.FloatArray;
import org.neo4j.values.storable.FloatValue;
import org.neo4j.values.storable.IntArray;
import org.neo4j.values.storable.IntValue;
import org.neo4j.values.storable.LocalDateTimeArray;
import org.neo4j.values.storable.LocalDateTimeValue;
import org.neo4j.values.storable.LocalTimeArray;
import org.neo4j.values.storable.LocalTimeValue;
import org.neo4j.values.storable.LongArray;
import org.neo4j.values.storable.LongValue;
import org.neo4j.values.storable.PointArray;
import org.neo4j.values.storable.PointValue;
import org.neo4j.values.storable.ShortArray;
import org.neo4j.values.storable.ShortValue;
import org.neo4j.values.storable.TextArray;
import org.neo4j.values.storable.TextValue;
import org.neo4j.values.storable.TimeArray;
import org.neo4j.values.storable.TimeValue;

/** Neo4j's stored property values as Varve's, each in the width and type that it is stored in. */
final class StoredValues {

  private StoredValues() {}

  /**
   * A property value as Neo4j stores it.
   *
   * @throws IllegalArgumentException if Neo4j cannot store such a value
   */
  static Value of(AnyValue stored) {
    if (stored instanceof TextValue text) {
      return new Value.Text(text.stringValue(), stored instanceof CharValue);
    } else if (stored instanceof LongValue number) {
      return new Value.Int(number.longValue(), IntWidth.INT64);
    } else if (stored instanceof IntValue number) {
      return new Value.Int(number.longValue(), IntWidth.INT32);
    } else if (stored instanceof DoubleValue number) {
      return new Value.Float(number.doubleValue(), FloatWidth.FLOAT64);
    } else if (stored instanceof BooleanValue bool) {
      return new Value.Bool(bool.booleanValue());
    } else if (stored instanceof ShortValue number) {
      return new Value.Int(number.longValue(), IntWidth.INT16);
    } else if (stored instanceof ByteValue number) {
      return new Value.Int(number.longValue(), IntWidth.INT8);
    } else if (stored instanceof FloatValue number) {
      return new Value.Float(number.doubleValue(), FloatWidth.FLOAT32);
    } else if (stored instanceof ByteArray bytes) {
      return new Value.Bytes(bytes.asObjectCopy());
    } else if (stored instanceof ArrayValue array) {
      return list(array);
    } else if (stored instanceof PointValue point) {
      return point(point);
    }
    return temporal(stored);
  }

  private static Value temporal(AnyValue stored) {
    if (stored instanceof DateTimeValue timestamp) {
      ZonedDateTime value = timestamp.asObjectCopy();
      return value.getZone() instanceof ZoneOffset
          ? new Value.OffsetTimestamp(value.toOffsetDateTime())
          : new Value.ZonedTimestamp(value);
    } else if (stored instanceof LocalDateTimeValue timestamp) {
      return new Value.LocalTimestamp(timestamp.asObjectCopy());
    } else if (stored instanceof DateValue date) {
      return new Value.Date(date.asObjectCopy());
    } else if (stored instanceof TimeValue time) {
      return new Value.Time(time.asObjectCopy());
    } else if (stored instanceof LocalTimeValue time) {
      return new Value.LocalTimeOfDay(time.asObjectCopy());
    } else if (stored instanceof DurationValue duration) {
      return new Value.Duration(
          duration.get(ChronoUnit.MONTHS),
          duration.get(ChronoUnit.DAYS),
          duration.get(ChronoUnit.SECONDS),
          (int) duration.get(ChronoUnit.NANOS));
    }
    throw new IllegalArgumentException(
        "Neo4j stores no " + stored.getTypeName() + " as a property: " + stored);
  }

  private static Value point(PointValue point) {
    List<Double> coordinates = new ArrayList<>(3);
    for (double coordinate : point.coordinate()) {
      coordinates.add(coordinate);
    }
    return new Value.Point(point.getCoordinateReferenceSystem().getCode(), coordinates);
  }

  private static Value list(ArrayValue array) {
    int length = array.intSize();
    if (length == 0) {
      return new Value.ListOf(List.of(), Optional.of(itemType(array)));
    }
    List<Value> items = new ArrayList<>(length);
    for (int i = 0; i < length; i++) {
      items.add(of(array.value(i)));
    }
    return Value.ListOf.of(items);
  }

  /** What an array holds, which its items tell unless there are none. */
  private static String itemType(ArrayValue array) {
    if (array instanceof TextArray) {
      return array instanceof CharArray ? "char" : "string";
    } else if (array instanceof LongArray) {
      return "long";
    } else if (array instanceof IntArray) {
      return "int";
    } else if (array instanceof ShortArray) {
      return "short";
    } else if (array instanceof DoubleArray) {
      return "double";
    } else if (array instanceof FloatArray) {
      return "float";
    } else if (array instanceof BooleanArray) {
      return "boolean";
    } else if (array instanceof PointArray) {
      return "point";
    } else if (array instanceof DateTimeArray) {
      return "datetime";
    } else if (array instanceof LocalDateTimeArray) {
      return "localdatetime";
    } else if (array instanceof DateArray) {
      return "date";
    } else if (array instanceof TimeArray) {
      return "time";
    } else if (array instanceof LocalTimeArray) {
      return "localtime";
    } else if (array instanceof DurationArray) {
      return "duration";
    }
    throw new IllegalArgumentException("Neo4j stores no " + array.getTypeName());
  }
}
