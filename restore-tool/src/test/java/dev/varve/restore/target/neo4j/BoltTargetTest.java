package dev.varve.restore.target.neo4j;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.varve.embedded.EmbeddedServer;
import dev.varve.fault.ExitCode;
import dev.varve.fault.VarveException;
import dev.varve.graph.Edge;
import dev.varve.graph.Element;
import dev.varve.graph.ElementId;
import dev.varve.graph.ElementKind;
import dev.varve.graph.StoreSchema;
import dev.varve.graph.Value;
import dev.varve.graph.Vertex;
import dev.varve.restore.ChainLab;
import dev.varve.restore.GraphTarget;
import dev.varve.restore.LiveElement;
import dev.varve.restore.LiveElements;
import dev.varve.restore.LiveGraph;
import dev.varve.restore.Moment;
import dev.varve.restore.Progress;
import dev.varve.restore.RandomValues;
import dev.varve.restore.Restore;
import dev.varve.restore.RestorePlan;
import dev.varve.restore.RestoreReport;
import dev.varve.restore.TargetUri;
import java.io.IOException;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.ServiceLoader;
import java.util.TreeMap;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.neo4j.driver.AuthTokens;
import org.neo4j.driver.Driver;
import org.neo4j.driver.GraphDatabase;
import org.neo4j.driver.Record;
import org.neo4j.driver.Session;

class BoltTargetTest {

  private static final String PASSWORD = "sediment";

  @TempDir static Path home;
  private static EmbeddedServer.Running server;
  private static Driver driver;

  @TempDir Path directory;

  @BeforeAll
  static void startServer() {
    server =
        ServiceLoader.load(EmbeddedServer.class)
            .findFirst()
            .orElseThrow()
            .start(home, Map.of("auth", "true", "password", PASSWORD));
    driver = GraphDatabase.driver(server.address(), AuthTokens.basic("neo4j", PASSWORD));
  }

  @AfterAll
  static void stopServer() {
    driver.close();
    server.close();
  }

  @BeforeEach
  void emptyServer() {
    query("MATCH (n) DETACH DELETE n");
    for (Record row : query("SHOW CONSTRAINTS YIELD name")) {
      query("DROP CONSTRAINT " + Cypher.name(row.get(0).asString()));
    }
    for (Record row : query("SHOW INDEXES YIELD name, type WHERE type <> 'LOOKUP' RETURN name")) {
      query("DROP INDEX " + Cypher.name(row.get(0).asString()));
    }
  }

  private static List<Record> query(String statement) {
    try (Session session = driver.session()) {
      return session.run(statement).list();
    }
  }

  private static long count(String what) {
    return query(what).get(0).get(0).asLong();
  }

  private BoltTarget target(int batch) {
    return target(server.address(), PASSWORD, batch);
  }

  private BoltTarget target(String address, String password, int batch) {
    return new BoltTarget(
        new BoltSettings(
            (TargetUri.Bolt) TargetUri.parse(address),
            Optional.of(password),
            3,
            batch,
            1 << 20,
            Duration.ofSeconds(20),
            directory));
  }

  private static RestoreReport restore(ChainLab lab, Moment moment, GraphTarget target) {
    return restore(lab, moment, target, false);
  }

  private static RestoreReport restore(
      ChainLab lab, Moment moment, GraphTarget target, boolean overwrite) {
    RestorePlan plan = Restore.plan(lab.repository(), ChainLab.GRAPH, moment);
    try (target) {
      return Restore.run(plan, lab.repository(), target, overwrite, Progress.NONE);
    }
  }

  private ChainLab randomChain(long seed, int transactions) {
    ChainLab lab = new ChainLab(directory);
    Random random = new Random(seed);
    RandomValues values = new RandomValues(random, false);
    for (int i = 0; i < transactions; i++) {
      lab.randomCommit(random, values);
      if (i == 3) {
        lab.base();
      } else if (i > 3 && i % 5 == 0) {
        lab.delta();
      }
    }
    lab.delta();
    return lab;
  }

