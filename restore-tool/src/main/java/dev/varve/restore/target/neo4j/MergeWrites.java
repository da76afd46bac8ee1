package dev.varve.restore.target.neo4j;

import dev.varve.change.Change;
import dev.varve.graph.Edge;
import dev.varve.graph.Element;
import dev.varve.graph.ElementHasher;
import dev.varve.graph.ElementId;
import dev.varve.graph.ElementKind;
import dev.varve.graph.Vertex;
import dev.varve.restore.branch.BranchContent;
import dev.varve.restore.branch.Merge;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;
import org.neo4j.driver.Record;
import org.neo4j.driver.Transaction;
import org.neo4j.driver.Value;
import org.neo4j.driver.exceptions.ClientException;

/**
 * Writes a branch in one transaction. First every element that the branch changes and that was
 * there when it began is locked and compared with what it was then: what differs was changed by the
 * new line, and is a conflict. Then the branch's transactions are written in their order. What it
 * creates is given new ids by the store.
 */
final class MergeWrites {

  private static final int ROWS = 1_000;
  private static final String CONSTRAINT = "Neo.ClientError.Schema.ConstraintValidationFailed";
  private static final ElementId ANY_VERTEX = ElementId.vertex("0");
  private static final ElementId ANY_EDGE = ElementId.edge("0");

  private final Transaction transaction;
  private final BranchContent content;
  private final Optional<Merge.Take> take;
  private final ElementHasher hasher = new ElementHasher();
  private final List<Merge.Conflict> conflicts = new ArrayList<>();
  private final Map<ElementId, Long> ids;
  private final Map<ElementId, Element> last;
  private final Set<ElementId> altered = new HashSet<>();
  private final Set<ElementId> kept = new HashSet<>(); // the primary's, as it is
  private long written;
  private long leftOut;

  MergeWrites(Transaction transaction, BranchContent content, Optional<Merge.Take> take) {
    this.transaction = transaction;
    this.content = content;
    this.take = take;
    this.ids = new HashMap<>(content.ids());
    this.last = new HashMap<>(content.before());
  }

  /** Does it all; the state of the outcome counts only if it is committed. */
  Merge.Outcome run() {
    try {
      compareVertices();
      compareEdges();
      for (List<Change> changes : content.transactions()) {
        write(changes);
      }
    } catch (ClientException e) {
      if (CONSTRAINT.equals(e.code())) {
        throw new BoltMerge.ConstraintInTheWay(e);
      }
      throw e;
    }
    return new Merge.Outcome(Merge.State.MERGED, conflicts, written, leftOut);
  }

  private void conflict(ElementId id, String what) {
    conflicts.add(new Merge.Conflict(id, what));
  }

  private boolean primaryWins() {
    return take.equals(Optional.of(Merge.Take.PRIMARY));
  }

  /** All that the branch knows from before, its edges' ends included: ids may be used again. */
  private void compareVertices() {
    Set<ElementId> own = new HashSet<>(content.changed(ElementKind.VERTEX));
    List<ElementId> all =
        content.before().keySet().stream().filter(id -> id.kind() == ElementKind.VERTEX).toList();
    Map<Long, Vertex> found = new HashMap<>();
    batches(
        all,
        batch ->
            "UNWIND $ids AS id MATCH (n) WHERE id(n) = id SET n.`__varve_lock` = true"
                + " REMOVE n.`__varve_lock` RETURN id, labels(n), properties(n)",
        row ->
            found.put(
                row.get(0).asLong(),
                new Vertex(
                    new TreeSet<>(row.get(1).asList(Value::asString)),
                    BoltValues.fromBolt(row.get(2).asMap()))));
    for (ElementId id : all) {
      Long at = ids.get(id);
      Vertex there = at == null ? null : found.get(at);
      if (there == null) {
        ids.remove(id);
      }
      boolean same =
          there != null
              && hasher.hash(ANY_VERTEX, there).equals(hasher.hash(ANY_VERTEX, before(id)));
      settle(id, there != null, same, own.contains(id));
    }
  }

