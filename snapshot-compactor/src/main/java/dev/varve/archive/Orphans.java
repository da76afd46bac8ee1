package dev.varve.archive;

import dev.varve.archive.Repository.Listed;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * Files that no entry of a chain names: left by attempts that failed, or by a copy that was cut
 * off.
 */
public final class Orphans {

  /** How old such a file has to be, by the repository's clock, to be removed. */
  public static final Duration AGE = Duration.ofDays(2);

  private Orphans() {}

  /**
   * Segments and transactions files that are old enough.
   *
   * @param listed all objects of the graph
   * @param named keys that entries name
   */
  public static List<Listed> of(List<Listed> listed, Set<String> named) {
    Optional<Instant> newest = newest(listed);
    return listed.stream()
        .filter(
            file ->
                Keys.partOf(file.key()).isPresent()
                    && !named.contains(file.key())
                    && file.modifiedAt().isBefore(newest.orElseThrow().minus(AGE)))
        .toList();
  }

  /** By the repository's clock it is this time at least. */
  public static Optional<Instant> newest(List<Listed> listed) {
    return listed.stream().map(Listed::modifiedAt).max(Instant::compareTo);
  }
}
