package dev.varve.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.fasterxml.jackson.databind.JsonNode;
import dev.varve.container.age.AgeServer;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.neo4j.driver.Driver;
import org.neo4j.driver.Session;

/**
 * A graph of Neo4j is followed by a standby in PostgreSQL with AGE while writes go on and the
 * replay is killed again and again: nobody who reads it ever sees half a transaction. {@code
 * -Dvarve.kills=20} is the full soak, {@code -Dvarve.seed=...} varies the writes and the moments.
 */
final class ConvertedStandbyToAgeIT {

  private static final long TOTAL = 1_000;
  private static final long LOOK_EVERY_MS = 200;

  private final long seed = Long.getLong("varve.seed", 20261127);
  private final int kills = Integer.getInteger("varve.kills", 2);

  @TempDir private Path directory;

  @Test
  void aStandbyInAgeFollowsAGraphOfNeo4j() throws Exception {
    assumeTrue(AgeServer.dockerIsThere(), "no Docker: a standby in AGE of Neo4j is skipped");
    System.out.println("repeat with -Dvarve.seed=" + seed + " -Dvarve.kills=" + kills);
    Random random = new Random(seed);
    try (AgeServer age = AgeServer.start();
        Installed.Server store = Installed.Server.neo4j(directory.resolve("source"));
        Driver source = RestoreToAnyTransactionIT.driver(store.address());
        Pipeline pipeline =
            Pipeline.at(
                directory.resolve("p"),
                store.address(),
                Optional.empty(),
                Map.of("VARVE_TARGET_PASSWORD", AgeServer.PASSWORD))) {
      accounts(source);
      ScriptedGraph graph = new ScriptedGraph(source, random);
      for (int i = 0; i < 20; i++) {
        graph.transaction();
      }
      pipeline.start("up");
      pipeline.awaitTransaction(last(source));
      needsTheOperatorsWord(pipeline, age);
      String[] replay = {"replay", "--target", uri(age), "--convert", "--follow"};
      pipeline.start(replay);
      awaitCut(age, last(source));
      try (Transfers transfers = Transfers.on(source);
          Reader reader = Reader.on(age)) {
        for (int i = 0; i < kills; i++) {
          long end = System.nanoTime() + (2_000 + random.nextInt(4_000)) * 1_000_000L;
          while (System.nanoTime() < end) {
            graph.transaction();
          }
          System.out.println("killing replay");
          pipeline.kill("replay");
          pipeline.start(replay);
        }
        transfers.stop();
        awaitCut(age, last(source));
        assertThat(transfers.done()).as("transfers").isPositive();
        assertThat(reader.looks()).as("looks at the standby").isPositive();
      }
      assertThat(pipeline.stop("replay")).isZero();
      isWhatARestoreWouldMakeOfIt(pipeline, age, last(source));
      stopsAtWhatAgeCannotHold(pipeline, age, source);
      cannotBePromoted(pipeline, age);
    }
  }

  private static void needsTheOperatorsWord(Pipeline pipeline, AgeServer age) throws Exception {
    Installed.Result refused = pipeline.run("replay", "--target", uri(age), "--output=json");
    assertThat(refused.exitCode()).as(refused.toString()).isEqualTo(64);
    assertThat(refused.json().get("hint").asText()).contains("say --convert");
    assertThat(rows(age, "SELECT name FROM ag_graph")).isEmpty();
  }

  private static void isWhatARestoreWouldMakeOfIt(Pipeline pipeline, AgeServer age, long last)
      throws Exception {
    pipeline.awaitTransaction(last);
    Installed.Result verify =
        pipeline.run("replay", "--target", uri(age), "--verify", "--output=json");
    assertThat(verify.exitCode()).as(verify.toString()).isZero();
    assertThat(verify.json().get("verified").asBoolean()).isTrue();
    Installed.Result restore =
        pipeline.run(
            "restore",
            "--convert",
            "--target",
            uri(age).replaceFirst("[^/]*$", "restored"),
            "--output=json");
    assertThat(restore.exitCode()).as(restore.toString()).isZero();
    JsonNode expected = restore.json();
    assertThat(verify.json().get("fingerprint")).isEqualTo(expected.get("fingerprint"));
    assertThat(verify.json().get("vertices")).isEqualTo(expected.get("vertices"));
    assertThat(verify.json().get("edges")).isEqualTo(expected.get("edges"));
    assertThat(edges(age, Pipeline.GRAPH)).isEqualTo(edges(age, "restored"));
  }

