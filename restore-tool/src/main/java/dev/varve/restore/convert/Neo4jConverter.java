package dev.varve.restore.convert;

import dev.varve.graph.Edge;
import dev.varve.graph.Element;
import dev.varve.graph.ElementId;
import dev.varve.graph.Value;
import dev.varve.graph.Vertex;
import java.util.HashSet;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.SortedMap;
import java.util.SortedSet;
import java.util.TreeMap;

/** Elements of another engine as Neo4j holds them, by {@link Neo4jRule}. */
final class Neo4jConverter implements Converter {

  private final Engine from;

  Neo4jConverter(Engine from) {
    this.from = from;
  }

  @Override
  public Element convert(ElementId id, Element element, Notes notes) {
    SortedMap<String, Value> properties = new TreeMap<>(element.properties());
    if (element instanceof Vertex vertex) {
      if (!fits(id.id())) {
        notes.used(Neo4jRule.UNFIT_VERTEX_ID, Optional.empty());
      }
      SortedSet<String> labels = labels(vertex, properties, notes);
      labels.forEach(label -> checkName(label, Optional.empty(), notes));
      convert(properties, notes);
      Vertex converted = new Vertex(labels, properties);
      return converted.equals(vertex) ? vertex : converted;
    }
    Edge edge = (Edge) element;
    String type = type(edge, properties, notes);
    checkName(type, Optional.empty(), notes);
    convert(properties, notes);
    Edge converted = new Edge(type, edge.start(), edge.end(), properties);
    return converted.equals(edge) ? edge : converted;
  }

  private SortedSet<String> labels(
      Vertex vertex, SortedMap<String, Value> properties, Notes notes) {
    Value kept = properties.get(AgeLabels.LABELS);
    if (from == Engine.AGE && kept != null && vertex.labels().size() == 1) {
      Optional<SortedSet<String>> carried = AgeLabels.carried(vertex.labels().first(), kept);
      if (carried.isPresent()) {
        notes.used(Neo4jRule.CARRIED_LABELS, Optional.of(AgeLabels.LABELS));
        properties.remove(AgeLabels.LABELS);
        return carried.get();
      }
    }
    return vertex.labels();
  }

  private String type(Edge edge, SortedMap<String, Value> properties, Notes notes) {
    Value kept = properties.get(AgeLabels.TYPE);
    if (from == Engine.AGE && kept != null) {
      Optional<String> carried = AgeLabels.carriedType(edge.type(), kept);
      if (carried.isPresent()) {
        notes.used(Neo4jRule.CARRIED_TYPE, Optional.of(AgeLabels.TYPE));
        properties.remove(AgeLabels.TYPE);
        return carried.get();
      }
    }
    return edge.type();
  }

  private void convert(SortedMap<String, Value> properties, Notes notes) {
    Set<Rule> used = new HashSet<>();
    for (Map.Entry<String, Value> property : properties.entrySet()) {
      Optional<String> key = Optional.of(property.getKey());
      checkName(property.getKey(), key, notes);
      property.setValue(Neo4jValues.property(property.getValue(), from, used));
      used.forEach(rule -> notes.used(rule, key));
      used.clear();
    }
  }

  private static void checkName(String name, Optional<String> key, Notes notes) {
    if (name.isEmpty() || name.indexOf('\0') >= 0) {
      notes.used(Neo4jRule.UNFIT_NAME, key);
    }
  }

  private static boolean fits(String id) {
    try {
      long number = Long.parseLong(id);
      return number >= 0 && Long.toString(number).equals(id);
    } catch (NumberFormatException e) {
      return false;
    }
  }
}
