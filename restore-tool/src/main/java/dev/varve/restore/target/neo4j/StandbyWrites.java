package dev.varve.restore.target.neo4j;

import dev.varve.fault.ExitCode;
import dev.varve.fault.VarveException;
import dev.varve.graph.Edge;
import dev.varve.graph.ElementId;
import dev.varve.graph.ElementKind;
import dev.varve.graph.Vertex;
import dev.varve.restore.convert.Engine;
import dev.varve.restore.convert.Findings;
import dev.varve.restore.convert.Neo4jRule;
import dev.varve.restore.convert.RefusedException;
import dev.varve.restore.standby.Advance;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.SortedSet;
import java.util.TreeSet;
import java.util.function.Consumer;
import org.neo4j.driver.Record;
import org.neo4j.driver.Transaction;
import org.neo4j.driver.Value;

/**
 * Writes an advance in one transaction: edges that go, vertices that come or change, edges that
 * come or change, vertices that go. Some thousand elements a statement are in memory at a time.
 */
final class StandbyWrites {

  private static final int ROWS = 1_000;

  private final Transaction transaction;
  private final Advance advance;
  private final Set<String> types;

  /**
   * @param types of all edges that there may be
   */
  StandbyWrites(Transaction transaction, Advance advance, Set<String> types) {
    this.transaction = transaction;
    this.advance = advance;
    this.types = types;
  }

  /** Adds the label and the id to what a node is to have. */
  static SortedSet<String> mark(
      ElementId id, SortedSet<String> labels, Map<String, Object> properties) {
    if (labels.contains(StandbyMarks.NODE)) {
      throw StandbyMarks.inUse(id);
    }
    mark(id, properties);
    SortedSet<String> marked = new TreeSet<>(labels);
    marked.add(StandbyMarks.NODE);
    return marked;
  }

  /** Adds the id to an element's properties. */
  static void mark(ElementId id, Map<String, Object> properties) {
    if (properties.put(StandbyMarks.ID, StandbyMarks.number(id, id.id())) != null) {
      throw StandbyMarks.inUse(id);
    }
  }

  void write() {
    batches(ElementKind.EDGE, changed -> changed.removed() || !changed.same(), this::deleteEdges);
    batches(ElementKind.VERTEX, changed -> !changed.removed(), this::putVertices);
    batches(ElementKind.EDGE, changed -> !changed.removed(), this::putEdges);
    batches(ElementKind.VERTEX, Advance.Changed::removed, this::deleteVertices);
  }

  /**
   * Takes properties that have to be unique off everything that is written afterwards: what one
   * element gives up and another gets must not be in both for a moment.
   */
  void giveUp(Set<String> ofVertices, Set<String> ofEdges) {
    if (!ofVertices.isEmpty()) {
      batches(
          ElementKind.VERTEX,
          changed -> true,
          batch ->
              run(
                  "UNWIND $ids AS id MATCH (n:`"
                      + StandbyMarks.NODE
                      + "` {`"
                      + StandbyMarks.ID
                      + "`: id}) REMOVE "
                      + list("n", ofVertices),
                  Map.of("ids", ids(batch))));
    }
    if (!ofEdges.isEmpty()) {
      batches(
          ElementKind.EDGE,
          changed -> true,
          batch ->
              types.forEach(
                  type ->
                      run(
                          "UNWIND $ids AS id "
                              + matchEdge(type, "id")
                              + " REMOVE "
                              + list("r", ofEdges),
                          Map.of("ids", ids(batch)))));
    }
  }

  private static String list(String variable, Collection<String> keys) {
    List<String> names = new ArrayList<>();
    keys.forEach(key -> names.add(variable + "." + Cypher.name(key)));
    return String.join(", ", names);
  }

  private void batches(
      ElementKind kind,
      java.util.function.Predicate<Advance.Changed> wanted,
      Consumer<List<Advance.Changed>> write) {
    List<Advance.Changed> batch = new ArrayList<>();
    advance.each(
        kind,
        changed -> {
          if (wanted.test(changed)) {
            batch.add(changed);
            if (batch.size() == ROWS) {
              write.accept(batch);
              batch.clear();
            }
          }
        });
    if (!batch.isEmpty()) {
      write.accept(batch);
    }
  }