  @Test
  void aRandomGraphIsTheSameAfterwards() {
    ChainLab lab = randomChain(1, 60);
    RestoreReport report = restore(lab, new Moment.Latest(), target(7));
    assertThat(report.actual()).isEqualTo(lab.fingerprint());
    assertThat(report.expected()).isEqualTo(lab.fingerprint());
    assertThat(report.standing()).isEqualTo(GraphTarget.Standing.FRESH);
    assertThat(count("MATCH (n) RETURN count(n)")).isEqualTo(report.vertices());
    assertThat(count("MATCH ()-[r]->() RETURN count(r)")).isEqualTo(report.edges());
    assertThat(query("SHOW CONSTRAINTS")).isEmpty();
    assertThat(
            query(
                "CALL db.labels() YIELD label WHERE label = '"
                    + Bookkeeping.BATCH
                    + "' MATCH (n) WHERE label IN labels(n) RETURN n"))
        .isEmpty();
  }

  @Test
  void aMomentWithinADeltaIsTheSameAfterwards() {
    ChainLab lab = randomChain(2, 40);
    List<Long> seqs = new ArrayList<>(lab.history.keySet());
    long seq = seqs.get(seqs.size() - 3);
    RestoreReport report =
        restore(lab, Moment.parse("tx:" + ChainLab.SITE + "/" + seq), target(100));
    assertThat(report.actual())
        .isEqualTo(ChainLab.fingerprintOf(new TreeMap<>(lab.history.get(seq))));
  }

  @Test
  void everyPropertyTypeComesBack() {
    ChainLab lab = new ChainLab(directory);
    Map<ElementId, Optional<Element>> changes = new TreeMap<>();
    changes.put(
        ElementId.vertex("7"),
        Optional.of(new Vertex(new java.util.TreeSet<>(), RandomValues.ofEveryType())));
    changes.put(
        ElementId.edge("7"), Optional.of(new Edge("SELF", "7", "7", RandomValues.ofEveryType())));
    lab.commit(changes);
    lab.base();
    RestoreReport report = restore(lab, new Moment.Latest(), target(100));
    assertThat(report.actual()).isEqualTo(lab.fingerprint());
    List<String> types = new ArrayList<>();
    query("MATCH (n) UNWIND keys(n) AS k RETURN DISTINCT valueType(n[k]) AS t")
        .forEach(row -> types.add(row.get(0).asString()));
    assertThat(types)
        .contains(
            "INTEGER NOT NULL",
            "FLOAT NOT NULL",
            "ZONED DATETIME NOT NULL",
            "POINT NOT NULL",
            "DURATION NOT NULL",
            "LIST<LOCAL TIME NOT NULL> NOT NULL");
  }

  @Test
  void indexesAndConstraintsAreThereAfterwards() {
    ChainLab lab = new ChainLab(directory);
    lab.commit(
        Map.of(
            ElementId.vertex("1"),
            Optional.of(Vertex.of(java.util.Set.of("P"), Map.of("k", Value.Int.of(1))))),
        Optional.of(
            new StoreSchema.Change(
                true,
                List.of(
                    rule(
                        "unique_k",
                        StoreSchema.Form.CONSTRAINT,
                        "UNIQUENESS",
                        "CREATE CONSTRAINT unique_k FOR (n:P) REQUIRE n.k IS UNIQUE"),
                    rule(
                        "text_t",
                        StoreSchema.Form.INDEX,
                        "TEXT",
                        "CREATE TEXT INDEX text_t FOR (n:P) ON (n.t)"),
                    rule(
                        "full",
                        StoreSchema.Form.INDEX,
                        "FULLTEXT",
                        "CREATE FULLTEXT INDEX full FOR (n:P) ON EACH [n.t]"),
                    rule(
                        "lookup",
                        StoreSchema.Form.INDEX,
                        "LOOKUP",
                        "CREATE LOOKUP INDEX lookup FOR (n) ON EACH labels(n)")),
                List.of())));
    lab.base();
    RestoreReport report = restore(lab, new Moment.Latest(), target(100));
    assertThat(report.rules()).isEqualTo(4);
    assertThat(query("SHOW CONSTRAINTS YIELD name").stream().map(r -> r.get(0).asString()))
        .containsExactly("unique_k");
    assertThat(
            query(
                    "SHOW INDEXES YIELD name, state, type WHERE type <> 'LOOKUP' AND state = 'ONLINE'"
                        + " RETURN name")
                .stream()
                .map(r -> r.get(0).asString()))
        .containsExactlyInAnyOrder("unique_k", "text_t", "full");
  }

