package dev.varve.restore.convert;

import dev.varve.age.Agtype;
import dev.varve.graph.Value;
import java.math.BigDecimal;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** Property values for AGE, from another engine and back. */
final class AgeValues {

  /** Begins a string that stands for a value of AGE, in an engine that could not hold it. */
  static final String CARRIED = "::agtype:";

  private static final String ENTRIES = Tag.MARK + "entries";

  /** What is added on the way into PostgreSQL stays below its limit too. */
  private static final int DEPTH_MAX = Agtype.DEPTH_MAX - 10;

  // PostgreSQL's limits of numeric
  private static final int NUMERIC_WHOLE_DIGITS_MAX = 131_072;
  private static final int NUMERIC_SCALE_MAX = 16_383;

  private AgeValues() {}

  /**
   * The value of a property as AGE holds it.
   *
   * @param used gets the rules that say how; if one of them refuses, the result means nothing
   */
  static Value property(Value value, Set<Rule> used) {
    if (value instanceof Value.Text text && text.value().startsWith(CARRIED)) {
      Optional<Value> carried = carried(text);
      used.add(carried.isPresent() ? AgeRule.CARRIED_TEXT : AgeRule.UNFIT_TEXT);
      return carried.orElseGet(() -> tagged(value, AgeRule.UNFIT_TEXT, used));
    }
    return encoded(value, 0, used);
  }

  private static Optional<Value> carried(Value.Text text) {
    try {
      Value value = Agtype.parse(text.value().substring(CARRIED.length()));
      // seen twice: only what would be carried like this again
      return Neo4jValues.property(value, Engine.AGE, new HashSet<>()).equals(text)
          ? Optional.of(value)
          : Optional.empty();
    } catch (IllegalArgumentException e) {
      return Optional.empty();
    }
  }

  /** A value as agtype has it: as it is, or tagged. */
  static Value encoded(Value value, Set<Rule> used) {
    return encoded(value, 0, used);
  }

  private static Value encoded(Value value, int depth, Set<Rule> used) {
    if (depth > DEPTH_MAX) {
      used.add(AgeRule.UNFIT_VALUE);
      return value;
    }
    if (value instanceof Value.Null
        || value instanceof Value.Bool
        || value instanceof Value.Int
        || value instanceof Value.Float) {
      return value;
    } else if (value instanceof Value.Text text) {
      return fits(text.value()) ? value : tagged(value, AgeRule.UNFIT_TEXT, used);
    } else if (value instanceof Value.Decimal decimal) {
      return fits(decimal.value()) ? value : tagged(value, AgeRule.LONG_DECIMAL, used);
    } else if (value instanceof Value.ListOf list) {
      List<Value> items = new ArrayList<>(list.items().size());
      list.items().forEach(item -> items.add(encoded(item, depth + 1, used)));
      return new Value.ListOf(items, list.stored());
    } else if (value instanceof Value.MapOf map) {
      return encoded(map.entries(), depth, used);
    }
    return tagged(value, ruleOf(value), used);
  }

  private static Value encoded(SortedMap<String, Value> entries, int depth, Set<Rule> used) {
    SortedMap<String, Value> encoded = new TreeMap<>();
    entries.forEach(
        (key, value) -> {
          if (!fits(key)) {
            used.add(AgeRule.UNFIT_KEY);
          }
          encoded.put(key, encoded(value, depth + 1, used));
        });
    if (!looksTagged(encoded)) {
      return new Value.MapOf(encoded);
    }
    used.add(AgeRule.UNFIT_MAP);
    Map.Entry<String, Value> only = encoded.entrySet().iterator().next();
    Value pair = Value.ListOf.of(List.of(Value.Text.of(only.getKey()), only.getValue()));
    return Value.MapOf.of(Map.of(ENTRIES, pair));
  }

  private static Value tagged(Value value, Rule rule, Set<Rule> used) {
    Optional<Value> tagged = Tag.tagged(value);
    used.add(tagged.isPresent() ? rule : AgeRule.UNFIT_VALUE);
    return tagged.orElse(value);
  }

  private static Rule ruleOf(Value value) {
    Rule rule = BY_TYPE.get(value.getClass());
    if (rule == null) {
      throw new IllegalStateException("no rule for " + value);
    }
    return rule;
  }

  private static final Map<Class<? extends Value>, Rule> BY_TYPE =
      Stream.of(AgeRule.values())
          .filter(rule -> rule.type().isPresent())
          .collect(Collectors.toMap(rule -> rule.type().orElseThrow(), rule -> rule));

  /** Whether PostgreSQL's text holds it. */
  static boolean fits(String text) {
    return text.indexOf('\0') < 0;
  }

  private static boolean fits(BigDecimal number) {
    return number.scale() <= NUMERIC_SCALE_MAX
        && (long) number.precision() - number.scale() <= NUMERIC_WHOLE_DIGITS_MAX;
  }

  /** The way back from {@link #encoded}: what is not tagged stays as it is. */
  static Value decoded(Value value) {
    if (value instanceof Value.ListOf list) {
      return new Value.ListOf(
          list.items().stream().map(AgeValues::decoded).toList(), list.stored());
    } else if (value instanceof Value.MapOf map) {
      return decoded(map.entries());
    }
    return value;
  }

  private static Value decoded(SortedMap<String, Value> entries) {
    if (looksTagged(entries)) {
      Map.Entry<String, Value> only = entries.entrySet().iterator().next();
      Optional<Value> value =
          only.getKey().equals(ENTRIES)
              ? entry(only.getValue())
              : Tag.untagged(only.getKey(), only.getValue());
      if (value.isPresent()) {
        return value.get();
      }
    }
    SortedMap<String, Value> decoded = new TreeMap<>();
    entries.forEach((key, value) -> decoded.put(key, decoded(value)));
    return new Value.MapOf(decoded);
  }

  private static Optional<Value> entry(Value pair) {
    return pair instanceof Value.ListOf list
            && list.items().size() == 2
            && list.items().get(0) instanceof Value.Text key
            && key.value().startsWith(Tag.MARK)
        ? Optional.of(Value.MapOf.of(Map.of(key.value(), decoded(list.items().get(1)))))
        : Optional.empty();
  }

  private static boolean looksTagged(SortedMap<String, Value> entries) {
    return entries.size() == 1 && entries.firstKey().startsWith(Tag.MARK);
  }
}
