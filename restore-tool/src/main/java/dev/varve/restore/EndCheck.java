package dev.varve.restore;

import dev.varve.change.VersionVector;
import dev.varve.graph.Edge;
import dev.varve.graph.ElementId;
import java.util.ArrayList;
import java.util.List;

/** Whether both ends of every edge are in the graph. */
final class EndCheck {

  private EndCheck() {}

  /** Goes through the whole graph as it is at a cut. */
  static LooseEdges of(LiveGraph graph, VersionVector at, Progress progress) {
    VertexIds vertexIds = new VertexIds();
    try (LiveElements vertices = graph.vertices()) {
      for (LiveElement v = vertices.next(); v != null; v = vertices.next()) {
        vertexIds.add(v.id().id());
        progress.advance(1);
      }
    }
    long count = 0;
    List<String> first = new ArrayList<>();
    try (LiveElements edges = graph.edges()) {
      for (LiveElement e = edges.next(); e != null; e = edges.next()) {
        Edge edge = (Edge) e.state();
        if (!vertexIds.hasEnds(edge)) {
          count++;
          if (first.size() < LooseEdges.FIRST_MAX) {
            first.add(
                e.id()
                    + " goes from "
                    + ElementId.vertex(edge.start())
                    + " to "
                    + ElementId.vertex(edge.end()));
          }
        }
        progress.advance(1);
      }
    }
    return new LooseEdges(at, count, first);
  }
}
