package dev.varve.restore.convert;

import dev.varve.graph.Element;
import dev.varve.graph.ElementHash;
import dev.varve.graph.ElementHasher;
import dev.varve.graph.ElementId;
import dev.varve.graph.StoreSchema;
import dev.varve.restore.LiveElement;
import dev.varve.restore.LiveElements;
import dev.varve.restore.LiveGraph;
import dev.varve.restore.Progress;
import org.jspecify.annotations.Nullable;

/**
 * The way of a graph from one engine to another: first a survey, then the graph in the target's
 * form. One object serves one graph.
 */
public final class Crossing {

  private final Engine from;
  private final Engine to;
  private final Converter converter;
  private StoreSchema carried = StoreSchema.EMPTY;

  public Crossing(Engine from, Engine to) {
    this.from = from;
    this.to = to;
    converter =
        switch (to) {
          case NEO4J -> new Neo4jConverter(from);
          case AGE -> new AgeConverter();
          case OTHER -> throw new IllegalArgumentException("there is no such target");
        };
  }

  /**
   * The way of a graph that went it before: what has a name there keeps it.
   *
   * @param before what was seen of it until then
   */
  public static Crossing resumed(Crossed before, Engine to) {
    Crossing crossing = new Crossing(before.from(), to);
    crossing.converter.resume(before);
    return crossing;
  }

  public Engine from() {
    return from;
  }

  public Engine to() {
    return to;
  }

  /**
   * The next step of a graph that went this way before.
   *
   * @param before what was seen of it until then
   */
  public Step step(Crossed before) {
    converter.resume(before);
    return new Step(from, to, converter, before);
  }

  /** Goes through the whole graph and writes nothing. */
  public Findings survey(LiveGraph graph, Progress progress) {
    Findings findings = new Survey(from, to, converter).of(graph, progress);
    carried = findings.carried();
    return findings;
  }

  /** The graph in the target's form; it has to be surveyed before. */
  public LiveGraph converted(LiveGraph graph) {
    return new Converted(graph);
  }

  private final class Converted implements LiveGraph {
    private final LiveGraph graph;

    Converted(LiveGraph graph) {
      this.graph = graph;
    }

    @Override
    public LiveElements vertices() {
      return new ConvertedElements(graph.vertices());
    }

    @Override
    public LiveElements edges() {
      return new ConvertedElements(graph.edges());
    }

    /** What of it means the same there, in the target's own language. */
    @Override
    public StoreSchema schema() {
      return carried;
    }

    @Override
    public Size estimate() {
      return graph.estimate();
    }
  }

  private final class ConvertedElements implements LiveElements {
    private final LiveElements elements;

    ConvertedElements(LiveElements elements) {
      this.elements = elements;
    }

    @Override
    public @Nullable LiveElement next() {
      LiveElement next = elements.next();
      return next == null ? null : new ConvertedElement(next);
    }

    @Override
    public void close() {
      elements.close();
    }
  }

  private final class ConvertedElement implements LiveElement {
    private final LiveElement original;

    ConvertedElement(LiveElement original) {
      this.original = original;
    }

    @Override
    public ElementId id() {
      return original.id();
    }

    @Override
    public ElementHash hash() {
      return new ElementHasher().hash(id(), state());
    }

    @Override
    public int stateBytes() {
      return original.stateBytes();
    }

    @Override
    public Element state() {
      return converter.convert(original.id(), original.state(), Converter.Notes.NONE);
    }
  }
}
