package dev.varve.cli.drill;

import dev.varve.archive.Chain;
import dev.varve.archive.Manifest;
import dev.varve.archive.Repository;
import dev.varve.change.Site;
import java.io.IOException;
import java.util.Comparator;
import java.util.Map;
import java.util.Optional;

/** Where a graph's chain ends now. */
record ChainEnd(Repository repository, String graph) {

  /** The newest base or delta. */
  Optional<Manifest> read() throws IOException {
    return Chain.loadEnd(repository, graph).map(end -> end.head().manifest());
  }

  /** The same; absent too if it cannot be read: the next look will tell. */
  Optional<Manifest> newest() {
    try {
      return read();
    } catch (IOException e) {
      return Optional.empty();
    }
  }

  /** Which site is captured now, as far as the chain goes. */
  Optional<Site> site() {
    return newest().flatMap(ChainEnd::last).map(Map.Entry::getKey);
  }

  /** The last transaction of that site; -1 if there is none. */
  long reached() {
    return newest().map(ChainEnd::reached).orElse(-1L);
  }

  static long reached(Manifest manifest) {
    return last(manifest).map(Map.Entry::getValue).orElse(-1L);
  }

  private static Optional<Map.Entry<Site, Long>> last(Manifest manifest) {
    return manifest.to().seqs().entrySet().stream()
        .max(Comparator.comparingInt(entry -> entry.getKey().incarnation()));
  }
}
