package dev.varve.cli.drill;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.neo4j.driver.Session;

/**
 * The names of all that a {@link Load} writes, and so how it is found again.
 *
 * @param written label of the vertices, one a transaction
 * @param after type of the edges from each to the one before
 * @param half label of the two vertices that bear the number of the last transaction
 * @param same type of the edge between these
 * @param index name of the index of the first by their number
 */
record Handwriting(String written, String after, String half, String same, String index) {

  /** In a store that holds nothing else. */
  static final Handwriting PLAIN = new Handwriting("Written", "AFTER", "Half", "SAME", "written");

  /** Beside what others have written. */
  static final Handwriting OF_VARVE =
      new Handwriting(
          "VarveDrillWritten",
          "VARVE_DRILL_AFTER",
          "VarveDrillHalf",
          "VARVE_DRILL_SAME",
          "varve_drill_written");

  private static final int REMOVED_AT_ONCE_MAX = 10_000;

  /**
   * Writes transaction {@code $i}. The halves are locked before they are looked at: a transaction
   * that is written again may be there already.
   */
  String writing() {
    return in(
        "MATCH (a:HALF {side: 'a'})-[e:SAME]->(b:HALF {side: 'b'})"
            + " SET a.held = true REMOVE a.held WITH a, e, b WHERE a.i < $i"
            + " SET a.i = $i, e.i = $i, b.i = $i CREATE (n:WRITTEN {i: $i, text: $text})"
            + " WITH n MATCH (m:WRITTEN {i: $i - 1}) CREATE (n)-[:AFTER]->(m)");
  }

  /** Makes room for the first of them. */
  void prepare(Session session) {
    session.run(in("CREATE INDEX INDEX_NAME IF NOT EXISTS FOR (n:WRITTEN) ON (n.i)")).consume();
    session.run("CALL db.awaitIndexes(60)").consume();
    session
        .run(in("CREATE (:HALF {side: 'a', i: -1})-[:SAME {i: -1}]->(:HALF {side: 'b', i: -1})"))
        .consume();
  }

  /** How often each number is there. */
  Map<Long, Long> times(Session session) {
    Map<Long, Long> times = new HashMap<>();
    session
        .run(in("MATCH (n:WRITTEN) RETURN n.i AS i, count(*) AS times"))
        .forEachRemaining(row -> times.put(row.get("i").asLong(), row.get("times").asLong()));
    return times;
  }

  /** How many a standby holds; while one is made it has no cut yet, and holds nothing whole. */
  long inStandby(Session session) {
    return session
        .run(in("MATCH (:__VarveStandbyCut) MATCH (n:WRITTEN) RETURN count(n)"))
        .single()
        .get(0)
        .asLong();
  }

  /** How many vertices there are of it. */
  long vertices(Session session) {
    return vertices().stream()
        .mapToLong(
            label ->
                session.run("MATCH (n:" + label + ") RETURN count(n)").single().get(0).asLong())
        .sum();
  }

  /** Takes it away, in several transactions if it is much; how many vertices there were. */
  long remove(Session session) {
    long removed = 0;
    for (String label : vertices()) {
      long some;
      do {
        some =
            session
                .run(
                    "MATCH (n:" + label + ") WITH n LIMIT $most DETACH DELETE n RETURN count(*)",
                    Map.of("most", REMOVED_AT_ONCE_MAX))
                .single()
                .get(0)
                .asLong();
        removed += some;
      } while (some == REMOVED_AT_ONCE_MAX);
    }
    session.run(in("DROP INDEX INDEX_NAME IF EXISTS")).consume();
    return removed;
  }

  /** How people take it away. */
  String removal() {
    return in(
        "MATCH (n) WHERE n:WRITTEN OR n:HALF DETACH DELETE n; DROP INDEX INDEX_NAME IF EXISTS");
  }

  private List<String> vertices() {
    return List.of(written, half);
  }

  private String in(String cypher) {
    return cypher
        .replace("INDEX_NAME", index)
        .replace(":WRITTEN", ":" + written)
        .replace(":AFTER", ":" + after)
        .replace(":HALF", ":" + half)
        .replace(":SAME", ":" + same);
  }
}
