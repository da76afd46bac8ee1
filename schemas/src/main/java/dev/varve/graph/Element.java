package dev.varve.graph;

import java.util.SortedMap;

/** The whole state of one element at one moment, without its id. */
public sealed interface Element permits Vertex, Edge {

  ElementKind kind();

  /** Property values by key, sorted by key; never holds {@link Value.Null} at the top. */
  SortedMap<String, Value> properties();
}
