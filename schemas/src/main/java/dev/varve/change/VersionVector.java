package dev.varve.change;

import java.util.Collections;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;

/** What is included, per site: every transaction up to and including the number given. */
public record VersionVector(SortedMap<Site, Long> seqs) {

  /** Includes nothing. */
  public static final VersionVector EMPTY = new VersionVector(new TreeMap<>());

  public VersionVector {
    seqs.forEach(
        (site, seq) -> {
          if (seq < 0) {
            throw new IllegalArgumentException("seq must be >= 0, got " + seq + " for " + site);
          }
        });
    seqs = Collections.unmodifiableSortedMap(new TreeMap<>(seqs));
  }

  public static VersionVector of(Site site, long seq) {
    return new VersionVector(new TreeMap<>(Map.of(site, seq)));
  }

  /** Whether the transaction that the dot belongs to is included. */
  public boolean covers(Dot dot) {
    return covers(dot.site(), dot.seq());
  }

  public boolean covers(Site site, long seq) {
    Long upTo = seqs.get(site);
    return upTo != null && upTo >= seq;
  }

  /** Whether everything that the other includes is included here too. */
  public boolean includes(VersionVector other) {
    for (Map.Entry<Site, Long> entry : other.seqs.entrySet()) {
      if (!covers(entry.getKey(), entry.getValue())) {
        return false;
      }
    }
    return true;
  }

  /** What either of the two includes. */
  public VersionVector union(VersionVector other) {
    if (includes(other)) {
      return this;
    }
    SortedMap<Site, Long> merged = new TreeMap<>(seqs);
    other.seqs.forEach((site, seq) -> merged.merge(site, seq, Math::max));
    return new VersionVector(merged);
  }

  /** This vector with one transaction, and all of its site before it, included too. */
  public VersionVector with(Site site, long seq) {
    if (covers(site, seq)) {
      return this;
    }
    SortedMap<Site, Long> merged = new TreeMap<>(seqs);
    merged.put(site, seq);
    return new VersionVector(merged);
  }

  /** How much is included: the sum of all numbers. Whoever has seen more has a greater weight. */
  public long weight() {
    long sum = 0;
    for (long seq : seqs.values()) {
      sum = Math.addExact(sum, seq);
    }
    return sum;
  }

  /**
   * Reads the form that {@link #toString} writes: {@code berlin@1=17,paris@2=4}; empty text is the
   * empty vector.
   *
   * @throws IllegalArgumentException if the text is not of this form
   */
  public static VersionVector parse(String text) {
    SortedMap<Site, Long> seqs = new TreeMap<>();
    if (!text.isEmpty()) {
      for (String part : text.split(",", -1)) {
        int equals = part.indexOf('=');
        if (equals < 0) {
          throw new IllegalArgumentException("expected site=seq, got '" + part + "'");
        }
        try {
          seqs.put(
              Site.parse(part.substring(0, equals)), Long.parseLong(part.substring(equals + 1)));
        } catch (NumberFormatException e) {
          throw new IllegalArgumentException("expected site=seq, got '" + part + "'", e);
        }
      }
    }
    return new VersionVector(seqs);
  }

  @Override
  public String toString() {
    StringBuilder text = new StringBuilder();
    seqs.forEach(
        (site, seq) -> text.append(text.isEmpty() ? "" : ",").append(site).append('=').append(seq));
    return text.toString();
  }
}
