package dev.varve.cdc;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.varve.change.Change;
import dev.varve.change.Site;
import dev.varve.change.Transaction;
import dev.varve.change.VersionVector;
import dev.varve.change.Watermark;
import dev.varve.embedded.EmbeddedServer;
import dev.varve.embedded.kafka.EmbeddedKafka;
import dev.varve.fault.ExitCode;
import dev.varve.fault.VarveException;
import dev.varve.wire.RegistryConfig;
import dev.varve.wire.TopicSpecs;
import dev.varve.wire.Topics;
import java.lang.management.ManagementFactory;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.BooleanSupplier;
import javax.management.ObjectName;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.NewTopic;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The whole of capture against a real broker; the store is a fake one with faults on demand. */
public final class CaptureTest {

  private static final int PARTITIONS = 3;
  private static final AtomicInteger GRAPHS = new AtomicInteger();

  @TempDir static Path home;
  private static EmbeddedServer.Running kafka;

  private final String graph = "g" + GRAPHS.incrementAndGet();
  private final FakeStore store = new FakeStore(graph);
  private final Random random = new Random(7);

  @BeforeAll
  static void startKafka() {
    kafka = new EmbeddedKafka().start(home, Map.of());
  }

  @AfterAll
  static void stopKafka() {
    kafka.close();
  }

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
  void otherStoreStopsCaptureUnlessItMayBeginAnIncarnation() {
    commit(20);
    try (Capture capture = Capture.start(config())) {
      awaitWatermark(capture, 1, store.lastSeq());
    }
    long lastOfFirst = store.lastSeq();
    commit(5);
    store.identity = "fake:restored";
    assertThatThrownBy(() -> Capture.start(config()))
        .isInstanceOfSatisfying(
            LogGapException.class,
            gap -> {
              assertThat(gap.reason()).isEqualTo(LogGapException.Reason.OTHER_STORE);
              assertThat(gap.hint()).contains("--new-incarnation");
            });
    try (Capture capture = Capture.start(config().withNewIncarnation(true))) {
      commit(5);
      awaitWatermark(capture, 2, store.lastSeq());
    }
    Captured found = read();
    assertGraph(found, 2);
    Site old = new Site("here", 1);
    assertThat(found.allChanges().stream().filter(c -> c.header().dot().site().incarnation() == 2))
        .isNotEmpty()
        .allSatisfy(
            c -> assertThat(c.header().seen()).isEqualTo(VersionVector.of(old, lastOfFirst)));
    List<Watermark> second =
        found.watermarks(0).stream().filter(w -> w.site().incarnation() == 2).toList();
    assertThat(second.get(0).replaces()).contains(old);
    assertThat(second.stream().skip(1)).allSatisfy(w -> assertThat(w.replaces()).isEmpty());
    assertThat(second.get(0).store()).isEqualTo("fake:restored");
  }

  @Test
  void promotedStoreGoesOnAndTheOneBeforeIsShutOut() {
    commit(20);
    FakeStore standby = new FakeStore(graph + "-standby");
    Capture old = Capture.start(config());
    try (old) {
      awaitWatermark(old, 1, store.lastSeq());
      long captured = store.lastSeq();
      Promotion promotion = promote(standby);
      assertThat(promotion.from().orElseThrow().seq()).isEqualTo(captured);
      commit(3); // the old primary does not know yet
      await(() -> old.failure().isPresent());
      assertThat(old.failure().orElseThrow()).satisfies(CaptureTest::isFenced);
      assertThat(promote(standby)).as("done twice").isEqualTo(promotion);

      // whoever starts it again is refused before the promoted store's capture has begun, and after
      assertThatThrownBy(() -> Capture.start(config())).satisfies(CaptureTest::isFenced);
      standby.commit(random, 5);
      standby.follows = true; // a promotion that was interrupted
      assertThatThrownBy(() -> Capture.start(config(standby)))
          .isInstanceOf(VarveException.class)
          .hasMessageContaining("it is a standby still");
      standby.follows = false;
      try (Capture promoted = Capture.start(config(standby))) {
        awaitWatermark(promoted, 2, standby.lastSeq());
        for (boolean newIncarnation : new boolean[] {false, true}) {
          assertThatThrownBy(() -> Capture.start(config().withNewIncarnation(newIncarnation)))
              .satisfies(CaptureTest::isFenced)
              .hasMessageContaining(
                  standby.identity + " at bolt://" + standby.name + " is the primary");
        }
        standby.commit(random, 5);
        awaitWatermark(promoted, 2, standby.lastSeq());
        assertThat(promoted.failure()).isEmpty();
      }
      Captured found = read().checkOrder();
      assertThat(found.graph(new Site("here", 2))).isEqualTo(standby.graph());
      assertThat(found.watermark(new Site("here", 1))).isEqualTo(captured);
      assertThat(found.watermarks(0).stream().filter(w -> w.site().incarnation() == 2).findFirst())
          .hasValueSatisfying(w -> assertThat(w.replaces()).contains(new Site("here", 1)));
    }
    // what only the old one knows
    Succession succession =
        Succession.read(Map.of("bootstrap.servers", kafka.address()), graph, "here");
    CaptureState captured = succession.promotion().orElseThrow().from().orElseThrow();
    List<FakeStore.Committed> unseen =
        store.since(captured.seq()).stream().filter(t -> !t.changes().isEmpty()).toList();
    Remainder remainder = Remainder.read(store.source(Map.of()), captured, batch -> {});
    assertThat(unseen).isNotEmpty();
    assertThat(remainder)
        .isEqualTo(
            new Remainder(
                unseen.size(),
                unseen.stream().mapToLong(t -> t.changes().size()).sum(),
                OptionalLong.of(unseen.get(0).seq()),
                OptionalLong.of(unseen.get(unseen.size() - 1).seq())));
    assertThatThrownBy(() -> Remainder.read(standby.source(Map.of()), captured, batch -> {}))
        .isInstanceOf(LogGapException.class);
    // and back again
    assertThat(promote(store).former()).containsExactly(standby.identity);
  }