  private static List<Long> ids(List<Advance.Changed> batch) {
    return batch.stream().map(StandbyWrites::number).toList();
  }

  private static long number(Advance.Changed changed) {
    return StandbyMarks.number(changed.id(), changed.id().id());
  }

  private void run(String statement, Map<String, Object> parameters) {
    transaction.run(statement, parameters).consume();
  }

  /** The type of an edge that goes is not known. */
  private void deleteEdges(List<Advance.Changed> batch) {
    Map<String, Object> parameters = Map.of("ids", ids(batch));
    for (String type : types) {
      run("UNWIND $ids AS id " + matchEdge(type, "id") + " DELETE r", parameters);
    }
  }

  private static String matchEdge(String type, String id) {
    return "MATCH ()-[r:" + Cypher.name(type) + "]->() WHERE r.`" + StandbyMarks.ID + "` = " + id;
  }

  private void deleteVertices(List<Advance.Changed> batch) {
    if (advance.crossed().isPresent()) {
      refuseEdgesOf(batch, advance.crossed().get().from());
    }
    run("UNWIND $ids AS id " + matchVertex("n", "id") + " DELETE n", Map.of("ids", ids(batch)));
  }

  /** Neo4j removes no vertex that has edges; where the graph comes from, it may have been done. */
  private void refuseEdgesOf(List<Advance.Changed> batch, Engine from) {
    String edges =
        "UNWIND $ids AS id " + matchVertex("n", "id") + " MATCH (n)-[r]-() WITH DISTINCT r ";
    Map<String, Object> ids = Map.of("ids", ids(batch));
    long count = transaction.run(edges + "RETURN count(r)", ids).single().get(0).asLong();
    if (count > 0) {
      String some = edges + "RETURN r.`" + StandbyMarks.ID + "`, type(r) LIMIT " + PLACES_MAX;
      throw noEnd(
          from,
          count,
          transaction
              .run(some, ids)
              .list(row -> place(row.get(0).asLong(), row.get(1).asString())));
    }
  }

  private static final int PLACES_MAX = 5;

  private static Findings.Place place(long edge, String type) {
    return new Findings.Place(ElementId.edge(Long.toString(edge)), ":" + type, Optional.empty());
  }

  private RefusedException noEnd(Engine from, long count, List<Findings.Place> first) {
    return new RefusedException(
        from,
        Engine.NEO4J,
        "vv:" + advance.to().vector(),
        new Findings.Tally(Neo4jRule.NO_END, count, first).toString());
  }

  private static String matchVertex(String variable, String id) {
    return "MATCH ("
        + variable
        + ":`"
        + StandbyMarks.NODE
        + "` {`"
        + StandbyMarks.ID
        + "`: "
        + id
        + "})";
  }

  private record Labelling(SortedSet<String> added, SortedSet<String> removed) {}

  private void putVertices(List<Advance.Changed> batch) {
    Map<Long, Set<String>> there = labels(ids(batch));
    Map<SortedSet<String>, List<Map<String, Object>>> created = new HashMap<>();
    Map<Labelling, List<Map<String, Object>>> altered = new HashMap<>();
    for (Advance.Changed changed : batch) {
      Vertex vertex = (Vertex) changed.state();
      Map<String, Object> properties = BoltValues.toBolt(vertex.properties());
      SortedSet<String> labels = mark(changed.id(), vertex.labels(), properties);
      Map<String, Object> row = Map.of("id", number(changed), "p", properties);
      Set<String> had = there.get(number(changed));
      if (had == null) {
        created.computeIfAbsent(labels, key -> new ArrayList<>()).add(row);
      } else {
        Labelling labelling = new Labelling(without(labels, had), without(had, labels));
        altered.computeIfAbsent(labelling, key -> new ArrayList<>()).add(row);
      }
    }
    created.forEach(
        (labels, rows) ->
            run(
                "UNWIND $rows AS row CREATE (n" + Cypher.labels(labels) + ") SET n = row.p",
                Map.of("rows", rows)));
    altered.forEach(
        (labelling, rows) ->
            run(
                "UNWIND $rows AS row "
                    + matchVertex("n", "row.id")
                    + (labelling.removed().isEmpty()
                        ? ""
                        : " REMOVE n" + Cypher.labels(labelling.removed()))
                    + " SET n = row.p"
                    + (labelling.added().isEmpty()
                        ? ""
                        : " SET n" + Cypher.labels(labelling.added())),
                Map.of("rows", rows)));
  }

