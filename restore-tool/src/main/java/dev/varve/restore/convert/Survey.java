package dev.varve.restore.convert;

import dev.varve.graph.Edge;
import dev.varve.graph.Element;
import dev.varve.graph.ElementHasher;
import dev.varve.graph.ElementId;
import dev.varve.restore.LiveElement;
import dev.varve.restore.LiveElements;
import dev.varve.restore.LiveGraph;
import dev.varve.restore.Progress;
import dev.varve.restore.ReadBack;
import dev.varve.restore.VertexIds;
import dev.varve.topology.Fingerprint;
import java.util.Optional;

/**
 * A pass over a whole graph that writes nothing: what would have to be converted, what is refused,
 * and what the target would hold in the end.
 */
final class Survey {

  private final Engine from;
  private final Engine to;
  private final Converter converter;
  private final ElementHasher hasher = new ElementHasher();
  private final Tallies tallies = new Tallies();
  private final VertexIds vertexIds = new VertexIds();
  private final CarriedSchema schema;
  private Fingerprint fingerprint = Fingerprint.EMPTY;

  Survey(Engine from, Engine to, Converter converter) {
    this.from = from;
    this.to = to;
    this.converter = converter;
    this.schema = new CarriedSchema(Crossed.nothing(from), to);
  }

  Findings of(LiveGraph graph, Progress progress) {
    progress.phase("survey", graph.estimate().vertices() + graph.estimate().edges());
    long vertices = pass(graph.vertices(), progress);
    long edges = pass(graph.edges(), progress);
    CarriedSchema.Result rules = schema.of(graph.schema());
    return new Findings(
        from,
        to,
        new ReadBack(vertices, edges, fingerprint),
        tallies.list(),
        rules.carried(),
        rules.leftOut(),
        schema.crossed());
  }

  private long pass(LiveElements elements, Progress progress) {
    long count = 0;
    try (elements) {
      for (LiveElement next = elements.next(); next != null; next = elements.next()) {
        add(next);
        progress.advance(1);
        count++;
      }
    }
    return count;
  }

  private void add(LiveElement live) {
    ElementId id = live.id();
    Element element = live.state();
    if (to == Engine.NEO4J) {
      checkEnds(id, element);
    }
    Element converted =
        converter.convert(id, element, (rule, key) -> tallies.count(rule, id, element, key));
    schema.note(element, converted);
    fingerprint = fingerprint.plus(converted == element ? live.hash() : hasher.hash(id, converted));
  }

  private void checkEnds(ElementId id, Element element) {
    if (!(element instanceof Edge edge)) {
      vertexIds.add(id.id());
    } else if (!vertexIds.hasEnds(edge)) {
      tallies.count(Neo4jRule.NO_END, id, element, Optional.empty());
    }
  }
}
