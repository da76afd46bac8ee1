package dev.varve.restore;

import dev.varve.graph.Edge;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;

/**
 * A set of vertex ids. Decimal ones that lie close together, as Neo4j gives them out, take a bit
 * each: a hundred million vertices fit into 13 MB.
 */
public final class VertexIds {

  private static final int LONGEST_DECIMAL = 18;
  private static final int BITS_A_PAGE = 1 << 12;

  private final Map<Long, long[]> pages = new HashMap<>();
  private final Set<String> others = new HashSet<>();

  public void add(String id) {
    if (decimal(id)) {
      long number = Long.parseLong(id);
      int bit = (int) (number % BITS_A_PAGE);
      pages
              .computeIfAbsent(number / BITS_A_PAGE, page -> new long[BITS_A_PAGE / Long.SIZE])[
              bit / Long.SIZE] |=
          1L << bit;
    } else {
      others.add(id);
    }
  }

  /** Whether both ends of an edge are in the set. */
  public boolean hasEnds(Edge edge) {
    return contains(edge.start()) && contains(edge.end());
  }

  boolean contains(String id) {
    if (!decimal(id)) {
      return others.contains(id);
    }
    long number = Long.parseLong(id);
    long[] page = pages.get(number / BITS_A_PAGE);
    int bit = (int) (number % BITS_A_PAGE);
    return page != null && (page[bit / Long.SIZE] & (1L << bit)) != 0;
  }

  private static boolean decimal(String id) {
    if (id.length() > LONGEST_DECIMAL || (id.length() > 1 && id.charAt(0) == '0')) {
      return false;
    }
    for (int i = 0; i < id.length(); i++) {
      if (id.charAt(i) < '0' || id.charAt(i) > '9') {
        return false;
      }
    }
    return true;
  }
}
