package dev.varve.restore.target.neo4j;

import dev.varve.fault.ExitCode;
import dev.varve.fault.VarveException;
import dev.varve.graph.Value;
import dev.varve.restore.convert.Neo4jRule;
import dev.varve.restore.convert.Neo4jValues;
import java.time.LocalDate;
import java.time.LocalDateTime;
import java.time.LocalTime;
import java.time.OffsetTime;
import java.time.ZoneOffset;
import java.time.ZonedDateTime;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import org.neo4j.driver.Values;
import org.neo4j.driver.types.IsoDuration;
import org.neo4j.driver.types.Point;

/**
 * Property values to Bolt's and back. Bolt has one whole number, one floating-point number and no
 * character: widths are not carried over it, and the fingerprint does not see them.
 */
final class BoltValues {

  /** WGS-84 and Cartesian; the other two systems that Neo4j knows have three axes. */
  private static final Set<Integer> TWO_DIMENSIONAL = Set.of(4326, 7203);

  private BoltValues() {}

  static Map<String, Object> toBolt(SortedMap<String, Value> properties) {
    Map<String, Object> result = new HashMap<>(properties.size() * 2);
    properties.forEach(
        (key, value) -> {
          Optional<Neo4jRule> misfit = Neo4jValues.misfit(value);
          if (misfit.isPresent()) {
            throw refused(key, misfit.get().subject());
          }
          result.put(key, toBolt(value));
        });
    return result;
  }

  private static Object toBolt(Value value) {
    if (value instanceof Value.Text text) {
      return text.value();
    } else if (value instanceof Value.Int number) {
      return number.value();
    } else if (value instanceof Value.Float number) {
      return number.value();
    } else if (value instanceof Value.Bool bool) {
      return bool.value();
    } else if (value instanceof Value.Bytes bytes) {
      return bytes.value();
    } else if (value instanceof Value.Date date) {
      return date.value();
    } else if (value instanceof Value.Time time) {
      return time.value();
    } else if (value instanceof Value.LocalTimeOfDay time) {
      return time.value();
    } else if (value instanceof Value.LocalTimestamp timestamp) {
      return timestamp.value();
    } else if (value instanceof Value.OffsetTimestamp timestamp) {
      return timestamp.value();
    } else if (value instanceof Value.ZonedTimestamp timestamp) {
      return timestamp.value();
    } else if (value instanceof Value.Duration duration) {
      return Values.isoDuration(
              duration.months(), duration.days(), duration.seconds(), duration.nanos())
          .asIsoDuration();
    } else if (value instanceof Value.Point point) {
      return toBolt(point);
    } else if (value instanceof Value.ListOf list) {
      List<Object> items = new ArrayList<>(list.items().size());
      for (Value item : list.items()) {
        items.add(toBolt(item));
      }
      return items;
    }
    throw new IllegalStateException("the table says that Neo4j holds " + value);
  }

  private static Point toBolt(Value.Point point) {
    List<Double> at = point.coordinates();
    return at.size() == 2
        ? Values.point(point.srid(), at.get(0), at.get(1)).asPoint()
        : Values.point(point.srid(), at.get(0), at.get(1), at.get(2)).asPoint();
  }

  static SortedMap<String, Value> fromBolt(Map<String, Object> properties) {
    SortedMap<String, Value> result = new TreeMap<>();
    properties.forEach((key, value) -> result.put(key, fromBolt(value)));
    return result;
  }

  private static Value fromBolt(Object value) {
    if (value instanceof String text) {
      return Value.Text.of(text);
    } else if (value instanceof Long number) {
      return Value.Int.of(number);
    } else if (value instanceof Double number) {
      return Value.Float.of(number);
    } else if (value instanceof Boolean bool) {
      return new Value.Bool(bool);
    } else if (value instanceof byte[] bytes) {
      return new Value.Bytes(bytes);
    } else if (value instanceof LocalDate date) {
      return new Value.Date(date);
    } else if (value instanceof OffsetTime time) {
      return new Value.Time(time);
    } else if (value instanceof LocalTime time) {
      return new Value.LocalTimeOfDay(time);
    } else if (value instanceof LocalDateTime timestamp) {
      return new Value.LocalTimestamp(timestamp);
    } else if (value instanceof ZonedDateTime timestamp) {
      return timestamp.getZone() instanceof ZoneOffset
          ? new Value.OffsetTimestamp(timestamp.toOffsetDateTime())
          : new Value.ZonedTimestamp(timestamp);
    } else if (value instanceof IsoDuration duration) {
      return new Value.Duration(
          duration.months(), duration.days(), duration.seconds(), duration.nanoseconds());
    } else if (value instanceof Point point) {
      return new Value.Point(
          point.srid(),
          TWO_DIMENSIONAL.contains(point.srid())
              ? List.of(point.x(), point.y())
              : List.of(point.x(), point.y(), point.z()));
    } else if (value instanceof List<?> list) {
      List<Value> items = new ArrayList<>(list.size());
      list.forEach(item -> items.add(fromBolt(item)));
      return new Value.ListOf(items, Optional.empty());
    }
    throw new IllegalStateException("Bolt gave a value of " + value.getClass());
  }

  private static VarveException refused(String key, String what) {
    return new VarveException(
        ExitCode.FAILED,
        "Neo4j cannot hold property '" + key + "': it is " + what,
        "restore into dir:<path>?format=avro, which holds every value");
  }
}
