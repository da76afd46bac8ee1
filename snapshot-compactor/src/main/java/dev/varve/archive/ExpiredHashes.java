package dev.varve.archive;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * How the hashes of entries begin that have expired: so that a copy which is so late that its
 * newest entry is no longer there is told from one that went its own way. An entry names the one
 * before it by its hash, so who knows the hash of one knows all before it.
 *
 * <p>Bounded: of the {@link #ENTRIES_MAX} with the greatest numbers. What is older is forgotten.
 *
 * @param beginnings by number, the first {@link #DIGITS} hexadecimal digits
 */
public record ExpiredHashes(SortedMap<Long, String> beginnings) {

  /** A week, if an entry is made every minute. */
  static final int ENTRIES_MAX = 10_000;

  /** 64 bits: two entries of one number that differ do not have the same by chance. */
  static final int DIGITS = 16;

  public static final ExpiredHashes NONE = new ExpiredHashes(new TreeMap<>());

  public ExpiredHashes {
    beginnings = Collections.unmodifiableSortedMap(new TreeMap<>(beginnings));
    beginnings.forEach(
        (number, digits) -> {
          if (number < 1 || !digits.matches("[0-9a-f]{" + DIGITS + "}")) {
            throw new IllegalArgumentException("not a hash of number " + number + ": " + digits);
          }
        });
    if (beginnings.size() > ENTRIES_MAX) {
      throw new IllegalArgumentException("too many hashes: " + beginnings.size());
    }
  }

  /**
   * Consecutive numbers.
   *
   * @param digits of one after the other
   */
  record Run(long first, String digits) {

    /** The numbers and what their hashes begin with. */
    SortedMap<Long, String> beginnings() {
      if (digits.isEmpty() || digits.length() % DIGITS != 0) {
        throw new IllegalArgumentException("not hashes: " + digits);
      }
      SortedMap<Long, String> all = new TreeMap<>();
      for (int at = 0; at < digits.length(); at += DIGITS) {
        all.put(first + at / DIGITS, digits.substring(at, at + DIGITS));
      }
      return all;
    }
  }

  static ExpiredHashes of(List<Run> runs) {
    SortedMap<Long, String> all = new TreeMap<>();
    runs.forEach(run -> all.putAll(run.beginnings()));
    return new ExpiredHashes(all);
  }

  List<Run> runs() {
    List<Run> runs = new ArrayList<>();
    StringBuilder digits = new StringBuilder();
    long first = 0;
    for (Map.Entry<Long, String> next : beginnings.entrySet()) {
      if (!digits.isEmpty() && next.getKey() != first + digits.length() / DIGITS) {
        runs.add(new Run(first, digits.toString()));
        digits.setLength(0);
      }
      first = digits.isEmpty() ? next.getKey() : first;
      digits.append(next.getValue());
    }
    if (!digits.isEmpty()) {
      runs.add(new Run(first, digits.toString()));
    }
    return runs;
  }

  /** These and some more, as far as there is room. */
  public ExpiredHashes with(Map<Long, String> sha256) {
    TreeMap<Long, String> all = new TreeMap<>(beginnings);
    sha256.forEach((number, whole) -> all.put(number, whole.substring(0, DIGITS)));
    while (all.size() > ENTRIES_MAX) {
      all.pollFirstEntry();
    }
    return new ExpiredHashes(all);
  }

  /** Whether an entry is the one that had this number; empty if that is not known. */
  public Optional<Boolean> areOf(long number, String sha256) {
    return Optional.ofNullable(beginnings.get(number)).map(sha256::startsWith);
  }
}
