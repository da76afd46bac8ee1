package dev.varve.restore.target.neo4jstore;

import dev.varve.fault.ExitCode;
import dev.varve.fault.VarveException;
import dev.varve.graph.Edge;
import dev.varve.graph.Element;
import dev.varve.graph.ElementId;
import dev.varve.graph.ElementKind;
import dev.varve.graph.Value;
import dev.varve.graph.Vertex;
import dev.varve.restore.LiveElement;
import dev.varve.restore.LiveElements;
import dev.varve.restore.LiveGraph;
import dev.varve.restore.Progress;
import dev.varve.restore.target.neo4jstore.PropertyValues.UnsupportedValueException;
import dev.varve.wire.AvroInput;
import dev.varve.wire.ElementCodec;
import dev.varve.wire.MalformedRecordException;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Optional;
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
      return new Pass(graph.vertices(), this::take);
    };
  }

  @Override
  public InputIterable relationships(Collector badCollector) {
    return () -> {
      progress.phase("edges", graph.estimate().edges());
      return new Pass(graph.edges(), element -> {});
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

  /** Writes what the chain has of an element, without making an element of it where that can be. */
  private void write(LiveElement element, InputEntityVisitor visitor) {
    ElementId id = element.id();
    Optional<AvroInput> encoded = element.encodedState();
    if (encoded.isEmpty()) {
      write(id, element.state(), visitor);
      return;
    }
    AvroInput in = encoded.get();
    try {
      ElementCodec.Called called = ElementCodec.readCalled(in);
      if (called.kind() == ElementKind.VERTEX) {
        beginVertex(id, called.labels(), visitor);
      } else {
        beginEdge(id, called.labels().get(0), in.readString(), in.readString(), visitor);
      }
      ElementCodec.readProperties(in, (key, value) -> write(id, key, value, visitor));
    } catch (MalformedRecordException e) {
      throw new VarveException(
          ExitCode.DAMAGE_FOUND,
          "the state of " + id + " cannot be read: " + e.getMessage(),
          "the target is unfinished; see what varve verify --level=graph says",
          e);
    }
  }

  private void write(ElementId id, Element element, InputEntityVisitor visitor) {
    if (element instanceof Vertex vertex) {
      beginVertex(id, vertex.labels(), visitor);
    } else if (element instanceof Edge edge) {
      beginEdge(id, edge.type(), edge.start(), edge.end(), visitor);
    }
    element.properties().forEach((key, value) -> write(id, key, value, visitor));
  }

  private static void beginVertex(
      ElementId id, Collection<String> labels, InputEntityVisitor visitor) {
    visitor.id(number(id, id.id()));
    visitor.labels(labels.toArray(String[]::new));
  }

  private void beginEdge(
      ElementId id, String type, String start, String end, InputEntityVisitor visitor) {
    visitor.startId(end(id, start));
    visitor.endId(end(id, end));
    visitor.type(type);
  }

  private static void write(ElementId id, String key, Value value, InputEntityVisitor visitor) {
    try {
      visitor.property(key, PropertyValues.stored(value));
    } catch (UnsupportedValueException e) {
      throw new VarveException(
          ExitCode.FAILED,
          "Neo4j cannot hold property '" + key + "' of " + id + ": it is " + e.getMessage(),
          "restore into dir:<path>, which holds every value",
          e);
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

  private final class Pass implements InputIterator {

    private final LiveElements elements;
    private final Take take;
    private boolean ended;

    Pass(LiveElements elements, Take take) {
      this.elements = elements;
      this.take = take;
    }

    @Override
    public InputChunk newChunk() {
      return new Chunk();
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

    private List<LiveElement> elements = List.of();
    private int at;

    void fill(List<LiveElement> taken) {
      elements = taken;
      at = 0;
    }

    @Override
    public boolean next(InputEntityVisitor visitor) throws IOException {
      if (at == elements.size()) {
        return false;
      }
      write(elements.get(at++), visitor);
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
