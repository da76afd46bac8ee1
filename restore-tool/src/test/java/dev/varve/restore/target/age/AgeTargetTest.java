package dev.varve.restore.target.age;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.varve.age.Graphid;
import dev.varve.age.LabelRule;
import dev.varve.container.age.AgeServer;
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
import dev.varve.restore.GraphMerge;
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
import java.math.BigDecimal;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Against a real PostgreSQL with AGE; skipped, saying so, where there is no Docker. */
final class AgeTargetTest {

  private static final int PERSON = 4;
  private static final int KNOWS = 6;
  private static final int ODD = 9;

  private static @Nullable AgeServer server;

  @TempDir Path directory;

  private String graph = "";

  @BeforeAll
  static void startServer() {
    assumeTrue(AgeServer.dockerIsThere(), "no Docker: tests with PostgreSQL and AGE skipped");
    server = AgeServer.start();
  }

  @AfterAll
  static void stopServer() {
    if (server != null) {
      server.close();
    }
  }

  @BeforeEach
  void otherGraph() {
    graph = "g" + Long.toHexString(new Random().nextLong(1L << 40)) + "-x";
  }

  private static AgeServer server() {
    return java.util.Objects.requireNonNull(server);
  }

  private static List<String> query(String database, String statement) throws SQLException {
    try (Connection connection = server().connect(database);
        Statement run = connection.createStatement()) {
      List<String> rows = new ArrayList<>();
      boolean hasRows = run.execute(statement);
      if (hasRows) {
        try (ResultSet row = run.getResultSet()) {
          while (row.next()) {
            rows.add(row.getString(1));
          }
        }
      }
      return rows;
    }
  }

  private static List<String> query(String statement) throws SQLException {
    return query(AgeServer.DATABASE, statement);
  }

  private List<String> cypher(String query) throws SQLException {
    return query("SELECT * FROM cypher('" + graph + "', $$ " + query + " $$) AS (a agtype)");
  }

  private AgeTarget target(int part) {
    return target(AgeServer.USER, AgeServer.PASSWORD, AgeServer.DATABASE, part);
  }

  private AgeTarget target(String user, String password, String database, int part) {
    return target(server(), user, password, database, part);
  }

  private AgeTarget target(AgeServer at, String user, String password, String database, int part) {
    String uri =
        "age:postgresql://"
            + user
            + "@"
            + at.host()
            + ":"
            + at.port()
            + "/"
            + database
            + "/"
            + graph;
    return new AgeTarget(
        new AgeSettings(
            (TargetUri.Age) TargetUri.parse(uri),
            Optional.of(password),
            3,
            part,
            1 << 20,
            Duration.ofSeconds(30),
            directory));
  }

  private static RestoreReport restore(ChainLab lab, GraphTarget target) {
    return restore(lab, target, false);
  }

  private static RestoreReport restore(ChainLab lab, GraphTarget target, boolean overwrite) {
    RestorePlan plan = Restore.plan(lab.repository(), ChainLab.GRAPH, new Moment.Latest());
    try (target) {
      return Restore.run(plan, lab.repository(), target, overwrite, Progress.NONE);
    }
  }

  private static String id(int label, long entry) {
    return new Graphid(label, entry).toString();
  }

  private static SortedMap<String, Value> everyValue() {
    SortedMap<String, Value> all = new TreeMap<>();
    all.put("int", Value.Int.of(Long.MIN_VALUE));
    all.put("float", Value.Float.of(1e-300));
    all.put("whole float", Value.Float.of(3));
    all.put("minus zero", Value.Float.of(-0.0));
    all.put("nan", Value.Float.of(Double.NaN));
    all.put("infinite", Value.Float.of(Double.NEGATIVE_INFINITY));
    all.put("decimal", new Value.Decimal(new BigDecimal("12345678901234567890.0123456789")));
    all.put("bool", new Value.Bool(true));
    all.put("text", Value.Text.of("q\"uote\\ back\n\t\b\u0001 ünï 漢字 😀 $$ \\. '"));
    all.put("empty", Value.Text.of(""));
    all.put("", Value.Text.of("a key without letters"));
    all.put(
        "list",
        Value.ListOf.of(List.of(Value.Int.of(1), new Value.Null(), Value.ListOf.of(List.of()))));
    all.put("map", Value.MapOf.of(Map.of("k", Value.MapOf.of(Map.of()))));
    return all;
  }

