package dev.varve.compact;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.InstanceOfAssertFactories.type;

import dev.varve.archive.Chain;
import dev.varve.archive.DirectoryRepository;
import dev.varve.archive.Manifest;
import dev.varve.archive.Repository;
import dev.varve.archive.crypt.EncryptedRepository;
import dev.varve.archive.crypt.MasterKey;
import dev.varve.change.VersionVector;
import dev.varve.compact.FaultyRepository.Fault;
import dev.varve.embedded.EmbeddedServer;
import dev.varve.embedded.kafka.EmbeddedKafka;
import dev.varve.fault.ExitCode;
import dev.varve.fault.VarveException;
import dev.varve.tail.Retry;
import dev.varve.wire.RegistryConfig;
import dev.varve.wire.Wire;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.stream.Stream;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.RecordsToDelete;
import org.apache.kafka.common.TopicPartition;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInfo;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** The compactor against a real broker, fed with tables as the fold writes them. */
@Timeout(240)
class CompactorTest {

  private static final int PARTITIONS = 2;
  private static final Duration NEVER = Duration.ofHours(1);
  private static final Retry IMPATIENT =
      new Retry(Duration.ofMillis(1), Duration.ofMillis(5), Duration.ofMillis(200));

  @TempDir static Path broker;
  @TempDir Path directory;

  private static EmbeddedServer.Running kafka;
  private static Wire wire;

  private long seed;
  private String name;
  private Repository repository;
  private SyntheticGraph graph;
  private Tables tables;

  @BeforeAll
  static void startBroker() {
    kafka = new EmbeddedKafka().start(broker, Map.of());
    wire = Wire.open(RegistryConfig.embedded());
  }

  @AfterAll
  static void stopBroker() {
    wire.close();
    kafka.close();
  }

  @BeforeEach
  void setUp(TestInfo test) throws Exception {
    seed = Long.getLong("varve.seed", 1);
    System.out.println(test.getDisplayName() + " -Dvarve.seed=" + seed);
    name = "g" + Long.toUnsignedString(new Random().nextLong(), 36);
    repository = new DirectoryRepository(directory.resolve("repository"));
    graph = new SyntheticGraph(seed, wire, PARTITIONS, 60);
    tables = new Tables(kafka.address(), name, PARTITIONS);
  }

  @AfterEach
  void tearDown() {
    tables.close();
  }

  @Test
  void aBaseAndDeltasAreLaidDown() throws Exception {
    graph.scan(100);
    tables.deliver(graph);
    try (Compactor compactor = Compactor.start(config())) {
      assertThat(compactor.flush()).isEqualTo(VersionVector.of(graph.site, graph.seq));
      for (int round = 0; round < 3; round++) {
        graph.change(5, 8);
        tables.deliver(graph);
        assertThat(compactor.flush()).isEqualTo(VersionVector.of(graph.site, graph.seq));
      }
      assertThat(compactor.status().newestManifest()).hasValue(4);
      assertThat(compactor.failure()).isEmpty();
    }
    Chain chain = Chain.load(repository, name);
    assertThat(chain.links())
        .extracting(link -> link.manifest().kind())
        .containsExactly(
            Manifest.Kind.BASE, Manifest.Kind.DELTA, Manifest.Kind.DELTA, Manifest.Kind.DELTA);
    assertThat(chain.newest().orElseThrow().manifest().schema().rules()).hasSize(1);
    Restored.check(repository, name, graph);
  }

