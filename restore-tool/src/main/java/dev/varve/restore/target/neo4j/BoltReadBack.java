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
import java.util.OptionalLong;
import java.util.TreeSet;
import java.util.function.BiFunction;
import java.util.function.Consumer;
import org.neo4j.driver.Record;
import org.neo4j.driver.Value;

/** Reads the whole target, a fetch at a time, and hashes it under the vertices' original ids. */
final class BoltReadBack {

  private final BoltSession session;
  private final IdMap ids;
  private final Progress progress;

  BoltReadBack(BoltSession session, IdMap ids, Progress progress) {
    this.session = session;
    this.ids = ids;
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
                          + "` RETURN id(n), labels(n), properties(n)",
                      Map.of(),
                      vertices)));
      readers.submit(
          new Dispatcher.Task(
              0,
              () ->
                  session.stream(
                      "MATCH (a)-[r]->(b) RETURN type(r), id(a), id(b), properties(r)",
                      Map.of(),
                      edges)));
      readers.drain();
    }
    return new ReadBack(vertices.count, edges.count, vertices.fingerprint.plus(edges.fingerprint));
  }

  private ElementHash vertex(ElementHasher hasher, Record row) {
    return hasher.hash(
        ElementId.vertex(original(row.get(0).asLong())),
        new Vertex(
            new TreeSet<>(row.get(1).asList(Value::asString)),
            BoltValues.fromBolt(row.get(2).asMap())));
  }

  private ElementHash edge(ElementHasher hasher, Record row) {
    return hasher.hash(
        ElementId.edge("0"), // an edge's own id is not part of its hash
        new Edge(
            row.get(0).asString(),
            original(row.get(1).asLong()),
            original(row.get(2).asLong()),
            BoltValues.fromBolt(row.get(3).asMap())));
  }

  /** What the restore did not write has no original id: it makes the fingerprints differ. */
  private String original(long target) {
    OptionalLong original = ids.original(target);
    return original.isPresent() ? Long.toString(original.getAsLong()) : "stranger " + target;
  }
}
