package dev.varve.restore.target.neo4j;

import dev.varve.graph.Edge;
import dev.varve.graph.ElementHash;
import dev.varve.graph.ElementHasher;
import dev.varve.graph.ElementId;
import dev.varve.graph.Vertex;
import dev.varve.restore.Progress;
import dev.varve.restore.ReadBack;
import dev.varve.restore.target.Dispatcher;
import dev.varve.topology.Fingerprint;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.SortedMap;
import java.util.TreeSet;
import java.util.function.BiFunction;
import java.util.function.Consumer;
import org.neo4j.driver.Record;
import org.neo4j.driver.Value;

/**
 * Reads the whole target, a fetch at a time, and hashes it under the vertices' original ids; of a
 * standby without what Varve added to it.
 */
final class BoltReadBack {

  private final BoltSession session;
  private final Optional<IdMap> ids;
  private final boolean marked;
  private final Progress progress;

  /**
   * @param ids of the vertices that were written; absent for a standby, whose vertices know theirs
   * @param marked whether the target has what {@link StandbyMarks} says
   */
  BoltReadBack(BoltSession session, Optional<IdMap> ids, boolean marked, Progress progress) {
    this.session = session;
    this.ids = ids;
    this.marked = marked;
    this.progress = progress;
  }

  /** Sums up one kind of element. */
  private static final class Sum implements Consumer<Record> {
    private final ElementHasher hasher = new ElementHasher();
    private final BiFunction<ElementHasher, Record, ElementHash> hash;
    private final Progress progress;
    private Fingerprint fingerprint = Fingerprint.EMPTY;
    private long count;

    Sum(BiFunction<ElementHasher, Record, ElementHash> hash, Progress progress) {
      this.hash = hash;
      this.progress = progress;
    }

    @Override
    public void accept(Record row) {
      fingerprint = fingerprint.plus(hash.apply(hasher, row));
      if (++count % PROGRESS_EVERY == 0) {
        progress.advance(PROGRESS_EVERY);
      }
    }
  }

  private static final int PROGRESS_EVERY = 1_000;

  /** Vertices and edges are read side by side, each in one pass over the store. */
  ReadBack read() {
    Sum vertices = new Sum(this::vertex, progress);
    Sum edges = new Sum(this::edge, progress);
    try (Dispatcher readers = new Dispatcher("read-back", 2, 2)) {
      readers.submit(
          new Dispatcher.Task(
              0,
              () ->
                  session.stream(
                      "MATCH (n) WHERE NOT n:`"
                          + Bookkeeping.BATCH
                          + "` AND NOT n:`"
                          + StandbyCut.LABEL
                          + "` RETURN "
                          + id("n")
                          + ", labels(n), properties(n)",
                      Map.of(),
                      vertices)));
      readers.submit(
          new Dispatcher.Task(
              0,
              () ->
                  session.stream(
                      "MATCH (a)-[r]->(b) RETURN type(r), "
                          + id("a")
                          + ", "
                          + id("b")
                          + ", properties(r)",
                      Map.of(),
                      edges)));
      readers.drain();
    }
    return new ReadBack(vertices.count, edges.count, vertices.fingerprint.plus(edges.fingerprint));
  }

  private String id(String node) {
    return ids.isPresent() ? "id(" + node + ")" : node + ".`" + StandbyMarks.ID + "`";
  }

  private ElementHash vertex(ElementHasher hasher, Record row) {
    TreeSet<String> labels = new TreeSet<>(row.get(1).asList(Value::asString));
    if (marked) {
      labels.remove(StandbyMarks.NODE);
    }
    return hasher.hash(
        ElementId.vertex(original(row.get(0))), new Vertex(labels, properties(row.get(2))));
  }

  private ElementHash edge(ElementHasher hasher, Record row) {
    return hasher.hash(
        ElementId.edge("0"), // an edge's own id is not part of its hash
        new Edge(
            row.get(0).asString(),
            original(row.get(1)),
            original(row.get(2)),
            properties(row.get(3))));
  }

  private SortedMap<String, dev.varve.graph.Value> properties(Value found) {
    SortedMap<String, dev.varve.graph.Value> properties = BoltValues.fromBolt(found.asMap());
    if (marked) {
      properties.remove(StandbyMarks.ID);
    }
    return properties;
  }

  /** What the restore did not write has no original id: it makes the fingerprints differ. */
  private String original(Value target) {
    if (target.isNull()) {
      return "stranger";
    }
    if (ids.isEmpty()) {
      return Long.toString(target.asLong());
    }
    OptionalLong original = ids.get().original(target.asLong());
    return original.isPresent() ? Long.toString(original.getAsLong()) : "stranger " + target;
  }
}
