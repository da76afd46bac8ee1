package dev.varve.restore;

import dev.varve.change.VersionVector;
import java.util.List;

/**
 * Edges that the graph had at a cut without one of their ends.
 *
 * @param at the cut
 * @param first some of them, with their ends
 */
public record LooseEdges(VersionVector at, long count, List<String> first) {

  /** How many are named. */
  static final int FIRST_MAX = 5;

  public LooseEdges {
    first = List.copyOf(first);
  }

  @Override
  public String toString() {
    return "at vv:%s %,d edges have an end that is not in the graph (%s%s)"
        .formatted(at, count, String.join(", ", first), count > first.size() ? ", …" : "");
  }
}