  /** As Cypher finds them: with the vertices at their ends. */
  private static List<String> edges(AgeServer age, String graph) throws SQLException {
    return rows(
        age,
        "SELECT CAST(row(a, t, p, b) AS text) FROM cypher('"
            + graph
            + "', $$ MATCH (a)-[r]->(b) RETURN properties(a), type(r), properties(r), properties(b)"
            + " $$) AS (a agtype, t agtype, p agtype, b agtype) ORDER BY 1");
  }

  private static void stopsAtWhatAgeCannotHold(Pipeline pipeline, AgeServer age, Driver source)
      throws Exception {
    long before = last(source);
    run(source, "CREATE (:Odd:Person {`__labels`: ['mine']})");
    pipeline.awaitTransaction(last(source));
    Installed.Result stopped = pipeline.run("replay", "--target", uri(age), "--output=json");
    assertThat(stopped.exitCode()).as(stopped.toString()).isEqualTo(1);
    assertThat(stopped.json().get("error").asText())
        .contains("the standby is whole", "__labels", "(:Odd:Person)");
    assertThat(stopped.json().get("hint").asText()).contains("mend it in the source");
    assertThat(cut(age)).isEqualTo(before);
    Installed.Result whole =
        pipeline.run(
            "replay",
            "--target",
            uri(age),
            "--until",
            "tx:neo4j@1/" + before,
            "--verify",
            "--output=json");
    assertThat(whole.exitCode()).as(whole.toString()).isZero();

    run(source, "MATCH (n:Odd) REMOVE n.`__labels`");
    pipeline.awaitTransaction(last(source));
    Installed.Result mended =
        pipeline.run("replay", "--target", uri(age), "--verify", "--output=json");
    assertThat(mended.exitCode()).as(mended.toString()).isZero();
    assertThat(cut(age)).isEqualTo(last(source));
  }

  private static void cannotBePromoted(Pipeline pipeline, AgeServer age) throws Exception {
    for (String way : List.of("--planned", "--forced")) {
      Installed.Result refused =
          pipeline.run("promote", way, "--target", uri(age), "--output=json");
      assertThat(refused.exitCode()).as(refused.toString()).isEqualTo(64);
      assertThat(refused.json().get("error").asText())
          .contains("is a standby of a graph of Neo4j", "nothing was done");
    }
  }

  /** Of the two one changes its label with each transfer, and the edge between them never does. */
  private static void accounts(Driver source) {
    run(
        source,
        "CREATE (a:Account {name: 'a', balance: "
            + TOTAL
            + "}), (b:Account {name: 'b', balance: 0}), (a)-[:PAYS]->(b), (b)-[:IS]->(b)");
  }

  private static String uri(AgeServer age) {
    return "age:postgresql://%s@%s:%d/%s/%s"
        .formatted(AgeServer.USER, age.host(), age.port(), AgeServer.DATABASE, Pipeline.GRAPH);
  }

  private static void run(Driver driver, String statement) {
    try (Session session = driver.session()) {
      session.run(statement).consume();
    }
  }

  private static long last(Driver driver) {
    try (Session session = driver.session()) {
      return ScriptedGraph.lastTransaction(session);
    }
  }

  private static List<String> rows(AgeServer age, String query) throws SQLException {
    List<String> rows = new ArrayList<>();
    try (Connection connection = age.connect();
        Statement statement = connection.createStatement();
        ResultSet row = statement.executeQuery(query)) {
      while (row.next()) {
        rows.add(row.getString(1));
      }
    }
    return rows;
  }

