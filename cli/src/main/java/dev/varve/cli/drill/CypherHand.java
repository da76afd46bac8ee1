package dev.varve.cli.drill;

import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import org.neo4j.driver.Session;
import org.neo4j.driver.async.AsyncSession;
import org.neo4j.driver.async.ResultCursor;

/** Writes in Cypher, into Neo4j. */
record CypherHand(Neo4jLink link, Handwriting names) implements Hand {

  private static final int REMOVED_AT_ONCE_MAX = 10_000;

  /**
   * Writes transaction {@code $i}. The halves are locked before they are looked at: a transaction
   * that is written again may be there already.
   */
  private static final String WRITING =
      "MATCH (a:HALF {side: 'a'})-[e:SAME]->(b:HALF {side: 'b'})"
          + " SET a.held = true REMOVE a.held WITH a, e, b WHERE a.i < $i"
          + " SET a.i = $i, e.i = $i, b.i = $i CREATE (n:WRITTEN {i: $i, text: $text})"
          + " WITH n MATCH (m:WRITTEN {i: $i - 1}) CREATE (n)-[:AFTER]->(m)";

  @Override
  public void prepare() {
    link.in(
        session -> {
          run(session, "CREATE INDEX INDEX_NAME IF NOT EXISTS FOR (n:WRITTEN) ON (n.i)");
          run(session, "CALL db.awaitIndexes(60)");
          run(
              session,
              "CREATE (:HALF {side: 'a', i: -1})-[:SAME {i: -1}]->(:HALF {side: 'b', i: -1})");
          return true;
        });
  }

  private void run(Session session, String cypher) {
    session.run(in(cypher, names)).consume();
  }

  @Override
  public CompletableFuture<?> write(long number, String text) {
    AsyncSession session = link.asyncSession();
    return session
        .runAsync(in(WRITING, names), Map.of("i", number, "text", text))
        .thenCompose(ResultCursor::consumeAsync)
        .whenComplete(
            (answer, failure) -> {
              var unused = session.closeAsync();
            })
        .toCompletableFuture();
  }

  @Override
  public Map<Long, Long> times() {
    return link.in(
        session -> {
          Map<Long, Long> times = new HashMap<>();
          session
              .run(in("MATCH (n:WRITTEN) RETURN n.i AS i, count(*) AS times", names))
              .forEachRemaining(row -> times.put(row.get("i").asLong(), row.get("times").asLong()));
          return times;
        });
  }

  @Override
  public long vertices() {
    return names.vertices().stream()
        .mapToLong(label -> link.number("MATCH (n:" + label + ") RETURN count(n)"))
        .sum();
  }

  @Override
  public long inStandby() {
    return link.number(in("MATCH (:__VarveStandbyCut) MATCH (n:WRITTEN) RETURN count(n)", names));
  }

  /** In several transactions if it is much. */
  @Override
  public long remove() {
    long removed = 0;
    for (String label : names.vertices()) {
      long some;
      do {
        some =
            link.number(
                "MATCH (n:%s) WITH n LIMIT %d DETACH DELETE n RETURN count(*)"
                    .formatted(label, REMOVED_AT_ONCE_MAX));
        removed += some;
      } while (some == REMOVED_AT_ONCE_MAX);
    }
    link.in(session -> session.run(in("DROP INDEX INDEX_NAME IF EXISTS", names)).consume());
    return removed;
  }

  /** How people take it away. */
  static String removal(Handwriting names) {
    return in(
        "MATCH (n) WHERE n:WRITTEN OR n:HALF DETACH DELETE n; DROP INDEX INDEX_NAME IF EXISTS",
        names);
  }

  private static String in(String cypher, Handwriting names) {
    return cypher
        .replace("INDEX_NAME", names.index())
        .replace(":WRITTEN", ":" + names.written())
        .replace(":AFTER", ":" + names.after())
        .replace(":HALF", ":" + names.half())
        .replace(":SAME", ":" + names.same());
  }
}
