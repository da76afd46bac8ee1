package dev.varve.restore.target.neo4jstore;

import dev.varve.graph.Edge;
import dev.varve.graph.Element;
import dev.varve.graph.ElementHash;
import dev.varve.graph.ElementId;
import dev.varve.graph.StoreSchema;
import dev.varve.graph.Vertex;
import dev.varve.restore.LiveElement;
import dev.varve.restore.LiveElements;
import dev.varve.restore.LiveGraph;
import dev.varve.restore.Progress;
import dev.varve.restore.target.neo4j.OfflineStore.Place;
import dev.varve.restore.target.neo4j.OfflineStore.Resources;
import java.nio.file.Path;
import java.util.Map;
import java.util.Set;
import java.util.function.LongFunction;
import org.jspecify.annotations.Nullable;

/** Loads a graph and dies with its JVM among the edges. Argument: the directory. */
public final class KilledLoad {

  static final int HALTED = 137;

  private static final long VERTICES = 10_000;
  private static final long EDGES_BEFORE_DEATH = 25_000;

  private KilledLoad() {}

  public static void main(String[] args) {
    new BulkStore()
        .load(
            new Place(Path.of(args[0]), "neo4j"),
            new Endless(),
            false,
            new Resources(2, 256 << 20),
            Progress.NONE);
  }

  private static final class Endless implements LiveGraph {
    @Override
    public LiveElements vertices() {
      return pass(
          n ->
              n < VERTICES
                  ? new Live(ElementId.vertex("" + n), Vertex.of(Set.of("A"), Map.of()))
                  : null);
    }

    @Override
    public LiveElements edges() {
      return pass(
          n -> {
            if (n == EDGES_BEFORE_DEATH) {
              Runtime.getRuntime().halt(HALTED);
            }
            return new Live(
                ElementId.edge("" + n),
                Edge.of("T", "" + n % VERTICES, "" + (n * 7) % VERTICES, Map.of()));
          });
    }

    @Override
    public StoreSchema schema() {
      return StoreSchema.EMPTY;
    }

    @Override
    public Size estimate() {
      return new Size(VERTICES, 1_000_000, 10_000_000);
    }
  }

  private static LiveElements pass(LongFunction<@Nullable Live> elements) {
    return new LiveElements() {
      private long at;

      @Override
      public @Nullable LiveElement next() {
        return elements.apply(at++);
      }

      @Override
      public void close() {}
    };
  }

  private record Live(ElementId id, Element state) implements LiveElement {
    @Override
    public ElementHash hash() {
      return new ElementHash(0, 0);
    }

    @Override
    public int stateBytes() {
      return 50;
    }
  }
}
