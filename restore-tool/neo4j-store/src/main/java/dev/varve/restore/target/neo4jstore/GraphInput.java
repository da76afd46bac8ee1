package dev.varve.restore.target.neo4jstore;

import dev.varve.fault.ExitCode;
import dev.varve.fault.VarveException;
import dev.varve.graph.Edge;
import dev.varve.graph.Element;
import dev.varve.graph.ElementId;
import dev.varve.graph.Value;
import dev.varve.graph.Vertex;
import dev.varve.restore.LiveElement;
import dev.varve.restore.LiveElements;
import dev.varve.restore.LiveGraph;
import dev.varve.restore.Progress;
import dev.varve.restore.target.neo4jstore.PropertyValues.UnsupportedValueException;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.neo4j.batchimport.api.InputIterable;
import org.neo4j.batchimport.api.InputIterator;
import org.neo4j.batchimport.api.input.Collector;
import org.neo4j.batchimport.api.input.IdType;
import org.neo4j.batchimport.api.input.Input;
import org.neo4j.batchimport.api.input.InputChunk;
import org.neo4j.batchimport.api.input.InputEntityVisitor;
import org.neo4j.batchimport.api.input.PropertySizeCalculator;
import org.neo4j.batchimport.api.input.ReadableGroups;
import org.neo4j.internal.id.IdValidator;

/**
 * A graph as the importer takes it: its threads share one pass over the chain, take a chunk each
 * under a lock, and decode and write the chunk side by side.
 */
final class GraphInput implements Input {

  /** The record format keeps node ids in 35 bits; the highest stands for none. */
  static final long MAX_VERTEX_ID = (1L << 35) - 2;

  private static final int CHUNK_ELEMENTS = 2_000;
  private static final int CHUNK_BYTES = 1 << 20;

  private final LiveGraph graph;
  private final Progress progress;
  private final VertexIds vertexIds = new VertexIds();

  GraphInput(LiveGraph graph, Progress progress) {
    this.graph = graph;
    this.progress = progress;
  }

  @Override
  public InputIterable nodes(Collector badCollector) {
    return () -> {
      progress.phase("vertices", graph.estimate().vertices());
      return new Pass(graph.vertices(), this::take, this::writeVertex);
    };
  }

  @Override
  public InputIterable relationships(Collector badCollector) {
    return () -> {
      progress.phase("edges", graph.estimate().edges());
      return new Pass(graph.edges(), element -> {}, this::writeEdge);
    };
  }

  @Override
  public IdType idType() {
    return IdType.ACTUAL;
  }

  @Override
  public ReadableGroups groups() {
    return ReadableGroups.EMPTY;
  }

  /** The importer only warns by these figures. */
  @Override
  public Estimates validateAndEstimate(PropertySizeCalculator valueSizeCalculator) {
    LiveGraph.Size size = graph.estimate();
    long elements = Math.max(1, size.vertices() + size.edges());
    long ofVertices = size.bytes() * size.vertices() / elements;
    return Input.knownEstimates(
        size.vertices(),
        size.edges(),
        size.vertices(),
        size.edges(),
        ofVertices,
        size.bytes() - ofVertices,
        size.vertices());
  }

  /** Notes the id while the vertices come one after the other. */
  private void take(LiveElement vertex) {
    vertexIds.add(number(vertex.id(), vertex.id().id()));
  }

  private void writeVertex(LiveElement element, InputEntityVisitor visitor) {
    Vertex vertex = (Vertex) element.state();
    visitor.id(number(element.id(), element.id().id()));
    visitor.labels(vertex.labels().toArray(String[]::new));
    writeProperties(element.id(), vertex, visitor);
  }

  private void writeEdge(LiveElement element, InputEntityVisitor visitor) {
    Edge edge = (Edge) element.state();
    visitor.startId(end(element.id(), edge.start()));
    visitor.endId(end(element.id(), edge.end()));
    visitor.type(edge.type());
    writeProperties(element.id(), edge, visitor);
  }

  private static void writeProperties(ElementId id, Element element, InputEntityVisitor visitor) {
    for (Map.Entry<String, Value> property : element.properties().entrySet()) {
      try {
        visitor.property(property.getKey(), PropertyValues.stored(property.getValue()));
      } catch (UnsupportedValueException e) {
        throw new VarveException(
            ExitCode.FAILED,
            "Neo4j cannot hold property '"
                + property.getKey()
                + "' of "
                + id
                + ": it is "
                + e.getMessage(),
            "restore into dir:<path>, which holds every value",
            e);
      }
    }
  }

  private long end(ElementId edge, String end) {
    long vertex = number(edge, end);
    if (!vertexIds.contains(vertex)) {
      throw new VarveException(
          ExitCode.DAMAGE_FOUND,
          edge + " ends at vertex " + end + ", which the chain does not hold at this moment",
          "restore another moment, and have the chain checked with varve verify --level=graph");
    }
    return vertex;
  }

  private static long number(ElementId element, String id) {
    long number = decimal(id);
    if (number < 0 || number > MAX_VERTEX_ID || IdValidator.isReservedId(number)) {
      throw new VarveException(
          ExitCode.FAILED,
          "Neo4j cannot use '" + id + "' (of " + element + ") as the id of a node",
          "restore over bolt:// instead, which gives every vertex a new id");
    }
    return number;
  }

  private static long decimal(String id) {
    try {
      return Long.parseLong(id);
    } catch (NumberFormatException e) {
      return -1;
    }
  }

  private interface Take {
    void take(LiveElement element);
  }

  private interface Write {
    void write(LiveElement element, InputEntityVisitor visitor);
  }

  private final class Pass implements InputIterator {

    private final LiveElements elements;
    private final Take take;
    private final Write write;
    private boolean ended;

    Pass(LiveElements elements, Take take, Write write) {
      this.elements = elements;
      this.take = take;
      this.write = write;
    }

    @Override
    public InputChunk newChunk() {
      return new Chunk(write);
    }

    @Override
    public synchronized boolean next(InputChunk chunk) {
      List<LiveElement> taken = new ArrayList<>(CHUNK_ELEMENTS);
      long bytes = 0;
      while (!ended && taken.size() < CHUNK_ELEMENTS && bytes < CHUNK_BYTES) {
        @Nullable LiveElement element = elements.next();
        if (element == null) {
          ended = true;
        } else {
          take.take(element);
          taken.add(element);
          bytes += element.stateBytes();
        }
      }
      ((Chunk) chunk).fill(taken);
      return !taken.isEmpty();
    }

    @Override
    public void close() {
      elements.close();
    }
  }

  private final class Chunk implements InputChunk {

    private final Write write;
    private List<LiveElement> elements = List.of();
    private int at;

    Chunk(Write write) {
      this.write = write;
    }

    void fill(List<LiveElement> taken) {
      elements = taken;
      at = 0;
    }

    @Override
    public boolean next(InputEntityVisitor visitor) throws IOException {
      if (at == elements.size()) {
        return false;
      }
      write.write(elements.get(at++), visitor);
      visitor.endOfEntity();
      if (at == elements.size()) {
        progress.advance(at);
      }
      return true;
    }

    @Override
    public void close() {}
  }
}
