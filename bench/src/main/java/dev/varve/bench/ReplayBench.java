package dev.varve.bench;

import dev.varve.archive.DirectoryRepository;
import dev.varve.cdc.Capture;
import dev.varve.cdc.CaptureConfig;
import dev.varve.cdc.neo4j.Neo4jSource;
import dev.varve.change.Site;
import dev.varve.change.VersionVector;
import dev.varve.compact.CompactConfig;
import dev.varve.compact.Compactor;
import dev.varve.replay.Replay;
import dev.varve.replay.ReplayConfig;
import dev.varve.replay.ReplayStatus;
import dev.varve.restore.Progress;
import dev.varve.restore.TargetUri;
import dev.varve.restore.convert.Conversion;
import dev.varve.restore.convert.Engine;
import dev.varve.restore.target.neo4j.BoltSettings;
import dev.varve.restore.target.neo4j.BoltStandby;
import dev.varve.streams.FoldApp;
import dev.varve.streams.FoldConfig;
import dev.varve.wire.RegistryConfig;
import dev.varve.wire.TopicSpecs;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicLong;
import org.neo4j.driver.AuthTokens;
import org.neo4j.driver.Driver;
import org.neo4j.driver.GraphDatabase;
import org.neo4j.driver.Session;

/**
 * Whether a standby keeps up: how fast clients write to a primary that nobody captures, against how
 * fast the same transactions are replayed into a standby once they are in the topology tables. One
 * after the other, each with the machine to itself; so below 1 a standby falls behind for as long
 * as clients write like that.
 *
 * <p>{@code -Dseconds=15 -Dclients=4 -Dpairs=1 -Dwriters=4}: each transaction makes so many pairs
 * of vertices with an edge, and alters an earlier vertex; so many transactions of the standby are
 * written at the same time.
 */
public final class ReplayBench {

  private static final String GRAPH = "bench";
  private static final String SITE = "neo4j";
  private static final double NANOS_A_SECOND = 1e9;
  private static final int WRITERS =
      Integer.getInteger("writers", ReplayConfig.Limits.USUAL.writers());
  private static final long AT_MOST_MS = 600_000;
  private static final List<String> SERVER = List.of("server.memory.pagecache.size=256m");

  private static final String WRITE =
      "UNWIND range(1, $n) AS i CREATE (a:Person {name: 'person ' + i, born: 1900 + i % 100,"
          + " client: $client, number: $number})-[:KNOWS {since: date('2020-02-29')}]->"
          + "(:Person {name: 'other ' + i, city: 'Berlin'})"
          + " WITH count(*) AS made MATCH (p:Person {client: $client, number: $number - 1})"
          + " WITH p LIMIT 1 SET p.score = $number";

  private static final int ELEMENTS_A_PAIR = 3;

  private final Path home;
  private final Map<String, String> kafka;
  private final String primary;
  private final String standby;
  private final TopicSpecs topics = TopicSpecs.of(GRAPH);

  private ReplayBench(Path home, String bootstrap, String primary, String standby) {
    this.home = home;
    this.kafka = Map.of("bootstrap.servers", bootstrap);
    this.primary = primary;
    this.standby = standby;
  }

  /** What clients have written. */
  private record Written(long transactions, double seconds) {}

  /**
   * @param seconds from the start of replay on
   */
  private record Replayed(ReplayStatus status, double seconds) {}

  public static void main(String[] arguments) throws Exception {
    Path home = Files.createTempDirectory("varve-replay-bench");
    ServerProcess.Distribution distribution = ServerProcess.Distribution.find();
    try (ServerProcess primary =
            ServerProcess.neo4j(distribution, home.resolve("primary"), SERVER);
        ServerProcess standby = ServerProcess.neo4j(distribution, home.resolve("standby"), SERVER);
        ServerProcess kafka = ServerProcess.kafka(distribution, home.resolve("kafka"))) {
      new ReplayBench(home, kafka.address(), primary.address(), standby.address())
          .run(
              Integer.getInteger("seconds", 15),
              Integer.getInteger("clients", 4),
              Integer.getInteger("pairs", 1));
    } finally {
      Directories.delete(home);
    }
    System.exit(0); // whatever threads a client has left
  }

  private void run(int seconds, int clients, int pairs) throws Exception {
    try (Driver driver = GraphDatabase.driver(primary, AuthTokens.none())) {
      try (Session session = driver.session()) {
        session.run("CREATE INDEX FOR (p:Person) ON (p.client, p.number)").consume();
        session.run("CALL db.awaitIndexes()").consume();
      }
      write(driver, seconds / 3, clients, pairs); // warms the primary up
      throughTheTables(driver);
      replay(); // the restore that it begins with, and what came after
      Written written = write(driver, seconds, clients, pairs);
      throughTheTables(driver);
      Replayed replayed = replay();
      print(pairs, clients, written, replayed);
    }
  }

