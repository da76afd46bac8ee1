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
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * A pass over a whole graph that writes nothing: what would have to be converted, what is refused,
 * and what the target would hold in the end.
 */
final class Survey {

  /** How many places are named for each rule. */
  static final int PLACES_MAX = 5;

  private final Engine from;
  private final Engine to;
  private final Converter converter;
  private final ElementHasher hasher = new ElementHasher();
  private final Map<Rule, Count> counts = new HashMap<>();
  private final VertexIds vertexIds = new VertexIds();
  private final CarriedSchema schema;
  private Fingerprint fingerprint = Fingerprint.EMPTY;

  Survey(Engine from, Engine to, Converter converter) {
    this.from = from;
    this.to = to;
    this.converter = converter;
    this.schema = new CarriedSchema(from, to);
  }

  private static final class Count {
    private long count;
    private final List<Findings.Place> first = new ArrayList<>();
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
        tallies(),
        rules.carried(),
        rules.leftOut());
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
        converter.convert(id, element, (rule, key) -> count(rule, id, element, key));
    schema.note(element, converted);
    fingerprint = fingerprint.plus(converted == element ? live.hash() : hasher.hash(id, converted));
  }

  private void checkEnds(ElementId id, Element element) {
    if (!(element instanceof Edge edge)) {
      vertexIds.add(id.id());
    } else if (!vertexIds.hasEnds(edge)) {
      count(Neo4jRule.NO_END, id, element, Optional.empty());
    }
  }

  private void count(Rule rule, ElementId id, Element element, Optional<String> key) {
    Count count = counts.computeIfAbsent(rule, missing -> new Count());
    count.count++;
    if (count.first.size() < PLACES_MAX) {
      count.first.add(Findings.Place.of(id, element, key));
    }
  }

  private List<Findings.Tally> tallies() {
    return counts.entrySet().stream()
        .map(
            entry ->
                new Findings.Tally(entry.getKey(), entry.getValue().count, entry.getValue().first))
        .sorted(Comparator.comparing(tally -> ((Enum<?>) tally.rule()).ordinal()))
        .toList();
  }
}
