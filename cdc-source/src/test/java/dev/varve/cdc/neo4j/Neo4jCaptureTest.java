package dev.varve.cdc.neo4j;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.varve.cdc.Capture;
import dev.varve.cdc.CaptureConfig;
import dev.varve.cdc.CaptureLab;
import dev.varve.cdc.CaptureState;
import dev.varve.cdc.Captured;
import dev.varve.cdc.KafkaTopics;
import dev.varve.cdc.LogHead;
import dev.varve.cdc.ScanPage;
import dev.varve.cdc.StoreLog;
import dev.varve.change.Change;
import dev.varve.change.Dot;
import dev.varve.change.Site;
import dev.varve.change.Transaction;
import dev.varve.change.VersionVector;
import dev.varve.embedded.EmbeddedServer;
import dev.varve.embedded.kafka.EmbeddedKafka;
import dev.varve.embedded.neo4j.EmbeddedNeo4j;
import dev.varve.fault.VarveException;
import dev.varve.graph.Element;
import dev.varve.graph.ElementId;
import dev.varve.graph.ElementKind;
import dev.varve.graph.StoreSchema;
import dev.varve.wire.AvroInput;
import dev.varve.wire.ChangeCodec;
import dev.varve.wire.LogBatch;
import dev.varve.wire.RegistryConfig;
import dev.varve.wire.TopicSpecs;
import dev.varve.wire.Topics;
import dev.varve.wire.TransactionCodec;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.TreeMap;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.neo4j.driver.AuthTokens;
import org.neo4j.driver.Driver;
import org.neo4j.driver.GraphDatabase;

/** Capture of a real Neo4j with the plugin, into a real broker. */
final class Neo4jCaptureTest {

  private static final int PARTITIONS = 2;
  private static final Site FIRST = new Site("neo4j", 1);
  private static final AtomicInteger GRAPHS = new AtomicInteger();

  @TempDir static Path home;
  private static EmbeddedServer.Running kafka;
  private static EmbeddedServer.Running neo4j;
  private static Driver driver;

  private final String graph = "n" + GRAPHS.incrementAndGet();
  private Workload work;

  @BeforeEach
  void prepare() {
    work = new Workload(driver, new Random(Long.getLong("varve.seed", 42L)));
  }

  @BeforeAll
  static void startServers() {
    kafka = new EmbeddedKafka().start(home.resolve("kafka"), Map.of());
    neo4j = new EmbeddedNeo4j().start(home.resolve("neo4j"), Map.of());
    driver = GraphDatabase.driver(neo4j.address(), AuthTokens.none());
  }

  @AfterAll
  static void stopServers() {
    driver.close();
    neo4j.close();
    kafka.close();
  }

  @Test
  void scanAndLogGiveTheGraph() {
    run("CREATE CONSTRAINT only_one IF NOT EXISTS FOR (a:Only) REQUIRE a.id IS UNIQUE");
    work.run(40);
    try (Capture capture = Capture.start(config(source()))) {
      work.run(60); // perhaps while it scans
      awaitHead(capture);
      work.run(60);
      run("CREATE INDEX later IF NOT EXISTS FOR (a:L1) ON (a.n)");
      awaitHead(capture);
    }
    Captured found = read().checkOrder();
    assertThat(found.graph(FIRST)).isEqualTo(scanned());
    List<Transaction> transactions = found.allTransactions();
    StoreSchema schema = StoreSchema.EMPTY;
    for (Transaction transaction : transactions) {
      if (transaction.schema().isPresent()) {
        schema = schema.after(transaction.schema().get());
      }
    }
    try (StoreLog log = open()) {
      assertThat(schema).isEqualTo(log.schema());
    }
    assertThat(schema.rules()).extracting(StoreSchema.Rule::name).contains("only_one", "later");
    run("DROP INDEX later");
    run("DROP CONSTRAINT only_one");
  }

