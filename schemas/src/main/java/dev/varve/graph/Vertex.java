package dev.varve.graph;

import java.util.Collections;
import java.util.Map;
import java.util.Set;
import java.util.SortedMap;
import java.util.SortedSet;
import java.util.TreeMap;
import java.util.TreeSet;

/** The state of a vertex: its labels and its properties. */
public record Vertex(SortedSet<String> labels, SortedMap<String, Value> properties)
    implements Element {

  public Vertex {
    labels = Collections.unmodifiableSortedSet(new TreeSet<>(labels));
    properties = Collections.unmodifiableSortedMap(new TreeMap<>(properties));
  }

  public static Vertex of(Set<String> labels, Map<String, Value> properties) {
    return new Vertex(new TreeSet<>(labels), new TreeMap<>(properties));
  }

  @Override
  public ElementKind kind() {
    return ElementKind.VERTEX;
  }
}
