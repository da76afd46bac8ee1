package dev.varve.archive;

import dev.varve.change.Site;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Names of objects: {@code <graph>/manifests/<20 digits>.json} and {@code <graph>/segments/<20
 * digits>-<part>-<8 hex digits>.avro}, the digits being the manifest's number. A branch has {@code
 * <graph>/branches/<name>.json} and {@code <graph>/branches/<name>/<part>-<16 hex digits>.avro},
 * the digits being the beginning of the content's sha256.
 */
public final class Keys {

  /** What keys of objects begin with that only show whether a repository works. */
  public static final String PROBES = "doctor/";

  private static final Pattern KEY =
      Pattern.compile("[A-Za-z0-9_-][A-Za-z0-9._-]*(/[A-Za-z0-9_-][A-Za-z0-9._-]*)*");
  private static final Pattern MANIFEST = Pattern.compile(".*/manifests/([0-9]{20})\\.json");

  private static final Pattern BRANCH =
      Pattern.compile(".*/branches/([A-Za-z0-9_-][A-Za-z0-9._-]*)\\.json");

  private static final int DIGEST_DIGITS = 16;

  private static final Pattern PART =
      Pattern.compile(".*/segments/([0-9]{20})-([cm]?)(?:[ve][0-9]{3,9}|t)-[0-9a-f]{8}\\.avro");

  private Keys() {}

  /**
   * What a part's key tells.
   *
   * @param number that its manifest was going to have
   * @param beside whether it belongs to a checkpoint or merge, whose manifest may be published
   *     behind any later entry
   */
  public record Part(long number, boolean beside) {}

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
   * @param part such as {@code v000}, {@code e012} or {@code t}; begins with {@code c} in a
   *     checkpoint, with {@code m} in a merge
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

  /** What the key of a part tells; empty if it is not one. */
  public static Optional<Part> partOf(String key) {
    Matcher matcher = PART.matcher(key);
    if (!matcher.matches()) {
      return Optional.empty();
    }
    try {
      return Optional.of(new Part(Long.parseLong(matcher.group(1)), !matcher.group(2).isEmpty()));
    } catch (NumberFormatException e) {
      return Optional.empty();
    }
  }

  /** What all keys of branches of the graph begin with. */
  public static String branches(String graph) {
    return graph + "/branches/";
  }

  /** The key of a branch's manifest. */
  public static String branch(String graph, String name) {
    return requireKey(branches(graph) + name + ".json");
  }

  /** The name in the key of a branch's manifest; empty if the key is not one. */
  public static Optional<String> branchName(String key) {
    Matcher matcher = BRANCH.matcher(key);
    return matcher.matches() ? Optional.of(matcher.group(1)) : Optional.empty();
  }

  /** What all keys of a branch's files begin with. */
  public static String branchParts(String graph, String name) {
    return branches(graph) + name + "/";
  }

  /**
   * A key for a file of a branch.
   *
   * @param part {@code changes} or {@code transactions}
   * @param sha256 of its bytes: the same content always has the same key
   */
  public static String branchPart(String graph, String name, String part, String sha256) {
    return requireKey(
        branchParts(graph, name) + part + "-" + sha256.substring(0, DIGEST_DIGITS) + ".avro");
  }

  /** The key of the mark that says that a branch was merged. */
  public static String branchMerged(String graph, String name) {
    return requireKey(branchParts(graph, name) + "merged.json");
  }

  /** Whether a key is one of those marks. */
  static boolean isBranchMerged(String key) {
    return key.endsWith("/merged.json");
  }

  /** What all keys of identities begin with. */
  static String identities(String graph) {
    return graph + "/identities/";
  }

  /** The key of what says what a promoted store calls the elements. */
  static String identities(String graph, Site site, long seq) {
    return requireKey(identitiesOf(graph, site, seq) + ".json");
  }

  /** The key of the ids themselves. */
  static String identitiesPart(String graph, Site site, long seq, String sha256) {
    return requireKey(
        identitiesOf(graph, site, seq) + "/ids-" + sha256.substring(0, DIGEST_DIGITS) + ".avro");
  }

  private static String identitiesOf(String graph, Site site, long seq) {
    return identities(graph) + site.name() + "-" + site.incarnation() + "-" + seq;
  }

  private static String digits(long number) {
    if (number < 1) {
      throw new IllegalArgumentException("manifest number must be >= 1, got " + number);
    }
    return String.format("%020d", number);
  }
}
