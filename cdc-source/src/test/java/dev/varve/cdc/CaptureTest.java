package dev.varve.cdc;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.varve.change.Site;
import dev.varve.change.Transaction;
import dev.varve.fault.ExitCode;
import dev.varve.fault.VarveException;
import dev.varve.wire.RegistryConfig;
import dev.varve.wire.Topics;
import java.lang.management.ManagementFactory;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import javax.management.ObjectName;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.NewTopic;
import org.junit.jupiter.api.Test;

/** The whole of capture against a real broker; the store is a fake one with faults on demand. */
final class CaptureTest extends CaptureLab {

  @Test
  void emptyGraphIsConsistentAtOnce() {
    try (Capture capture = Capture.start(config())) {
      awaitWatermark(capture, 1, store.lastSeq());
    }
    Captured found = read();
    assertThat(found.allChanges()).isEmpty();
    assertThat(found.allTransactions()).hasSize(1);
    assertThat(found.allTransactions().get(0).schema().orElseThrow().whole()).isTrue();
    assertThat(found.watermarkSeqs()).containsExactly(store.lastSeq());
  }

  @Test
  void scanThenLogGivesTheGraph() {
    commit(30);
    long before = store.lastSeq();
    AtomicInteger pages = new AtomicInteger();
    store.beforePage =
        () -> {
          if (pages.incrementAndGet() <= 4) {
            store.commit(random, 5); // while the scan runs
          }
        };
    try (Capture capture = Capture.start(config())) {
      awaitWatermark(capture, 1, store.lastSeq());
      commit(50);
      store.commitNothing();
      awaitWatermark(capture, 1, store.lastSeq());
    }
    Captured found = read();
    assertGraph(found, 1);
    Transaction scan = found.allTransactions().get(0);
    assertThat(scan.seq()).isEqualTo(before);
    assertThat(scan.counts().stream().mapToLong(Transaction.Count::created).sum())
        .isEqualTo(
            found.allChanges().stream().filter(c -> c.header().dot().seq() == before).count());
    assertThat(found.watermarkSeqs().get(0)).isGreaterThan(before);
  }

  @Test
  void logThatTellsNoNumberIsConsistentWhenItsEndIsReached() {
    store.seqTold = false;
    store.rowChanges = 5;
    commit(30);
    AtomicInteger pages = new AtomicInteger();
    store.beforePage =
        () -> {
          if (pages.incrementAndGet() <= 4) {
            store.commit(random, 20);
          }
        };
    try (Capture capture = Capture.start(config())) {
      awaitWatermark(capture, 1, store.lastSeq());
    }
    Captured found = read().checkOrder();
    assertThat(found.graph(new Site("here", 1))).isEqualTo(store.graph());
    assertThat(found.watermarkSeqs()).containsExactly(store.lastSeq());
  }

  @Test
  void oneWatermarkForManyTransactionsReadAtOnce() {
    store.rowChanges = 1_000;
    try (Capture capture = Capture.start(config())) {
      awaitWatermark(capture, 1, store.lastSeq());
      store.away = true;
      commit(200);
      store.away = false;
      awaitWatermark(capture, 1, store.lastSeq());
    }
    Captured found = read();
    assertGraph(found, 1);
    assertThat(found.watermarkSeqs()).hasSizeLessThan(20).endsWith(store.lastSeq());
  }

  @Test
  void largeTransactionHasItsWatermarkBehindItsLastPart() {
    store.rowChanges = 10;
    try (Capture capture = Capture.start(config())) {
      awaitWatermark(capture, 1, store.lastSeq());
      long kafkaTransactions = capture.status().kafkaTransactions();
      long large = store.commit(random, 2_000);
      awaitWatermark(capture, 1, large);
      assertThat(capture.status().kafkaTransactions() - kafkaTransactions).isGreaterThan(5);
    }
    assertGraph(read(), 1);
  }

