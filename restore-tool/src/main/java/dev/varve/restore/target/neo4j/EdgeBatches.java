package dev.varve.restore.target.neo4j;

import dev.varve.fault.ExitCode;
import dev.varve.fault.VarveException;
import dev.varve.graph.Edge;
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
import java.util.TreeMap;
import java.util.TreeSet;
import org.neo4j.driver.Transaction;

/**
 * Writes edges without two transactions ever wanting the same vertex.
 *
 * <p>Vertices fall into {@value #BUCKETS} buckets by id. A window of edges is cut into batches by
 * the two buckets that an edge's ends are in; two batches run at the same time only if they have no
 * bucket in common. Windows follow the order of the ids, so the same restore makes the same batches
 * each time it is run, however many writers there are.
 */
final class EdgeBatches {

  static final int BUCKETS = 8;

  /** How many batches of full size a window would fill: one for each pair of buckets. */
  private static final int BATCHES_A_WINDOW = BUCKETS * (BUCKETS - 1) / 2;

  private static final int LARGEST_WINDOW_BYTES = 64 << 20;

  private final BoltSession session;
  private final Bookkeeping.Root limits;
  private final IdMap ids;
  private final boolean marked;
  private final Set<String> types = new TreeSet<>();
  private final Progress progress;

  /**
   * @param marked whether to write what a standby needs, see {@link StandbyMarks}
   */
  EdgeBatches(
      BoltSession session, Bookkeeping.Root limits, IdMap ids, boolean marked, Progress progress) {
    this.session = session;
    this.limits = limits;
    this.ids = ids;
    this.marked = marked;
    this.progress = progress;
  }

  private record Row(LiveElement element, Edge edge) {}

  /** The types of all edges that were seen. */
  Set<String> types() {
    return types;
  }

  /**
   * Writes all that is not written yet.
   *
   * @param done keys of the batches that an earlier run committed
   */
  void write(LiveGraph graph, Set<String> done, Dispatcher dispatcher) {
    long windowElements = (long) limits.batchElements() * BATCHES_A_WINDOW;
    long windowBytes =
        Math.min(LARGEST_WINDOW_BYTES, (long) limits.batchBytes() * BATCHES_A_WINDOW);
    try (LiveElements edges = graph.edges()) {
      List<Row> window = new ArrayList<>();
      long bytes = 0;
      long number = 0;
      for (LiveElement edge = edges.next(); edge != null; edge = edges.next()) {
        Row row = new Row(edge, (Edge) edge.state());
        types.add(row.edge().type());
        window.add(row);
        bytes += edge.stateBytes();
        if (window.size() >= windowElements || bytes >= windowBytes) {
          submit(number++, window, done, dispatcher);
          window = new ArrayList<>();
          bytes = 0;
        }
      }
      submit(number, window, done, dispatcher);
      dispatcher.drain();
    }
  }

  /** Batches of a window are named by its number and their place in it. */
  private void submit(long number, List<Row> window, Set<String> done, Dispatcher dispatcher) {
    Map<Long, List<Row>> byBuckets = new TreeMap<>();
    for (Row row : window) {
      long buckets = 1L << bucket(row.edge().start()) | 1L << bucket(row.edge().end());
      byBuckets.computeIfAbsent(buckets, key -> new ArrayList<>()).add(row);
    }
    int place = 0;
    for (Map.Entry<Long, List<Row>> entry : byBuckets.entrySet()) {
      for (List<Row> rows : cut(entry.getValue())) {
        String key = "e" + number + "." + place++;
        if (done.contains(key)) {
          progress.advance(rows.size());
        } else {
          dispatcher.submit(new Dispatcher.Task(entry.getKey(), () -> write(key, rows)));
        }
      }
    }
  }

  /** Edges are seldom spread evenly: a pair of buckets may hold more than a batch may. */
  private List<List<Row>> cut(List<Row> rows) {
    List<List<Row>> batches = new ArrayList<>();
    List<Row> batch = new ArrayList<>();
    long bytes = 0;
    for (Row row : rows) {
      batch.add(row);
      bytes += row.element().stateBytes();
      if (batch.size() >= limits.batchElements() || bytes >= limits.batchBytes()) {
        batches.add(batch);
        batch = new ArrayList<>();
        bytes = 0;
      }
    }
    if (!batch.isEmpty()) {
      batches.add(batch);
    }
    return batches;
  }

  private static int bucket(String id) {
    return Math.floorMod(id.hashCode(), BUCKETS);
  }

  private void write(String key, List<Row> rows) {
    Map<String, List<Map<String, Object>>> byType = new HashMap<>();
    for (Row row : rows) {
      Map<String, Object> properties = BoltValues.toBolt(row.edge().properties());
      if (marked) {
        StandbyWrites.mark(row.element().id(), properties);
      }
      byType
          .computeIfAbsent(row.edge().type(), type -> new ArrayList<>())
          .add(
              Map.of(
                  "s", end(row, row.edge().start()),
                  "e", end(row, row.edge().end()),
                  "p", properties));
    }
    session.commitOnce(
        StandbyCut.restored(marked),
        transaction -> Bookkeeping.ids(transaction, key),
        transaction -> {
          byType.forEach((type, parameters) -> create(transaction, type, parameters));
          Bookkeeping.note(transaction, key, new long[0]);
          return new long[0];
        });
    progress.advance(rows.size());
  }

  private long end(Row row, String vertex) {
    return ids.target(vertex)
        .orElseThrow(
            () ->
                new VarveException(
                    ExitCode.DAMAGE_FOUND,
                    row.element().id()
                        + " goes from v"
                        + row.edge().start()
                        + " to v"
                        + row.edge().end()
                        + ", and v"
                        + vertex
                        + " is not in the chain",
                    "the target is unfinished; see what varve verify --level=graph says"));
  }

  private static void create(Transaction transaction, String type, List<Map<String, Object>> rows) {
    int created =
        transaction
            .run(
                "UNWIND $rows AS row MATCH (a) WHERE id(a) = row.s MATCH (b) WHERE id(b) = row.e"
                    + " CREATE (a)-[r:"
                    + Cypher.name(type)
                    + "]->(b) SET r = row.p",
                Map.of("rows", rows))
            .consume()
            .counters()
            .relationshipsCreated();
    if (created != rows.size()) {
      throw new VarveException(
          ExitCode.FAILED,
          "somebody removed vertices from the target while it was written: "
              + created
              + " of "
              + rows.size()
              + " edges found both ends",
          "keep applications away from the target and start over with --overwrite");
    }
  }
}
