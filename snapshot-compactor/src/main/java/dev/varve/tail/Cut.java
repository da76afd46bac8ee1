package dev.varve.tail;

import dev.varve.archive.Manifest;
import dev.varve.change.VersionVector;
import java.util.List;

/**
 * A cut that all partitions have reached.
 *
 * @param sites every site of the vector
 */
public record Cut(VersionVector vector, List<Manifest.SiteCut> sites) {

  public static final Cut NOTHING = new Cut(VersionVector.EMPTY, List.of());

  public Cut {
    sites = List.copyOf(sites);
  }

  /** The latest commit time in it. */
  public long committedAtMicros() {
    return sites.stream().mapToLong(Manifest.SiteCut::committedAtMicros).max().orElse(0);
  }
}