  /** People who know each other, with all that is odd about graphs. */
  private ChainLab ageChain(Optional<StoreSchema.Change> schema) {
    ChainLab lab = new ChainLab(directory);
    byte[] noise = new byte[100_000];
    new Random(5).nextBytes(noise);
    String toasted = java.util.Base64.getEncoder().encodeToString(noise);
    Map<ElementId, Optional<Element>> changes = new TreeMap<>();
    changes.put(
        ElementId.vertex(id(1, 3)), Optional.of(Vertex.of(Set.of(), Map.of("n", Value.Int.of(1)))));
    for (int i = 1; i <= 40; i++) {
      changes.put(
          ElementId.vertex(id(PERSON, i)),
          Optional.of(Vertex.of(Set.of("Person"), Map.of("name", Value.Text.of("p" + i)))));
    }
    changes.put(
        ElementId.vertex(id(ODD, 1)), Optional.of(Vertex.of(Set.of("Größe_日本"), everyValue())));
    changes.put(
        ElementId.vertex(id(ODD, 2)),
        Optional.of(Vertex.of(Set.of("Größe_日本"), Map.of("big", Value.Text.of(toasted)))));
    changes.put(
        ElementId.edge(id(KNOWS, 1)),
        Optional.of(Edge.of("KNOWS", id(PERSON, 1), id(PERSON, 1), everyValue())));
    for (int i = 2; i <= 30; i++) {
      changes.put(
          ElementId.edge(id(KNOWS, i)),
          Optional.of(Edge.of("KNOWS", id(PERSON, 1), id(PERSON, 2 + i % 3), Map.of())));
    }
    lab.commit(changes, schema);
    lab.base();
    lab.commit(
        Map.of(
            ElementId.vertex(id(PERSON, 40)), Optional.empty(),
            ElementId.edge(id(KNOWS, 30)), Optional.empty()));
    lab.delta();
    return lab;
  }

  @Test
  void aGraphOfAgeIsTheSameAfterwardsWithItsIds() throws Exception {
    ChainLab lab = ageChain(Optional.empty());
    RestoreReport report = restore(lab, target(7));
    assertThat(report.actual()).isEqualTo(lab.fingerprint());
    assertThat(report.standing()).isEqualTo(GraphTarget.Standing.FRESH);
    assertThat(report.vertices()).isEqualTo(42);
    assertThat(report.problems()).isEmpty();
    assertThat(
            query(
                "SELECT l.id || ' ' || l.name FROM ag_label l JOIN ag_graph g"
                    + " ON l.graph = g.graphid WHERE g.name = '"
                    + graph
                    + "' ORDER BY l.id"))
        .containsExactly(
            "1 _ag_label_vertex",
            "2 _ag_label_edge",
            PERSON + " Person",
            KNOWS + " KNOWS",
            ODD + " Größe_日本");
    assertThat(cypher("MATCH (p:Person {name: 'p7'}) RETURN id(p)")).containsExactly(id(PERSON, 7));
    assertThat(cypher("MATCH (p {name: 'p1'})-[k:KNOWS]->(p) RETURN id(k)"))
        .containsExactly(id(KNOWS, 1));
    assertThat(cypher("MATCH (p {name: 'p1'})-[:KNOWS]->({name: 'p2'}) RETURN count(*)"))
        .containsExactly("9");
    assertThat(isUnfinished()).isFalse();
  }

  private boolean isUnfinished() throws SQLException {
    return !query("SELECT 1 FROM pg_tables WHERE schemaname = 'varve'").isEmpty()
        && !query("SELECT 1 FROM varve.restore WHERE graph = '" + graph + "'").isEmpty();
  }

