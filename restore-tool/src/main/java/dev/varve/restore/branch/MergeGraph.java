package dev.varve.restore.branch;

import dev.varve.graph.Element;
import dev.varve.graph.ElementId;
import dev.varve.graph.ElementKind;
import java.util.List;
import java.util.Map;

/**
 * The graph of the new primary, inside the one transaction in which a branch is written. Elements
 * go by the primary's own ids; so do the ends of an edge's state.
 */
public interface MergeGraph {

  /**
   * Whether an element that was changed since may be another one under the same id: the store gives
   * the ids of removed elements again.
   */
  boolean reusesIds();

  /**
   * Reads elements as they are now; nobody else alters them before the transaction ends. What is
   * not there is missing.
   */
  Map<Long, Element> lock(ElementKind kind, List<Long> ids);

  /**
   * Makes an element.
   *
   * @param original what the old primary called it
   * @return its id
   */
  long create(ElementId original, Element state);

  /** Gives an element another state; an edge keeps its type and its ends. */
  void set(long id, Element state);

  /** How many edges a vertex has. */
  long edgesAt(long vertex);

  /** Removes an element; a vertex with its edges. */
  void remove(ElementKind kind, long id);
}