  /** What a replay writes later would not be captured: a scan must not be taken for the whole. */
  @Test
  void standbyIsOneUntilAllIsAppliedThatWasCaptured() {
    try (StoreLog log = open()) {
      assertThat(log.follows()).isFalse();
      run("CREATE (:__VarveStandbyCut {key: 'cut'})");
      assertThat(log.follows()).isTrue();
      run("MATCH (c:__VarveStandbyCut) SET c.promoted = true");
      assertThat(log.follows()).isFalse();
    } finally {
      run("MATCH (c:__VarveStandbyCut) DELETE c");
    }
  }

  @Test
  void restartOfTheStoreIsWaitedOut() throws Exception {
    try (Capture capture = Capture.start(config(source()))) {
      work.run(20);
      awaitHead(capture);
      neo4j.close();
      Thread.sleep(500); // so that the outage is met
      neo4j = new EmbeddedNeo4j().start(home.resolve("neo4j"), Map.of());
      work.run(20);
      awaitHead(capture);
      assertThat(capture.failure()).isEmpty();
    }
    assertThat(read().checkOrder().graph(FIRST)).isEqualTo(scanned());
  }

  @Test
  void largeTransactionTakesManyRows() {
    Neo4jSource inSmallRows = source().withRowBytes(20_000);
    try (Capture capture = Capture.start(config(inSmallRows))) {
      awaitHead(capture);
      long before = capture.status().kafkaTransactions();
      work.large(10_000);
      awaitHead(capture);
      assertThat(capture.status().kafkaTransactions() - before).isGreaterThan(2);
    }
    assertThat(read().checkOrder().graph(FIRST)).isEqualTo(scanned());
    run("MATCH (m:Many) DELETE m");
  }

  @Test
  void eventsInNeo4jsOwnFormGiveTheSameChanges() {
    String events = graph + "events";
    try (Capture batches = Capture.start(config(source()));
        Capture single =
            Capture.start(config(events, source().withProcedures("varve.cdc.query")))) {
      work.run(40);
      run("MERGE (a:L1 {n: 1}) SET a.v = rand()"); // events tell of no transaction without changes
      awaitHead(batches);
      awaitHead(single);
    }
    Captured a = read().checkOrder();
    Captured b = Captured.read(kafka.address(), new Topics(events), PARTITIONS).checkOrder();
    assertThat(b.graph(FIRST).keySet()).isEqualTo(scanned().keySet());
    // the events' scan has no number, so from the first transaction on that they tell of
    long from = Math.max(a.allTransactions().get(0).seq(), b.allTransactions().get(1).seq() - 1);
    assertThat(after(b.allChanges(), from))
        .usingRecursiveFieldByFieldElementComparator()
        .isEqualTo(after(a.allChanges(), from));
    assertThat(counts(b, from)).isEqualTo(counts(a, from));
  }

  @Test
  void runsInAKafkaConnectWorker() throws Exception {
    work.run(10);
    CaptureConfig config = config(source());
    KafkaTopics.ensure(config.kafka(), config.topics());
    Map<String, String> connector = new HashMap<>(source().connectorSettings());
    connector.put("name", "varve." + graph + ".neo4j");
    connector.put("connector.class", "Neo4jConnector"); // found through META-INF/services
    connector.put("tasks.max", "1");
    connector.put("varve.graph", graph);
    connector.put("varve.site", FIRST.name());
    connector.put("varve.partitions", Integer.toString(PARTITIONS));
    connector.put("heartbeat.interval.ms", "0");
    try (ConnectWorker worker =
        ConnectWorker.start(kafka.address(), home.resolve(graph + ".offsets"))) {
      worker.run(connector);
      work.run(20);
      awaitWatermark();
    }
    try (ConnectWorker worker = // again, from the offsets that the first one left
        ConnectWorker.start(kafka.address(), home.resolve(graph + ".offsets"))) {
      worker.run(connector);
      work.run(20);
      awaitWatermark();
    }
    assertThat(read().checkOrder().graph(FIRST)).isEqualTo(scanned());
  }