  @Test
  void whatIsCreatedAfterwardsGetsIdsThatNobodyHad() throws Exception {
    restore(ageChain(Optional.empty()), target(7));
    assertThat(cypher("CREATE (p:Person) RETURN id(p)")).containsExactly(id(PERSON, 41));
    assertThat(
            cypher(
                "MATCH (a:Person {name: 'p3'}), (b:Person {name: 'p4'}) CREATE (a)-[k:KNOWS]->(b)"
                    + " RETURN id(k)"))
        .containsExactly(id(KNOWS, 31));
    assertThat(cypher("CREATE (n) RETURN id(n)")).containsExactly(id(1, 4));
    assertThat(cypher("CREATE (n:New) RETURN id(n)")).containsExactly(id(ODD + 1, 1));
    query("SELECT drop_label('" + graph + "', 'New')");
    query("SELECT create_vlabel('" + graph + "', 'Newer')");
    assertThat(cypher("CREATE (n:Newer) RETURN id(n)")).containsExactly(id(ODD + 2, 1));
    assertThat(cypher("MATCH (n:Person) WHERE n.name = 'p9' DETACH DELETE n RETURN 1")).hasSize(1);
    query("SELECT drop_graph('" + graph + "', true)");
  }

  @Test
  void labelsAreThereWithTheirNumbersThoughTheyAreEmpty() throws Exception {
    List<StoreSchema.Rule> rules =
        List.of(
            new LabelRule(LabelRule.NO_VERTEX_LABEL, ElementKind.VERTEX, 1).rule(),
            new LabelRule(LabelRule.NO_EDGE_LABEL, ElementKind.EDGE, 2).rule(),
            new LabelRule("Person", ElementKind.VERTEX, PERSON).rule(),
            new LabelRule("KNOWS", ElementKind.EDGE, KNOWS).rule(),
            new LabelRule("Empty", ElementKind.VERTEX, 7).rule(),
            new LabelRule("select", ElementKind.EDGE, 300).rule());
    ChainLab lab = ageChain(Optional.of(new StoreSchema.Change(true, rules, List.of())));
    RestoreReport report = restore(lab, target(7));
    assertThat(report.actual()).isEqualTo(lab.fingerprint());
    assertThat(report.problems()).isEmpty();
    assertThat(
            query(
                "SELECT l.id || ' ' || l.name || ' ' || CAST(l.kind AS text) FROM ag_label l JOIN ag_graph g"
                    + " ON l.graph = g.graphid WHERE g.name = '"
                    + graph
                    + "' AND l.id > 2 ORDER BY l.id"))
        .containsExactly(
            PERSON + " Person v",
            KNOWS + " KNOWS e",
            "7 Empty v",
            ODD + " Größe_日本 v", // the rules do not know of it: made when it was met
            "300 select e");
    assertThat(cypher("CREATE (n:Empty) RETURN id(n)")).containsExactly(id(7, 1));
    assertThat(cypher("CREATE (n:Fresh) RETURN id(n)")).containsExactly(id(301, 1));
  }

  /**
   * What {@code pg_dump} says of one graph is no graph elsewhere, and what it says of a database
   * cannot be read by two jobs, nor without errors where the extension is already.
   */
  @Test
  void whereADumpFailsTheRestoreDoesNot() throws Exception {
    ChainLab lab = ageChain(Optional.empty());
    restore(lab, target(7));
    String other = "d" + graph.substring(1, 8);
    server().createDatabase(other);
    for (String neighbour : List.of("first", "second")) {
      query(other, "SELECT create_graph('" + neighbour + "')");
      query(other, "SELECT * FROM cypher('" + neighbour + "', $$ CREATE (:P) $$) AS (a agtype)");
    }
    dump("-n", graph, AgeServer.DATABASE);
    server().exec("pg_restore", "-U", AgeServer.USER, "-d", other, "/tmp/dump");
    assertThatThrownBy(() -> query(other, count(graph)))
        .hasMessageContaining("graph \"" + graph + "\" does not exist");
    query(other, "DROP SCHEMA \"" + graph + "\" CASCADE");

    RestoreReport report = restore(lab, target(AgeServer.USER, AgeServer.PASSWORD, other, 7));
    assertThat(report.actual()).isEqualTo(lab.fingerprint());
    assertThat(query(other, count(graph))).containsExactly("42");
    assertThat(query(other, count("first"))).containsExactly("1");

    dump(other); // what was restored is fit to be dumped as any graph of AGE is
    query("CREATE DATABASE " + other + "2");
    server().exec("pg_restore", "-U", AgeServer.USER, "-d", other + "2", "/tmp/dump");
    query(other + "2", "LOAD 'age'");
    try {
      query(other + "2", count("first"));
    } catch (SQLException e) {
      // AGE 1.8 finds no graph at all that came out of a dump
      assertThat(e.getMessage()).containsPattern("graph with oid [0-9]+ does not exist");
      return;
    }
    assertThat(query(other + "2", count(graph))).containsExactly("42");
  }

