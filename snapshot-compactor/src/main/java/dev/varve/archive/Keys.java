package dev.varve.archive;

import java.util.OptionalLong;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Names of objects: {@code <graph>/manifests/<20 digits>.json} and {@code <graph>/segments/<20
 * digits>-<part>-<8 hex digits>.avro}, the digits being the manifest's number.
 */
public final class Keys {

  private static final Pattern KEY =
      Pattern.compile("[A-Za-z0-9_-][A-Za-z0-9._-]*(/[A-Za-z0-9_-][A-Za-z0-9._-]*)*");
  private static final Pattern MANIFEST = Pattern.compile(".*/manifests/([0-9]{20})\\.json");

  private Keys() {}

  /** Whether it can be a key in a {@link Repository}. */
  public static boolean isKey(String text) {
    return KEY.matcher(text).matches();
  }

  /** The key, if it can be one. */
  public static String requireKey(String key) {
    if (!isKey(key)) {
      throw new IllegalArgumentException("not a repository key: '" + key + "'");
    }
    return key;
  }

  /** What all keys of manifests of the graph begin with. */
  public static String manifests(String graph) {
    return graph + "/manifests/";
  }

  /** What all keys of segments and transactions files of the graph begin with. */
  public static String segments(String graph) {
    return graph + "/segments/";
  }

  public static String manifest(String graph, long number) {
    return manifests(graph) + digits(number) + ".json";
  }

  /** The number in a manifest's key; empty if the key is not one of a manifest. */
  public static OptionalLong manifestNumber(String key) {
    Matcher matcher = MANIFEST.matcher(key);
    if (!matcher.matches()) {
      return OptionalLong.empty();
    }
    try {
      return OptionalLong.of(Long.parseLong(matcher.group(1)));
    } catch (NumberFormatException e) {
      return OptionalLong.empty();
    }
  }

  /**
   * A key for a part of a snapshot.
   *
   * @param part such as {@code v000}, {@code e012} or {@code t}
   * @param unique makes the name different from that of every other attempt at the same manifest
   */
  public static String part(String graph, long number, String part, int unique) {
    return segments(graph)
        + digits(number)
        + "-"
        + part
        + "-"
        + String.format("%08x", unique)
        + ".avro";
  }

  private static String digits(long number) {
    if (number < 1) {
      throw new IllegalArgumentException("manifest number must be >= 1, got " + number);
    }
    return String.format("%020d", number);
  }
}
