package dev.varve.age;

import com.fasterxml.jackson.core.io.NumberInput;
import dev.varve.graph.CanonicalForm;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/**
 * Turns the agtype of an element's properties straight into their canonical form: what {@link
 * Agtype#properties} and {@link CanonicalForm#properties} give together, without making the values.
 * For reading back large graphs. What is not plain (escapes, lists, maps, casts) goes by way of the
 * values. Not thread-safe.
 */
public final class AgtypeForm {

  private static final int LONG_DIGITS_SAFE = 18;

  /** The first byte of what are two UTF-16 units: such keys sort differently there. */
  private static final int PAIR = 0xF0;

  private static final byte[] TRUE = {'t', 'r', 'u', 'e'};
  private static final byte[] FALSE = {'f', 'a', 'l', 's', 'e'};
  private static final byte[] NULL = {'n', 'u', 'l', 'l'};

  private final CanonicalForm parts = new CanonicalForm();
  private byte[] text = new byte[0];
  private int at;
  private int end;

  // the properties met so far: where each begins in parts, and where its key is in the text
  private int count;
  private int[] begins = new int[16];
  private int[] keys = new int[16];
  private int[] keyEnds = new int[16];
  private boolean sorted;

  /**
   * Adds the properties to an element's form.
   *
   * @param utf8 the text, from {@code from} on
   * @throws IllegalArgumentException if it is not a map
   */
  public void properties(byte[] utf8, int from, int length, CanonicalForm out) {
    text = utf8;
    at = from;
    end = from + length;
    if (plain()) {
      write(out);
    } else {
      out.properties(Agtype.properties(new String(utf8, from, length, StandardCharsets.UTF_8)));
    }
  }

  private void write(CanonicalForm out) {
    out.count(count);
    if (sorted) {
      out.part(parts, 0, parts.length());
      return;
    }
    for (int i = 0; i < count; i++) {
      int least = least();
      out.part(parts, begins[least], begins[least + 1]);
      keyEnds[least] = -1;
    }
  }

  /** Which of those that were not written yet comes first. */
  private int least() {
    int least = -1;
    for (int i = 0; i < count; i++) {
      if (keyEnds[i] >= 0 && (least < 0 || compareKeys(i, least) < 0)) {
        least = i;
      }
    }
    return least;
  }

  private int compareKeys(int a, int b) {
    return Arrays.compareUnsigned(text, keys[a], keyEnds[a], text, keys[b], keyEnds[b]);
  }

  /** Gathers the properties; false if there is something among them that it does not know. */
  private boolean plain() {
    parts.clear();
    count = 0;
    sorted = true;
    if (!next('{')) {
      return false;
    }
    if (next('}')) {
      return atEnd();
    }
    do {
      if (!property()) {
        return false;
      }
    } while (next(','));
    if (!next('}') || !atEnd()) {
      return false;
    }
    begins[count] = parts.length();
    return sorted || distinct();
  }

  private boolean atEnd() {
    skipSpace();
    return at == end;
  }

  /** The text has a key twice only if it is not AGE's. */
  private boolean distinct() {
    for (int i = 1; i < count; i++) {
      for (int j = 0; j < i; j++) {
        if (compareKeys(i, j) == 0) {
          return false;
        }
      }
    }
    return true;
  }

  private boolean property() {
    room();
    begins[count] = parts.length();
    if (!next('"')) {
      return false;
    }
    keys[count] = at;
    if (!string(true)) {
      return false;
    }
    keyEnds[count] = at - 1;
    if (!next(':')) {
      return false;
    }
    skipSpace();
    if (is(NULL)) {
      parts.cut(begins[count]); // for Cypher, no property
      return true;
    }
    sorted &= count == 0 || compareKeys(count - 1, count) < 0;
    count++;
    return value();
  }

  private void room() {
    if (count + 1 == begins.length) {
      int grown = begins.length * 2;
      begins = Arrays.copyOf(begins, grown);
      keys = Arrays.copyOf(keys, grown);
      keyEnds = Arrays.copyOf(keyEnds, grown);
    }
  }

  private boolean value() {
    if (at == end) {
      return false;
    }
    byte first = text[at];
    if (first == '"') {
      at++;
      parts.textValue();
      return string(false);
    }
    if (first == '-' || first >= '0' && first <= '9') {
      return number();
    }
    if (is(TRUE)) {
      parts.bool(true);
      return true;
    }
    if (is(FALSE)) {
      parts.bool(false);
      return true;
    }
    return false;
  }

  /** One without escapes, after its first quotation mark, which is written. */
  private boolean string(boolean key) {
    int from = at;
    for (; at < end; at++) {
      byte c = text[at];
      if (c == '"') {
        parts.text(text, from, at - from);
        at++;
        return true;
      }
      if (c == '\\' || key && c < 0 && (c & 0xFF) >= PAIR) {
        return false;
      }
    }
    return false;
  }

  private boolean number() {
    int from = at;
    boolean whole = true;
    for (; at < end; at++) {
      byte c = text[at];
      if (c == '.' || c == 'e' || c == 'E' || c == '+') {
        whole = false;
      } else if (c == '-' ? at > from && whole : c < '0' || c > '9') {
        break;
      }
    }
    if (at == end || text[at] != ',' && text[at] != '}') {
      return false;
    }
    if (!whole) {
      String digits = new String(text, from, at - from, StandardCharsets.ISO_8859_1);
      parts.floatingPoint(NumberInput.parseDouble(digits, true));
      return true;
    }
    int digit = text[from] == '-' ? from + 1 : from;
    if (at == digit || at - digit > LONG_DIGITS_SAFE) {
      return false;
    }
    long number = 0;
    for (; digit < at; digit++) {
      number = number * 10 + text[digit] - '0';
    }
    parts.wholeNumber(text[from] == '-' ? -number : number);
    return true;
  }

  private boolean is(byte[] word) {
    int to = at + word.length;
    if (to > end || !Arrays.equals(text, at, to, word, 0, word.length)) {
      return false;
    }
    at = to;
    return true;
  }

  private boolean next(char wanted) {
    skipSpace();
    if (at < end && text[at] == wanted) {
      at++;
      return true;
    }
    return false;
  }

  private void skipSpace() {
    while (at < end && text[at] >= 0 && text[at] <= ' ') {
      at++;
    }
  }
}