  @Test
  void killedProcessLosesAndDoublesNothing() throws Exception {
    long seed = Long.getLong("varve.seed", 1);
    System.out.println("repeat with -Dvarve.seed=" + seed);
    Random chaos = new Random(seed);
    int kills = Integer.getInteger("varve.kills", 3);
    LogHead before;
    try (StoreLog log = open()) {
      before = log.head();
    }
    AtomicBoolean done = new AtomicBoolean();
    Thread writer =
        new Thread(
            () -> {
              while (!done.get()) {
                work.run(1);
              }
            });
    writer.start();
    try {
      for (int i = 0; i < kills; i++) {
        Process process = CaptureProcess.spawn(kafka.address(), neo4j.address(), graph, PARTITIONS);
        assertThat(process.getInputStream().read()).as("it has started").isEqualTo('R');
        Thread.sleep(chaos.nextInt(3_000));
        process.destroyForcibly().waitFor();
      }
    } finally {
      done.set(true);
      writer.join();
    }
    try (Capture capture = Capture.start(config(source()))) {
      awaitHead(capture);
    }
    Captured found = read().checkOrder();
    assertThat(found.graph(FIRST)).isEqualTo(scanned());
    Logged logged = new Logged(found.allTransactions().get(0).seq());
    try (StoreLog log = open()) {
      log.read(
          before.position(),
          new StoreLog.ReadAs(FIRST, VersionVector.EMPTY),
          row -> {
            LogBatch.read(row.batch(), logged);
            return true;
          });
    }
    assertThat(found.allTransactions().stream().skip(1).map(Transaction::seq))
        .containsExactlyElementsOf(logged.transactions);
    assertThat(after(found.allChanges(), logged.scanSeq).stream().map(c -> c.header().dot()))
        .containsExactlyElementsOf(logged.dots);
  }

  /** What the store's log has after the scan. */
  private static final class Logged implements LogBatch.Visitor {
    final long scanSeq;
    final List<Dot> dots = new ArrayList<>();
    final List<Long> transactions = new ArrayList<>();

    Logged(long scanSeq) {
      this.scanSeq = scanSeq;
    }

    @Override
    public void change(String key, AvroInput body) {
      Dot dot = new ChangeCodec().read(ElementId.parse(key), body).header().dot();
      if (dot.seq() > scanSeq) {
        dots.add(dot);
      }
    }

    @Override
    public void transaction(long logPosition, AvroInput body) {
      long seq = new TransactionCodec().read(body).seq();
      if (seq > scanSeq) {
        transactions.add(seq);
      }
    }
  }

  private void awaitWatermark() {
    long head;
    try (StoreLog log = open()) {
      head = log.head().seq().orElseThrow();
    }
    CaptureLab.await(() -> read().watermark(FIRST) >= head);
  }

  @Test
  void unreachableStoreIsSaid() {
    assertRefused(at("bolt://127.0.0.1:1", Optional.empty(), "neo4j"), "cannot be reached");
  }

  @Test
  void unknownDatabaseIsSaid() {
    assertRefused(at(neo4j.address(), Optional.empty(), "other"), "no database 'other'");
  }

  @Test
  void addressThatIsNoneIsSaid() {
    assertRefused(at("http://localhost:7474", Optional.empty(), "neo4j"), "source.uri");
  }

  @Test
  void systemDatabaseIsRefused() {
    assertRefused(at(neo4j.address(), Optional.empty(), "system"), "user database");
  }

  @Test
  void serverWithoutTheProceduresIsSaid() {
    assertRefused(source().withProcedures("no.such"), "neither Varve's");
  }

  @Test
  void wrongPasswordIsSaid() {
    assertRefusedBy(Map.of("auth", "true", "password", "right"), "wrong", "refuses the user");
  }

  private static void assertRefusedBy(
      Map<String, String> settings, String password, String message) {
    try (EmbeddedServer.Running other =
        new EmbeddedNeo4j().start(home.resolve("other" + GRAPHS.incrementAndGet()), settings)) {
      assertRefused(at(other.address(), Optional.of(password), "neo4j"), message);
    }
  }

