package dev.varve.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import dev.varve.cli.demo.BoltScan;
import dev.varve.cli.demo.Content;
import java.nio.file.Path;
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
import org.neo4j.driver.Record;
import org.neo4j.driver.Session;
import org.neo4j.driver.Transaction;
import org.neo4j.driver.exceptions.Neo4jException;

/**
 * A standby while writes go on and the replay is killed again and again: nobody who reads it ever
 * sees half a transaction, and at the end it is what the source is. {@code -Dvarve.kills=20} is the
 * full soak, {@code -Dvarve.seed=...} varies the writes and the moments.
 */
final class StandbyIT {

  private static final long TOTAL = 1_000;

  private final long seed = Long.getLong("varve.seed", 20261126);
  private final int kills = Integer.getInteger("varve.kills", 3);

  @TempDir private Path directory;

  @Test
  void aKilledReplayGoesOnAndTheStandbyIsAlwaysWhole() throws Exception {
    System.out.println("repeat with -Dvarve.seed=" + seed + " -Dvarve.kills=" + kills);
    Random random = new Random(seed);
    try (Installed.Server store = Installed.Server.neo4j(directory.resolve("source"));
        Installed.Server other = Installed.Server.neo4j(directory.resolve("standby"));
        Driver source = RestoreToAnyTransactionIT.driver(store.address());
        Driver standby = RestoreToAnyTransactionIT.driver(other.address());
        Pipeline pipeline =
            Pipeline.at(directory.resolve("p"), store.address(), Optional.empty())) {
      accounts(source);
      ScriptedGraph graph = new ScriptedGraph(source, random);
      for (int i = 0; i < 20; i++) {
        graph.transaction();
      }
      pipeline.start("up");
      pipeline.awaitTransaction(last(source));
      String[] replay = {"replay", "--target", other.address(), "--follow"};
      pipeline.start(replay);
      try (Transfers transfers = Transfers.on(source);
          Reader reader = Reader.on(standby)) {
        for (int i = 0; i < kills; i++) {
          long end = System.nanoTime() + (2_000 + random.nextInt(6_000)) * 1_000_000L;
          while (System.nanoTime() < end) {
            graph.transaction();
          }
          if (i == 0) {
            awaitCut(standby, last(source));
            rules(source);
          }
          System.out.println("killing replay");
          pipeline.kill("replay");
          pipeline.start(replay);
        }
        transfers.stop();
        awaitCut(standby, last(source));
        assertThat(transfers.done()).as("transfers").isPositive();
        assertThat(reader.looks()).as("looks at the standby").isPositive();
      }
      assertThat(pipeline.stop("replay")).isZero();
      equal(pipeline, BoltScan.of(source), other.address());
      assertThat(ruleNames(standby)).contains("by_owner", "one_owner");
      aCarelessDelete(pipeline, source, standby, other.address());
      fromTheChainAlone(pipeline, source, standby, other.address());
    }
  }

  /** Stopped just before a transaction, the standby has what that one removed. */
  private void aCarelessDelete(Pipeline pipeline, Driver source, Driver standby, String address)
      throws Exception {
    long before = last(source);
    run(source, "MATCH (n) WHERE NOT n:Account DETACH DELETE n");
    pipeline.awaitTransaction(last(source));
    long nodes = count(standby);
    Installed.Result until =
        pipeline.run(
            "replay", "--target", address, "--until", "tx:neo4j@1/" + before, "--output=json");
    assertThat(until.exitCode()).as(until.toString()).isZero();
    assertThat(count(standby)).isEqualTo(nodes).isGreaterThan(2);
  }

  /** With Kafka gone the standby comes as far as the chain goes. */
  private void fromTheChainAlone(Pipeline pipeline, Driver source, Driver standby, String address)
      throws Exception {
    assertThat(pipeline.stop("up")).isZero();
    Installed.Result result =
        pipeline.run("replay", "--target", address, "--chain-only", "--verify", "--output=json");
    assertThat(result.exitCode()).as(result.toString()).isZero();
    Content expected = BoltScan.of(source);
    assertThat(result.json().get("fingerprint").asText())
        .isEqualTo(expected.fingerprint().toString());
    assertThat(count(standby)).isEqualTo(count(source));
  }

  private void equal(Pipeline pipeline, Content source, String address) throws Exception {
    Installed.Result verify =
        pipeline.run("replay", "--target", address, "--verify", "--output=json");
    Installed.Result restore =
        pipeline.run(
            "restore",
            "--target",
            "dir:" + directory.resolve("restored") + "?format=avro",
            "--output=json");
    for (Installed.Result result : List.of(verify, restore)) {
      assertThat(result.exitCode()).as(result.toString()).isZero();
      JsonNode json = result.json();
      assertThat(json.get("fingerprint").asText()).isEqualTo(source.fingerprint().toString());
      assertThat(json.get("vertices").asLong()).isEqualTo(source.vertices());
      assertThat(json.get("edges").asLong()).isEqualTo(source.edges());
    }
  }

