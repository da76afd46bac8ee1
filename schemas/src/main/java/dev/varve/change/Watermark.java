package dev.varve.change;

import java.util.Optional;

/**
 * A point in one partition: everything of the site up to {@code seq} is before it.
 *
 * <p>The first watermark of a site stands where its graph is consistent for the first time: after
 * the initial scan and the log that ran beside it.
 *
 * @param committedAtMicros commit time of transaction {@code seq}, microseconds since 1970 UTC
 * @param versions in a topology table: how many element versions (lost ones too) are before it in
 *     its partition, since the table began; in the transactions topic: how many transactions; in
 *     the changes topic: 0
 * @param store the identity of the store that the site's log belongs to, such as {@code
 *     neo4j:8f3c…}
 * @param replaces an earlier incarnation whose elements are gone unless this site has them too
 */
public record Watermark(
    Site site,
    long seq,
    long committedAtMicros,
    long versions,
    String store,
    Optional<Site> replaces) {

  public Watermark {
    if (seq < 0) {
      throw new IllegalArgumentException("seq must be >= 0, got " + seq);
    }
    if (versions < 0) {
      throw new IllegalArgumentException("versions must be >= 0, got " + versions);
    }
  }

  /** This watermark with another count of versions before it. */
  public Watermark withVersions(long count) {
    return new Watermark(site, seq, committedAtMicros, count, store, replaces);
  }
}
