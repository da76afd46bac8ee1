package dev.varve.compact;

import dev.varve.archive.Manifest;
import dev.varve.change.VersionVector;
import java.util.List;

/**
 * A cut that all partitions have reached.
 *
 * @param sites every site of the vector
 */
record Cut(VersionVector vector, List<Manifest.SiteCut> sites) {

  static final Cut NOTHING = new Cut(VersionVector.EMPTY, List.of());

  Cut {
    sites = List.copyOf(sites);
  }

  /** The latest commit time in it. */
  long committedAtMicros() {
    return sites.stream().mapToLong(Manifest.SiteCut::committedAtMicros).max().orElse(0);
  }
}