  private static void dump(String... of) throws Exception {
    List<String> command =
        new ArrayList<>(List.of("pg_dump", "-U", AgeServer.USER, "-Fc", "-f", "/tmp/dump"));
    command.addAll(List.of(of));
    server().exec(command.toArray(String[]::new));
  }

  private static String count(String graph) {
    return "SELECT * FROM cypher('" + graph + "', $$ MATCH (n) RETURN count(n) $$) AS (a agtype)";
  }

  @Test
  void aGraphOfAnotherStoreGetsTheSameIdsEachTime() throws Exception {
    ChainLab lab = new ChainLab(directory);
    Map<ElementId, Optional<Element>> changes = new TreeMap<>();
    for (int i = 0; i < 20; i++) {
      changes.put(
          ElementId.vertex(Integer.toString(i * 5)),
          Optional.of(
              Vertex.of(
                  i % 3 == 0 ? Set.of() : Set.of("L" + i % 3), Map.of("i", Value.Int.of(i)))));
      changes.put(
          ElementId.edge(Integer.toString(i)),
          Optional.of(
              Edge.of("T" + i % 2, Integer.toString(i * 5), "0", Map.of("i", Value.Int.of(i)))));
    }
    lab.commit(changes);
    lab.base();
    assertThat(restore(lab, target(6)).actual()).isEqualTo(lab.fingerprint());
    assertThat(cypher("MATCH (n:L1 {i: 1}) RETURN id(n)")).containsExactly(id(3, 6));
    assertThat(cypher("MATCH (n {i: 3})-[t:T1]->() RETURN id(t)")).containsExactly(id(6, 4));
    assertThat(cypher("CREATE (n:L1) RETURN id(n)")).containsExactly(id(3, 97));
  }

  @Test
  void idsThatAreNoNumbersArePlacedByTheirOrder() throws Exception {
    ChainLab lab = new ChainLab(directory);
    Map<ElementId, Optional<Element>> changes = new TreeMap<>();
    List<String> ids = List.of("a", "ü", "0123", "42", "a much longer id than eight bytes", "😀");
    for (String id : ids) {
      changes.put(
          ElementId.vertex(id),
          Optional.of(Vertex.of(Set.of("L"), Map.of("id", Value.Text.of(id)))));
      changes.put(ElementId.edge("e-" + id), Optional.of(Edge.of("T", id, "42", Map.of())));
    }
    lab.commit(changes);
    lab.base();
    assertThat(restore(lab, target(2)).actual()).isEqualTo(lab.fingerprint());
    assertThat(cypher("MATCH (a {id: 'ü'})-[:T]->(b) RETURN b.id")).containsExactly("\"42\"");
    assertThat(cypher("CREATE (n:L) RETURN id(n)")).containsExactly(id(3, 7));
  }

  @Test
  void anEmptyGraphIsThereAfterwards() throws Exception {
    ChainLab lab = new ChainLab(directory);
    lab.commit(Map.of());
    lab.base();
    assertThat(restore(lab, target(2)).actual()).isEqualTo(lab.fingerprint());
    assertThat(cypher("CREATE (n:L) RETURN id(n)")).containsExactly(id(3, 1));
  }

