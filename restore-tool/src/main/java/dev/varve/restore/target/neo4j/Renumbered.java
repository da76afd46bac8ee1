package dev.varve.restore.target.neo4j;

import dev.varve.fault.ExitCode;
import dev.varve.fault.VarveException;
import dev.varve.graph.Edge;
import dev.varve.graph.Element;
import dev.varve.graph.ElementHash;
import dev.varve.graph.ElementHasher;
import dev.varve.graph.ElementId;
import dev.varve.graph.ElementKind;
import dev.varve.graph.StoreSchema;
import dev.varve.restore.LiveElement;
import dev.varve.restore.LiveElements;
import dev.varve.restore.LiveGraph;
import dev.varve.restore.Progress;
import java.util.OptionalLong;
import org.jspecify.annotations.Nullable;

/**
 * A graph whose vertices have other ids: 0, 1, 2 and so on, in the order of their own. So a graph
 * of another engine has ids that a Neo4j store can use.
 */
final class Renumbered implements LiveGraph {

  /** Neo4j keeps it for itself. */
  private static final long RESERVED = 0xFFFF_FFFFL;

  private final LiveGraph graph;
  private final IdMap ids;

  private Renumbered(LiveGraph graph, IdMap ids) {
    this.graph = graph;
    this.ids = ids;
  }

  /**
   * Numbers all vertices.
   *
   * @param ids empty; gets both numbers of every vertex
   */
  static Renumbered of(LiveGraph graph, IdMap ids, Progress progress) {
    progress.phase("number", graph.estimate().vertices());
    try (LiveElements vertices = graph.vertices()) {
      for (LiveElement next = vertices.next(); next != null; next = vertices.next()) {
        long position = ids.add(next.id().id());
        ids.put(position, position < RESERVED ? position : position + 1);
        progress.advance(1);
      }
    }
    return new Renumbered(graph, ids);
  }

  @Override
  public LiveElements vertices() {
    return new Elements(graph.vertices());
  }

  @Override
  public LiveElements edges() {
    return new Elements(graph.edges());
  }

  @Override
  public StoreSchema schema() {
    return graph.schema();
  }

  @Override
  public Size estimate() {
    return graph.estimate();
  }

  private String number(ElementId element, String vertex) {
    OptionalLong number = ids.target(vertex);
    if (number.isEmpty()) {
      throw new VarveException(
          ExitCode.DAMAGE_FOUND,
          element + " ends at vertex " + vertex + ", which the chain does not hold at this moment",
          "restore another moment, and have the chain checked with varve verify --level=graph");
    }
    return Long.toString(number.getAsLong());
  }

  private final class Elements implements LiveElements {
    private final LiveElements elements;

    Elements(LiveElements elements) {
      this.elements = elements;
    }

    @Override
    public @Nullable LiveElement next() {
      LiveElement next = elements.next();
      return next == null ? null : new Numbered(next);
    }

    @Override
    public void close() {
      elements.close();
    }
  }

  private final class Numbered implements LiveElement {
    private final LiveElement original;
    private final ElementId id;

    Numbered(LiveElement original) {
      this.original = original;
      ElementId own = original.id();
      id = own.kind() == ElementKind.VERTEX ? ElementId.vertex(number(own, own.id())) : own;
    }

    @Override
    public ElementId id() {
      return id;
    }

    @Override
    public ElementHash hash() {
      return new ElementHasher().hash(id, state());
    }

    @Override
    public int stateBytes() {
      return original.stateBytes();
    }

    @Override
    public Element state() {
      Element state = original.state();
      return state instanceof Edge edge
          ? new Edge(
              edge.type(),
              number(original.id(), edge.start()),
              number(original.id(), edge.end()),
              edge.properties())
          : state;
    }
  }
}
