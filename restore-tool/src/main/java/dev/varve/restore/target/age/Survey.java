package dev.varve.restore.target.age;

import dev.varve.age.Agtype;
import dev.varve.age.Graphid;
import dev.varve.fault.ExitCode;
import dev.varve.fault.VarveException;
import dev.varve.graph.Edge;
import dev.varve.graph.Element;
import dev.varve.graph.ElementId;
import dev.varve.graph.ElementKind;
import dev.varve.restore.LiveElement;
import dev.varve.restore.LiveElements;
import dev.varve.restore.LiveGraph;
import dev.varve.restore.Progress;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.TreeSet;

/**
 * A pass over a graph whose chain does not say which labels it has: finds them, sees what ids the
 * elements have, and refuses what AGE cannot hold before anything is written. The same graph gives
 * the same labels and ids at each run.
 */
final class Survey {

  private final StringBuilder text = new StringBuilder();

  /** Of vertices, in the order they were met: what a label's number is as long as it has no id. */
  private final Map<String, Integer> vertexLabels = new HashMap<>();

  private final TreeSet<String> edgeLabels = new TreeSet<>();

  /** Which label the ids' upper bits stand for, if the ids are graphids. */
  private final Map<Integer, AgeLabel> kept = new TreeMap<>();

  private final boolean byNumber;
  private boolean graphids;

  private Survey(boolean byNumber) {
    this.byNumber = byNumber;
    graphids = !byNumber;
  }

  /**
   * What was found.
   *
   * @param labels of the target, with their ids
   */
  record Found(Numbering numbering, List<AgeLabel> labels) {}

  /**
   * @param byNumber whether every element has to be numbered {@linkplain ByNumber by its own
   *     number}
   */
  static Found of(LiveGraph graph, boolean byNumber, Path workDirectory, Progress progress) {
    return new Survey(byNumber).look(graph, workDirectory, progress);
  }

  private Found look(LiveGraph graph, Path workDirectory, Progress progress) {
    LiveGraph.Size size = graph.estimate();
    progress.phase("survey", size.vertices() + size.edges());
    GivenIds.Builder ids = new GivenIds.Builder(workDirectory);
    try {
      try (LiveElements vertices = graph.vertices()) {
        for (LiveElement e = vertices.next(); e != null; e = vertices.next()) {
          String label = look(e.id(), e.state());
          vertexLabels.putIfAbsent(label, vertexLabels.size());
          ids.addVertex(e.id().id(), vertexLabels.get(label));
          progress.advance(1);
        }
      }
      try (LiveElements edges = graph.edges()) {
        for (LiveElement e = edges.next(); e != null; e = edges.next()) {
          edgeLabels.add(look(e.id(), e.state()));
          ids.addEdge(e.id().id());
          progress.advance(1);
        }
      }
      if (graphids && !kept.isEmpty()) {
        ids.close();
        return new Found(
            new Numbering.Kept(),
            kept.values().stream().filter(label -> !label.isDefault()).toList());
      }
      return given(ids);
    } catch (RuntimeException e) {
      ids.close();
      throw e;
    }
  }

  /** Checks one element; returns its label. */
  private String look(ElementId id, Element state) {
    if (byNumber) {
      ByNumber.entry(id); // or refused
    }
    String label = Parts.label(id, state);
    text.setLength(0);
    try {
      Agtype.writeProperties(state.properties(), text);
    } catch (IllegalArgumentException e) {
      throw Parts.notHeld(id, e);
    }
    graphids = graphids && isGraphid(id, state, label);
    return label;
  }

  /** Whether the id can be a graphid of that label beside those that were seen before. */
  private boolean isGraphid(ElementId id, Element state, String name) {
    Long number = Numbering.Kept.numberOrNull(id.id());
    if (number == null) {
      return false;
    }
    int labelId = Graphid.of(number).label();
    AgeLabel standard = state.kind() == ElementKind.VERTEX ? AgeLabel.VERTICES : AgeLabel.EDGES;
    if (name.isEmpty() || labelId < AgeLabel.FIRST) {
      return name.isEmpty() && labelId == standard.id() && endsAreGraphids(state);
    }
    AgeLabel label = new AgeLabel(labelId, name, state.kind());
    AgeLabel before = kept.putIfAbsent(labelId, label);
    return (before == null || before.equals(label)) && endsAreGraphids(state);
  }

  private static boolean endsAreGraphids(Element state) {
    return !(state instanceof Edge edge)
        || (Numbering.Kept.numberOrNull(edge.start()) != null
            && Numbering.Kept.numberOrNull(edge.end()) != null);
  }

  private Found given(GivenIds.Builder ids) {
    List<AgeLabel> labels = new ArrayList<>();
    Map<String, Integer> vertices = new HashMap<>(Map.of("", AgeLabel.VERTICES.id()));
    Map<String, Integer> edges = new HashMap<>(Map.of("", AgeLabel.EDGES.id()));
    int next = AgeLabel.FIRST;
    for (String name : new TreeSet<>(vertexLabels.keySet())) {
      if (!name.isEmpty()) {
        vertices.put(name, next);
        labels.add(new AgeLabel(next++, name, ElementKind.VERTEX));
      }
    }
    for (String name : edgeLabels) {
      if (!name.isEmpty()) {
        requireFree(name, vertices);
        edges.put(name, next);
        labels.add(new AgeLabel(next++, name, ElementKind.EDGE));
      }
    }
    if (next > Graphid.LABEL_MAX + 1) {
      throw new VarveException(
          ExitCode.FAILED,
          "the graph has " + (next - AgeLabel.FIRST) + " labels and edge types",
          "AGE has at most " + (Graphid.LABEL_MAX - AgeLabel.FIRST + 1) + " in a graph");
    }
    String[] names = new String[vertexLabels.size()];
    vertexLabels.forEach((name, number) -> names[number] = name);
    return new Found(ids.build(names, vertices, edges), labels);
  }

  private static void requireFree(String name, Map<String, Integer> vertices) {
    if (vertices.containsKey(name)) {
      throw new VarveException(
          ExitCode.FAILED,
          "'" + name + "' is a label of vertices and a type of edges",
          "in AGE a name stands for one of them; restore into another kind of store, or into"
              + " dir:<path>");
    }
  }
}