  @Test
  void whatAgeCannotHoldIsRefusedAndLeavesNothing() throws Exception {
    Map<String, Vertex> refused =
        Map.of(
            "bytes", Vertex.of(Set.of("L"), Map.of("b", new Value.Bytes(new byte[1]))),
            "labels", Vertex.of(Set.of("A", "B"), Map.of()),
            "a label", Vertex.of(Set.of("with space"), Map.of()),
            "nul", Vertex.of(Set.of("L"), Map.of("t", Value.Text.of("\0"))));
    for (Map.Entry<String, Vertex> entry : refused.entrySet()) {
      ChainLab lab = new ChainLab(directory.resolve(entry.getKey()));
      lab.commit(Map.of(ElementId.vertex("1"), Optional.of(entry.getValue())));
      lab.base();
      assertThatThrownBy(() -> restore(lab, target(2)))
          .as(entry.getKey())
          .isInstanceOfSatisfying(
              VarveException.class,
              e -> {
                assertThat(e.exitCode()).isEqualTo(ExitCode.FAILED);
                assertThat(e.getMessage()).contains("AGE ");
                assertThat(e.hint()).contains("dir:<path>");
              });
      assertThat(query("SELECT name FROM ag_graph WHERE name = '" + graph + "'")).isEmpty();
      assertThat(isUnfinished()).isFalse();
    }
  }

  @Test
  void indexesAndConstraintsAreThereAfterwardsAndAProblemIsNamed() throws Exception {
    List<StoreSchema.Rule> rules =
        List.of(
            rule("by_start", true, "CREATE INDEX by_start ON soc.\"KNOWS\" USING btree (start_id)"),
            rule(
                "by name",
                true,
                "CREATE INDEX \"by name\" ON soc.\"Person\" USING btree"
                    + " (agtype_access_operator(VARIADIC ARRAY[properties, '\"name\"'::agtype]))"),
            rule("one_id", false, "ALTER TABLE soc.\"Person\" ADD CONSTRAINT one_id UNIQUE (id)"),
            rule("gone", true, "CREATE INDEX gone ON soc.\"Gone\" USING btree (id)"),
            rule("sly", true, "DROP TABLE soc.\"Person\""));
    ChainLab lab = ageChain(Optional.of(new StoreSchema.Change(true, rules, List.of())));
    RestoreReport report = restore(lab, target(7));
    assertThat(report.actual()).isEqualTo(lab.fingerprint());
    assertThat(report.problems()).hasSize(2);
    assertThat(report.problems().get(0)).startsWith("index 'gone': ").contains("does not exist");
    assertThat(report.problems().get(1)).startsWith("index 'sly': ");
    assertThat(
            query(
                "SELECT indexname FROM pg_indexes WHERE schemaname = '"
                    + graph
                    + "' AND indexname !~ '^_ag|_pkey$|_(start|end)_id_idx$' ORDER BY 1"))
        .as("beside what AGE makes with each label since 1.7")
        .containsExactly("by name", "by_start", "one_id");
  }

  private static StoreSchema.Rule rule(String name, boolean index, String statement) {
    return new StoreSchema.Rule(
        name,
        index ? StoreSchema.Form.INDEX : StoreSchema.Form.CONSTRAINT,
        "btree",
        ElementKind.VERTEX,
        List.of("Person"),
        List.of(),
        Optional.of(statement));
  }

  @Test
  void aTargetThatIsNotEmptyIsRefusedAndReplacedWhenAskedTo() throws Exception {
    ChainLab lab = ageChain(Optional.empty());
    query("SELECT create_graph('" + graph + "')");
    query("SELECT create_vlabel('" + graph + "', 'Other')");
    refused(lab, "has the labels [Other]");
    query("SELECT drop_label('" + graph + "', 'Other')");
    cypher("CREATE ()");
    refused(lab, "has rows in _ag_label_vertex");
    assertThat(restore(lab, target(7), true).actual()).isEqualTo(lab.fingerprint());
    refused(lab, "has the labels");
    query("SELECT drop_graph('" + graph + "', true)");
    query("SELECT create_graph('" + graph + "')");
    assertThat(restore(lab, target(7)).actual()).isEqualTo(lab.fingerprint());
  }

  private void refused(ChainLab lab, String why) {
    assertThatThrownBy(() -> restore(lab, target(7)))
        .hasMessageContaining(why)
        .isInstanceOfSatisfying(
            VarveException.class,
            e -> {
              assertThat(e.exitCode()).isEqualTo(ExitCode.FAILED);
              assertThat(e.hint()).contains("--overwrite");
            });
  }

