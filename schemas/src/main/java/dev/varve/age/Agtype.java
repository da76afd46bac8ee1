package dev.varve.age;

import dev.varve.graph.Value;
import java.util.Set;
import java.util.SortedMap;

/**
 * Values to and from agtype, AGE's superset of JSON, in the text that PostgreSQL takes and gives.
 *
 * <p>A number without point or exponent is a 64-bit integer, one with either a double (also {@code
 * NaN}, {@code Infinity}), one followed by {@code ::numeric} a decimal.
 *
 * <p>What no {@link Value} stands for travels as a map with one entry, whose key says what it is:
 * {@code ::vertex}, {@code ::edge}, {@code ::path} (elements held as property values), and {@code
 * ::numeric} with {@code NaN} or an infinity as text. A map of the user's that looks like one of
 * these goes under {@code ::map}. So each agtype has one value and comes back from it as it was.
 *
 * <p>A null among the properties of an element is, for Cypher, no property, and is left out.
 */
public final class Agtype {

  static final String NUMERIC = "::numeric";
  static final String VERTEX = "::vertex";
  static final String EDGE = "::edge";
  static final String PATH = "::path";
  static final String MAP = "::map";

  /** PostgreSQL's numerics that are no decimals. */
  static final Set<String> SPECIAL_NUMERICS = Set.of("NaN", "Infinity", "-Infinity");

  /** How deep lists and maps may be nested. */
  public static final int DEPTH_MAX = 1_000;

  private Agtype() {}

  /**
   * Reads any agtype.
   *
   * @throws IllegalArgumentException if the text is not agtype
   */
  public static Value parse(String text) {
    return new AgtypeParser(text).value();
  }

  /**
   * Reads the properties of an element.
   *
   * @throws IllegalArgumentException if the text is not a map
   */
  public static SortedMap<String, Value> properties(String text) {
    return new AgtypeParser(text).properties();
  }

  /**
   * Adds a value's text.
   *
   * @throws IllegalArgumentException if agtype has no such value, or PostgreSQL cannot hold it; it
   *     says why. What was added by then is left.
   */
  public static void write(Value value, StringBuilder out) {
    new AgtypeWriter(out).value(value, 0);
  }

  /**
   * Adds the text of an element's properties.
   *
   * @throws IllegalArgumentException as {@link #write}
   */
  public static void writeProperties(SortedMap<String, Value> properties, StringBuilder out) {
    new AgtypeWriter(out).map(properties, 0);
  }

  /** Whether a map with this one key stands for something that is not a map. */
  static boolean isTag(String key) {
    return switch (key) {
      case NUMERIC, VERTEX, EDGE, PATH, MAP -> true;
      default -> false;
    };
  }
}