  private static void accounts(Driver source) {
    run(
        source,
        "CREATE (a:Account {name: 'a', owner: 'x', balance: "
            + TOTAL
            + "}), (b:Account {name: 'b', owner: 'y', balance: 0}), (a)-[:PAYS {n: 0}]->(b)");
  }

  /** With the constraint two vertices swap a value that has to be unique. */
  private static void rules(Driver source) {
    run(source, "CREATE INDEX by_owner FOR (n:Account) ON (n.name)");
    run(source, "CREATE CONSTRAINT one_owner FOR (n:Account) REQUIRE n.owner IS UNIQUE");
  }

  private static List<String> ruleNames(Driver driver) {
    try (Session session = driver.session()) {
      return session.run("SHOW INDEXES YIELD name").list(row -> row.get(0).asString());
    }
  }

  private static void run(Driver driver, String statement) {
    try (Session session = driver.session()) {
      session.run(statement).consume();
    }
  }

  private static long count(Driver driver) {
    try (Session session = driver.session()) {
      return session
          .run("MATCH (n) WHERE NOT n:__VarveStandbyCut RETURN count(n)")
          .single()
          .get(0)
          .asLong();
    }
  }

  private static long last(Driver driver) {
    try (Session session = driver.session()) {
      return ScriptedGraph.lastTransaction(session);
    }
  }

  private static void awaitCut(Driver standby, long seq) throws Exception {
    long end = System.nanoTime() + 2 * Installed.AT_MOST.toNanos(); // a restore comes first
    String cut = "";
    while (System.nanoTime() < end) {
      try (Session session = standby.session()) {
        cut =
            session.run("MATCH (c:__VarveStandbyCut) RETURN c.reached").stream()
                .findFirst()
                .map(row -> row.get(0).asString())
                .orElse("");
      }
      int at = cut.indexOf("\"neo4j@1\":");
      if (at >= 0) {
        String number = cut.substring(at + "\"neo4j@1\":".length()).split("[,}]", 2)[0];
        if (Long.parseLong(number) >= seq) {
          return;
        }
      }
      Thread.sleep(200);
    }
    throw new AssertionError("the standby did not come to " + seq + ", it is at " + cut);
  }

  /**
   * Moves money between two accounts and swaps their owners: what both have in all never changes.
   */
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
        try (Session session = driver.session();
            Transaction tx = session.beginTransaction()) {
          Map<String, Object> amount = Map.of("n", done.get() % 7 - 3);
          tx.run(
                  "MATCH (a:Account {name: 'a'})-[p:PAYS]->(b:Account {name: 'b'})"
                      + " SET a.balance = a.balance - $n, b.balance = b.balance + $n, p.n = p.n + 1"
                      + " WITH a, b, a.owner AS x, b.owner AS y SET a.owner = 'nobody'"
                      + " SET b.owner = x SET a.owner = y",
                  amount)
              .consume();
          tx.commit();
          done.incrementAndGet();
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

  /**
   * Reads both accounts under their locks: Neo4j shows every reader the newest of each node, so
   * without them two nodes may be read before and after a commit.
   */
  private static final class Reader implements AutoCloseable {
    private final AtomicBoolean stopping = new AtomicBoolean();
    private final AtomicLong looks = new AtomicLong();
    private final AtomicReference<String> broken = new AtomicReference<>("");
    private final Thread thread;

    private Reader(Driver driver) {
      thread = new Thread(() -> read(driver), "reader");
    }

    static Reader on(Driver driver) {
      Reader reader = new Reader(driver);
      reader.thread.start();
      return reader;
    }

    private void read(Driver driver) {
      while (!stopping.get()) {
        try (Session session = driver.session();
            Transaction tx = session.beginTransaction()) {
          List<Record> rows =
              tx.run(
                      "MATCH (n:Account) WITH n ORDER BY n.name SET n.lock = true REMOVE n.lock"
                          + " RETURN n.balance, n.owner")
                  .list();
          tx.rollback();
          if (rows.size() == 2) {
            long sum = rows.get(0).get(0).asLong() + rows.get(1).get(0).asLong();
            boolean same = rows.get(0).get(1).equals(rows.get(1).get(1));
            if (sum != TOTAL || same) {
              broken.set(rows.toString());
            }
            looks.incrementAndGet();
          } else if (rows.size() == 1) {
            broken.set("one account: " + rows);
          }
          Thread.sleep(30);
        } catch (Neo4jException e) {
          // the two locks were in the way of a replayed transaction's
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
