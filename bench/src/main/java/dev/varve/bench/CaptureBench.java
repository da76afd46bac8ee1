package dev.varve.bench;

import dev.varve.cdc.Capture;
import dev.varve.cdc.CaptureConfig;
import dev.varve.cdc.CaptureStatus;
import dev.varve.cdc.neo4j.Neo4jSource;
import dev.varve.wire.RegistryConfig;
import dev.varve.wire.TopicSpecs;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import org.neo4j.driver.AuthTokens;
import org.neo4j.driver.Driver;
import org.neo4j.driver.GraphDatabase;
import org.neo4j.driver.Session;

/**
 * How fast capture goes through Kafka, against how fast the source commits at full speed.
 *
 * <p>Neo4j and the broker are processes of their own; writers, capture and both servers share the
 * machine's cores. Three figures from one run: what the source commits with nobody capturing, what
 * it commits while it is captured, and what capture commits in Kafka during that time; then how
 * long capture takes to catch up once the writers stop.
 */
public final class CaptureBench {

  private static final int WRITERS = 2;
  private static final long CATCH_UP_MILLIS_MAX = 600_000;

  /** Each transaction creates pairs joined by an edge and updates the one end. */
  private static final String WRITE =
      "UNWIND range(1, $n) AS i "
          + "CREATE (a:Person {name: 'person ' + i, born: 1900 + i % 100, score: i * 0.5})"
          + "-[:KNOWS {since: date('2020-02-29')}]->(b:Person {name: 'other ' + i, city: 'Berlin'})";

  private static final int ELEMENTS_A_PAIR = 3;

  private CaptureBench() {}

  public static void main(String[] arguments) throws Exception {
    int seconds = Integer.getInteger("varve.bench.seconds", 20);
    int pairs = Integer.getInteger("varve.bench.pairs", 20);
    Path home = Files.createTempDirectory("varve-capture-bench");
    ServerProcess.Distribution distribution = ServerProcess.Distribution.find();
    try (ServerProcess neo4j =
            ServerProcess.neo4j(
                distribution, home.resolve("neo4j"), List.of("server.memory.pagecache.size=256m"));
        ServerProcess kafka = ServerProcess.kafka(distribution, home.resolve("kafka"));
        Driver driver = GraphDatabase.driver(neo4j.address(), AuthTokens.none())) {
      writeFor(driver, seconds / 2, pairs); // warms the source up
      double alone = writeFor(driver, seconds, pairs);
      captured(driver, neo4j.address(), kafka.address(), seconds, pairs, alone);
    } finally {
      Directories.delete(home);
    }
  }

  private static void captured(
      Driver driver, String bolt, String bootstrap, int seconds, int pairs, double alone)
      throws Exception {
    CaptureConfig config =
        CaptureConfig.of(
            Neo4jSource.of(bolt, Optional.empty(), Optional.empty(), "neo4j"),
            "neo4j",
            Map.of("bootstrap.servers", bootstrap),
            RegistryConfig.embedded(),
            TopicSpecs.of("bench"));
    try (Capture capture = Capture.start(config)) {
      await(capture, status -> status.phase() == CaptureStatus.Phase.STREAMING);
      await(capture, status -> status.lag() == 0);
      long before = capture.status().changes();
      long start = System.nanoTime();
      double beside = writeFor(driver, seconds, pairs);
      double elapsed = (System.nanoTime() - start) / 1e9;
      long during = capture.status().changes() - before;
      long stop = System.nanoTime();
      long expected = Math.round(beside * elapsed);
      await(capture, status -> status.changes() - before >= expected && status.lag() == 0);
      double catchUp = (System.nanoTime() - stop) / 1e9;
      long total = capture.status().changes() - before;
      Report.print(
          "capture",
          Report.figure("sourceAloneChangesPerSecond", alone),
          Report.figure("sourceCapturedChangesPerSecond", beside),
          Report.figure("captureChangesPerSecond", during / elapsed),
          Report.figure("ratioToSourceAlone", during / elapsed / alone),
          Report.figure("ratioToSourceCaptured", during / elapsed / beside),
          Report.figure("catchUpSeconds", catchUp),
          Report.figure("changesCommitted", expected),
          Report.figure("changesCaptured", total));
    }
  }

  /** Writes as fast as the source takes it; tells the changes committed a second. */
  private static double writeFor(Driver driver, int seconds, int pairs)
      throws InterruptedException {
    AtomicBoolean stop = new AtomicBoolean();
    AtomicLong changes = new AtomicLong();
    Thread[] writers = new Thread[WRITERS];
    long start = System.nanoTime();
    for (int i = 0; i < WRITERS; i++) {
      writers[i] =
          new Thread(
              () -> {
                try (Session session = driver.session()) {
                  while (!stop.get()) {
                    session.executeWriteWithoutResult(tx -> tx.run(WRITE, Map.of("n", pairs)));
                    changes.addAndGet((long) pairs * ELEMENTS_A_PAIR);
                  }
                }
              },
              "writer-" + i);
      writers[i].start();
    }
    Thread.sleep(seconds * 1000L);
    stop.set(true);
    for (Thread writer : writers) {
      writer.join();
    }
    return changes.get() / ((System.nanoTime() - start) / 1e9);
  }

  private static void await(Capture capture, java.util.function.Predicate<CaptureStatus> condition)
      throws InterruptedException, IOException {
    long deadline = System.currentTimeMillis() + CATCH_UP_MILLIS_MAX;
    while (!condition.test(capture.status())) {
      if (capture.failure().isPresent()) {
        throw new IOException("capture failed", capture.failure().get());
      }
      if (System.currentTimeMillis() > deadline) {
        throw new IOException("capture did not get there: " + capture.status());
      }
      Thread.sleep(20);
    }
  }
}
