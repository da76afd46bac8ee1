package dev.varve.restore.target.neo4jstore;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.varve.change.VersionVector;
import dev.varve.embedded.neo4j.EmbeddedNeo4j;
import dev.varve.fault.ExitCode;
import dev.varve.fault.VarveException;
import dev.varve.graph.ElementKind;
import dev.varve.graph.StoreSchema;
import dev.varve.graph.Value;
import dev.varve.restore.LiveGraph;
import dev.varve.restore.Progress;
import dev.varve.restore.RestoreIdentity;
import dev.varve.restore.TargetUri;
import dev.varve.restore.target.neo4j.OfflineStore.Condition;
import dev.varve.restore.target.neo4j.OfflineStore.Place;
import dev.varve.restore.target.neo4j.OfflineStore.Resources;
import dev.varve.restore.target.neo4j.OfflineTarget;
import java.io.IOException;
import java.math.BigDecimal;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.UUID;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.neo4j.configuration.Config;
import org.neo4j.configuration.GraphDatabaseSettings;
import org.neo4j.consistency.ConsistencyCheckService;
import org.neo4j.driver.GraphDatabase;
import org.neo4j.graphdb.Direction;
import org.neo4j.graphdb.Entity;
import org.neo4j.graphdb.Transaction;
import org.neo4j.graphdb.schema.ConstraintDefinition;
import org.neo4j.graphdb.schema.IndexDefinition;
import org.neo4j.graphdb.schema.Schema.IndexState;
import org.neo4j.io.layout.Neo4jLayout;
import org.neo4j.values.storable.Values;

final class BulkStoreTest {

  private static final Resources RESOURCES = new Resources(2, 256 << 20);

  @TempDir Path home;

  private final BulkStore store = new BulkStore();

  @Test
  void everyTypeWidthAndShapeIsExact() throws Exception {
    TestGraph graph = everything();

    restore(graph);

    assertThat(store.inspect(place())).isEqualTo(Condition.OCCUPIED);
    assertThat(home.resolve(".varve-restore-neo4j")).doesNotExist();
    assertConsistent();
    try (StagedServer server = StagedServer.open(home, "neo4j", RESOURCES);
        Transaction tx = server.database().beginTx()) {
      assertThat(propertiesOf(tx.getNodeById(0))).isEqualTo(AllValues.BY_KEY);
      assertThat(
              propertiesOf(
                  tx.getNodeById(5).getSingleRelationship(() -> "HOLDS", Direction.OUTGOING)))
          .isEqualTo(AllValues.BY_KEY);
      assertThat(tx.getNodeById(2_000_000).getLabels()).isEmpty();
      assertThat(tx.getNodeById(2_000_000).getDegree(() -> "TWICE")).isEqualTo(3);
      assertSchema(tx);
      Set<Long> fresh = new HashSet<>();
      for (int i = 0; i < 20; i++) {
        fresh.add(tx.createNode().getId());
      }
      assertThat(fresh).hasSize(20).doesNotContain(0L, 5L, 2_000_000L);
    }
  }

  private static TestGraph everything() {
    return new TestGraph()
        .vertex(0, Set.of("All", "Kinds"), AllValues.BY_KEY)
        .vertex(
            5,
            Set.of("Named"),
            Map.of(
                "name",
                Value.Text.of("five"),
                "text",
                Value.Text.of("x".repeat(20_000)),
                "at",
                new Value.Point(4326, List.of(1.5, 2.5)),
                "embedding",
                Value.ListOf.of(List.of(Value.Float.of(1), Value.Float.of(2), Value.Float.of(3)))))
        .vertex(2_000_000, Set.of(), Map.of())
        .edge(7, "HOLDS", 5, 0, AllValues.BY_KEY)
        .edge(8, "TWICE", 2_000_000, 0, Map.of("n", Value.Int.of(1)))
        .edge(9, "TWICE", 2_000_000, 0, Map.of("n", Value.Int.of(2)))
        .edge(1_000_000, "TWICE", 2_000_000, 2_000_000, Map.of("n", Value.Int.of(3)))
        .schema(
            index("by_name", "RANGE", "FOR (n:Named) ON (n.name)"),
            index("by_text", "TEXT", "FOR (n:Named) ON (n.text)"),
            index("by_place", "POINT", "FOR (n:Named) ON (n.at)"),
            index("words", "FULLTEXT", "FOR (n:Named|All) ON EACH [n.name]"),
            index(
                "near",
                "VECTOR",
                "FOR (n:Named) ON (n.embedding) OPTIONS {indexConfig: {"
                    + "`vector.dimensions`: 3, `vector.similarity_function`: 'cosine'}}"),
            index("by_n", "RANGE", "FOR ()-[n:HOLDS]-() ON (n.n)"),
            index("my_labels", "LOOKUP", "FOR (n) ON EACH labels(n)"),
            constraint("one_name", "FOR (n:All) REQUIRE (n.text) IS UNIQUE"),
            constraint("one_n", "FOR ()-[n:TWICE]-() REQUIRE (n.n) IS UNIQUE"));
  }

