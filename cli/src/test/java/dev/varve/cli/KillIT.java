package dev.varve.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import dev.varve.archive.Chain;
import dev.varve.archive.DirectoryRepository;
import dev.varve.archive.TransactionsReader;
import dev.varve.change.Transaction;
import dev.varve.cli.demo.BoltScan;
import dev.varve.cli.demo.Content;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.neo4j.driver.Driver;
import org.neo4j.driver.Session;
import org.neo4j.driver.exceptions.Neo4jException;

/**
 * kill -9 at random moments under load: of the one-process pipeline, of Neo4j, of Kafka, of each
 * stage by itself. Afterwards nothing is lost and nothing doubled. {@code -Dvarve.kills=20} is the
 * full soak, {@code -Dvarve.seed=...} repeats a run.
 */
final class KillIT {

  private static final int WRITERS = 2;

  private final long seed = Long.getLong("varve.seed", 1);
  private final int kills = Integer.getInteger("varve.kills", 4);

  @TempDir private Path directory;

  @Test
  void nothingIsLostOrDoubledWhenTheOneProcessPipelineOrNeo4jIsKilled() throws Exception {
    Random random = random();
    try (Installed.Server store = Installed.Server.neo4j(directory.resolve("source"));
        Driver driver = RestoreToAnyTransactionIT.driver(store.address());
        Pipeline pipeline =
            Pipeline.at(directory.resolve("p"), store.address(), Optional.empty())) {
      pipeline.start("up");
      try (Load load = Load.on(driver)) {
        for (int i = 0; i < kills; i++) {
          Thread.sleep(1_000 + random.nextInt(9_000));
          if (random.nextInt(3) == 0) {
            System.out.println("killing neo4j");
            store.killAndRestart();
          } else {
            System.out.println("killing up");
            pipeline.kill("up");
            pipeline.start("up");
          }
        }
        load.stop();
        equal(driver, pipeline, load.acknowledged());
      }
      assertThat(pipeline.stop("up")).isZero();
      restoredEqualsSource(driver, pipeline);
    }
  }

  @Test
  void nothingIsLostOrDoubledWhenStagesByThemselvesAreKilled() throws Exception {
    Random random = random();
    List<String> stages = List.of("capture", "fold", "compact");
    try (Installed.Server store = Installed.Server.neo4j(directory.resolve("source"));
        Installed.Server kafka = Installed.Server.kafka(directory.resolve("kafka"));
        Driver driver = RestoreToAnyTransactionIT.driver(store.address());
        Pipeline pipeline =
            Pipeline.at(directory.resolve("p"), store.address(), Optional.of(kafka.address()))) {
      for (String stage : stages) {
        pipeline.start(stage);
      }
      try (Load load = Load.on(driver)) {
        for (int i = 0; i < kills; i++) {
          Thread.sleep(1_000 + random.nextInt(9_000));
          int victim = random.nextInt(stages.size() + 1);
          if (victim == stages.size()) {
            System.out.println("killing kafka");
            kafka.killAndRestart();
          } else {
            System.out.println("killing " + stages.get(victim));
            pipeline.kill(stages.get(victim));
            pipeline.start(stages.get(victim));
          }
        }
        load.stop();
        equal(driver, pipeline, load.acknowledged());
      }
      for (String stage : List.of("compact", "fold", "capture")) {
        assertThat(pipeline.stop(stage)).as(stage).isZero();
      }
      restoredEqualsSource(driver, pipeline);
    }
  }

  private Random random() {
    System.out.println("repeat with -Dvarve.seed=" + seed + " -Dvarve.kills=" + kills);
    return new Random(seed);
  }

