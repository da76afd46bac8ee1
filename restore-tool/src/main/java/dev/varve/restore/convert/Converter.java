package dev.varve.restore.convert;

import dev.varve.graph.Element;
import dev.varve.graph.ElementId;
import java.util.Optional;

/**
 * Elements as one kind of target holds them. Vertices are converted before edges, for the first
 * time by one thread; after that the results are the same on any thread and in any order.
 */
sealed interface Converter permits AgeConverter, Neo4jConverter {

  /**
   * An element in the target's form; the same object if every rule for it is exact.
   *
   * @param notes gets the rules that are not exact; if one of them refuses, the result means
   *     nothing
   */
  Element convert(ElementId id, Element element, Notes notes);

  /**
   * Goes on with a graph that was converted before, perhaps by another. What was converted here and
   * is not in it is forgotten: it was not written.
   */
  default void resume(Crossed before) {}

  /** What hears which rules were used. */
  interface Notes {
    Notes NONE = (rule, key) -> {};

    /**
     * A rule that is not exact.
     *
     * @param key of the property that it was used for; absent if it was not for one
     */
    void used(Rule rule, Optional<String> key);
  }
}
