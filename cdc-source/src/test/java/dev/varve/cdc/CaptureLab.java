package dev.varve.cdc;

import static org.assertj.core.api.Assertions.assertThat;

import dev.varve.change.Change;
import dev.varve.change.Site;
import dev.varve.change.Transaction;
import dev.varve.embedded.EmbeddedServer;
import dev.varve.embedded.kafka.EmbeddedKafka;
import dev.varve.wire.RegistryConfig;
import dev.varve.wire.TopicSpecs;
import dev.varve.wire.Topics;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.BooleanSupplier;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.io.TempDir;

/** A broker, and one graph on it with a store that has faults on demand. */
public abstract class CaptureLab {

  static final int PARTITIONS = 3;
  private static final AtomicInteger GRAPHS = new AtomicInteger();

  @TempDir static Path home;
  static EmbeddedServer.Running kafka;

  final String graph = "g" + GRAPHS.incrementAndGet();
  final FakeStore store = new FakeStore(graph);
  final Random random = new Random(7);

  @BeforeAll
  static void startKafka() {
    kafka = new EmbeddedKafka().start(home, Map.of());
  }

  @AfterAll
  static void stopKafka() {
    kafka.close();
  }

  TopicSpecs specs() {
    return new TopicSpecs(
        new Topics(graph), PARTITIONS, Optional.empty(), Duration.ofDays(7), "lz4");
  }

  CaptureConfig config() {
    return config(Map.of());
  }

  CaptureConfig config(Map<String, String> connectorSettings) {
    return config(store, connectorSettings);
  }

  CaptureConfig config(FakeStore of) {
    return config(of, Map.of("custom.metric.tags", "capture=" + of.name));
  }

  CaptureConfig config(FakeStore of, Map<String, String> connectorSettings) {
    return CaptureConfig.of(
        of.source(connectorSettings),
        "here",
        Map.of("bootstrap.servers", kafka.address()),
        RegistryConfig.embedded(),
        specs());
  }

  void commit(int transactions) {
    for (int i = 0; i < transactions; i++) {
      store.commit(random, 1 + random.nextInt(5));
    }
  }

  Captured read() {
    return Captured.read(kafka.address(), new Topics(graph), PARTITIONS);
  }

  void assertGraph(Captured found, int incarnation) {
    found.checkOrder();
    Site site = new Site("here", incarnation);
    List<Transaction> transactions =
        found.allTransactions().stream().filter(t -> t.site().equals(site)).toList();
    long scanSeq = transactions.get(0).seq();
    List<FakeStore.Committed> expected =
        store.since(scanSeq).stream().filter(t -> !t.changes().isEmpty()).toList();
    assertThat(transactions.stream().skip(1).map(Transaction::seq))
        .containsExactlyElementsOf(expected.stream().map(FakeStore.Committed::seq).toList());
    Set<String> dots = new HashSet<>();
    for (FakeStore.Committed transaction : expected) {
      for (int i = 0; i < transaction.changes().size(); i++) {
        dots.add(site + "/" + transaction.seq() + "/" + i);
      }
    }
    List<Change> changes =
        found.allChanges().stream().filter(c -> c.header().dot().site().equals(site)).toList();
    assertThat(
            changes.stream()
                .filter(c -> c.header().dot().seq() > scanSeq)
                .map(c -> c.header().dot().toString()))
        .containsExactlyInAnyOrderElementsOf(dots);
    assertThat(found.graph(site)).isEqualTo(store.graph());
    assertThat(found.watermark(site)).isEqualTo(store.lastSeq());
  }

  private static void requireAtWork(Capture capture) {
    if (capture.failure().isPresent()) {
      throw new AssertionError("capture failed", capture.failure().get());
    }
  }

  static void awaitWatermark(Capture capture, FakeStore store) {
    await(
        () -> {
          requireAtWork(capture);
          return capture.status().position().map(CaptureState::seq).orElse(-1L) >= store.lastSeq();
        });
  }

  static void awaitWatermark(Capture capture, int incarnation, long seq) {
    await(
        () -> {
          requireAtWork(capture);
          return capture
              .status()
              .position()
              .filter(s -> s.site().incarnation() == incarnation)
              .filter(s -> s.scan().isEmpty() && s.until().isEmpty() && s.seq() >= seq)
              .isPresent();
        });
  }

  public static void await(BooleanSupplier condition) {
    long limit = System.nanoTime() + Duration.ofSeconds(60).toNanos();
    while (!condition.getAsBoolean()) {
      if (System.nanoTime() > limit) {
        throw new AssertionError("waited for a minute in vain");
      }
      try {
        Thread.sleep(20);
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        throw new AssertionError(e);
      }
    }
  }
}
