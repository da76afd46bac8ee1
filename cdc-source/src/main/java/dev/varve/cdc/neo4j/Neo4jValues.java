package dev.varve.cdc.neo4j;

import dev.varve.graph.Value.Bool;
import dev.varve.graph.Value.Bytes;
import dev.varve.graph.Value.Date;
import dev.varve.graph.Value.Duration;
import dev.varve.graph.Value.FloatWidth;
import dev.varve.graph.Value.Int;
import dev.varve.graph.Value.IntWidth;
import dev.varve.graph.Value.ListOf;
import dev.varve.graph.Value.LocalTimeOfDay;
import dev.varve.graph.Value.LocalTimestamp;
import dev.varve.graph.Value.OffsetTimestamp;
import dev.varve.graph.Value.Point;
import dev.varve.graph.Value.Text;
import dev.varve.graph.Value.Time;
import dev.varve.graph.Value.ZonedTimestamp;
import java.time.ZoneOffset;
import java.time.ZonedDateTime;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;
import org.neo4j.driver.Value;
import org.neo4j.driver.types.IsoDuration;

/**
 * Property values as Bolt brings them. Bolt knows one integer and one floating-point type: the
 * stored width is kept where the plugin tells it.
 */
final class Neo4jValues {

  private Neo4jValues() {}

  /**
   * All properties of an element.
   *
   * @param storedTypes Neo4j's names of those stored types that Bolt does not tell, by key
   */
  static SortedMap<String, dev.varve.graph.Value> properties(
      Value map, Map<String, String> storedTypes) {
    SortedMap<String, dev.varve.graph.Value> properties = new TreeMap<>();
    for (String key : map.keys()) {
      properties.put(key, of(map.get(key), Optional.ofNullable(storedTypes.get(key))));
    }
    return properties;
  }

  private static dev.varve.graph.Value of(Value value, Optional<String> stored) {
    String type = value.type().name();
    return switch (type) {
      case "BOOLEAN" -> new Bool(value.asBoolean());
      case "INTEGER" -> new Int(value.asLong(), intWidth(stored.orElse("long")));
      case "FLOAT" ->
          new dev.varve.graph.Value.Float(
              value.asDouble(),
              stored.orElse("").equals("float") ? FloatWidth.FLOAT32 : FloatWidth.FLOAT64);
      case "STRING" -> new Text(value.asString(), stored.orElse("").equals("char"));
      case "BYTES" -> new Bytes(value.asByteArray());
      case "DATE" -> new Date(value.asLocalDate());
      case "TIME" -> new Time(value.asOffsetTime());
      case "LOCAL_TIME" -> new LocalTimeOfDay(value.asLocalTime());
      case "LOCAL_DATE_TIME" -> new LocalTimestamp(value.asLocalDateTime());
      case "DATE_TIME" -> dateTime(value.asZonedDateTime());
      case "DURATION" -> duration(value.asIsoDuration());
      case "POINT" -> point(value.asPoint());
      case "LIST OF ANY?" -> list(value, stored.map(Neo4jValues::itemType));
      default -> throw new IllegalStateException("a property of the unknown type " + type);
    };
  }

  private static ListOf list(Value value, Optional<String> itemType) {
    List<dev.varve.graph.Value> items = new ArrayList<>(value.size());
    for (Value item : value.values()) {
      items.add(of(item, itemType));
    }
    return new ListOf(items, items.isEmpty() ? itemType : Optional.empty());
  }

  private static String itemType(String listType) {
    return listType.endsWith("[]") ? listType.substring(0, listType.length() - 2) : listType;
  }

  private static IntWidth intWidth(String stored) {
    return switch (stored) {
      case "byte" -> IntWidth.INT8;
      case "short" -> IntWidth.INT16;
      case "int" -> IntWidth.INT32;
      default -> IntWidth.INT64;
    };
  }

  private static dev.varve.graph.Value dateTime(ZonedDateTime value) {
    return value.getZone() instanceof ZoneOffset
        ? new OffsetTimestamp(value.toOffsetDateTime())
        : new ZonedTimestamp(value);
  }

  private static Duration duration(IsoDuration value) {
    return new Duration(value.months(), value.days(), value.seconds(), value.nanoseconds());
  }

  private static Point point(org.neo4j.driver.types.Point value) {
    return new Point(
        value.srid(),
        Double.isNaN(value.z())
            ? List.of(value.x(), value.y())
            : List.of(value.x(), value.y(), value.z()));
  }

  /** A value as a person reads it. */
  static String display(Value value) {
    return value.type().name().equals("STRING") ? value.asString() : value.toString();
  }
}
