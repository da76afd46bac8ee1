// SPDX-License-Identifier: GPL-3.0-only
package dev.varve.neo4j.plugin;

import dev.varve.graph.Value;
import dev.varve.graph.Value.FloatWidth;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import org.neo4j.values.storable.CoordinateReferenceSystem;
import org.neo4j.values.storable.DurationValue;
import org.neo4j.values.storable.Values;

/** Property values as a procedure returns them, and what Bolt would not tell of their types. */
final class BoltValues {

  private BoltValues() {}

  static Map<String, Object> of(Map<String, Value> properties) {
    Map<String, Object> result = new TreeMap<>();
    properties.forEach((key, value) -> result.put(key, of(value)));
    return result;
  }

  /** The stored types of those properties whose type Bolt does not keep, by key. */
  static Map<String, Object> storedTypes(Map<String, Value> properties) {
    Map<String, Object> result = new TreeMap<>();
    properties.forEach((key, value) -> storedType(value).ifPresent(type -> result.put(key, type)));
    return result;
  }

  private static Object of(Value value) {
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
    } else if (value instanceof Value.ListOf list) {
      List<Object> items = new ArrayList<>(list.items().size());
      list.items().forEach(item -> items.add(of(item)));
      return items;
    } else if (value instanceof Value.Point point) {
      return Values.pointValue(
          CoordinateReferenceSystem.get(point.srid()),
          point.coordinates().stream().mapToDouble(Double::doubleValue).toArray());
    } else if (value instanceof Value.Date date) {
      return date.value();
    } else if (value instanceof Value.Time time) {
      return time.value();
    } else if (value instanceof Value.LocalTimeOfDay time) {
      return time.value();
    } else if (value instanceof Value.LocalTimestamp timestamp) {
      return timestamp.value();
    } else if (value instanceof Value.OffsetTimestamp timestamp) {
      return timestamp.value().toZonedDateTime();
    } else if (value instanceof Value.ZonedTimestamp timestamp) {
      return timestamp.value();
    } else if (value instanceof Value.Duration duration) {
      return DurationValue.duration(
          duration.months(), duration.days(), duration.seconds(), duration.nanos());
    }
    throw new IllegalArgumentException("Neo4j has no such property value: " + value);
  }

  private static Optional<String> storedType(Value value) {
    if (value instanceof Value.Int number) {
      return switch (number.width()) {
        case INT8 -> Optional.of("byte");
        case INT16 -> Optional.of("short");
        case INT32 -> Optional.of("int");
        case INT64 -> Optional.empty();
      };
    } else if (value instanceof Value.Float number) {
      return number.width() == FloatWidth.FLOAT32 ? Optional.of("float") : Optional.empty();
    } else if (value instanceof Value.Text text) {
      return text.character() ? Optional.of("char") : Optional.empty();
    } else if (value instanceof Value.ListOf list) {
      Optional<String> items =
          list.items().isEmpty() ? list.stored() : storedType(list.items().get(0));
      return items.map(type -> type + "[]");
    }
    return Optional.empty();
  }
}
