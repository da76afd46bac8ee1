package dev.varve.graph;

import java.util.Collections;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * The state of an edge.
 *
 * @param type its type (Neo4j: relationship type)
 * @param start the store's id of the vertex it leaves
 * @param end the store's id of the vertex it enters
 */
public record Edge(String type, String start, String end, SortedMap<String, Value> properties)
    implements Element {

  public Edge {
    if (start.isEmpty() || end.isEmpty()) {
      throw new IllegalArgumentException("edge ends must not be empty: " + start + " -> " + end);
    }
    properties = Collections.unmodifiableSortedMap(new TreeMap<>(properties));
  }

  public static Edge of(String type, String start, String end, Map<String, Value> properties) {
    return new Edge(type, start, end, new TreeMap<>(properties));
  }

  @Override
  public ElementKind kind() {
    return ElementKind.EDGE;
  }
}
