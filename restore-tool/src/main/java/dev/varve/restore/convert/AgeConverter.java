package dev.varve.restore.convert;

import dev.varve.graph.Edge;
import dev.varve.graph.Element;
import dev.varve.graph.ElementId;
import dev.varve.graph.ElementKind;
import dev.varve.graph.Value;
import dev.varve.graph.Vertex;
import java.util.HashSet;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.SortedMap;
import java.util.SortedSet;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.ConcurrentHashMap;

/** Elements of another engine as AGE holds them, by {@link AgeRule}. */
final class AgeConverter implements Converter {

  static final int NAMES_MAX = 65_000;

  /** The names of all tables of vertices that there are so far; not of edges. */
  private final Set<String> vertexNames = ConcurrentHashMap.newKeySet();

  private final Set<String> edgeNames = ConcurrentHashMap.newKeySet();

  /** What was called something before is called so again. */
  @Override
  public void resume(Crossed before) {
    vertexNames.clear();
    edgeNames.clear();
    for (Crossed.Name name : before.given()) {
      (name.kind() == ElementKind.VERTEX ? vertexNames : edgeNames).add(name.name());
    }
  }

  @Override
  public Element convert(ElementId id, Element element, Notes notes) {
    SortedMap<String, Value> properties = properties(element.properties(), notes);
    if (element instanceof Vertex vertex) {
      return vertex(vertex, properties, notes);
    }
    return edge((Edge) element, properties, notes);
  }

  private Element vertex(Vertex vertex, SortedMap<String, Value> properties, Notes notes) {
    AgeLabels labels = AgeLabels.of(vertex.labels());
    labels.name().ifPresent(name -> noteName(vertexNames, name, notes));
    if (labels.name().filter(edgeNames::contains).isPresent()) {
      notes.used(AgeRule.LABEL_OF_EDGES, Optional.empty());
    }
    Value own = vertex.properties().get(AgeLabels.LABELS);
    boolean misread = own != null && AgeLabels.carried(labels.name().orElse(""), own).isPresent();
    if (own != null && (labels.rule().isPresent() || misread)) {
      notes.used(AgeRule.CARRIED_LABELS, Optional.of(AgeLabels.LABELS));
    }
    if (labels.rule().isEmpty()) {
      return properties.equals(vertex.properties())
          ? vertex
          : new Vertex(vertex.labels(), properties);
    }
    notes.used(labels.rule().get(), Optional.empty());
    properties.put(AgeLabels.LABELS, AgeLabels.list(vertex.labels()));
    SortedSet<String> name = new TreeSet<>(Set.of(labels.name().orElseThrow()));
    return new Vertex(name, properties);
  }

  private Element edge(Edge edge, SortedMap<String, Value> properties, Notes notes) {
    boolean ofVertices = vertexNames.contains(edge.type());
    boolean kept = AgeNames.valid(edge.type()) && !ofVertices;
    String name = kept ? edge.type() : AgeNames.escaped(ElementKind.EDGE, edge.type());
    noteName(edgeNames, name, notes);
    Value own = edge.properties().get(AgeLabels.TYPE);
    boolean misread = own != null && AgeLabels.carriedType(name, own).isPresent();
    if (own != null && (!kept || misread)) {
      notes.used(AgeRule.CARRIED_LABELS, Optional.of(AgeLabels.TYPE));
    }
    if (kept) {
      return properties.equals(edge.properties())
          ? edge
          : new Edge(name, edge.start(), edge.end(), properties);
    }
    notes.used(ofVertices ? AgeRule.TYPE_OF_VERTICES : AgeRule.TYPE_NAME, Optional.empty());
    properties.put(AgeLabels.TYPE, AgeValues.encoded(Value.Text.of(edge.type()), new HashSet<>()));
    return new Edge(name, edge.start(), edge.end(), properties);
  }

  private void noteName(Set<String> names, String name, Notes notes) {
    if (names.add(name) && vertexNames.size() + edgeNames.size() > NAMES_MAX) {
      notes.used(AgeRule.TOO_MANY_LABELS, Optional.empty());
    }
  }

  private static SortedMap<String, Value> properties(
      SortedMap<String, Value> properties, Notes notes) {
    SortedMap<String, Value> result = new TreeMap<>();
    Set<Rule> used = new HashSet<>();
    for (Map.Entry<String, Value> property : properties.entrySet()) {
      Optional<String> key = Optional.of(property.getKey());
      if (!AgeValues.fits(property.getKey())) {
        notes.used(AgeRule.UNFIT_KEY, key);
      }
      result.put(property.getKey(), AgeValues.property(property.getValue(), used));
      used.forEach(rule -> notes.used(rule, key));
      used.clear();
    }
    return result;
  }
}