  private static SortedSet<String> without(Set<String> labels, Set<String> others) {
    SortedSet<String> rest = new TreeSet<>(labels);
    rest.removeAll(others);
    return rest;
  }

  private Map<Long, Set<String>> labels(List<Long> ids) {
    Map<Long, Set<String>> labels = new HashMap<>();
    for (Record row :
        transaction
            .run(
                "UNWIND $ids AS id " + matchVertex("n", "id") + " RETURN id, labels(n)",
                Map.of("ids", ids))
            .list()) {
      labels.put(row.get(0).asLong(), new HashSet<>(row.get(1).asList(Value::asString)));
    }
    return labels;
  }

  private record Row(Advance.Changed changed, Edge edge, Map<String, Object> fields) {}

  private void putEdges(List<Advance.Changed> batch) {
    Map<String, List<Row>> byType = new HashMap<>();
    for (Advance.Changed changed : batch) {
      Edge edge = (Edge) changed.state();
      Map<String, Object> properties = BoltValues.toBolt(edge.properties());
      mark(changed.id(), properties);
      byType
          .computeIfAbsent(edge.type(), type -> new ArrayList<>())
          .add(
              new Row(
                  changed,
                  edge,
                  Map.of(
                      "id", number(changed),
                      "s", StandbyMarks.number(changed.id(), edge.start()),
                      "e", StandbyMarks.number(changed.id(), edge.end()),
                      "p", properties)));
    }
    byType.forEach(
        (type, rows) -> {
          Set<Long> altered = alterEdges(type, rows);
          createEdges(
              type, rows.stream().filter(row -> !altered.contains(number(row.changed()))).toList());
        });
  }

  /** Alters those that are there; the others were deleted, or never were. */
  private Set<Long> alterEdges(String type, List<Row> rows) {
    List<Map<String, Object>> same =
        rows.stream().filter(row -> row.changed().same()).map(Row::fields).toList();
    Set<Long> altered = new HashSet<>();
    if (!same.isEmpty()) {
      transaction
          .run(
              "UNWIND $rows AS row " + matchEdge(type, "row.id") + " SET r = row.p RETURN row.id",
              Map.of("rows", same))
          .forEachRemaining(row -> altered.add(row.get(0).asLong()));
    }
    return altered;
  }

  private void createEdges(String type, List<Row> rows) {
    if (rows.isEmpty()) {
      return;
    }
    int created =
        transaction
            .run(
                "UNWIND $rows AS row "
                    + matchVertex("a", "row.s")
                    + " "
                    + matchVertex("b", "row.e")
                    + " CREATE (a)-[r:"
                    + Cypher.name(type)
                    + "]->(b) SET r = row.p",
                Map.of("rows", rows.stream().map(Row::fields).toList()))
            .consume()
            .counters()
            .relationshipsCreated();
    if (created != rows.size() && advance.crossed().isPresent()) {
      throw noEnd(advance.crossed().get().from(), rows.size() - created, lacking(type, rows));
    }
    if (created != rows.size()) {
      throw new VarveException(
          ExitCode.DAMAGE_FOUND,
          "%d of %d edges of type %s, among them %s, did not find both ends in the standby; nothing"
                  .formatted(rows.size() - created, rows.size(), type, rows.get(0).changed().id())
              + " of their transactions was applied",
          "somebody wrote to the standby, or it is not what it says it is: restore it anew with"
              + " --overwrite");
    }
  }

  /** Some of the edges that do not find both ends. */
  private List<Findings.Place> lacking(String type, List<Row> rows) {
    return transaction
        .run(
            "UNWIND $rows AS row OPTIONAL "
                + matchVertex("a", "row.s")
                + " OPTIONAL "
                + matchVertex("b", "row.e")
                + " WITH row, a, b WHERE a IS NULL OR b IS NULL RETURN row.id LIMIT "
                + PLACES_MAX,
            Map.of("rows", rows.stream().map(Row::fields).toList()))
        .list(row -> place(row.get(0).asLong(), type));
  }
}
