package dev.varve.restore.convert;

import dev.varve.graph.ElementKind;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.Set;

/**
 * Names that AGE takes for a label: a letter or underscore, then letters, digits, marks and
 * underscores, at most 63 bytes of UTF-8.
 *
 * <p>A label is a table, so names that AGE and PostgreSQL give to what belongs to a label (its
 * sequence, its indexes) are taken too.
 */
final class AgeNames {

  static final int BYTES_MAX = 63;

  private static final Set<String> TAKEN = Set.of("_ag_label_vertex", "_ag_label_edge");
  private static final Set<String> TAKEN_ENDINGS =
      Set.of("_id_seq", "_pkey", "_start_id_idx", "_end_id_idx");
  private static final int HASH_BYTES = 4;
  private static final int KEPT_BYTES_MAX = BYTES_MAX - 1 - 2 * HASH_BYTES;

  /** The one letter of Unicode 13 that AGE does not take. */
  private static final int VERTICAL_TILDE = 0x2E2F;

  /** What AGE takes of the variation selectors: none but the first. */
  private static final int VARIATION_SELECTORS = 0xE0101;

  private AgeNames() {}

  static boolean valid(String name) {
    return !name.isEmpty()
        && starts(name.codePointAt(0))
        && name.codePoints().allMatch(AgeNames::goesOn)
        && name.getBytes(StandardCharsets.UTF_8).length <= BYTES_MAX
        && !TAKEN.contains(name)
        && TAKEN_ENDINGS.stream().noneMatch(name::endsWith);
  }

  /**
   * A name that is valid, made from one that may not be. Different ones get different names, and so
   * do a label of vertices and a type of edges that are the same.
   */
  static String escaped(ElementKind kind, String name) {
    StringBuilder kept = new StringBuilder();
    if (!name.isEmpty() && !starts(name.codePointAt(0)) && goesOn(name.codePointAt(0))) {
      kept.append('_');
    }
    int bytes = kept.length();
    for (int codePoint : name.codePoints().toArray()) {
      int next = goesOn(codePoint) ? codePoint : '_';
      bytes += Character.toString(next).getBytes(StandardCharsets.UTF_8).length;
      if (bytes > KEPT_BYTES_MAX) {
        break;
      }
      kept.appendCodePoint(next);
    }
    return kept.append('_').append(hash(kind.code() + name)).toString();
  }

  private static boolean starts(int codePoint) {
    return codePoint == '_'
        || Character.isUnicodeIdentifierStart(codePoint) && codePoint != VERTICAL_TILDE;
  }

  private static boolean goesOn(int codePoint) {
    return Character.isUnicodeIdentifierPart(codePoint)
        && !Character.isIdentifierIgnorable(codePoint)
        && codePoint != VERTICAL_TILDE
        && codePoint < VARIATION_SELECTORS;
  }

  private static String hash(String text) {
    try {
      byte[] digest =
          MessageDigest.getInstance("SHA-256").digest(text.getBytes(StandardCharsets.UTF_8));
      return HexFormat.of().formatHex(digest, 0, HASH_BYTES);
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every JDK has SHA-256", e);
    }
  }
}
