package dev.varve.cdc.neo4j;

import java.util.List;
import java.util.Map;
import java.util.Random;
import org.neo4j.driver.Driver;
import org.neo4j.driver.Session;
import org.neo4j.driver.Transaction;

/** Random writes to a real Neo4j: creates, updates, deletes, labels, every property type. */
final class Workload {

  private static final List<String> VALUES =
      List.of(
          "1",
          "-9000000000",
          "1.5",
          "'text'",
          "true",
          "date('2024-02-29')",
          "time('12:31:14+02:00')",
          "localtime('23:59:59.123456789')",
          "localdatetime('2024-02-29T12:00:00')",
          "datetime('2024-02-29T12:00:00+01:30')",
          "datetime('2024-02-29T12:00:00[Europe/Berlin]')",
          "duration('P14M3DT5.000000007S')",
          "point({x: 1.0, y: 2.0})",
          "point({latitude: 12.5, longitude: 56.7, height: 8.0})",
          "[1, 2, 3]",
          "['a', 'b']",
          "[]",
          "[date('2024-01-01')]",
          "[1.5, 2.5]",
          "[true, false]");

  private final Driver driver;
  private final Random random;

  Workload(Driver driver, Random random) {
    this.driver = driver;
    this.random = random;
  }

  /** Commits (or, now and then, rolls back) transactions of some statements each. */
  void run(int transactions) {
    try (Session session = driver.session()) {
      for (int i = 0; i < transactions; i++) {
        try (Transaction transaction = session.beginTransaction()) {
          for (int n = 1 + random.nextInt(4); n > 0; n--) {
            transaction.run(statement(), Map.of("n", random.nextInt(60))).consume();
          }
          if (random.nextInt(10) == 0) {
            transaction.rollback();
          } else {
            transaction.commit();
          }
        }
      }
    }
  }

  /** One transaction that makes so many vertices. */
  void large(int vertices) {
    try (Session session = driver.session()) {
      session
          .run(
              "UNWIND range(1, $n) AS i CREATE (:Many {i: i, t: 'some text to fill it'})",
              Map.of("n", vertices))
          .consume();
    }
  }

  private String statement() {
    String value = VALUES.get(random.nextInt(VALUES.size()));
    String label = "L" + random.nextInt(4);
    return switch (random.nextInt(9)) {
      case 0, 1, 2 -> "CREATE (:" + label + " {n: $n, v: " + value + "})";
      case 3 -> "MATCH (a {n: $n}), (b) WITH a, b LIMIT 3 CREATE (a)-[:R {v: " + value + "}]->(b)";
      case 4 -> "MATCH (a {n: $n}) SET a.v = " + value + ", a.w = $n";
      case 5 -> "MATCH (a {n: $n}) SET a:" + label + " REMOVE a.w";
      case 6 -> "MATCH (a:" + label + " {n: $n}) REMOVE a:" + label;
      case 7 -> "MATCH (a {n: $n}) WITH a LIMIT 1 DETACH DELETE a";
      default -> "MATCH ()-[r]->() WITH r SKIP $n LIMIT 1 DELETE r";
    };
  }
}