  /** The chain reaches the store's last transaction, lists each once, and holds the same graph. */
  private static void equal(Driver driver, Pipeline pipeline, long acknowledged) throws Exception {
    long last;
    long counted;
    try (Session session = driver.session()) {
      last = ScriptedGraph.lastTransaction(session);
      counted = session.run("MATCH (n:Written) RETURN count(n)").single().get(0).asLong();
    }
    assertThat(counted).as("what the store acknowledged").isGreaterThanOrEqualTo(acknowledged);
    pipeline.awaitTransaction(last);
    List<Long> seqs = transactions(pipeline);
    assertThat(seqs).as("each transaction once, in order").isSorted().doesNotHaveDuplicates();
    Content source = BoltScan.of(driver);
    Chain.Link newest = pipeline.newest().orElseThrow();
    assertThat(newest.manifest().fingerprint()).isEqualTo(source.fingerprint());
    Installed.Result verify = pipeline.run("verify", "--level=graph", "--output=json");
    assertThat(verify.exitCode()).as(verify.toString()).isZero();
  }

  private void restoredEqualsSource(Driver driver, Pipeline pipeline) throws Exception {
    Content source = BoltScan.of(driver);
    Installed.Result result =
        pipeline.run(
            "restore", "--target", "neo4j-store:" + directory.resolve("restored"), "--output=json");
    assertThat(result.exitCode()).as(result.toString()).isZero();
    JsonNode json = result.json();
    assertThat(json.get("fingerprint").asText()).isEqualTo(source.fingerprint().toString());
    assertThat(json.get("vertices").asLong()).isEqualTo(source.vertices());
    assertThat(json.get("edges").asLong()).isEqualTo(source.edges());
  }

  private static List<Long> transactions(Pipeline pipeline) throws Exception {
    DirectoryRepository repository = new DirectoryRepository(pipeline.repositoryRoot());
    List<Long> seqs = new ArrayList<>();
    for (Chain.Link link : Chain.load(repository, Pipeline.GRAPH).links()) {
      if (link.manifest().transactions().isPresent()) {
        try (TransactionsReader reader =
            TransactionsReader.open(repository, link.manifest().transactions().get())) {
          for (Transaction t = reader.next(); t != null; t = reader.next()) {
            seqs.add(t.seq());
          }
        }
      }
    }
    return seqs;
  }

  /** Clients that write, one marked vertex a transaction, whatever happens to the store. */
  private static final class Load implements AutoCloseable {

    private final AtomicBoolean stopping = new AtomicBoolean();
    private final AtomicLong acknowledged = new AtomicLong();
    private final List<Thread> threads = new ArrayList<>();

    static Load on(Driver driver) {
      Load load = new Load();
      for (int writer = 0; writer < WRITERS; writer++) {
        int own = writer;
        Thread thread = new Thread(() -> load.write(driver, own), "load-" + writer);
        thread.start();
        load.threads.add(thread);
      }
      return load;
    }

    private void write(Driver driver, int writer) {
      for (long i = 0; !stopping.get(); i++) {
        try (Session session = driver.session()) {
          session
              .run(
                  "CREATE (n:Written {writer: $writer, i: $i}) WITH n"
                      + " OPTIONAL MATCH (m:Written {writer: $writer, i: $i - 1})"
                      + " FOREACH (x IN CASE WHEN m IS NULL THEN [] ELSE [m] END |"
                      + " CREATE (n)-[:AFTER {i: $i}]->(x) SET x.followed = true)"
                      + " WITH n OPTIONAL MATCH (o:Temporary {writer: $writer}) DETACH DELETE o"
                      + " CREATE (:Temporary {writer: $writer, i: $i})",
                  Map.of("writer", writer, "i", i))
              .consume();
          acknowledged.incrementAndGet();
          Thread.sleep(10);
        } catch (Neo4jException e) {
          // the store was killed: this transaction is not acknowledged
        } catch (InterruptedException e) {
          Thread.currentThread().interrupt();
          return;
        }
      }
    }

    long acknowledged() {
      return acknowledged.get();
    }

    void stop() throws InterruptedException {
      stopping.set(true);
      for (Thread thread : threads) {
        thread.join();
      }
    }

    @Override
    public void close() throws InterruptedException {
      stop();
    }
  }
}
