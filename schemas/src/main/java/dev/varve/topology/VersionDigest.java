package dev.varve.topology;

import dev.varve.change.Dot;
import dev.varve.change.VersionVector;
import dev.varve.graph.ElementHash;
import java.util.Comparator;
import java.util.Optional;

/**
 * What the fold remembers of an element: its newest version without the state.
 *
 * @param dot the change that made the version
 * @param committedAtMicros the source's commit time, microseconds since 1970 UTC
 * @param weight see {@link VersionHeader}
 * @param vector everything folded into the element so far
 * @param hash of the state; absent if the element is removed
 */
public record VersionDigest(
    Dot dot,
    long committedAtMicros,
    long weight,
    VersionVector vector,
    Optional<ElementHash> hash) {

  /**
   * Which version of an element is newer. A version whose writer had seen another is always newer
   * than that one; between concurrent ones it decides the same way wherever and in whatever order
   * they are compared: by how much the writer had seen, then by the clock, then by the site.
   */
  public static final Comparator<VersionDigest> ORDER =
      Comparator.comparingLong(VersionDigest::weight)
          .thenComparingLong(VersionDigest::committedAtMicros)
          .thenComparing(digest -> digest.dot().site())
          .thenComparingLong(digest -> digest.dot().seq())
          .thenComparingLong(digest -> digest.dot().index());

  VersionDigest withVector(VersionVector wider) {
    return new VersionDigest(dot, committedAtMicros, weight, wider, hash);
  }
}
