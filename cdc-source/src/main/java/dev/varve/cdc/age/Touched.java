package dev.varve.cdc.age;

import dev.varve.graph.ElementKind;
import org.jspecify.annotations.Nullable;

/**
 * What a transaction did to one element, all of it.
 *
 * @param existed whether it was there before
 * @param before as it was, if the log says
 * @param after as it is; null if it was removed
 */
record Touched(
    long id, ElementKind kind, boolean existed, @Nullable Image before, @Nullable Image after) {

  /**
   * An element's row.
   *
   * @param properties agtype
   * @param start graphid of the vertex that an edge leaves; null for a vertex
   * @param end graphid of the vertex that an edge enters; null for a vertex
   */
  record Image(String properties, @Nullable String start, @Nullable String end) {}

  /** This, and then that. */
  Touched then(Touched later) {
    return new Touched(id, later.kind, existed, before, later.after);
  }

  /** Whether the element is neither before nor after. */
  boolean isNothing() {
    return !existed && after == null;
  }

  /** About how much of the heap it takes. */
  long bytes() {
    return 160 + bytes(before) + bytes(after);
  }

  private static long bytes(@Nullable Image image) {
    return image == null ? 0 : 100 + 2L * image.properties().length();
  }
}
