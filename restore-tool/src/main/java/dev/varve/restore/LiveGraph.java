package dev.varve.restore;

import dev.varve.graph.ElementId;
import dev.varve.graph.StoreSchema;
import java.util.function.Consumer;

/**
 * The graph as it was at the moment of a restore. Every call of {@link #vertices} and {@link
 * #edges} starts a new pass with the same elements in the same order; passes may run side by side.
 */
public interface LiveGraph {

  LiveElements vertices();

  LiveElements edges();

  /**
   * A pass over the vertices that also tells of removed ones: those whose removal the chain still
   * holds, in no order, before the pass has come to its end.
   */
  default LiveElements vertices(Consumer<ElementId> removed) {
    return vertices();
  }

  /** As {@link #vertices(Consumer)}, of edges. */
  default LiveElements edges(Consumer<ElementId> removed) {
    return edges();
  }

  StoreSchema schema();

  /** About how many elements there are, for estimates and progress; never less than the truth. */
  Size estimate();

  /**
   * @param bytes of encoded state, vertices and edges together
   */
  record Size(long vertices, long edges, long bytes) {}
}
