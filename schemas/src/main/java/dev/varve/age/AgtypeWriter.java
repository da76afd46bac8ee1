package dev.varve.age;

import com.fasterxml.jackson.core.io.NumberOutput;
import dev.varve.graph.Value;
import java.math.BigDecimal;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;

/** Writes agtype. */
final class AgtypeWriter {

  // PostgreSQL's limits of numeric
  private static final int NUMERIC_WHOLE_DIGITS_MAX = 131_072;
  private static final int NUMERIC_SCALE_MAX = 16_383;

  private final StringBuilder out;

  AgtypeWriter(StringBuilder out) {
    this.out = out;
  }

  void value(Value value, int depth) {
    if (depth > Agtype.DEPTH_MAX) {
      throw new IllegalArgumentException(
          "more than " + Agtype.DEPTH_MAX + " lists and maps in each other");
    }
    if (value instanceof Value.Text text) {
      string(text.value());
    } else if (value instanceof Value.Int number) {
      out.append(number.value());
    } else if (value instanceof Value.Float number) {
      out.append(NumberOutput.toString(number.value(), true)); // the JDK 17's own is slow
    } else if (value instanceof Value.Bool bool) {
      out.append(bool.value());
    } else if (value instanceof Value.Null) {
      out.append("null");
    } else if (value instanceof Value.Decimal decimal) {
      decimal(decimal.value());
    } else if (value instanceof Value.ListOf list) {
      list(list.items(), depth);
    } else if (value instanceof Value.MapOf map) {
      object(map.entries(), depth);
    } else {
      throw new IllegalArgumentException("agtype has no " + value.getClass().getSimpleName());
    }
  }

  void map(SortedMap<String, Value> entries, int depth) {
    out.append('{');
    String separator = "";
    for (Map.Entry<String, Value> entry : entries.entrySet()) {
      out.append(separator);
      string(entry.getKey());
      out.append(": ");
      value(entry.getValue(), depth + 1);
      separator = ", ";
    }
    out.append('}');
  }

  private void list(List<Value> items, int depth) {
    out.append('[');
    String separator = "";
    for (Value item : items) {
      out.append(separator);
      value(item, depth + 1);
      separator = ", ";
    }
    out.append(']');
  }

  /** A map, or what a map with the key of a tag stands for. */
  private void object(SortedMap<String, Value> entries, int depth) {
    if (entries.size() != 1 || !Agtype.isTag(entries.firstKey())) {
      map(entries, depth);
      return;
    }
    String tag = entries.firstKey();
    Value tagged = entries.get(tag);
    if (tag.equals(Agtype.PATH) && tagged instanceof Value.ListOf path) {
      list(path.items(), depth);
      out.append(tag);
    } else if (tag.equals(Agtype.NUMERIC)
        && tagged instanceof Value.Text special
        && Agtype.SPECIAL_NUMERICS.contains(special.value())) {
      out.append(special.value()).append(tag);
    } else if (!tag.equals(Agtype.NUMERIC) && tagged instanceof Value.MapOf map) {
      map(map.entries(), depth);
      out.append(tag.equals(Agtype.MAP) ? "" : tag);
    } else {
      throw new IllegalArgumentException("the key " + tag + " is kept for AGE's own values");
    }
  }

  private void decimal(BigDecimal number) {
    if (number.scale() > NUMERIC_SCALE_MAX
        || (long) number.precision() - number.scale() > NUMERIC_WHOLE_DIGITS_MAX) {
      throw new IllegalArgumentException(
          "PostgreSQL's numeric has at most %d digits before and %d after the point"
              .formatted(NUMERIC_WHOLE_DIGITS_MAX, NUMERIC_SCALE_MAX));
    }
    out.append(number.toPlainString()).append(Agtype.NUMERIC);
  }

  private void string(String text) {
    out.append('"');
    int copied = 0;
    for (int i = 0; i < text.length(); i++) {
      char c = text.charAt(i);
      if (c >= ' ' && c != '"' && c != '\\' && !Character.isSurrogate(c)) {
        continue;
      }
      if (Character.isHighSurrogate(c)
          && i + 1 < text.length()
          && Character.isLowSurrogate(text.charAt(i + 1))) {
        i++;
        continue;
      }
      out.append(text, copied, i);
      copied = i + 1;
      escape(c);
    }
    out.append(text, copied, text.length()).append('"');
  }

  private void escape(char c) {
    if (c == 0 || Character.isSurrogate(c)) {
      throw new IllegalArgumentException(
          "PostgreSQL's text has no character U+%04X".formatted((int) c));
    }
    switch (c) {
      case '"', '\\' -> out.append('\\').append(c);
      case '\n' -> out.append("\\n");
      case '\r' -> out.append("\\r");
      case '\t' -> out.append("\\t");
      case '\b' -> out.append("\\b");
      case '\f' -> out.append("\\f");
      default -> out.append("\\u%04x".formatted((int) c));
    }
  }
}
