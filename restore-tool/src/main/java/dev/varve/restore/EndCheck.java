package dev.varve.restore;

import dev.varve.archive.DamagedException;
import dev.varve.archive.Manifest;
import dev.varve.graph.Edge;
import dev.varve.graph.ElementId;

/** Whether both ends of every edge are in the graph. */
final class EndCheck {

  private EndCheck() {}

  /**
   * Goes through the whole graph.
   *
   * @param manifest that promises the graph
   * @throws DamagedException if an edge has an end that is not there
   */
  static void of(GraphMerge graph, Manifest manifest, Progress progress) {
    VertexIds vertexIds = new VertexIds();
    try (LiveElements vertices = graph.vertices()) {
      for (LiveElement v = vertices.next(); v != null; v = vertices.next()) {
        vertexIds.add(v.id().id());
        progress.advance(1);
      }
    }
    LiveElement loose = null;
    try (LiveElements edges = graph.edges()) {
      for (LiveElement e = edges.next(); e != null; e = edges.next()) {
        Edge edge = (Edge) e.state();
        if (!vertexIds.contains(edge.start()) || !vertexIds.contains(edge.end())) {
          loose = loose == null ? e : loose;
        }
        progress.advance(1);
      }
    }
    if (loose != null) {
      Edge edge = (Edge) loose.state();
      throw new DamagedException(
          manifest.key(),
          loose.id()
              + " goes from "
              + ElementId.vertex(edge.start())
              + " to "
              + ElementId.vertex(edge.end())
              + ", and not both are there",
          null);
    }
  }
}