  @Test
  void interruptedScanGoesOnWhereItWas() {
    commit(100);
    store.scanPageElements = 7;
    AtomicInteger pages = new AtomicInteger();
    AtomicReference<Capture> started = new AtomicReference<>();
    store.beforePage =
        () -> {
          store.commit(random, 1);
          if (pages.incrementAndGet() == 12) {
            await(() -> requireNonNull(started.get()).status().kafkaTransactions() > 0);
            throw new IllegalStateException("disk on fire");
          }
        };
    Capture first = Capture.start(config());
    started.set(first);
    await(() -> first.failure().isPresent());
    first.close();
    assertThat(first.failure().orElseThrow()).hasStackTraceContaining("disk on fire");
    Captured half = read().checkOrder();
    assertThat(half.allChanges()).isNotEmpty();
    assertThat(half.watermarkSeqs()).isEmpty();

    store.beforePage = () -> {};
    try (Capture second = Capture.start(config())) {
      awaitWatermark(second, 1, store.lastSeq());
    }
    assertGraph(read(), 1);
  }

  @Test
  void restartAddsNothingTwice() {
    commit(20);
    for (int i = 0; i < 3; i++) {
      try (Capture capture = Capture.start(config())) {
        commit(10);
        awaitWatermark(capture, 1, store.lastSeq());
      }
    }
    assertGraph(read(), 1);
  }

  @Test
  void lostOffsetsAreNoReasonToBeginTwice() throws Exception {
    commit(20);
    try (Capture capture = Capture.start(config())) {
      awaitWatermark(capture, 1, store.lastSeq());
    }
    long captured = read().allTransactions().size();
    String offsets = config().topics().topics().offsets();
    try (Admin admin = Admin.create(Map.of("bootstrap.servers", kafka.address()))) {
      admin.deleteTopics(List.of(offsets)).all().get();
    }
    assertThatThrownBy(() -> Capture.start(config()))
        .isInstanceOf(VarveException.class)
        .hasMessageContaining(offsets)
        .hasMessageContaining("nothing was captured");
    assertThat(read().allTransactions()).hasSize((int) captured);
  }

  @Test
  void abruptEndsAtRandomMomentsLoseAndDoubleNothing() {
    long seed = Long.getLong("varve.seed", 1);
    System.out.println("repeat with -Dvarve.seed=" + seed);
    Random chaos = new Random(seed);
    int kills = Integer.getInteger("varve.kills", 6);
    store.rowChanges = 15;
    store.scanPageElements = 15;
    commit(60);
    for (int i = 0; i < kills; i++) {
      Capture capture = Capture.start(config());
      long until = System.nanoTime() + chaos.nextLong(Duration.ofMillis(1_500).toNanos());
      while (System.nanoTime() < until) {
        store.commit(random, 1 + chaos.nextInt(60));
        pause();
      }
      capture.abort();
      assertThat(capture.failure()).isEmpty();
    }
    try (Capture capture = Capture.start(config())) {
      awaitWatermark(capture, 1, store.lastSeq());
    }
    assertGraph(read(), 1);
  }

  @Test
  void secondCaptureFencesTheFirst() {
    Capture first = Capture.start(config());
    try (first) {
      awaitWatermark(first, 1, store.lastSeq());
      try (Capture second = Capture.start(config(Map.of("custom.metric.tags", "capture=second")))) {
        commit(5);
        awaitWatermark(second, store);
        await(
            () -> {
              store.commit(random, 1);
              return first.failure().isPresent();
            });
        assertThat(first.failure().orElseThrow())
            .isInstanceOfSatisfying(
                VarveException.class, e -> assertThat(e.exitCode()).isEqualTo(ExitCode.FENCED));
        assertThat(second.failure()).isEmpty();
        commit(5);
        awaitWatermark(second, 1, store.lastSeq());
      }
    }
    assertGraph(read(), 1);
  }

  /** As brokers do to one that stood still for longer than its transaction may last. */
  @Test
  void fencedWithNobodyInItsPlaceItGoesOn() throws Exception {
    try (Capture capture = Capture.start(config());
        Admin admin = Admin.create(Map.of("bootstrap.servers", kafka.address()))) {
      awaitWatermark(capture, 1, store.lastSeq());
      admin.fenceProducers(List.of(new CaptureName(graph, "here").transactionalId())).all().get();
      commit(5);
      awaitWatermark(capture, 1, store.lastSeq());
      assertThat(capture.status().restarts()).isEqualTo(1);
    }
    assertGraph(read(), 1);
  }

