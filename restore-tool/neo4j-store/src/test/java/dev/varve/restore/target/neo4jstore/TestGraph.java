package dev.varve.restore.target.neo4jstore;

import dev.varve.graph.Edge;
import dev.varve.graph.Element;
import dev.varve.graph.ElementHash;
import dev.varve.graph.ElementHasher;
import dev.varve.graph.ElementId;
import dev.varve.graph.StoreSchema;
import dev.varve.graph.Value;
import dev.varve.graph.Vertex;
import dev.varve.restore.LiveElement;
import dev.varve.restore.LiveElements;
import dev.varve.restore.LiveGraph;
import dev.varve.restore.ReadBack;
import dev.varve.topology.Fingerprint;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/** A graph on the heap, as a restore hands it to a target. */
final class TestGraph implements LiveGraph {

  private final SortedMap<ElementId, Element> vertices = new TreeMap<>();
  private final SortedMap<ElementId, Element> edges = new TreeMap<>();
  private StoreSchema schema = StoreSchema.EMPTY;

  TestGraph vertex(long id, Set<String> labels, Map<String, Value> properties) {
    return vertex(Long.toString(id), labels, properties);
  }

  TestGraph vertex(String id, Set<String> labels, Map<String, Value> properties) {
    vertices.put(ElementId.vertex(id), Vertex.of(labels, properties));
    return this;
  }

  TestGraph edge(long id, String type, long start, long end, Map<String, Value> properties) {
    edges.put(
        ElementId.edge(Long.toString(id)),
        Edge.of(type, Long.toString(start), Long.toString(end), properties));
    return this;
  }

  TestGraph schema(StoreSchema.Rule... rules) {
    schema = new StoreSchema(List.of(rules));
    return this;
  }

  ReadBack readBack() {
    ElementHasher hasher = new ElementHasher();
    Fingerprint sum = Fingerprint.EMPTY;
    for (SortedMap<ElementId, Element> elements : List.of(vertices, edges)) {
      for (Map.Entry<ElementId, Element> element : elements.entrySet()) {
        sum = sum.plus(hasher.hash(element.getKey(), element.getValue()));
      }
    }
    return new ReadBack(vertices.size(), edges.size(), sum);
  }

  @Override
  public LiveElements vertices() {
    return new Pass(vertices);
  }

  @Override
  public LiveElements edges() {
    return new Pass(edges);
  }

  @Override
  public StoreSchema schema() {
    return schema;
  }

  @Override
  public Size estimate() {
    return new Size(vertices.size(), edges.size(), 100L * (vertices.size() + edges.size()));
  }

  private static final class Pass implements LiveElements {

    private final Iterator<Map.Entry<ElementId, Element>> elements;

    Pass(SortedMap<ElementId, Element> elements) {
      this.elements = elements.entrySet().iterator();
    }

    @Override
    public @Nullable LiveElement next() {
      if (!elements.hasNext()) {
        return null;
      }
      Map.Entry<ElementId, Element> element = elements.next();
      return new Live(
          element.getKey(),
          new ElementHasher().hash(element.getKey(), element.getValue()),
          100,
          element.getValue());
    }

    @Override
    public void close() {}
  }

  private record Live(ElementId id, ElementHash hash, int stateBytes, Element state)
      implements LiveElement {}
}