  private static void assertRefused(Neo4jSource source, String message) {
    CaptureConfig config =
        config("refused", source).withLimits(Duration.ofSeconds(1), Duration.ofMillis(300));
    assertThatThrownBy(() -> Capture.start(config))
        .isInstanceOfSatisfying(VarveException.class, e -> assertThat(e.hint()).isNotBlank())
        .hasMessageContaining(message);
  }

  private static Neo4jSource at(String uri, Optional<String> password, String database) {
    return Neo4jSource.of(uri, password.map(secret -> "neo4j"), password, database);
  }

  private static Neo4jSource source() {
    return at(neo4j.address(), Optional.empty(), "neo4j");
  }

  private CaptureConfig config(Neo4jSource source) {
    return config(graph, source);
  }

  private static CaptureConfig config(String graph, Neo4jSource source) {
    return CaptureConfig.of(
        source,
        FIRST.name(),
        Map.of("bootstrap.servers", kafka.address()),
        RegistryConfig.embedded(),
        new TopicSpecs(new Topics(graph), PARTITIONS, Optional.empty(), Duration.ofDays(7), "lz4"));
  }

  private Captured read() {
    return Captured.read(kafka.address(), new Topics(graph), PARTITIONS);
  }

  private static void run(String statement) {
    try (var session = driver.session()) {
      session.run(statement).consume();
    }
  }

  private static StoreLog open() {
    return Neo4jLogs.open(
        new Neo4jSettings(
            neo4j.address(), Optional.empty(), Optional.empty(), "neo4j", "varve.cdc", 1 << 20));
  }

  /** Waits until a watermark stands behind everything that the store has committed. */
  private static void awaitHead(Capture capture) {
    long head;
    try (StoreLog log = open()) {
      head = log.head().seq().orElseThrow();
    }
    CaptureLab.await(() -> capture.failure().isPresent() || reached(capture, head));
    capture
        .failure()
        .ifPresent(
            failure -> {
              throw new AssertionError("capture failed", failure);
            });
  }

  private static boolean reached(Capture capture, long head) {
    Optional<CaptureState> state = capture.status().position();
    return state.filter(s -> s.scan().isEmpty() && s.until().isEmpty()).isPresent()
        && state.orElseThrow().seq() >= head;
  }

  private static TreeMap<ElementId, Element> scanned() {
    TreeMap<ElementId, Element> graph = new TreeMap<>();
    try (StoreLog log = open()) {
      LogHead head = log.head();
      for (ElementKind kind : ElementKind.values()) {
        Optional<String> cursor = Optional.empty();
        do {
          ScanPage page =
              log.scan(
                  kind,
                  cursor,
                  new StoreLog.ScanAs(FIRST, VersionVector.EMPTY, 0, head.committedAtMicros()));
          LogBatch.read(page.batch(), new Elements(graph));
          cursor = page.next();
        } while (cursor.isPresent());
      }
    }
    return graph;
  }

  private record Elements(TreeMap<ElementId, Element> graph) implements LogBatch.Visitor {
    @Override
    public void change(String key, AvroInput body) {
      ElementId id = ElementId.parse(key);
      graph.put(id, new ChangeCodec().read(id, body).state().orElseThrow());
    }

    @Override
    public void transaction(long logPosition, AvroInput body) {
      throw new AssertionError("a scan has no transactions");
    }
  }

  private static List<Change> after(List<Change> changes, long seq) {
    List<Change> later = new ArrayList<>();
    changes.stream().filter(change -> change.header().dot().seq() > seq).forEach(later::add);
    later.sort(
        java.util.Comparator.comparing((Change c) -> c.header().dot().seq())
            .thenComparing(c -> c.header().dot().index()));
    return later;
  }

  private static List<String> counts(Captured captured, long seq) {
    return captured.allTransactions().stream()
        .filter(transaction -> transaction.seq() > seq)
        .map(
            t ->
                t.seq()
                    + " "
                    + t.committedAtMicros()
                    + " "
                    + t.counts().stream().map(Object::toString).sorted().toList())
        .toList();
  }
}