  /** The second attempt encrypts to other bytes; what counts is what is read back. */
  @Test
  void anEncryptedChainIsLaidDownThoughAnswersGetLost() throws Exception {
    FaultyRepository raw =
        new FaultyRepository(repository, n -> n % 2 == 0 ? Fault.ANSWER_LOST : Fault.NONE);
    MasterKey key = MasterKey.parse(MasterKey.generate(new SecureRandom()), "test");
    Repository encrypted = EncryptedRepository.open(raw, key);
    graph.scan(100);
    tables.deliver(graph);
    try (Compactor compactor =
        Compactor.start(config(encrypted).withRetry(IMPATIENT).withCompressionLevel(9))) {
      compactor.flush();
      graph.change(5, 8);
      tables.deliver(graph);
      compactor.flush();
      assertThat(Checkpoint.make(encrypted, name).to())
          .isEqualTo(VersionVector.of(graph.site, graph.seq));
    }
    repository = EncryptedRepository.open(repository, key);
    Restored.check(repository, name, graph);
    Chain chain = Chain.load(repository, name);
    assertThat(chain.links()).hasSize(3);
    assertThat(chain.checkObjects(repository)).isEmpty();
    assertThat(chain.links())
        .allSatisfy(
            link -> assertThat(link.manifest().encoding().keyId()).isEqualTo(encrypted.keyId()));
  }

  @Test
  void nothingIsLaidDownBeforeTheFirstWatermark() throws Exception {
    graph.transact(50);
    tables.deliver(graph);
    try (Compactor compactor = Compactor.start(config())) {
      assertThat(compactor.flush()).isEqualTo(VersionVector.EMPTY);
    }
    assertThat(repository.list("")).isEmpty();
  }

  @Test
  void aCompactorThatStartsLateMakesTheBaseAtTheFirstCut() throws Exception {
    graph.scan(50);
    long first = graph.seq;
    graph.change(10, 5);
    tables.deliver(graph);
    try (Compactor compactor = Compactor.start(config())) {
      compactor.flush();
    }
    Chain chain = Chain.load(repository, name);
    assertThat(chain.links()).hasSize(2);
    assertThat(chain.links().get(0).manifest().to()).isEqualTo(VersionVector.of(graph.site, first));
    Restored.check(repository, name, graph);
  }

  @Test
  void partitionsMayProgressUnevenlyAndCutsStayWhole() throws Exception {
    Random random = new Random(seed);
    graph.scan(200);
    CompactConfig config = config().withSizes(1 << 20, 6000, 64 << 10);
    Compactor compactor = Compactor.start(config);
    try {
      for (int round = 0; round < Integer.getInteger("varve.rounds", 8); round++) {
        graph.change(10, 10);
        tables.deliverSome(graph, random);
        if (random.nextInt(3) == 0) {
          compactor.close();
          assertThat(compactor.failure()).isEmpty();
          compactor = Compactor.start(config);
        }
        compactor.flush();
      }
      tables.deliver(graph);
      assertThat(compactor.flush()).isEqualTo(VersionVector.of(graph.site, graph.seq));
    } finally {
      compactor.close();
    }
    Restored.check(repository, name, graph);
  }

  @Test
  void aSmallMemoryIsEnough() throws Exception {
    graph = new SyntheticGraph(seed, wire, PARTITIONS, 6000);
    graph.scan(8000);
    graph.change(200, 20);
    tables.deliver(graph);
    try (Compactor compactor = Compactor.start(config().withSizes(1 << 30, 20_000, 64 << 10))) {
      compactor.flush();
    }
    List<Manifest.Segment> segments =
        Chain.load(repository, name).links().get(0).manifest().segments();
    assertThat(segments).hasSizeGreaterThan(4);
    Restored.check(repository, name, graph);
  }

  @Test
  void deltasComeByIntervalWithoutBeingAsked() throws Exception {
    graph.scan(50);
    graph.change(3, 5);
    tables.deliver(graph);
    try (Compactor compactor =
        Compactor.start(config().withFlushInterval(Duration.ofMillis(200)))) {
      while (!compactor.status().laidDown().covers(graph.site, graph.seq)) {
        assertThat(compactor.failure()).isEmpty();
        Thread.sleep(20);
      }
    }
    Restored.check(repository, name, graph);
  }

  @Test
  void deltasComeBySizeWithoutBeingAsked() throws Exception {
    graph.scan(50);
    graph.change(50, 10);
    tables.deliver(graph);
    try (Compactor compactor = Compactor.start(config().withSizes(1000, 1 << 20, 1 << 20))) {
      while (!compactor.status().laidDown().covers(graph.site, graph.seq)) {
        assertThat(compactor.failure()).isEmpty();
        Thread.sleep(20);
      }
    }
    Restored.check(repository, name, graph);
  }

