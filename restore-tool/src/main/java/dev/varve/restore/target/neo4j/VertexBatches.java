package dev.varve.restore.target.neo4j;

import dev.varve.graph.Vertex;
import dev.varve.restore.LiveElement;
import dev.varve.restore.LiveElements;
import dev.varve.restore.LiveGraph;
import dev.varve.restore.Progress;
import dev.varve.restore.target.Dispatcher;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SortedSet;
import org.jspecify.annotations.Nullable;
import org.neo4j.driver.Record;
import org.neo4j.driver.Transaction;

/**
 * Writes vertices: batches of neighbours in the order of the ids, so that the same restore makes
 * the same batches each time it is run.
 */
final class VertexBatches {

  private final BoltSession session;
  private final Bookkeeping bookkeeping;
  private final Bookkeeping.Root limits;
  private final IdMap ids;
  private final boolean marked;
  private final Progress progress;

  /**
   * @param marked whether to write what a standby needs, see {@link StandbyMarks}
   */
  VertexBatches(
      BoltSession session,
      Bookkeeping bookkeeping,
      Bookkeeping.Root limits,
      IdMap ids,
      boolean marked,
      Progress progress) {
    this.session = session;
    this.bookkeeping = bookkeeping;
    this.limits = limits;
    this.ids = ids;
    this.marked = marked;
    this.progress = progress;
  }

  /**
   * A run of vertices.
   *
   * @param first the position of the first one in the order of all
   */
  private record Batch(String key, long first, List<LiveElement> vertices) {}

  /**
   * Writes all that is not written yet and fills the map of ids.
   *
   * @param done keys of the batches that an earlier run committed
   */
  void write(LiveGraph graph, Set<String> done, Dispatcher dispatcher) {
    try (LiveElements vertices = graph.vertices()) {
      List<LiveElement> run = new ArrayList<>();
      long bytes = 0;
      long number = 0;
      long first = 0;
      for (LiveElement vertex = vertices.next(); vertex != null; vertex = vertices.next()) {
        ids.add(vertex.id().id());
        run.add(vertex);
        bytes += vertex.stateBytes();
        if (run.size() >= limits.batchElements() || bytes >= limits.batchBytes()) {
          submit(new Batch("v" + number++, first, run), done, dispatcher);
          first += run.size();
          run = new ArrayList<>();
          bytes = 0;
        }
      }
      if (!run.isEmpty()) {
        submit(new Batch("v" + number, first, run), done, dispatcher);
      }
      dispatcher.drain();
    }
  }

  private void submit(Batch batch, Set<String> done, Dispatcher dispatcher) {
    boolean written = done.contains(batch.key());
    dispatcher.submit(
        new Dispatcher.Task(
            0,
            () -> {
              long @Nullable [] given = written ? earlier(batch) : null;
              if (given == null) {
                given = write(batch);
              }
              for (int i = 0; i < given.length; i++) {
                ids.put(batch.first() + i, given[i]);
              }
              progress.advance(given.length);
            }));
  }

  private long @Nullable [] earlier(Batch batch) {
    return bookkeeping.ids(batch.key()).orElse(null);
  }

  private long[] write(Batch batch) {
    Map<SortedSet<String>, List<Map<String, Object>>> byLabels = byLabels(batch);
    return session.commitOnce(
        StandbyCut.restored(marked),
        transaction -> Bookkeeping.ids(transaction, batch.key()),
        transaction -> {
          long[] given = new long[batch.vertices().size()];
          byLabels.forEach((labels, rows) -> create(transaction, labels, rows, given));
          Bookkeeping.note(transaction, batch.key(), given);
          return given;
        });
  }

  private Map<SortedSet<String>, List<Map<String, Object>>> byLabels(Batch batch) {
    Map<SortedSet<String>, List<Map<String, Object>>> byLabels = new HashMap<>();
    for (int i = 0; i < batch.vertices().size(); i++) {
      LiveElement element = batch.vertices().get(i);
      Vertex vertex = (Vertex) element.state();
      if (vertex.labels().contains(Bookkeeping.BATCH)) {
        throw Bookkeeping.labelInUse(element.id());
      }
      SortedSet<String> labels = vertex.labels();
      Map<String, Object> properties = BoltValues.toBolt(vertex.properties());
      if (marked) {
        labels = StandbyWrites.mark(element.id(), labels, properties);
      }
      byLabels
          .computeIfAbsent(labels, key -> new ArrayList<>())
          .add(Map.of("i", i, "p", properties));
    }
    return byLabels;
  }

  private static void create(
      Transaction transaction,
      SortedSet<String> labels,
      List<Map<String, Object>> rows,
      long[] given) {
    String statement =
        "UNWIND $rows AS row CREATE (n"
            + Cypher.labels(labels)
            + ") SET n = row.p RETURN row.i, id(n)";
    for (Record row : transaction.run(statement, Map.of("rows", rows)).list()) {
      given[row.get(0).asInt()] = row.get(1).asLong();
    }
  }
}
