package dev.varve.restore.target.neo4jstore;

import dev.varve.graph.Value;
import dev.varve.graph.Value.FloatWidth;
import dev.varve.graph.Value.IntWidth;
import java.lang.reflect.Array;
import java.time.LocalDate;
import java.time.LocalDateTime;
import java.time.LocalTime;
import java.time.OffsetTime;
import java.time.ZoneOffset;
import java.time.ZonedDateTime;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.neo4j.values.storable.DurationValue;
import org.neo4j.values.storable.PointValue;

/** What Neo4j has stored, as Varve carries it: the way back from {@link PropertyValues}. */
final class StoredValues {

  /** The names that a chain has for the item types of empty arrays. */
  private static final Map<Class<?>, String> ITEM_TYPES =
      Map.ofEntries(
          Map.entry(String.class, "string"),
          Map.entry(char.class, "char"),
          Map.entry(long.class, "long"),
          Map.entry(int.class, "int"),
          Map.entry(short.class, "short"),
          Map.entry(double.class, "double"),
          Map.entry(float.class, "float"),
          Map.entry(boolean.class, "boolean"),
          Map.entry(PointValue.class, "point"),
          Map.entry(ZonedDateTime.class, "datetime"),
          Map.entry(LocalDateTime.class, "localdatetime"),
          Map.entry(LocalDate.class, "date"),
          Map.entry(OffsetTime.class, "time"),
          Map.entry(LocalTime.class, "localtime"),
          Map.entry(DurationValue.class, "duration"));

  private StoredValues() {}

  /**
   * A value as Varve carries it.
   *
   * @param stored what Neo4j gives for a stored value as an object
   */
  static Value carried(Object stored) {
    if (stored instanceof String text) {
      return Value.Text.of(text);
    } else if (stored instanceof Long number) {
      return Value.Int.of(number);
    } else if (stored instanceof Double number) {
      return Value.Float.of(number);
    } else if (stored instanceof Boolean bool) {
      return new Value.Bool(bool);
    } else if (stored instanceof Integer number) {
      return new Value.Int(number, IntWidth.INT32);
    } else if (stored instanceof Short number) {
      return new Value.Int(number, IntWidth.INT16);
    } else if (stored instanceof Byte number) {
      return new Value.Int(number, IntWidth.INT8);
    } else if (stored instanceof Float number) {
      return new Value.Float(number, FloatWidth.FLOAT32);
    } else if (stored instanceof Character character) {
      return new Value.Text(character.toString(), true);
    } else if (stored instanceof byte[] bytes) {
      return new Value.Bytes(bytes);
    } else if (stored.getClass().isArray()) {
      return list(stored);
    } else if (stored instanceof PointValue point) {
      return point(point);
    }
    return temporal(stored);
  }

  private static Value temporal(Object stored) {
    if (stored instanceof ZonedDateTime timestamp) {
      return timestamp.getZone() instanceof ZoneOffset
          ? new Value.OffsetTimestamp(timestamp.toOffsetDateTime())
          : new Value.ZonedTimestamp(timestamp);
    } else if (stored instanceof LocalDateTime timestamp) {
      return new Value.LocalTimestamp(timestamp);
    } else if (stored instanceof LocalDate date) {
      return new Value.Date(date);
    } else if (stored instanceof OffsetTime time) {
      return new Value.Time(time);
    } else if (stored instanceof LocalTime time) {
      return new Value.LocalTimeOfDay(time);
    } else if (stored instanceof DurationValue duration) {
      return new Value.Duration(
          duration.get(ChronoUnit.MONTHS),
          duration.get(ChronoUnit.DAYS),
          duration.get(ChronoUnit.SECONDS),
          (int) duration.get(ChronoUnit.NANOS));
    }
    throw new IllegalStateException("Neo4j stores no " + stored.getClass());
  }

  private static Value point(PointValue point) {
    List<Double> coordinates = new ArrayList<>();
    for (double coordinate : point.coordinate()) {
      coordinates.add(coordinate);
    }
    return new Value.Point(point.getCoordinateReferenceSystem().getCode(), coordinates);
  }

  private static Value list(Object array) {
    int length = Array.getLength(array);
    if (length == 0) {
      Class<?> itemType = array.getClass().getComponentType();
      return new Value.ListOf(List.of(), Optional.ofNullable(ITEM_TYPES.get(itemType)));
    }
    List<Value> items = new ArrayList<>(length);
    for (int i = 0; i < length; i++) {
      items.add(carried(Array.get(array, i)));
    }
    return Value.ListOf.of(items);
  }
}