  private void compareEdges() {
    List<ElementId> all = content.changed(ElementKind.EDGE);
    Map<Long, Edge> found = new HashMap<>();
    batches(
        all,
        batch ->
            "UNWIND $ids AS id MATCH (a)-[r]->(b) WHERE id(r) = id SET r.`__varve_lock` = true"
                + " REMOVE r.`__varve_lock` RETURN id, type(r), id(a), id(b), properties(r)",
        row ->
            found.put(
                row.get(0).asLong(),
                new Edge(
                    row.get(1).asString(),
                    Long.toString(row.get(2).asLong()),
                    Long.toString(row.get(3).asLong()),
                    BoltValues.fromBolt(row.get(4).asMap()))));
    for (ElementId id : all) {
      Long at = ids.get(id);
      Edge there = at == null ? null : found.get(at);
      if (there == null) {
        ids.remove(id);
      }
      Edge before = (Edge) before(id);
      Long start = content.ids().get(ElementId.vertex(before.start()));
      Long end = content.ids().get(ElementId.vertex(before.end()));
      boolean same =
          there != null
              && start != null
              && end != null
              && hasher
                  .hash(ANY_EDGE, there)
                  .equals(
                      hasher.hash(
                          ANY_EDGE,
                          new Edge(
                              before.type(),
                              start.toString(),
                              end.toString(),
                              before.properties())));
      settle(id, there != null, same, true);
    }
  }

  /** The state of an element that was there when the branch began. */
  private Element before(ElementId id) {
    return Objects.requireNonNull(content.before().get(id), "an element that was there");
  }

  /**
   * What an element that was there before means for the merge.
   *
   * @param own whether the branch itself changes it
   */
  private void settle(ElementId id, boolean there, boolean same, boolean own) {
    if (same) {
      return;
    }
    altered.add(id);
    if (own && (there || !removedFirst(id))) {
      conflict(id, there ? "was changed by the new primary" : "was removed from the new primary");
      if (primaryWins()) {
        kept.add(id);
      }
    } else if (own) {
      kept.add(id); // both have removed it
    }
  }

  /** Whether the branch ends the life of an element that was there before. */
  private boolean removedFirst(ElementId id) {
    return content.transactions().stream()
        .flatMap(List::stream)
        .anyMatch(change -> change.id().equals(id) && change.state().isEmpty());
  }

  private interface Each {
    void accept(Record row);
  }

  private interface Statement {
    String of(List<Long> batch);
  }

  private void batches(List<ElementId> all, Statement statement, Each each) {
    List<Long> numbers = all.stream().map(ids::get).filter(id -> id != null).sorted().toList();
    for (int from = 0; from < numbers.size(); from += ROWS) {
      List<Long> batch = numbers.subList(from, Math.min(numbers.size(), from + ROWS));
      transaction.run(statement.of(batch), Map.of("ids", batch)).forEachRemaining(each::accept);
    }
  }

  /** One transaction of the branch. */
  private void write(List<Change> changes) {
    each(changes, ElementKind.EDGE, true, this::removeEdge);
    each(changes, ElementKind.VERTEX, false, this::putVertex);
    each(changes, ElementKind.EDGE, false, this::putEdge);
    each(changes, ElementKind.VERTEX, true, this::removeVertex);
  }

  private interface Writing {
    boolean done(Change change);
  }

  private void each(List<Change> changes, ElementKind kind, boolean removed, Writing writing) {
    for (Change change : changes) {
      if (change.id().kind() == kind && change.state().isEmpty() == removed) {
        if (!kept.contains(change.id()) && writing.done(change)) {
          written++;
        } else {
          leftOut++;
        }
        if (removed) {
          kept.remove(change.id()); // its id may be used again, for another element
          ids.remove(change.id());
          last.remove(change.id());
        } else {
          last.put(change.id(), change.state().orElseThrow());
        }
      }
    }
  }