  private void print(int pairs, int clients, Written written, Replayed replayed) {
    double writtenRate = written.transactions() / written.seconds();
    double replayedRate = replayed.status().transactions() / replayed.seconds();
    Report.print(
        "replay",
        Report.figure("clients", clients),
        Report.figure("writers of the standby", WRITERS),
        Report.figure("elements a transaction", pairs * ELEMENTS_A_PAIR + 1),
        Report.figure("written transactions", written.transactions()),
        Report.figure("written transactions per second", writtenRate),
        Report.figure("replayed transactions", replayed.status().transactions()),
        Report.figure("replay seconds", replayed.seconds()),
        Report.figure("replayed transactions per second", replayedRate),
        Report.figure("steps", replayed.status().steps()),
        Report.figure("ratio", replayedRate / writtenRate));
  }

  private static Written write(Driver driver, int seconds, int clients, int pairs)
      throws InterruptedException {
    AtomicLong transactions = new AtomicLong();
    long start = System.nanoTime();
    long end = start + (long) (seconds * NANOS_A_SECOND);
    Thread[] threads = new Thread[clients];
    for (int client = 0; client < clients; client++) {
      int number = client;
      threads[client] =
          new Thread(
              () -> {
                try (Session session = driver.session()) {
                  for (long i = 0; System.nanoTime() < end; i++) {
                    Map<String, Object> values = Map.of("n", pairs, "client", number, "number", i);
                    session.executeWriteWithoutResult(tx -> tx.run(WRITE, values).consume());
                    transactions.incrementAndGet();
                  }
                }
              });
      threads[client].start();
    }
    for (Thread thread : threads) {
      thread.join();
    }
    return new Written(transactions.get(), (System.nanoTime() - start) / NANOS_A_SECOND);
  }

  /** Until capture and fold have taken all of it into the tables, and a base is laid down. */
  private void throughTheTables(Driver driver) throws Exception {
    long last;
    try (Session session = driver.session()) {
      String id = session.run("CALL varve.cdc.current()").single().get("id").asString();
      last = Long.parseLong(id.split(":", -1)[2]);
    }
    CaptureConfig capturing =
        CaptureConfig.of(
            Neo4jSource.of(primary, Optional.empty(), Optional.empty(), "neo4j"),
            SITE,
            kafka,
            RegistryConfig.embedded(),
            topics);
    try (Capture capture = Capture.start(capturing);
        FoldApp fold =
            FoldApp.start(
                FoldConfig.of(topics, RegistryConfig.embedded(), kafka, home.resolve("fold")));
        Compactor compactor =
            Compactor.start(
                CompactConfig.of(
                    GRAPH, kafka, RegistryConfig.embedded(), repository(), home.resolve("work")))) {
      long end = System.currentTimeMillis() + AT_MOST_MS;
      while (compactor.status().reached().seqs().getOrDefault(new Site(SITE, 1), -1L) < last) {
        if (System.currentTimeMillis() > end || capture.failure().isPresent()) {
          throw new IOException(
              "the tables did not get there: " + fold.status(), capture.failure().orElse(null));
        }
        Thread.sleep(50);
      }
      VersionVector laidDown = compactor.flush();
      if (!laidDown.covers(new Site(SITE, 1), last)) {
        throw new IOException("laid down is " + laidDown + " only");
      }
    }
  }

  private DirectoryRepository repository() throws IOException {
    return new DirectoryRepository(Files.createDirectories(home.resolve("chain")));
  }

  private Replayed replay() throws Exception {
    ReplayConfig config =
        ReplayConfig.of(
                GRAPH,
                Optional.of(kafka),
                RegistryConfig.embedded(),
                repository(),
                home.resolve("replay"))
            .withLimits(ReplayConfig.Limits.USUAL.withWriters(WRITERS));
    BoltSettings settings =
        BoltSettings.of((TargetUri.Bolt) TargetUri.parse(standby), Optional.empty());
    long start = System.nanoTime();
    try (Replay replay =
        Replay.start(
            config,
            () -> new BoltStandby(settings),
            new Conversion(Optional.of(Engine.NEO4J), false),
            false,
            Progress.NONE)) {
      while (!replay.done()) {
        if (replay.failure().isPresent()) {
          throw new IOException("replay failed", replay.failure().get());
        }
        Thread.sleep(5);
      }
      return new Replayed(replay.status(), (System.nanoTime() - start) / NANOS_A_SECOND);
    }
  }
}