  @Test
  void storeOutageIsWaitedOut() {
    try (Capture capture = Capture.start(config())) {
      commit(5);
      awaitWatermark(capture, 1, store.lastSeq());
      store.away = true;
      commit(5);
      int reads = store.reads;
      await(() -> store.reads > reads);
      store.away = false;
      awaitWatermark(capture, 1, store.lastSeq());
      assertThat(capture.failure()).isEmpty();
    }
    assertGraph(read(), 1);
  }

  @Test
  void storeOutageBeyondTheLimitEndsCapture() {
    CaptureConfig limited = config().withLimits(Duration.ofMillis(400), Duration.ofMillis(200));
    try (Capture capture = Capture.start(limited)) {
      awaitWatermark(capture, 1, store.lastSeq());
      store.away = true;
      await(() -> capture.failure().isPresent());
      assertThat(capture.failure().orElseThrow())
          .isInstanceOf(VarveException.class)
          .hasMessageContaining("out of reach");
      assertThat(capture.status().phase()).isEqualTo(CaptureStatus.Phase.FAILED);
    }
    assertThatThrownBy(() -> Capture.start(limited))
        .isInstanceOf(VarveException.class)
        .hasMessageContaining("nothing was captured");
  }

  @Test
  void debeziumShowsItsMetricsAndBeatsItsHeart() throws Exception {
    CaptureConfig beating = config().withHeartbeat(Duration.ofMillis(50));
    commit(10);
    try (Admin admin = Admin.create(Map.of("bootstrap.servers", kafka.address()))) {
      try (Capture capture = Capture.start(beating)) {
        awaitWatermark(capture, 1, store.lastSeq());
        commit(10);
        awaitWatermark(capture, 1, store.lastSeq());
        String server = "server=varve." + graph;
        assertThat(metric("snapshot," + server, "SnapshotCompleted")).isEqualTo(true);
        assertThat((long) metric("snapshot," + server, "TotalNumberOfEventsSeen")).isPositive();
        assertThat((long) metric("streaming," + server, "TotalNumberOfEventsSeen")).isPositive();
        assertThat(metric("streaming," + server, "Connected")).isEqualTo(true);
        assertThat((long) metric("streaming," + server, "NumberOfCommittedTransactions"))
            .isPositive();
        String topic = "__debezium-heartbeat.varve." + graph;
        assertThat(admin.listTopics().names().get()).contains(topic);
        long kafkaTransactions = capture.status().kafkaTransactions();
        await(() -> capture.status().kafkaTransactions() >= kafkaTransactions);
      }
    }
  }

  @Test
  void topicThatIsNotAsItHasToBeIsRefused() throws Exception {
    Topics topics = new Topics(graph);
    try (Admin admin = Admin.create(Map.of("bootstrap.servers", kafka.address()))) {
      admin
          .createTopics(
              List.of(
                  new NewTopic(topics.changes(), 1, (short) 1),
                  new NewTopic(topics.vertices(), PARTITIONS, (short) 1)
                      .configs(Map.of("cleanup.policy", "delete"))))
          .all()
          .get();
    }
    assertThatThrownBy(() -> Capture.start(config()))
        .isInstanceOf(VarveException.class)
        .hasMessageContaining(topics.changes() + " has 1 partitions, expected 3")
        .hasMessageContaining(topics.vertices() + " has cleanup.policy=delete, expected compact");
  }

  @Test
  void unreachableBrokerIsSaid() {
    CaptureConfig nowhere =
        CaptureConfig.of(
            store.source(Map.of()),
            "here",
            Map.of(
                "bootstrap.servers",
                "127.0.0.1:1",
                "default.api.timeout.ms",
                "1000",
                "request.timeout.ms",
                "500"),
            RegistryConfig.embedded(),
            specs());
    assertThatThrownBy(() -> Capture.start(nowhere))
        .isInstanceOf(VarveException.class)
        .hasMessageContaining("127.0.0.1:1");
  }

  private static void pause() {
    try {
      Thread.sleep(2);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private static Object metric(String context, String attribute) throws Exception {
    return ManagementFactory.getPlatformMBeanServer()
        .getAttribute(
            new ObjectName("debezium.fake:type=connector-metrics,context=" + context), attribute);
  }
}