  private static void assertSchema(Transaction tx) {
    List<String> indexes = new ArrayList<>();
    for (IndexDefinition index : tx.schema().getIndexes()) {
      assertThat(tx.schema().getIndexState(index)).isEqualTo(IndexState.ONLINE);
      indexes.add(index.getName());
    }
    assertThat(indexes)
        .containsExactlyInAnyOrder(
            "by_name",
            "by_text",
            "by_place",
            "words",
            "near",
            "by_n",
            "my_labels",
            "one_name",
            "one_n");
    List<String> constraints = new ArrayList<>();
    for (ConstraintDefinition constraint : tx.schema().getConstraints()) {
      constraints.add(constraint.getName());
    }
    assertThat(constraints).containsExactlyInAnyOrder("one_name", "one_n");
  }

  @Test
  void lookUpsOfEveryDatabaseAreKept() throws Exception {
    restore(
        new TestGraph()
            .schema(
                index("index_343aff4e", "LOOKUP", "FOR (n) ON EACH labels(n)"),
                index("index_f7700477", "LOOKUP", "FOR ()-[n]-() ON EACH type(n)")));

    assertConsistent();
    try (StagedServer server = StagedServer.open(home, "neo4j", RESOURCES);
        Transaction tx = server.database().beginTx()) {
      assertThat(tx.schema().getIndexes())
          .extracting(IndexDefinition::getName)
          .containsExactlyInAnyOrder("index_343aff4e", "index_f7700477");
    }
  }

  @Test
  void emptyGraph() throws Exception {
    restore(new TestGraph());

    assertConsistent();
    try (StagedServer server = StagedServer.open(home, "neo4j", RESOURCES);
        Transaction tx = server.database().beginTx()) {
      assertThat(tx.getAllNodes().stream()).isEmpty();
      assertThat(tx.schema().getIndexes()).isEmpty();
    }
  }

  @Test
  void existingDatabaseIsRefusedAndReplacedOnlyWhenTheNewOneIsGood() {
    Place place = place();
    assertThat(store.inspect(place)).isEqualTo(Condition.EMPTY);
    assertThat(home).isEmptyDirectory();
    try (var server = new EmbeddedNeo4j().start(home, Map.of())) {
      assertThat(store.inspect(place)).isEqualTo(Condition.IN_USE);
      assertRefused(ExitCode.FENCED, "open", () -> load(new TestGraph(), true));
      assertThat(count(server.address(), "CREATE (:Old) RETURN 1")).isEqualTo(1);
    }
    assertThat(store.inspect(place)).isEqualTo(Condition.OCCUPIED);
    assertRefused(ExitCode.FAILED, "already", () -> load(new TestGraph(), false));

    TestGraph graph = new TestGraph().vertex(41, Set.of("New"), Map.of());
    load(graph, true);
    assertThat(store.inspect(place)).isEqualTo(Condition.OCCUPIED);
    try (var server = new EmbeddedNeo4j().start(home, Map.of())) {
      assertThat(count(server.address(), "MATCH (n:Old) RETURN count(n)")).isEqualTo(1);
    }
    assertThat(store.readBack(place, Long::toString, RESOURCES, Progress.NONE))
        .isEqualTo(graph.readBack());
    store.finish(place);
    try (var server = new EmbeddedNeo4j().start(home, Map.of())) {
      assertThat(count(server.address(), "MATCH (n:Old) RETURN count(n)")).isZero();
      assertThat(count(server.address(), "MATCH (n:New) RETURN id(n)")).isEqualTo(41);
    }
  }