  @Test
  void aNewIncarnationTakesThePlaceOfTheOld() throws Exception {
    graph.scan(50);
    graph.change(5, 5);
    tables.deliver(graph);
    try (Compactor compactor = Compactor.start(config())) {
      compactor.flush();
      graph.transact(10); // its watermark never comes
      graph.replaceStore(20);
      tables.deliver(graph);
      VersionVector reached = compactor.flush();
      assertThat(reached.covers(graph.site, graph.seq)).isTrue();
      graph.change(5, 5);
      tables.deliver(graph);
      compactor.flush();
    }
    Manifest newest = Chain.load(repository, name).newest().orElseThrow().manifest();
    assertThat(newest.sites()).hasSize(2);
    assertThat(newest.fingerprint())
        .isEqualTo(graph.fingerprint(graph.history.lastEntry().getValue()));
  }

  /** Every way in which a creation can go wrong, at every creation that there is. */
  @ParameterizedTest
  @EnumSource(names = {"FAILS", "ANSWER_LOST", "DIES_BEFORE", "DIES_AFTER"})
  void aFaultAtAnyStepLosesNothing(Fault fault) throws Exception {
    graph.scan(60);
    assertThat(faultAtEveryStep(fault)).as("steps of a base").isGreaterThan(3);
    graph.change(6, 6);
    assertThat(faultAtEveryStep(fault)).as("steps of a delta").isGreaterThan(3);
    try (Compactor compactor = Compactor.start(config())) {
      assertThat(compactor.flush()).isEqualTo(VersionVector.of(graph.site, graph.seq));
    }
    Restored.check(repository, name, graph);
  }

  @Test
  void aFullDiskIsReportedAndNothingIsLost() throws Exception {
    graph.scan(60);
    tables.deliver(graph);
    FaultyRepository full = new FaultyRepository(repository, n -> Fault.FAILS);
    Compactor compactor = Compactor.start(config(full).withRetry(IMPATIENT));
    assertThatThrownBy(compactor::flush)
        .asInstanceOf(type(VarveException.class))
        .satisfies(
            e -> {
              assertThat(e).hasMessageContaining("No space left on device");
              assertThat(e).hasMessageContaining("nothing is lost");
              assertThat(e.hint()).contains("make room");
              assertThat(e.exitCode()).isEqualTo(ExitCode.FAILED);
            });
    compactor.close();
    assertThat(compactor.failure()).isPresent();
    assertThat(full.creations.get()).isGreaterThan(3);
    try (Compactor next = Compactor.start(config())) {
      assertThat(next.flush()).isEqualTo(VersionVector.of(graph.site, graph.seq));
    }
    Restored.check(repository, name, graph);
  }

  @Test
  void twoCompactorsAreNotBothAllowedToWrite() throws Exception {
    graph.scan(60);
    tables.deliver(graph);
    try (Compactor older = Compactor.start(config())) {
      older.flush();
      try (Compactor newer = Compactor.start(config())) {
        graph.change(5, 5);
        tables.deliver(graph);
        newer.flush();
        assertThatThrownBy(older::flush)
            .asInstanceOf(type(VarveException.class))
            .satisfies(e -> assertThat(e.exitCode()).isEqualTo(ExitCode.FENCED));
        graph.change(5, 5);
        tables.deliver(graph);
        assertThat(newer.flush()).isEqualTo(VersionVector.of(graph.site, graph.seq));
      }
      assertThat(older.failure()).isPresent();
    }
    Restored.check(repository, name, graph);
  }

  /** Someone brought an old backup of it back while it was running. */
  @Test
  void aCompactorStopsWhereTheRepositoryIsOlderThanWhatItHasWritten() throws Exception {
    Chain whole;
    try (Compactor compactor = Compactor.start(config())) {
      whole = layDownFour(compactor);
      repository.delete(whole.links().get(3).manifest().key());
      List<String> before = repository.list("");
      graph.change(5, 5);
      tables.deliver(graph);
      assertThatThrownBy(compactor::flush)
          .asInstanceOf(type(VarveException.class))
          .satisfies(e -> assertThat(e.exitCode()).isEqualTo(ExitCode.DAMAGE_FOUND))
          .satisfies(e -> assertThat(e).hasMessageContaining("is older than it was"))
          .satisfies(e -> assertThat(e.hint()).contains("varve repair --from", "start again"));
      assertThat(repository.list(name + "/manifests/"))
          .as("nothing was published")
          .isEqualTo(before.stream().filter(key -> key.contains("/manifests/")).toList());
    }
  }

