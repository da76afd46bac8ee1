package dev.varve.cli.drill;

import dev.varve.archive.Repository;
import java.time.Duration;

/**
 * The pair that a configuration names, as far as a drill has to know it.
 *
 * @param repository where its chain is
 * @param flushEvery how often the chain grows
 */
public record ConfiguredPair(
    String graph, Store primary, Repository repository, Duration flushEvery) {

  ChainEnd chain() {
    return new ChainEnd(repository, graph);
  }
}