  @Test
  void killInTheMiddleLeavesNothingThatLooksGood() throws Exception {
    Process child =
        new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-cp",
                System.getProperty("java.class.path"),
                KilledLoad.class.getName(),
                home.toString())
            .redirectError(ProcessBuilder.Redirect.INHERIT)
            .start();
    assertThat(child.waitFor()).isEqualTo(KilledLoad.HALTED);

    assertThat(store.inspect(place())).isEqualTo(Condition.UNFINISHED);
    assertThat(home.resolve("data/databases/neo4j")).doesNotExist();
    assertRefused(
        ExitCode.FAILED,
        "no loaded store",
        () -> store.readBack(place(), Long::toString, RESOURCES, Progress.NONE));
    assertRefused(ExitCode.FAILED, "no loaded store", () -> store.finish(place()));
    restore(new TestGraph().vertex(3, Set.of(), Map.of()));
  }

  @Test
  void tornPuttingInPlaceIsCompleted() throws IOException {
    TestGraph graph = new TestGraph().vertex(3, Set.of(), Map.of());
    load(graph, false);
    Path staging = home.resolve(".varve-restore-neo4j");
    Files.createFile(staging.resolve("good"));
    Files.createDirectories(home.resolve("data/transactions"));
    Files.move(staging.resolve("data/transactions/neo4j"), home.resolve("data/transactions/neo4j"));

    assertThat(store.inspect(place())).isEqualTo(Condition.UNFINISHED);
    store.finish(place());

    assertThat(store.inspect(place())).isEqualTo(Condition.OCCUPIED);
    assertThat(staging).doesNotExist();
    assertThat(home.resolve("data/databases/neo4j/neostore")).exists();
  }

  @Test
  void whatNeo4jCannotHoldIsRefused() {
    for (Value value :
        List.of(
            new Value.Uuid(UUID.randomUUID()),
            new Value.Decimal(BigDecimal.ONE),
            new Value.Timestamp(Instant.EPOCH),
            new Value.Geoshape("POINT (1 2)"),
            Value.MapOf.of(Map.of()),
            Value.ListOf.of(List.of(Value.Int.of(1), Value.Text.of("a"))),
            Value.ListOf.of(List.of(Value.ListOf.of(List.of()))))) {
      TestGraph graph = new TestGraph().vertex(0, Set.of(), Map.of("odd", value));
      assertRefused(ExitCode.FAILED, "'odd' of v0", () -> load(graph, false));
    }
    for (String id : List.of("abc", "-1", "4294967295", "34359738367")) {
      TestGraph graph = new TestGraph().vertex(id, Set.of(), Map.of());
      assertRefused(ExitCode.FAILED, "'" + id + "'", () -> load(graph, false));
    }
    TestGraph dangling = new TestGraph().vertex(1, Set.of(), Map.of()).edge(4, "T", 1, 2, Map.of());
    assertRefused(ExitCode.DAMAGE_FOUND, "e4 ends at vertex 2", () -> load(dangling, false));
    assertThat(store.inspect(place())).isEqualTo(Condition.UNFINISHED);
    assertThat(home.resolve("data/databases/neo4j")).doesNotExist();
  }

  @Test
  void ruleThatCommunityDoesNotHaveIsRefused() {
    TestGraph graph =
        new TestGraph().schema(constraint("must", "FOR (n:A) REQUIRE (n.x) IS NOT NULL"));
    assertRefused(ExitCode.FAILED, "constraint 'must'", () -> load(graph, false));
  }

  @Test
  void directoryThatCannotBeWrittenIsNamed() throws IOException {
    Path file = Files.createFile(home.resolve("file"));
    Place place = new Place(file.resolve("home"), "neo4j");
    assertRefused(
        ExitCode.FAILED,
        place.directory().toString(),
        () -> store.load(place, new TestGraph(), false, RESOURCES, Progress.NONE));
  }

  /** AGE's ids are far beyond what a node can have. */
  @Test
  void verticesOfAnotherEngineAreNumberedAnew() {
    long person = (3L << 48) + 1;
    long last = (32_767L << 48) + 5;
    TestGraph graph =
        new TestGraph()
            .vertex(person, Set.of("Person"), Map.of("name", Value.Text.of("Ann")))
            .vertex(last, Set.of("Dog"), Map.of())
            .edge((5L << 48) + 1, "OWNED_BY", last, person, Map.of("n", Value.Int.of(1)))
            .edge((5L << 48) + 2, "KNOWS", last, last, Map.of());
    RestoreIdentity ofAge = new RestoreIdentity("g", VersionVector.EMPTY, "age:x");
    TargetUri.Neo4jStore uri = (TargetUri.Neo4jStore) TargetUri.parse("neo4j-store:" + home);
    try (OfflineTarget target = new OfflineTarget(uri, store, RESOURCES)) {
      target.open(ofAge, false, Progress.NONE);
      target.write(graph, Progress.NONE);
      assertThat(target.readBack(Progress.NONE)).isEqualTo(graph.readBack());
      target.finish(true, Progress.NONE);
    }
    try (StagedServer server = StagedServer.open(home, "neo4j", RESOURCES);
        Transaction tx = server.database().beginTx()) {
      assertThat(tx.getNodeById(0).getProperty("name")).isEqualTo("Ann");
      assertThat(tx.getNodeById(1).getDegree(() -> "OWNED_BY", Direction.OUTGOING)).isOne();
    }

    TestGraph dangling =
        new TestGraph().vertex(person, Set.of(), Map.of()).edge(4, "T", person, last, Map.of());
    try (OfflineTarget target = new OfflineTarget(uri, store, RESOURCES)) {
      target.open(ofAge, true, Progress.NONE);
      assertRefused(
          ExitCode.DAMAGE_FOUND,
          "e4 ends at vertex " + last,
          () -> target.write(dangling, Progress.NONE));
    }
  }

  private void restore(TestGraph graph) {
    load(graph, false);
    assertThat(store.readBack(place(), Long::toString, RESOURCES, Progress.NONE))
        .isEqualTo(graph.readBack());
    store.finish(place());
  }

  private void load(LiveGraph graph, boolean replace) {
    store.load(place(), graph, replace, RESOURCES, Progress.NONE);
  }

  private Place place() {
    return new Place(home, "neo4j");
  }

  private static void assertRefused(ExitCode code, String named, ThrowingCallable work) {
    assertThatThrownBy(work)
        .isInstanceOfSatisfying(
            VarveException.class, e -> assertThat(e.exitCode()).as(e.toString()).isEqualTo(code))
        .hasMessageContaining(named);
  }

  private void assertConsistent() throws Exception {
    Config config =
        Config.newBuilder()
            .set(GraphDatabaseSettings.neo4j_home, home.toAbsolutePath())
            .set(GraphDatabaseSettings.pagecache_memory, 64L << 20)
            .build();
    var result =
        new ConsistencyCheckService(Neo4jLayout.of(config).databaseLayout("neo4j"))
            .with(config)
            .withMaxOffHeapMemory(256 << 20)
            .runFullConsistencyCheck();
    assertThat(result.isSuccessful()).as(String.valueOf(result.summary())).isTrue();
  }

  private static Map<String, Value> propertiesOf(Entity entity) {
    Map<String, Value> properties = new TreeMap<>();
    entity
        .getAllProperties()
        .forEach(
            (key, value) -> properties.put(key, StoredValues.carried(Values.of(value).asObject())));
    return properties;
  }

  private static long count(String address, String statement) {
    try (var driver = GraphDatabase.driver(address)) {
      return driver.executableQuery(statement).execute().records().get(0).get(0).asLong();
    }
  }

  private static StoreSchema.Rule index(String name, String type, String on) {
    return new StoreSchema.Rule(
        name,
        StoreSchema.Form.INDEX,
        type,
        ElementKind.VERTEX,
        List.of(),
        List.of(),
        Optional.of("CREATE " + type + " INDEX `" + name + "` IF NOT EXISTS " + on));
  }

  private static StoreSchema.Rule constraint(String name, String on) {
    return new StoreSchema.Rule(
        name,
        StoreSchema.Form.CONSTRAINT,
        "UNIQUENESS",
        ElementKind.VERTEX,
        List.of(),
        List.of(),
        Optional.of("CREATE CONSTRAINT `" + name + "` IF NOT EXISTS " + on));
  }
}