  @Test
  void anUnfinishedRestoreIsCarriedOnAndKeepsOthersAway() throws Exception {
    ChainLab lab = ageChain(Optional.empty());
    RestorePlan plan = Restore.plan(lab.repository(), ChainLab.GRAPH, new Moment.Latest());
    for (long after : new long[] {5, 17, 25}) {
      try (AgeTarget target = target(4);
          var merge = new GraphMerge(plan, lab.repository())) {
        target.open(plan.identity(), false, Progress.NONE);
        assertThatThrownBy(() -> target.write(new Failing(merge, after), Progress.NONE))
            .hasMessage("as if killed");
      }
    }
    ChainLab other = new ChainLab(directory.resolve("other"));
    other.commit(Map.of());
    other.base();
    refused(other, "holds an unfinished restore of g at");
    assertThat(isUnfinished()).isTrue();
    RestoreReport report = restore(lab, target(4));
    assertThat(report.standing()).isEqualTo(GraphTarget.Standing.RESUMED);
    assertThat(report.actual()).isEqualTo(lab.fingerprint());
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
        public @Nullable LiveElement next() {
          LiveElement next = elements.next();
          if (left.getAndDecrement() <= 0
              && StackWalker.getInstance()
                  .walk(frames -> frames.anyMatch(f -> f.getClassName().endsWith(".Parts")))) {
            throw new IllegalStateException("as if killed");
          }
          return next;
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
  void aSecondRestoreAtTheSameTimeIsRefused() {
    ChainLab lab = ageChain(Optional.empty());
    RestorePlan plan = Restore.plan(lab.repository(), ChainLab.GRAPH, new Moment.Latest());
    try (AgeTarget first = target(4)) {
      first.open(plan.identity(), false, Progress.NONE);
      assertThatThrownBy(() -> restore(lab, target(4)))
          .isInstanceOfSatisfying(
              VarveException.class, e -> assertThat(e.exitCode()).isEqualTo(ExitCode.FENCED));
    }
  }

  /** What is in flight when the server goes has an outcome that nobody knows. */
  @Test
  void theServerMayBeKilledMeanwhile() throws Exception {
    ChainLab lab = new ChainLab(directory).withoutHistory().versionsASegment(10_000);
    Map<ElementId, Optional<Element>> changes = new TreeMap<>();
    for (int i = 1; i <= 4_000; i++) {
      changes.put(
          ElementId.vertex(id(PERSON, i)),
          Optional.of(Vertex.of(Set.of("Person"), Map.of("i", Value.Int.of(i)))));
      changes.put(
          ElementId.edge(id(KNOWS, i)),
          Optional.of(Edge.of("KNOWS", id(PERSON, i), id(PERSON, 1 + i / 2), Map.of())));
    }
    lab.commit(changes);
    lab.base();
    long seed = Long.getLong("varve.seed", 1);
    Random random = new Random(seed);
    try (AgeServer other = AgeServer.start()) {
      for (int round = 0; round < 3; round++) {
        long killAt = 8_000 + random.nextInt(14_000);
        AtomicLong advanced = new AtomicLong();
        Progress killing =
            new Progress() {
              @Override
              public void phase(String name, long expected) {}

              @Override
              public void advance(long done) {
                long now = advanced.addAndGet(done);
                if (now > killAt && now - done <= killAt) {
                  other.kill();
                  other.startAgain();
                }
              }
            };
        otherGraph();
        RestorePlan plan = Restore.plan(lab.repository(), ChainLab.GRAPH, new Moment.Latest());
        try (AgeTarget target =
            target(other, AgeServer.USER, AgeServer.PASSWORD, AgeServer.DATABASE, 50)) {
          RestoreReport report = Restore.run(plan, lab.repository(), target, false, killing);
          assertThat(report.actual()).as("seed %d", seed).isEqualTo(lab.fingerprint());
          assertThat(report.vertices()).as("seed %d", seed).isEqualTo(4_000);
        }
        assertThat(advanced.get()).isGreaterThan(killAt);
      }
    }
  }

  @Test
  void aWrongPasswordAMissingDatabaseAndADeadServerAreSaid() {
    ChainLab lab = ageChain(Optional.empty());
    failsWith(
        lab,
        target(AgeServer.USER, "wrong", AgeServer.DATABASE, 5),
        "refuses user 'postgres'",
        "password");
    failsWith(
        lab,
        target(AgeServer.USER, AgeServer.PASSWORD, "nowhere", 5),
        "there is no database 'nowhere'",
        "CREATE DATABASE \"nowhere\"");
    AgeTarget dead =
        new AgeTarget(
            AgeSettings.of(
                (TargetUri.Age) TargetUri.parse("age:postgresql://x@127.0.0.1:1/db/" + graph),
                Optional.empty()));
    failsWith(lab, dead, "cannot reach PostgreSQL", "see that the server runs");
  }

  private static void failsWith(ChainLab lab, GraphTarget target, String message, String hint) {
    assertThatThrownBy(() -> restore(lab, target))
        .hasMessageContaining(message)
        .isInstanceOfSatisfying(
            VarveException.class,
            e -> {
              assertThat(e.exitCode()).isEqualTo(ExitCode.FAILED);
              assertThat(e.hint()).contains(hint);
            });
  }

  @Test
  void aRoleNeedsWhatThePageSaysAndNoMore() throws Exception {
    ChainLab lab = ageChain(Optional.empty());
    String role = "r" + graph.substring(1, 8);
    query("CREATE ROLE " + role + " LOGIN PASSWORD 'pw'");
    query("CREATE DATABASE " + role);
    failsWith(
        lab,
        target(role, "pw", role, 5),
        "does not have the extension age, and it cannot be created",
        "CREATE EXTENSION age");
    query(role, "CREATE EXTENSION age");
    failsWith(
        lab, target(role, "pw", role, 5), "does not allow it to '" + role + "'", "ag_catalog");
    for (String grant : AgeDatabase.grants(role, role)) {
      query(role, grant);
    }
    query("ALTER ROLE " + role + " SET default_transaction_read_only = on");
    failsWith(lab, target(role, "pw", role, 5), "takes no writes", "primary");
    query("ALTER ROLE " + role + " RESET default_transaction_read_only");
    assertThat(restore(lab, target(role, "pw", role, 5)).actual()).isEqualTo(lab.fingerprint());
    assertThat(query(role, "SELECT nspname FROM pg_namespace WHERE nspname = 'varve'")).isEmpty();
    try (Connection connection = DriverManager.getConnection(server().url(role), role, "pw");
        Statement statement = connection.createStatement();
        ResultSet row =
            statement.executeQuery("SELECT count(*) FROM \"" + graph + "\".\"Person\"")) {
      row.next();
      assertThat(row.getLong(1)).isEqualTo(39);
    }
  }

  @Test
  void randomGraphsOfNeo4jAreTheSameAfterwards() {
    Random random = new Random(11);
    RandomValues values = new RandomValues(random, false);
    ChainLab lab = new ChainLab(directory);
    for (int round = 0; round < 30; round++) {
      Map<ElementId, Optional<Element>> changes = new TreeMap<>();
      for (int i = 0; i < 5; i++) {
        SortedMap<String, Value> properties = new TreeMap<>(values.properties());
        properties.values().removeIf(value -> !held(value));
        ElementId id = ElementId.vertex(Integer.toString(round * 5 + i));
        changes.put(id, Optional.of(new Vertex(new java.util.TreeSet<>(Set.of("P")), properties)));
        changes.put(
            ElementId.edge(id.id()),
            Optional.of(new Edge("T", id.id(), Integer.toString(random.nextInt(5)), properties)));
      }
      lab.commit(changes);
    }
    lab.base();
    assertThat(restore(lab, target(13)).actual()).isEqualTo(lab.fingerprint());
  }

  private static boolean held(Value value) {
    if (value instanceof Value.ListOf list) {
      return list.items().stream().allMatch(AgeTargetTest::held);
    }
    return value instanceof Value.Int
        || value instanceof Value.Float
        || value instanceof Value.Text
        || value instanceof Value.Bool;
  }
}