  private static StoreSchema.Rule rule(
      String name, StoreSchema.Form form, String type, String statement) {
    return new StoreSchema.Rule(
        name, form, type, ElementKind.VERTEX, List.of("P"), List.of("k"), Optional.of(statement));
  }

  /** Fails after some elements were handed out, as a crash would. */
  private record Failing(LiveGraph graph, long after) implements LiveGraph {
    @Override
    public LiveElements vertices() {
      return failing(graph.vertices());
    }

    @Override
    public LiveElements edges() {
      return failing(graph.edges());
    }

    private LiveElements failing(LiveElements elements) {
      AtomicLong left = new AtomicLong(after);
      return new LiveElements() {
        @Override
        public @org.jspecify.annotations.Nullable LiveElement next() {
          if (left.getAndDecrement() <= 0) {
            throw new IllegalStateException("as if killed");
          }
          return elements.next();
        }

        @Override
        public void close() {
          elements.close();
        }
      };
    }

    @Override
    public StoreSchema schema() {
      return graph.schema();
    }

    @Override
    public Size estimate() {
      return graph.estimate();
    }
  }

  @Test
  void isCarriedOnAfterAFailure() {
    ChainLab lab = randomChain(5, 80);
    RestorePlan plan = Restore.plan(lab.repository(), ChainLab.GRAPH, new Moment.Latest());
    for (long after : new long[] {5, 17, 40, 55}) {
      try (BoltTarget target = target(4);
          var merge = new dev.varve.restore.GraphMerge(plan, lab.repository())) {
        target.open(plan.identity(), false, Progress.NONE);
        assertThatThrownBy(() -> target.write(new Failing(merge, after), Progress.NONE))
            .hasMessage("as if killed");
      }
    }
    RestoreReport report = restore(lab, new Moment.Latest(), target(4));
    assertThat(report.standing()).isEqualTo(GraphTarget.Standing.RESUMED);
    assertThat(report.actual()).isEqualTo(lab.fingerprint());
  }

  @Test
  void isCarriedOnAfterKillMinusNine() throws Exception {
    ChainLab lab = new ChainLab(directory).withoutHistory();
    Map<ElementId, Optional<Element>> changes = new TreeMap<>();
    for (int i = 0; i < 2_000; i++) {
      changes.put(
          ElementId.vertex(Integer.toString(i * 3)),
          Optional.of(
              Vertex.of(
                  java.util.Set.of("P" + i % 3), Map.of("name", Value.Text.of("vertex " + i)))));
    }
    Random random = new Random(9);
    for (int i = 0; i < 3_000; i++) {
      changes.put(
          ElementId.edge(Integer.toString(i)),
          Optional.of(
              Edge.of(
                  "T" + i % 2,
                  Integer.toString(random.nextInt(200) * 3),
                  Integer.toString(random.nextInt(2_000) * 3),
                  Map.of("w", Value.Int.of(i)))));
    }
    lab.versionsASegment(10_000).commit(changes);
    lab.base();
    int kills = 0;
    for (int batches : new int[] {10, 60}) {
      Process child = startChild();
      try {
        while (child.isAlive() && batches() < batches) {
          Thread.sleep(5);
        }
      } finally {
        kills += child.isAlive() ? 1 : 0;
        child.destroyForcibly().waitFor();
      }
    }
    assertThat(kills).isPositive();
    RestoreReport report = restore(lab, new Moment.Latest(), target(50));
    assertThat(report.actual()).isEqualTo(lab.fingerprint());
    assertThat(report.standing()).isEqualTo(GraphTarget.Standing.RESUMED);
    assertThat(count("MATCH (n) RETURN count(n)")).isEqualTo(2_000);
  }

