package dev.varve.restore.convert;

import dev.varve.age.Agtype;
import dev.varve.graph.Value;
import dev.varve.restore.convert.Rule.Treatment;
import java.time.ZoneId;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/** Property values for Neo4j: what it holds, and what becomes of the others. */
public final class Neo4jValues {

  /** How many coordinates a point has in each of the systems that Neo4j knows. */
  private static final Map<Integer, Integer> DIMENSIONS =
      Map.of(4326, 2, 7203, 2, 4979, 3, 9157, 3);

  // as Neo4j reckons when it looks whether a duration is too long
  private static final long SECONDS_A_MONTH = 2_629_746;
  private static final long SECONDS_A_DAY = 86_400;
  private static final int NANOS_A_SECOND = 1_000_000_000;

  private Neo4jValues() {}

  /** Why Neo4j has no property for a value; absent if it has. */
  public static Optional<Neo4jRule> misfit(Value value) {
    if (value instanceof Value.Point point) {
      return fits(point) ? Optional.empty() : Optional.of(Neo4jRule.UNFIT_POINT);
    } else if (value instanceof Value.Duration duration) {
      return fits(duration) ? Optional.empty() : Optional.of(Neo4jRule.UNFIT_DURATION);
    } else if (value instanceof Value.ZonedTimestamp timestamp) {
      return fits(timestamp.value().getZone())
          ? Optional.empty()
          : Optional.of(Neo4jRule.UNFIT_ZONE);
    } else if (value instanceof Value.ListOf list) {
      return fits(list.items()) ? Optional.empty() : Optional.of(Neo4jRule.MIXED_LIST);
    }
    for (Neo4jRule rule : CONVERTED_TYPES) {
      if (rule.type().orElseThrow().isInstance(value)) {
        return Optional.of(rule);
      }
    }
    return Optional.empty();
  }

  private static final List<Neo4jRule> CONVERTED_TYPES =
      List.of(Neo4jRule.values()).stream()
          .filter(rule -> rule.treatment() == Treatment.CONVERT && rule.type().isPresent())
          .toList();

  private static boolean fits(Value.Point point) {
    Integer dimensions = DIMENSIONS.get(point.srid());
    return dimensions != null
        && dimensions == point.coordinates().size()
        && point.coordinates().stream().allMatch(Double::isFinite);
  }

  private static boolean fits(Value.Duration duration) {
    try {
      long months = Math.multiplyExact(duration.months(), SECONDS_A_MONTH);
      long days = Math.multiplyExact(duration.days(), SECONDS_A_DAY);
      Math.addExact(Math.addExact(months, days), duration.seconds());
      return duration.nanos() >= 0 && duration.nanos() < NANOS_A_SECOND;
    } catch (ArithmeticException e) {
      return false;
    }
  }

  private static boolean fits(ZoneId zone) {
    return ZONES.contains(zone.getId());
  }

  private static final Set<String> ZONES = Set.copyOf(ZoneId.getAvailableZoneIds());

  /** An array has items of one type; points in it are in one system. */
  private static boolean fits(List<Value> items) {
    if (items.isEmpty()) {
      return true;
    }
    Object kind = kind(items.get(0));
    for (Value item : items) {
      boolean single = !(item instanceof Value.ListOf) && !(item instanceof Value.Bytes);
      if (!single || !kind(item).equals(kind) || misfit(item).isPresent()) {
        return false;
      }
    }
    return true;
  }

  private static Object kind(Value item) {
    if (item instanceof Value.Point point) {
      return point.srid();
    }
    return item instanceof Value.ZonedTimestamp ? Value.OffsetTimestamp.class : item.getClass();
  }

  /**
   * The value of a property as Neo4j holds it.
   *
   * @param from where the value comes from
   * @param used gets the rules that say how; if one of them refuses, the result means nothing
   */
  static Value property(Value value, Engine from, Set<Rule> used) {
    boolean looksCarried =
        value instanceof Value.Text text && text.value().startsWith(AgeValues.CARRIED);
    Value plain = from == Engine.AGE ? AgeValues.decoded(value) : value;
    if (!looksCarried && misfit(plain).isEmpty()) {
      if (plain.equals(value)) {
        return value;
      }
      // seen twice: only what would be written like this again
      if (AgeValues.property(plain, new HashSet<>()).equals(value)) {
        used.add(Neo4jRule.TAGGED);
        return plain;
      }
    }
    Optional<Value> carried = carried(value, from);
    used.add(
        carried.isEmpty()
            ? Neo4jRule.UNFIT_VALUE
            : looksCarried ? Neo4jRule.UNFIT_TEXT : misfit(value).orElse(Neo4jRule.MAP));
    return carried.orElse(value);
  }

  private static Optional<Value> carried(Value value, Engine from) {
    Set<Rule> used = new HashSet<>();
    Value agtype = from == Engine.AGE ? value : AgeValues.encoded(value, used);
    if (used.stream().anyMatch(rule -> rule.treatment() == Treatment.REFUSE)) {
      return Optional.empty();
    }
    StringBuilder text = new StringBuilder(AgeValues.CARRIED);
    try {
      Agtype.write(agtype, text);
    } catch (IllegalArgumentException e) {
      return Optional.empty();
    }
    return Optional.of(Value.Text.of(text.toString()));
  }
}
