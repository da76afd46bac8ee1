package dev.varve.restore;

import dev.varve.graph.Element;
import dev.varve.graph.ElementId;
import dev.varve.graph.ElementKind;
import java.util.Map;
import java.util.TreeMap;

/** A target that an interrupted restore leaves as it is, in memory. */
class MemoryTarget implements GraphTarget {

  final Map<ElementId, Element> graph = new TreeMap<>();
  private boolean begun;

  @Override
  public String name() {
    return "memory";
  }

  @Override
  public Standing open(RestoreIdentity restore, boolean overwrite, Progress progress) {
    Standing standing = begun ? Standing.RESUMED : Standing.FRESH;
    begun = true;
    return standing;
  }

  @Override
  public void write(LiveGraph source, Progress progress) {
    for (LiveElements elements : new LiveElements[] {source.vertices(), source.edges()}) {
      try (elements) {
        for (LiveElement e = elements.next(); e != null; e = elements.next()) {
          graph.put(e.id(), e.state());
        }
      }
    }
  }

  @Override
  public ReadBack readBack(Progress progress) {
    long vertices = graph.keySet().stream().filter(id -> id.kind() == ElementKind.VERTEX).count();
    return new ReadBack(vertices, graph.size() - vertices, ChainLab.fingerprintOf(graph));
  }

  @Override
  public void finish(boolean good, Progress progress) {}

  @Override
  public void close() {}
}