  /** What is in flight when the server goes has an outcome that nobody knows. */
  @Test
  void theServerMayGoAndComeBackMeanwhile(@TempDir Path otherHome) throws Exception {
    ChainLab lab = new ChainLab(directory).withoutHistory().versionsASegment(10_000);
    Map<ElementId, Optional<Element>> changes = new TreeMap<>();
    for (int i = 0; i < 1_500; i++) {
      changes.put(
          ElementId.vertex(Integer.toString(i)),
          Optional.of(Vertex.of(java.util.Set.of("P"), Map.of("i", Value.Int.of(i)))));
      changes.put(
          ElementId.edge(Integer.toString(i)),
          Optional.of(Edge.of("T", Integer.toString(i), Integer.toString(i / 2), Map.of())));
    }
    lab.commit(changes);
    lab.base();
    EmbeddedServer neo4j = ServiceLoader.load(EmbeddedServer.class).findFirst().orElseThrow();
    Map<String, String> settings = Map.of("auth", "true", "password", PASSWORD);
    EmbeddedServer.Running[] other = {neo4j.start(otherHome, settings)};
    AtomicLong advanced = new AtomicLong();
    Progress restarting =
        new Progress() {
          @Override
          public void phase(String name, long expected) {}

          @Override
          public void advance(long done) {
            long now = advanced.addAndGet(done);
            if (now > 500 && now - done <= 500) {
              other[0].close();
              other[0] = neo4j.start(otherHome, settings);
            }
          }
        };
    RestorePlan plan = Restore.plan(lab.repository(), ChainLab.GRAPH, new Moment.Latest());
    try (BoltTarget target = target(other[0].address(), PASSWORD, 20)) {
      RestoreReport report = Restore.run(plan, lab.repository(), target, false, restarting);
      assertThat(report.actual()).isEqualTo(lab.fingerprint());
      assertThat(report.vertices()).isEqualTo(1_500);
    } finally {
      other[0].close();
    }
  }

  private static long batches() {
    return count("MATCH (b:`" + Bookkeeping.BATCH + "`) RETURN count(b)");
  }

  private Process startChild() throws IOException {
    return new ProcessBuilder(
            Path.of(System.getProperty("java.home"), "bin", "java").toString(),
            "-Xmx256m",
            "-cp",
            System.getProperty("java.class.path"),
            Child.class.getName(),
            directory.resolve("repository").toString(),
            server.address(),
            directory.toString())
        .redirectErrorStream(true)
        .redirectOutput(directory.resolve("child.log").toFile())
        .start();
  }

  /** Restores in a process of its own, to be killed. */
  static final class Child {
    private Child() {}

    public static void main(String[] arguments) {
      var repository = new dev.varve.archive.DirectoryRepository(Path.of(arguments[0]));
      BoltSettings settings =
          new BoltSettings(
              (TargetUri.Bolt) TargetUri.parse(arguments[1]),
              Optional.of(PASSWORD),
              2,
              50,
              1 << 20,
              Duration.ofSeconds(20),
              Path.of(arguments[2]));
      RestorePlan plan = Restore.plan(repository, ChainLab.GRAPH, new Moment.Latest());
      try (BoltTarget target = new BoltTarget(settings)) {
        Restore.run(plan, repository, target, false, Progress.NONE);
      }
    }
  }

  @Test
  void aTargetThatIsNotEmptyIsRefusedAndOnlyOverwrittenWhenAskedTo() {
    query("CREATE (:Precious {k: 1})-[:R]->(:Precious) ");
    query("CREATE CONSTRAINT precious FOR (n:Precious) REQUIRE n.k IS UNIQUE");
    ChainLab lab = randomChain(6, 20);
    assertFails(() -> restore(lab, new Moment.Latest(), target(50)), ExitCode.FAILED, "not empty");
    assertThat(count("MATCH (n) RETURN count(n)")).isEqualTo(2);
    RestoreReport report = restore(lab, new Moment.Latest(), target(50), true);
    assertThat(report.actual()).isEqualTo(lab.fingerprint());
    assertThat(count("MATCH (n:Precious) RETURN count(n)")).isZero();
    assertThat(query("SHOW CONSTRAINTS")).isEmpty();
  }

  @Test
  void anotherMomentDoesNotMixWithAnUnfinishedRestore() {
    ChainLab lab = randomChain(7, 40);
    RestorePlan plan = Restore.plan(lab.repository(), ChainLab.GRAPH, new Moment.Latest());
    try (BoltTarget target = target(4);
        var merge = new dev.varve.restore.GraphMerge(plan, lab.repository())) {
      target.open(plan.identity(), false, Progress.NONE);
      assertThatThrownBy(() -> target.write(new Failing(merge, 20), Progress.NONE))
          .hasMessage("as if killed");
    }
    List<Long> seqs = new ArrayList<>(lab.history.keySet());
    Moment other = Moment.parse("tx:" + ChainLab.SITE + "/" + seqs.get(seqs.size() - 3));
    assertFails(() -> restore(lab, other, target(4)), ExitCode.FAILED, "unfinished restore");
    RestoreReport report = restore(lab, other, target(4), true);
    assertThat(report.actual()).isEqualTo(report.expected());
  }