  private boolean putVertex(Change change) {
    Vertex vertex = (Vertex) change.state().orElseThrow();
    Map<String, Object> properties = BoltValues.toBolt(vertex.properties());
    Long at = ids.get(change.id());
    if (at == null) {
      long created =
          one(
              "CREATE (n" + Cypher.labels(vertex.labels()) + ") SET n = $p RETURN id(n)",
              Map.of("p", properties));
      ids.put(change.id(), created);
      return true;
    }
    Set<String> there =
        new TreeSet<>(
            transaction
                .run("MATCH (n) WHERE id(n) = $id RETURN labels(n)", Map.of("id", at))
                .single()
                .get(0)
                .asList(Value::asString));
    Set<String> gone = new TreeSet<>(there);
    gone.removeAll(vertex.labels());
    run(
        "MATCH (n) WHERE id(n) = $id"
            + (gone.isEmpty() ? "" : " REMOVE n" + Cypher.labels(gone))
            + " SET n = $p"
            + (vertex.labels().isEmpty() ? "" : " SET n" + Cypher.labels(vertex.labels())),
        Map.of("id", at, "p", properties));
    return true;
  }

  private boolean putEdge(Change change) {
    Edge edge = (Edge) change.state().orElseThrow();
    Map<String, Object> properties = BoltValues.toBolt(edge.properties());
    Long at = ids.get(change.id());
    if (at != null && sameEdge(last.get(change.id()), edge)) {
      run("MATCH ()-[r]->() WHERE id(r) = $id SET r = $p", Map.of("id", at, "p", properties));
      return true;
    }
    if (at != null) {
      removeEdge(change); // its id was used again within the transaction
    }
    Optional<Long> start = end(change.id(), edge.start());
    Optional<Long> end = end(change.id(), edge.end());
    if (start.isEmpty() || end.isEmpty()) {
      return false;
    }
    ids.put(
        change.id(),
        one(
            "MATCH (a) WHERE id(a) = $start MATCH (b) WHERE id(b) = $end CREATE (a)-[r:"
                + Cypher.name(edge.type())
                + "]->(b) SET r = $p RETURN id(r)",
            Map.of("start", start.get(), "end", end.get(), "p", properties)));
    return true;
  }

  private static boolean sameEdge(@Nullable Element before, Edge edge) {
    return before instanceof Edge known
        && known.type().equals(edge.type())
        && known.start().equals(edge.start())
        && known.end().equals(edge.end());
  }

  /** The end of a new edge. One that the new line has changed may be another under the same id. */
  private Optional<Long> end(ElementId edge, String id) {
    ElementId vertex = ElementId.vertex(id);
    Long at = ids.get(vertex);
    if (at == null) {
      conflict(edge, "its end " + vertex + " was removed from the new primary");
      return Optional.empty();
    }
    if (altered.contains(vertex) && at.equals(content.ids().get(vertex))) {
      conflict(edge, "its end " + vertex + " was changed by the new primary");
      if (primaryWins()) {
        return Optional.empty();
      }
    }
    return Optional.of(at);
  }

  private boolean removeEdge(Change change) {
    Long at = ids.remove(change.id());
    if (at != null) {
      run("MATCH ()-[r]->() WHERE id(r) = $id DELETE r", Map.of("id", at));
    }
    return at != null;
  }

  private boolean removeVertex(Change change) {
    Long at = ids.get(change.id());
    if (at == null) {
      return false;
    }
    long edges =
        one(
            "MATCH (n) WHERE id(n) = $id OPTIONAL MATCH (n)-[r]-() RETURN count(r)",
            Map.of("id", at));
    if (edges > 0) {
      conflict(change.id(), "has relationships in the new primary that the branch does not know");
      if (primaryWins()) {
        return false;
      }
    }
    run("MATCH (n) WHERE id(n) = $id DETACH DELETE n", Map.of("id", at));
    return true;
  }

  private void run(String statement, Map<String, Object> parameters) {
    transaction.run(statement, parameters).consume();
  }

  private long one(String statement, Map<String, Object> parameters) {
    return transaction.run(statement, parameters).single().get(0).asLong();
  }
}