  @Test
  void aCompactorDoesNotStartWhereTheRepositoryIsOlderThanItWas() throws Exception {
    Chain whole;
    try (Compactor compactor = Compactor.start(config())) {
      whole = layDownFour(compactor);
    }
    Manifest lost = whole.links().get(3).manifest();
    byte[] bytes;
    try (java.io.InputStream in = repository.read(lost.key(), 0)) {
      bytes = in.readAllBytes();
    }
    repository.delete(lost.key());
    assertThatThrownBy(() -> Compactor.start(config()))
        .asInstanceOf(type(VarveException.class))
        .satisfies(e -> assertThat(e.exitCode()).isEqualTo(ExitCode.DAMAGE_FOUND))
        .satisfies(e -> assertThat(e).hasMessageContaining(lost.key()))
        .satisfies(e -> assertThat(e.hint()).contains("newest-entry"));
    // brought back
    repository.create(lost.key(), bytes);
    Compactor.start(config()).close();
    // or given up: what it held is still in Kafka
    repository.delete(lost.key());
    Files.delete(directory.resolve("work").resolve("newest-entry"));
    tables.deliver(graph);
    try (Compactor compactor = Compactor.start(config())) {
      assertThat(compactor.flush()).isEqualTo(VersionVector.of(graph.site, graph.seq));
    }
    Restored.check(repository, name, graph);
  }

  @Test
  void aCompactorStopsWhereSomebodyWentOnFromAnOlderState() throws Exception {
    try (Compactor compactor = Compactor.start(config())) {
      Chain whole = layDownFour(compactor);
      repository.delete(whole.links().get(3).manifest().key());
      graph.change(1, 3);
      tables.deliver(graph);
      try (Compactor other =
          Compactor.start(withWork(config(), directory.resolve("other-machine")))) {
        other.flush();
      }
      graph.change(1, 3);
      tables.deliver(graph);
      assertThatThrownBy(compactor::flush)
          .asInstanceOf(type(VarveException.class))
          .satisfies(e -> assertThat(e.exitCode()).isEqualTo(ExitCode.FENCED))
          .satisfies(e -> assertThat(e).hasMessageContaining("is another entry"));
    }
    Restored.check(repository, name, graph);
  }

  private Chain layDownFour(Compactor compactor) throws Exception {
    graph.scan(60);
    for (int i = 0; i < 4; i++) {
      tables.deliver(graph);
      compactor.flush();
      graph.change(3, 5);
    }
    return Chain.load(repository, name);
  }

  private CompactConfig withWork(CompactConfig config, Path work) {
    return CompactConfig.of(
            config.graph(), config.kafka(), config.registry(), config.repository(), work)
        .withFlushInterval(NEVER);
  }

  @Test
  void aHoleInATableIsFound() throws Exception {
    graph.scan(60);
    tables.deliver(graph);
    try (Compactor compactor = Compactor.start(config())) {
      VersionVector good = compactor.flush();
      graph.change(5, 10);
      graph.queues.stream()
          .filter(queue -> queue.peek().key().startsWith("v"))
          .findFirst()
          .orElseThrow()
          .remove();
      tables.deliver(graph);
      assertThatThrownBy(compactor::flush)
          .asInstanceOf(type(VarveException.class))
          .satisfies(
              e -> {
                assertThat(e).hasMessageContaining("has a hole");
                assertThat(e).hasMessageContaining(tables.topics.vertices());
                assertThat(e.hint()).contains("startOver");
                assertThat(e.exitCode()).isEqualTo(ExitCode.DAMAGE_FOUND);
              });
      assertThat(Chain.load(repository, name).newest().orElseThrow().manifest().to())
          .isEqualTo(good);
    }
    Restored.check(repository, name, graph);
  }

