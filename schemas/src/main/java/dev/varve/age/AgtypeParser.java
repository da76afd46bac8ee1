package dev.varve.age;

import com.fasterxml.jackson.core.io.NumberInput;
import dev.varve.graph.Value;
import java.math.BigDecimal;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;

/** Reads one agtype. */
final class AgtypeParser {

  private final String text;
  private int at;

  AgtypeParser(String text) {
    this.text = text;
  }

  Value value() {
    Value value = value(0);
    expectEnd();
    return value;
  }

  SortedMap<String, Value> properties() {
    skipSpace();
    SortedMap<String, Value> properties = entries(0);
    expectEnd();
    properties.values().removeIf(Value.Null.class::isInstance);
    return properties;
  }

  private Value value(int depth) {
    if (depth > Agtype.DEPTH_MAX) {
      throw malformed("at most " + Agtype.DEPTH_MAX + " lists and maps in each other");
    }
    skipSpace();
    switch (peek()) {
      case '"':
        return Value.Text.of(string());
      case '{':
        return object(depth);
      case '[':
        return array(depth);
      case 't':
        word("true");
        return new Value.Bool(true);
      case 'f':
        word("false");
        return new Value.Bool(false);
      case 'n':
        word("null");
        return new Value.Null();
      default:
        return number();
    }
  }

  private Value object(int depth) {
    SortedMap<String, Value> entries = entries(depth);
    if (cast(Agtype.VERTEX)) {
      return tagged(Agtype.VERTEX, Value.MapOf.of(entries));
    }
    if (cast(Agtype.EDGE)) {
      return tagged(Agtype.EDGE, Value.MapOf.of(entries));
    }
    Value.MapOf map = Value.MapOf.of(entries);
    boolean looksTagged = entries.size() == 1 && Agtype.isTag(entries.firstKey());
    return looksTagged ? tagged(Agtype.MAP, map) : map;
  }

  private SortedMap<String, Value> entries(int depth) {
    SortedMap<String, Value> entries = new TreeMap<>();
    expect('{');
    skipSpace();
    if (peek() == '}') {
      at++;
      return entries;
    }
    while (true) {
      skipSpace();
      String key = string();
      skipSpace();
      expect(':');
      entries.put(key, value(depth + 1));
      skipSpace();
      if (peek() == '}') {
        at++;
        return entries;
      }
      expect(',');
    }
  }

  private Value array(int depth) {
    List<Value> items = new ArrayList<>();
    expect('[');
    skipSpace();
    if (peek() == ']') {
      at++;
    } else {
      while (true) {
        items.add(value(depth + 1));
        skipSpace();
        if (peek() == ']') {
          at++;
          break;
        }
        expect(',');
      }
    }
    Value list = Value.ListOf.of(items);
    return cast(Agtype.PATH) ? tagged(Agtype.PATH, list) : list;
  }

  private Value number() {
    int start = at;
    while (at < text.length() && isOfNumber(text.charAt(at))) {
      at++;
    }
    String digits = text.substring(start, at);
    try {
      if (cast(Agtype.NUMERIC)) {
        return Agtype.SPECIAL_NUMERICS.contains(digits)
            ? tagged(Agtype.NUMERIC, Value.Text.of(digits))
            : new Value.Decimal(new BigDecimal(digits));
      }
      return switch (digits) {
        case "NaN" -> Value.Float.of(Double.NaN);
        case "Infinity" -> Value.Float.of(Double.POSITIVE_INFINITY);
        case "-Infinity" -> Value.Float.of(Double.NEGATIVE_INFINITY);
        default ->
            isWhole(digits)
                ? Value.Int.of(Long.parseLong(digits))
                : Value.Float.of(NumberInput.parseDouble(digits, true));
      };
    } catch (NumberFormatException e) {
      at = start;
      throw malformed("a value");
    }
  }

  private static boolean isOfNumber(char c) {
    return c >= '0' && c <= '9'
        || c == '-'
        || c == '+'
        || c == '.'
        || c >= 'a' && c <= 'z'
        || c >= 'A' && c <= 'Z';
  }

  private static boolean isWhole(String digits) {
    for (int i = 0; i < digits.length(); i++) {
      char c = digits.charAt(i);
      if (c == '.' || c == 'e' || c == 'E') {
        return false;
      }
    }
    return true;
  }

  private String string() {
    expect('"');
    int start = at;
    int end = start;
    while (end < text.length() && text.charAt(end) != '"' && text.charAt(end) != '\\') {
      end++;
    }
    if (end < text.length() && text.charAt(end) == '"') { // most have nothing escaped
      at = end + 1;
      return text.substring(start, end);
    }
    StringBuilder out = new StringBuilder();
    while (true) {
      char c = next();
      if (c == '"') {
        return out.toString();
      }
      out.append(c == '\\' ? escaped() : c);
    }
  }

  private char escaped() {
    char c = next();
    switch (c) {
      case '"', '\\', '/':
        return c;
      case 'b':
        return '\b';
      case 'f':
        return '\f';
      case 'n':
        return '\n';
      case 'r':
        return '\r';
      case 't':
        return '\t';
      case 'u':
        int unit = 0;
        for (int i = 0; i < 4; i++) {
          int digit = Character.digit(next(), 16);
          if (digit < 0) {
            throw malformed("four hexadecimal digits");
          }
          unit = unit << 4 | digit;
        }
        return (char) unit;
      default:
        throw malformed("an escape");
    }
  }

  private boolean cast(String type) {
    if (!text.startsWith(type, at)) {
      return false;
    }
    at += type.length();
    return true;
  }

  private static Value tagged(String tag, Value value) {
    return Value.MapOf.of(Map.of(tag, value));
  }

  private void word(String word) {
    if (!text.startsWith(word, at)) {
      throw malformed(word);
    }
    at += word.length();
  }

  private char peek() {
    if (at >= text.length()) {
      throw malformed("more");
    }
    return text.charAt(at);
  }

  private char next() {
    char c = peek();
    at++;
    return c;
  }

  private void expect(char c) {
    if (peek() != c) {
      throw malformed("'" + c + "'");
    }
    at++;
  }

  private void skipSpace() {
    while (at < text.length() && text.charAt(at) <= ' ') {
      at++;
    }
  }

  private void expectEnd() {
    skipSpace();
    if (at < text.length()) {
      throw malformed("the end");
    }
  }

  /** Says where, but not what is there: the data is the user's. */
  private IllegalArgumentException malformed(String expected) {
    return new IllegalArgumentException(
        "not agtype: expected %s at character %d of %d".formatted(expected, at, text.length()));
  }
}