  @Test
  void whatSomebodyElseWritesIsSeen() {
    ChainLab lab = randomChain(8, 20);
    RestorePlan plan = Restore.plan(lab.repository(), ChainLab.GRAPH, new Moment.Latest());
    GraphTarget meddled =
        new Meddled(target(50), () -> query("MATCH (n) WITH n LIMIT 1 SET n.meddled = true"));
    try (meddled) {
      assertFails(
          () -> Restore.run(plan, lab.repository(), meddled, false, Progress.NONE),
          ExitCode.FAILED,
          "does not hold what was written");
    }
    assertFails(() -> restore(lab, new Moment.Latest(), target(50)), ExitCode.FAILED, "different");
    assertThat(restore(lab, new Moment.Latest(), target(50), true).actual())
        .isEqualTo(lab.fingerprint());
  }

  /** Lets something happen between writing and reading back. */
  private record Meddled(GraphTarget target, Runnable between) implements GraphTarget {
    @Override
    public String name() {
      return target.name();
    }

    @Override
    public Standing open(
        dev.varve.restore.RestoreIdentity restore, boolean overwrite, Progress progress) {
      return target.open(restore, overwrite, progress);
    }

    @Override
    public void write(LiveGraph graph, Progress progress) {
      target.write(graph, progress);
      between.run();
    }

    @Override
    public dev.varve.restore.ReadBack readBack(Progress progress) {
      return target.readBack(progress);
    }

    @Override
    public void finish(boolean good, Progress progress) {
      target.finish(good, progress);
    }

    @Override
    public void close() {
      target.close();
    }
  }

  @Test
  void aDamagedSegmentLeavesTheTargetUnfinished() throws IOException {
    ChainLab lab = randomChain(9, 40);
    RestorePlan plan = Restore.plan(lab.repository(), ChainLab.GRAPH, new Moment.Latest());
    Path segment;
    try (Stream<Path> files = Files.walk(directory.resolve("repository"))) {
      segment = files.filter(file -> file.toString().contains("-e000-")).sorted().toList().get(0);
    }
    byte[] bytes = Files.readAllBytes(segment);
    bytes[bytes.length - 30] ^= 1;
    Files.write(segment, bytes);
    try (BoltTarget target = target(5)) {
      assertFails(
          () -> Restore.run(plan, lab.repository(), target, false, Progress.NONE),
          ExitCode.DAMAGE_FOUND,
          segment.getFileName().toString());
    }
    assertThat(count("MATCH (b:`" + Bookkeeping.BATCH + "` {state: 'WRITING'}) RETURN count(b)"))
        .isEqualTo(1);
  }

  @Test
  void aWrongPasswordIsSaid() {
    ChainLab lab = randomChain(10, 5);
    assertFails(
        () -> restore(lab, new Moment.Latest(), target(server.address(), "mud", 5)),
        ExitCode.FAILED,
        "refuses user 'neo4j'");
  }

  @Test
  void anUnreachableServerIsSaid() throws IOException {
    ChainLab lab = randomChain(11, 5);
    int port;
    try (ServerSocket socket = new ServerSocket(0)) {
      port = socket.getLocalPort();
    }
    assertFails(
        () -> restore(lab, new Moment.Latest(), target("bolt://127.0.0.1:" + port, "mud", 5)),
        ExitCode.FAILED,
        "cannot reach");
  }

  @Test
  void aMissingDatabaseIsSaid() {
    ChainLab lab = randomChain(12, 5);
    assertFails(
        () ->
            restore(
                lab,
                new Moment.Latest(),
                target(server.address() + "?database=nowhere", PASSWORD, 5)),
        ExitCode.FAILED,
        "no such database");
  }

  private static void assertFails(Runnable work, ExitCode code, String message) {
    assertThatThrownBy(work::run)
        .isInstanceOfSatisfying(VarveException.class, e -> assertThat(e.exitCode()).isEqualTo(code))
        .hasMessageContaining(message);
  }
}