  @Test
  void tablesThatCompactionHasBeenAtGiveABaseAtTheNewestCut() throws Exception {
    graph.scan(100);
    graph.change(30, 10);
    for (var queue : graph.queues.subList(0, 2 * PARTITIONS)) {
      compact(queue);
    }
    tables.deliver(graph);
    try (Compactor compactor = Compactor.start(config())) {
      assertThat(compactor.flush()).isEqualTo(VersionVector.of(graph.site, graph.seq));
      graph.change(5, 5);
      tables.deliver(graph);
      compactor.flush();
    }
    assertThat(Chain.load(repository, name).links()).hasSize(2);
    Restored.check(repository, name, graph);
  }

  @Test
  void recordsThatRetentionRemovedAreAClearErrorAndANewBaseIsTheWayOut() throws Exception {
    graph.scan(60);
    tables.deliver(graph);
    try (Compactor compactor = Compactor.start(config())) {
      compactor.flush();
    }
    graph.change(5, 5);
    tables.deliver(graph);
    try (Admin admin = tables.admin()) {
      admin
          .deleteRecords(
              Map.of(
                  new TopicPartition(tables.topics.transactions(), 0),
                  RecordsToDelete.beforeOffset(9)))
          .all()
          .get();
    }
    try (Compactor compactor = Compactor.start(config())) {
      assertThatThrownBy(compactor::flush)
          .asInstanceOf(type(VarveException.class))
          .satisfies(
              e -> {
                assertThat(e).hasMessageContaining("no longer holds what follows manifest 1");
                assertThat(e.hint()).contains("startOver");
              });
    }
    try (Compactor compactor = Compactor.start(config().withStartOver(true))) {
      assertThat(compactor.flush()).isEqualTo(VersionVector.of(graph.site, graph.seq));
    }
    Manifest newest = Chain.load(repository, name).newest().orElseThrow().manifest();
    assertThat(newest.number()).isEqualTo(2);
    assertThat(newest.kind()).isEqualTo(Manifest.Kind.BASE);
    assertThat(newest.schema().rules()).hasSize(1);
    Restored.check(repository, name, graph);
  }

  @Test
  void anotherTopicOfTheSameNameIsNotTakenForTheOldOne() throws Exception {
    graph.scan(60);
    tables.deliver(graph);
    try (Compactor compactor = Compactor.start(config())) {
      compactor.flush();
    }
    tables.delete();
    tables.create();
    try (Compactor compactor = Compactor.start(config())) {
      assertThatThrownBy(compactor::flush)
          .isInstanceOfSatisfying(
              VarveException.class,
              e -> {
                assertThat(e).hasMessageContaining("is another topic than it was");
                assertThat(e.hint()).contains("do not start this again", "--new-incarnation");
                assertThat(e.mayPass()).isFalse();
              });
    }
  }

  @Test
  void missingTopicsAreReported() {
    CompactConfig config =
        CompactConfig.of(
                "nosuch" + name,
                Map.of("bootstrap.servers", kafka.address()),
                RegistryConfig.embedded(),
                repository,
                directory.resolve("work"))
            .withTopicsWait(Duration.ofMillis(100));
    try (Compactor compactor = Compactor.start(config)) {
      assertThatThrownBy(compactor::flush)
          .hasMessageContaining("there are no topics")
          .asInstanceOf(type(VarveException.class))
          .satisfies(e -> assertThat(e.hint()).contains("capture and fold"));
    }
  }

  @Test
  void aCheckpointHoldsWhatTheChainHolds() throws Exception {
    graph.scan(100);
    tables.deliver(graph);
    try (Compactor compactor = Compactor.start(config())) {
      for (int round = 0; round < 3; round++) {
        graph.change(10, 10);
        tables.deliver(graph);
        compactor.flush();
      }
      assertThat(Checkpoint.make(repository, name).to())
          .isEqualTo(VersionVector.of(graph.site, graph.seq));
      graph.change(10, 10);
      tables.deliver(graph);
      compactor.flush();
    }
    Chain chain = Chain.load(repository, name);
    assertThat(chain.stretches()).hasSize(2);
    Restored.check(repository, name, graph);
  }

