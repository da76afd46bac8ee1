package dev.varve.restore.target.neo4j;

import dev.varve.graph.Edge;
import dev.varve.graph.Element;
import dev.varve.graph.ElementId;
import dev.varve.graph.ElementKind;
import dev.varve.graph.Vertex;
import dev.varve.restore.branch.MergeGraph;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import org.neo4j.driver.Record;
import org.neo4j.driver.Transaction;
import org.neo4j.driver.Value;

/** A Neo4j that a branch is written into, a statement for each element. */
final class BoltMergeGraph implements MergeGraph {

  private static final int ROWS = 1_000;

  /** A merge's own node may have the id of one that the primary has removed. */
  private static final String LOCK_VERTICES =
      "UNWIND $ids AS id MATCH (n) WHERE id(n) = id AND NOT n:`"
          + BoltMerge.LABEL
          + "` SET n.`__varve_lock` = true"
          + " REMOVE n.`__varve_lock` RETURN id, labels(n), properties(n)";

  private static final String LOCK_EDGES =
      "UNWIND $ids AS id MATCH (a)-[r]->(b) WHERE id(r) = id SET r.`__varve_lock` = true"
          + " REMOVE r.`__varve_lock` RETURN id, type(r), id(a), id(b), properties(r)";

  private final Transaction transaction;

  BoltMergeGraph(Transaction transaction) {
    this.transaction = transaction;
  }

  @Override
  public boolean reusesIds() {
    return true;
  }

  @Override
  public Map<Long, Element> lock(ElementKind kind, List<Long> ids) {
    Map<Long, Element> found = new HashMap<>();
    for (int from = 0; from < ids.size(); from += ROWS) {
      List<Long> batch = ids.subList(from, Math.min(ids.size(), from + ROWS));
      transaction
          .run(kind == ElementKind.VERTEX ? LOCK_VERTICES : LOCK_EDGES, Map.of("ids", batch))
          .forEachRemaining(row -> found.put(row.get(0).asLong(), element(kind, row)));
    }
    return found;
  }

  private static Element element(ElementKind kind, Record row) {
    return kind == ElementKind.VERTEX
        ? new Vertex(
            new TreeSet<>(row.get(1).asList(Value::asString)),
            BoltValues.fromBolt(row.get(2).asMap()))
        : new Edge(
            row.get(1).asString(),
            Long.toString(row.get(2).asLong()),
            Long.toString(row.get(3).asLong()),
            BoltValues.fromBolt(row.get(4).asMap()));
  }

  @Override
  public long create(ElementId original, Element state) {
    if (state instanceof Edge edge) {
      return one(
          "MATCH (a) WHERE id(a) = $start MATCH (b) WHERE id(b) = $end CREATE (a)-[r:"
              + Cypher.name(edge.type())
              + "]->(b) SET r = $p RETURN id(r)",
          Map.of(
              "start",
              Long.parseLong(edge.start()),
              "end",
              Long.parseLong(edge.end()),
              "p",
              BoltValues.toBolt(edge.properties())));
    }
    Vertex vertex = (Vertex) state;
    return one(
        "CREATE (n" + Cypher.labels(vertex.labels()) + ") SET n = $p RETURN id(n)",
        Map.of("p", BoltValues.toBolt(vertex.properties())));
  }

  @Override
  public void set(long id, Element state) {
    if (state instanceof Edge edge) {
      run(
          "MATCH ()-[r]->() WHERE id(r) = $id SET r = $p",
          Map.of("id", id, "p", BoltValues.toBolt(edge.properties())));
      return;
    }
    Vertex vertex = (Vertex) state;
    Set<String> gone =
        new TreeSet<>(
            transaction
                .run("MATCH (n) WHERE id(n) = $id RETURN labels(n)", Map.of("id", id))
                .single()
                .get(0)
                .asList(Value::asString));
    gone.removeAll(vertex.labels());
    run(
        "MATCH (n) WHERE id(n) = $id"
            + (gone.isEmpty() ? "" : " REMOVE n" + Cypher.labels(gone))
            + " SET n = $p"
            + (vertex.labels().isEmpty() ? "" : " SET n" + Cypher.labels(vertex.labels())),
        Map.of("id", id, "p", BoltValues.toBolt(vertex.properties())));
  }

  @Override
  public long edgesAt(long vertex) {
    return one(
        "MATCH (n) WHERE id(n) = $id OPTIONAL MATCH (n)-[r]-() RETURN count(r)",
        Map.of("id", vertex));
  }

  @Override
  public void remove(ElementKind kind, long id) {
    run(
        kind == ElementKind.VERTEX
            ? "MATCH (n) WHERE id(n) = $id DETACH DELETE n"
            : "MATCH ()-[r]->() WHERE id(r) = $id DELETE r",
        Map.of("id", id));
  }

  private void run(String statement, Map<String, Object> parameters) {
    transaction.run(statement, parameters).consume();
  }

  private long one(String statement, Map<String, Object> parameters) {
    return transaction.run(statement, parameters).single().get(0).asLong();
  }
}