  private Promotion promote(FakeStore to) {
    return Succession.promote(
        Map.of("bootstrap.servers", kafka.address()),
        graph,
        "here",
        to.identity,
        "bolt://" + to.name,
        Clock.systemUTC());
  }

  private static void isFenced(Throwable e) {
    assertThat(e)
        .isInstanceOfSatisfying(
            VarveException.class, v -> assertThat(v.exitCode()).isEqualTo(ExitCode.FENCED));
  }

  @Test
  void prunedLogStopsCaptureUnlessItMayBeginAnIncarnation() {
    commit(5);
    try (Capture capture = Capture.start(config())) {
      awaitWatermark(capture, 1, store.lastSeq());
    }
    commit(5);
    store.prune();
    try (Capture capture = Capture.start(config())) {
      await(() -> capture.failure().isPresent());
      assertThat(capture.failure().orElseThrow())
          .isInstanceOfSatisfying(
              LogGapException.class,
              gap -> assertThat(gap.reason()).isEqualTo(LogGapException.Reason.PRUNED));
    }
    try (Capture capture = Capture.start(config().withNewIncarnation(true))) {
      commit(2);
      awaitWatermark(capture, 2, store.lastSeq());
      store.away = true; // and once more, while it runs
      commit(3);
      store.prune();
      store.away = false;
      awaitWatermark(capture, 3, store.lastSeq());
    }
    assertGraph(read(), 3);
  }

  @Test
  void transactionThatCannotBeReadStopsCaptureUnlessItMayBeginAnIncarnation() {
    commit(5);
    try (Capture capture = Capture.start(config())) {
      awaitWatermark(capture, 1, store.lastSeq());
    }
    store.rowChanges = 10;
    commit(20); // so that some rows come before it
    store.unreadable = store.commit(random, 1);
    try (Capture capture = Capture.start(config())) {
      await(() -> capture.failure().isPresent());
      assertThat(capture.failure().orElseThrow())
          .isInstanceOfSatisfying(
              LogGapException.class,
              gap -> assertThat(gap.reason()).isEqualTo(LogGapException.Reason.UNREADABLE));
    }
    try (Capture capture = Capture.start(config().withNewIncarnation(true))) {
      commit(2);
      awaitWatermark(capture, 2, store.lastSeq());
    }
    assertGraph(read(), 2);
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

  private TopicSpecs specs() {
    return new TopicSpecs(
        new Topics(graph), PARTITIONS, Optional.empty(), Duration.ofDays(7), "lz4");
  }

  private CaptureConfig config() {
    return config(Map.of());
  }

  private CaptureConfig config(Map<String, String> connectorSettings) {
    return config(store, connectorSettings);
  }

  private CaptureConfig config(FakeStore of) {
    return config(of, Map.of("custom.metric.tags", "capture=" + of.name));
  }

  private CaptureConfig config(FakeStore of, Map<String, String> connectorSettings) {
    return CaptureConfig.of(
        of.source(connectorSettings),
        "here",
        Map.of("bootstrap.servers", kafka.address()),
        RegistryConfig.embedded(),
        specs());
  }

  private void commit(int transactions) {
    for (int i = 0; i < transactions; i++) {
      store.commit(random, 1 + random.nextInt(5));
    }
  }

  private Captured read() {
    return Captured.read(kafka.address(), new Topics(graph), PARTITIONS);
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

  /** The log after the scan stands in the topics once, and the newest states are the graph. */
  private void assertGraph(Captured found, int incarnation) {
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

  private static void awaitWatermark(Capture capture, FakeStore store) {
    await(
        () -> {
          capture
              .failure()
              .ifPresent(
                  f -> {
                    throw new AssertionError("capture failed", f);
                  });
          return capture.status().position().map(CaptureState::seq).orElse(-1L) >= store.lastSeq();
        });
  }

  private static void awaitWatermark(Capture capture, int incarnation, long seq) {
    await(
        () -> {
          capture
              .failure()
              .ifPresent(
                  f -> {
                    throw new AssertionError("capture failed", f);
                  });
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