  @Test
  void aCheckpointMadeBesideARunningCompactorDoesNotStopIt() throws Exception {
    graph.scan(100);
    graph.change(10, 10);
    tables.deliver(graph);
    try (Compactor compactor = Compactor.start(config())) {
      compactor.flush();
      Manifest checkpoint = Checkpoint.make(repository, name);
      assertThat(checkpoint.kind()).isEqualTo(Manifest.Kind.CHECKPOINT);
      graph.change(10, 10);
      tables.deliver(graph);
      compactor.flush();
      assertThat(compactor.failure()).isEmpty();
    }
    Restored.check(repository, name, graph);
  }

  @Test
  void aCheckpointFallsBackToAnOlderBaseIfTheNewerIsDamaged() throws Exception {
    graph.scan(100);
    graph.change(10, 10);
    tables.deliver(graph);
    try (Compactor compactor = Compactor.start(config())) {
      compactor.flush();
      Checkpoint.make(repository, name);
      graph.change(10, 10);
      tables.deliver(graph);
      compactor.flush();
    }
    Manifest damaged = Chain.load(repository, name).links().get(2).manifest();
    assertThat(damaged.kind()).isEqualTo(Manifest.Kind.CHECKPOINT);
    repository.delete(damaged.segments().get(0).object().key());
    Manifest made = Checkpoint.make(repository, name);
    assertThat(made.number()).isEqualTo(5);
    assertThat(made.fingerprint())
        .isEqualTo(graph.fingerprint(graph.history.lastEntry().getValue()));
  }

  @Test
  void nothingIsLeftInTheWorkDirectory() throws Exception {
    graph.scan(100);
    tables.deliver(graph);
    Path work = directory.resolve("work");
    Files.createDirectories(work.resolve("compact-dead"));
    Files.writeString(work.resolve("compact-dead/run-0"), "left by a killed one");
    Files.writeString(work.resolve("compact-dead.lock"), "");
    try (Compactor compactor = Compactor.start(config())) {
      compactor.flush();
    }
    try (Stream<Path> left = Files.list(work)) {
      assertThat(left)
          .extracting(path -> path.getFileName().toString())
          .containsExactly("newest-entry");
    }
  }

  /** Lays down what is there with the fault at the first creation, then at the second, ... */
  private int faultAtEveryStep(Fault fault) throws Exception {
    for (int step = 1; ; step++) {
      assertThat(step).isLessThan(30);
      tables.deliver(graph);
      int at = step;
      FaultyRepository faulty = new FaultyRepository(repository, n -> n == at ? fault : Fault.NONE);
      try (Compactor compactor =
          Compactor.start(config(faulty).withSizes(1 << 20, 1 << 20, 64 << 10))) {
        compactor.flush();
        if (faulty.creations.get() < step) {
          return step;
        }
        graph.change(6, 6); // it went well all the same, so there has to be more to lay down
      } catch (VarveException e) {
        assertThat(fault.name()).startsWith("DIES");
      }
    }
  }

  /** Removes what newer records of the same key replace, as the broker's cleaner does. */
  private static void compact(java.util.Deque<SyntheticGraph.Row> queue) {
    java.util.Set<String> seen = new java.util.HashSet<>();
    java.util.Deque<SyntheticGraph.Row> kept = new java.util.ArrayDeque<>();
    queue
        .descendingIterator()
        .forEachRemaining(
            row -> {
              if (seen.add(row.key())) {
                kept.addFirst(row);
              }
            });
    queue.clear();
    queue.addAll(kept);
  }

  private CompactConfig config() {
    return config(repository);
  }

  private CompactConfig config(Repository where) {
    return CompactConfig.of(
            name,
            Map.of("bootstrap.servers", kafka.address()),
            RegistryConfig.embedded(),
            where,
            directory.resolve("work"))
        .withFlushInterval(NEVER);
  }
}