  /** How far the standby has come; -1 if it is none yet. */
  private static long cut(AgeServer age) throws SQLException {
    if (rows(age, "SELECT 1 WHERE to_regclass('varve.standby') IS NOT NULL").isEmpty()) {
      return -1;
    }
    return rows(age, "SELECT CAST(reached AS json) -> 'to' ->> 'neo4j@1' FROM varve.standby")
        .stream()
        .findFirst()
        .map(Long::parseLong)
        .orElse(-1L);
  }

  private static void awaitCut(AgeServer age, long seq) throws Exception {
    long end = System.nanoTime() + 2 * Installed.AT_MOST.toNanos(); // a restore comes first
    while (cut(age) < seq) {
      assertThat(System.nanoTime())
          .as("the standby did not come to %d, it is at %d", seq, cut(age))
          .isLessThan(end);
      Thread.sleep(LOOK_EVERY_MS);
    }
  }

  /** Moves money between two accounts: what both have in all never changes. */
  private static final class Transfers implements AutoCloseable {
    private final AtomicBoolean stopping = new AtomicBoolean();
    private final AtomicLong done = new AtomicLong();
    private final Thread thread;

    private Transfers(Driver driver) {
      thread = new Thread(() -> write(driver), "transfers");
    }

    static Transfers on(Driver driver) {
      Transfers transfers = new Transfers(driver);
      transfers.thread.start();
      return transfers;
    }

    private void write(Driver driver) {
      while (!stopping.get()) {
        String labels =
            done.get() % 2 == 0 ? "REMOVE b:Account SET b:Beta" : "REMOVE b:Beta SET b:Account";
        run(
            driver,
            "MATCH (a {name: 'a'})-[:PAYS]->(b {name: 'b'}) SET a.balance = a.balance - 3,"
                + " b.balance = b.balance + 3 "
                + labels);
        done.incrementAndGet();
        try {
          Thread.sleep(20);
        } catch (InterruptedException e) {
          Thread.currentThread().interrupt();
          return;
        }
      }
    }

    long done() {
      return done.get();
    }

    void stop() throws InterruptedException {
      stopping.set(true);
      thread.join();
    }

    @Override
    public void close() throws InterruptedException {
      stop();
    }
  }

  /** Looks for the two accounts by the edge between them. */
  private static final class Reader implements AutoCloseable {
    private final AtomicBoolean stopping = new AtomicBoolean();
    private final AtomicLong looks = new AtomicLong();
    private final AtomicReference<String> broken = new AtomicReference<>("");
    private final Thread thread;

    private Reader(AgeServer age) {
      thread = new Thread(() -> read(age), "reader");
    }

    static Reader on(AgeServer age) {
      Reader reader = new Reader(age);
      reader.thread.start();
      return reader;
    }

    private void read(AgeServer age) {
      while (!stopping.get()) {
        try {
          List<String> sums =
              rows(
                  age,
                  "SELECT * FROM cypher('"
                      + Pipeline.GRAPH
                      + "', $$ MATCH (l)<-[:IS]-(b)<-[:PAYS]-(a) RETURN a.balance + b.balance +"
                      + " b.balance - l.balance $$) AS (sum agtype)");
          if (!sums.equals(List.of(Long.toString(TOTAL)))) {
            broken.set(sums.toString());
          }
          looks.incrementAndGet();
          Thread.sleep(30);
        } catch (SQLException e) {
          broken.set(String.valueOf(e.getMessage()));
        } catch (InterruptedException e) {
          Thread.currentThread().interrupt();
          return;
        }
      }
    }

    long looks() {
      return looks.get();
    }

    @Override
    public void close() throws InterruptedException {
      stopping.set(true);
      thread.join();
      assertThat(broken.get()).as("half a transaction was seen").isEmpty();
    }
  }
}
