package dev.varve.restore.target.neo4j;

import static org.assertj.core.api.Assertions.assertThat;

import dev.varve.embedded.EmbeddedServer;
import dev.varve.graph.ElementKind;
import dev.varve.restore.TargetUri;
import dev.varve.restore.branch.Merge;
import dev.varve.restore.branch.MergeContract;
import dev.varve.restore.branch.MergeTarget;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.ServiceLoader;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.neo4j.driver.AuthTokens;
import org.neo4j.driver.Driver;
import org.neo4j.driver.GraphDatabase;
import org.neo4j.driver.Record;
import org.neo4j.driver.Session;
import org.neo4j.driver.Transaction;

/** Branches that are merged into a real Neo4j, which gives what they make ids of its own. */
final class BoltMergeTest extends MergeContract {

  private static final long LOOK_EVERY_MS = 50;
  private static final long AT_MOST_MS = 20_000;
  private static final long FIRST_NEW = 1_000_000;

  @TempDir static Path home;
  private static EmbeddedServer.Running server;
  private static Driver driver;

  @BeforeAll
  static void startServer() {
    server =
        ServiceLoader.load(EmbeddedServer.class).findFirst().orElseThrow().start(home, Map.of());
    driver = GraphDatabase.driver(server.address(), AuthTokens.none());
  }

  @AfterAll
  static void stopServer() {
    driver.close();
    server.close();
  }

  private static List<Record> query(String statement) {
    try (Session session = driver.session()) {
      return session.run(statement).list();
    }
  }

  @Override
  protected MergeTarget open(List<String> branches) {
    return new BoltMerge(
        BoltSettings.of((TargetUri.Bolt) TargetUri.parse(server.address()), Optional.empty()),
        branches);
  }

  @Override
  protected void empty() {
    query("DROP CONSTRAINT once IF EXISTS");
    query("MATCH (n) DETACH DELETE n");
  }

  @Override
  protected List<List<String>> rows(String cypher, int columns) {
    List<List<String>> rows = new ArrayList<>();
    for (Record row : query(cypher)) {
      rows.add(row.values().stream().map(value -> value.asObject().toString()).toList());
    }
    return rows;
  }

  /** The same ids mean others there. */
  @Override
  protected String original(ElementKind kind, long id) {
    return Long.toString(id + 1);
  }

  @Override
  protected String originalOfNew(ElementKind kind, int number) {
    return Long.toString(FIRST_NEW + number);
  }

  @Override
  protected void forbidTheSameNameTwice() {
    query("CREATE CONSTRAINT once FOR (n:P) REQUIRE n.name IS UNIQUE");
  }

  @Override
  protected AutoCloseable holdA() {
    Session session = driver.session();
    Transaction transaction = session.beginTransaction();
    transaction.run("MATCH (n:P {name: 'a'}) SET n.held = 1").consume();
    return () -> {
      transaction.rollback();
      session.close();
    };
  }

  @Override
  protected void breakTheWaitingMerge() throws InterruptedException {
    long end = System.currentTimeMillis() + AT_MOST_MS;
    while (true) {
      for (Record row :
          query(
              "SHOW TRANSACTIONS YIELD transactionId, status, metaData"
                  + " RETURN transactionId, status, metaData")) {
        if (row.get("metaData").asMap().containsKey("varveBranch")
            && row.get("status").asString().startsWith("Blocked")) {
          query("TERMINATE TRANSACTIONS '" + row.get("transactionId").asString() + "'");
          return;
        }
      }
      assertThat(System.currentTimeMillis()).as("nobody waits").isLessThan(end);
      Thread.sleep(LOOK_EVERY_MS);
    }
  }

  @Override
  protected List<String> ofVarve() {
    return query("MATCH (n) WHERE NOT n:P RETURN labels(n)").stream()
        .map(Record::toString)
        .toList();
  }

  /** It may be another vertex under the same id by now. */
  @Test
  void anEdgeToAChangedVertexIsAConflict() {
    isNew("f", ElementKind.EDGE, 1);
    transaction(connect("f", "d", "a", 0), put("b", 2));
    rows("MATCH (n:P {name: 'd'}) SET n.v = 9", 0);
    assertThat(merge(Optional.empty(), false).conflicts())
        .containsExactly(
            new Merge.Conflict(id("f"), "its end " + id("d") + " was changed by the new primary"));
    assertThat(merge(Optional.of(Merge.Take.PRIMARY), true).leftOut()).isEqualTo(1);
    Merge.Outcome taken = merge(Optional.of(Merge.Take.BRANCH), false);
    assertThat(taken.written()).isEqualTo(2);
    assertThat(rows("MATCH (:P {name: 'd', v: 9})-[r]->(:P {name: 'a'}) RETURN r.name", 1))
        .containsExactly(List.of("f"));
  }
}
