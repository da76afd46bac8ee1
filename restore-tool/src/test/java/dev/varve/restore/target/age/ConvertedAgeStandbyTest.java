package dev.varve.restore.target.age;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.varve.age.Agtype;
import dev.varve.age.Graphid;
import dev.varve.age.LabelRule;
import dev.varve.container.age.AgeServer;
import dev.varve.fault.ExitCode;
import dev.varve.fault.VarveException;
import dev.varve.graph.Edge;
import dev.varve.graph.Element;
import dev.varve.graph.ElementHash;
import dev.varve.graph.ElementHasher;
import dev.varve.graph.ElementId;
import dev.varve.graph.ElementKind;
import dev.varve.graph.StoreSchema;
import dev.varve.graph.Value;
import dev.varve.graph.Vertex;
import dev.varve.replay.ChainReplay;
import dev.varve.replay.ReplayConfig;
import dev.varve.restore.ChainLab;
import dev.varve.restore.Moment;
import dev.varve.restore.Progress;
import dev.varve.restore.RandomValues;
import dev.varve.restore.Restore;
import dev.varve.restore.TargetUri;
import dev.varve.restore.convert.Conversion;
import dev.varve.restore.convert.Engine;
import dev.varve.restore.convert.Memory;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * A standby in a real PostgreSQL with AGE that follows the chain of a graph of Neo4j. At each step
 * it is begun again by a new object.
 */
final class ConvertedAgeStandbyTest {

  private static final Conversion AGREED = new Conversion(Optional.of(Engine.AGE), true);
  private static final int ALL = 10_000;

  private static AgeServer server;

  private final long seed = Long.getLong("varve.seed", 7);

  @TempDir Path directory;

  /** Of the graph that is the standby: each test has its own. */
  private String name = "";

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

  private static ElementId v(int id) {
    return ElementId.vertex(Integer.toString(id));
  }

  private static ElementId e(int id) {
    return ElementId.edge(Integer.toString(id));
  }

  private static Optional<Element> vertex(int n, String... labels) {
    return Optional.of(Vertex.of(Set.of(labels), Map.of("n", Value.Int.of(n))));
  }

  private static Optional<Element> edge(String type, int start, int end, int n) {
    return Optional.of(
        Edge.of(
            type, Integer.toString(start), Integer.toString(end), Map.of("n", Value.Int.of(n))));
  }

  private static Optional<Element> gone() {
    return Optional.empty();
  }

  private ChainLab lab(String graph) {
    name = graph;
    return new ChainLab(directory.resolve(graph));
  }

  /** Labels come and go, ids are used again, edges are left alone while their ends change. */
  @Test
  void anyHistoryIsFollowed() throws SQLException {
    System.out.println("repeat with -Dvarve.seed=" + seed);
    Random random = new Random(seed);
    RandomValues values = new RandomValues(random, false);
    ChainLab lab = lab("history");
    for (int i = 0; i < 20; i++) {
      lab.randomCommit(random, values);
    }
    lab.base();
    follow(lab, ALL);
    for (int delta = 0; delta < 12; delta++) {
      for (int i = 0; i < 6; i++) {
        lab.tick(1_000);
        lab.randomCommit(random, values);
      }
      lab.delta();
      follow(lab, random.nextBoolean() ? 6 : ALL);
    }
    try (AgeStandby standby = standby()) {
      standby.strip(Progress.NONE);
    }
    assertThat(rows("SELECT relname FROM pg_class WHERE relname LIKE '\\_\\_varve%'")).isEmpty();
  }

  @Test
  void edgesGoWithTheirEndsWhenThoseChangeTheirLabels() throws SQLException {
    ChainLab lab = lab("moved");
    lab.commit(
        new TreeMap<>(
            Map.of(
                v(0), vertex(0, "A"),
                v(1), vertex(1, "A"),
                v(2), vertex(2),
                e(0), edge("TO", 0, 1, 0),
                e(1), edge("TO", 0, 1, 1),
                e(2), edge("SELF", 0, 0, 2),
                e(3), edge("OTHER TYPE", 2, 0, 3))));
    lab.base();
    follow(lab, ALL);
    lab.commit(Map.of(v(0), vertex(0, "B"), v(1), vertex(1, "odd `name`")));
    lab.delta();
    follow(lab, ALL);
    lab.commit(Map.of(v(0), vertex(0, "A"), v(2), vertex(2, "B", "C")));
    lab.commit(Map.of(v(0), vertex(0, "B")));
    lab.delta();
    follow(lab, 1);
    lab.commit(Map.of(v(0), vertex(0), v(1), vertex(1), v(2), vertex(2)));
    lab.delta();
    follow(lab, ALL);
    assertThat(
            rows(
                "SELECT * FROM cypher('moved', $$ MATCH (a)-[r]->(b) RETURN r.n ORDER BY r.n $$)"
                    + " AS (n agtype)"))
        .as("as Cypher sees them")
        .containsExactly("0", "1", "2", "3");
  }

  @Test
  void idsAreUsedAgain() throws SQLException {
    ChainLab lab = lab("again");
    lab.commit(
        new TreeMap<>(
            Map.of(
                v(0), vertex(0, "A"),
                v(1), vertex(1, "A"),
                e(0), edge("TO", 0, 1, 0),
                e(1), edge("TO", 1, 1, 1))));
    lab.base();
    follow(lab, ALL);
    lab.commit(Map.of(v(0), gone(), e(0), gone()));
    lab.commit(new TreeMap<>(Map.of(v(0), vertex(7, "B"), e(0), edge("FROM", 1, 0, 7))));
    lab.commit(Map.of(v(1), vertex(8, "B")));
    lab.delta();
    follow(lab, ALL);
    lab.commit(Map.of(v(0), gone(), e(0), gone()));
    lab.commit(Map.of(v(1), gone(), e(1), gone()));
    lab.delta();
    follow(lab, ALL);
    assertThat(found()).isEmpty();
    lab.commit(new TreeMap<>(Map.of(v(0), vertex(9, "A"), e(0), edge("TO", 0, 0, 9))));
    lab.delta();
    follow(lab, ALL);
  }

  /** A name that was given to vertices stays theirs when the last of them is gone. */
  @Test
  void aTypeThatIsALabelTooIsWrittenTheSameAfterARestart() throws SQLException {
    ChainLab lab = lab("names");
    lab.commit(new TreeMap<>(Map.of(v(0), vertex(0, "A"), v(1), vertex(1, "LIKES"))));
    lab.base();
    follow(lab, ALL);
    lab.commit(Map.of(e(0), edge("LIKES", 0, 1, 0)));
    lab.delta();
    follow(lab, ALL);
    lab.commit(Map.of(v(1), vertex(1, "A")));
    lab.delta();
    verify(lab);
    lab.commit(Map.of(e(1), edge("LIKES", 1, 0, 1)));
    lab.delta();
    verify(lab);
    assertThat(tables())
        .as("both edges are in one table")
        .containsExactly("A v 2", "LIKES v 0", "LIKES_bbf2696c e 2");
  }

  @Test
  void aLabelThatWasATypeBeforeIsRefusedUntilTheStandbyIsBegunAnew() throws SQLException {
    ChainLab lab = lab("collision");
    lab.commit(new TreeMap<>(Map.of(v(0), vertex(0, "A"), e(0), edge("LIKES", 0, 0, 0))));
    lab.base();
    follow(lab, ALL);
    Map<ElementId, ElementHash> before = found();
    lab.commit(Map.of(v(1), vertex(1, "LIKES")));
    lab.delta();
    assertThat(apply(lab, ALL).orElseThrow())
        .isInstanceOfSatisfying(
            VarveException.class,
            failure -> {
              assertThat(failure.exitCode()).isEqualTo(ExitCode.FAILED);
              assertThat(failure).hasMessageContaining("v1 (:LIKES)");
              assertThat(failure.hint()).contains("--overwrite --convert");
            });
    assertThat(found()).isEqualTo(before);
    lab.checkpoint();
    rows("SELECT drop_graph('collision', true)");
    follow(lab, ALL);
    assertThat(tables()).containsExactly("A v 1", "LIKES v 1", "LIKES_bbf2696c e 1");
  }

  @Test
  void whatAgeCannotHoldIsRefusedAndTheStandbyStaysWhole() throws SQLException {
    ChainLab lab = lab("refused");
    lab.commit(Map.of(v(0), vertex(0, "A")));
    lab.base();
    follow(lab, ALL);
    Map<ElementId, ElementHash> before = found();
    lab.commit(
        new TreeMap<>(
            Map.of(
                v(1), vertex(1, "A"),
                v(2), Optional.of(Vertex.of(Set.of(), Map.of("a\0b", Value.Int.of(1)))))));
    lab.delta();
    assertThat(apply(lab, ALL).orElseThrow())
        .isInstanceOf(VarveException.class)
        .hasMessageContaining("U+0000")
        .hasMessageContaining("the standby is whole");
    assertThat(found()).isEqualTo(before);
  }

  /** A step that is refused gives no names; a longer one that has it not is made. */
  @Test
  void whatIsThereForAMomentOnlyLeavesNoName() throws SQLException {
    ChainLab lab = lab("moment");
    lab.commit(Map.of(v(0), vertex(0, "A")));
    lab.base();
    follow(lab, ALL);
    lab.commit(
        new TreeMap<>(
            Map.of(
                v(1), vertex(1, "TO"),
                v(2), Optional.of(Vertex.of(Set.of(), Map.of("a\0b", Value.Int.of(1)))))));
    lab.commit(
        new TreeMap<>(Map.of(v(1), vertex(1, "A"), v(2), gone(), e(0), edge("TO", 0, 1, 0))));
    lab.delta();
    follow(lab, 1);
    lab.commit(Map.of(e(1), edge("TO", 1, 0, 1)));
    lab.delta();
    follow(lab, 1);
    assertThat(tables()).containsExactly("A v 2", "TO e 2");
  }

  /** Indexes follow as long as they mean the same; one that is called as a label makes way. */
  @Test
  void indexesFollowAndMakeWay() throws SQLException {
    ChainLab lab = lab("rules");
    lab.commit(
        Map.of(v(0), vertex(0, "A")),
        Optional.of(
            new StoreSchema.Change(
                true, List.of(index("by_n", "A", "n"), index("B", "A", "m")), List.of())));
    lab.base();
    follow(lab, ALL);
    assertThat(indexes()).containsExactly("B", "by_n");
    lab.commit(Map.of(v(1), vertex(1, "B")));
    lab.delta();
    follow(lab, ALL);
    assertThat(indexes()).containsExactly("by_n");
    lab.commit(
        Map.of(v(2), vertex(2, "A")),
        Optional.of(new StoreSchema.Change(true, List.of(index("by_m", "A", "m")), List.of())));
    lab.delta();
    follow(lab, ALL);
    assertThat(indexes()).containsExactly("by_m");
    lab.commit(Map.of(v(2), vertex(2, "A", "C")));
    lab.delta();
    follow(lab, ALL);
    assertThat(indexes()).isEmpty();
  }

  @Test
  void aValueThatIsTooLongForAnIndexStopsUntilTheIndexIsDropped() throws SQLException {
    ChainLab lab = lab("long");
    lab.commit(
        Map.of(v(0), vertex(0, "A")),
        Optional.of(
            new StoreSchema.Change(true, List.of(index("by_text", "A", "text")), List.of())));
    lab.base();
    follow(lab, ALL);
    Map<ElementId, ElementHash> before = found();
    StringBuilder text = new StringBuilder();
    new Random(seed).ints(6_000, '0', 'z').forEach(text::appendCodePoint);
    lab.commit(
        Map.of(
            v(1),
            Optional.of(Vertex.of(Set.of("A"), Map.of("text", Value.Text.of(text.toString()))))));
    lab.delta();
    assertThat(apply(lab, ALL).orElseThrow())
        .isInstanceOfSatisfying(
            VarveException.class,
            failure -> assertThat(failure.hint()).contains("drop that index in the standby"))
        .hasMessageContaining("by_text");
    assertThat(found()).isEqualTo(before);
    execute("DROP INDEX long.by_text");
    follow(lab, ALL);
  }

  private static void execute(String statement) throws SQLException {
    try (Connection connection = server.connect(AgeServer.DATABASE);
        Statement run = connection.createStatement()) {
      run.execute(statement);
    }
  }

  @Test
  void aUniqueValueGoesFromOneElementToAnother() throws SQLException {
    ChainLab lab = lab("unique");
    StoreSchema.Rule unique =
        new StoreSchema.Rule(
            "one_n",
            StoreSchema.Form.CONSTRAINT,
            "UNIQUENESS",
            ElementKind.VERTEX,
            List.of("A"),
            List.of("n"),
            Optional.empty());
    lab.commit(
        Map.of(v(0), vertex(0, "A"), v(1), vertex(1, "A")),
        Optional.of(new StoreSchema.Change(true, List.of(unique), List.of())));
    lab.base();
    follow(lab, ALL);
    assertThat(indexes()).containsExactly("one_n");
    lab.commit(Map.of(v(0), vertex(1, "A"), v(1), vertex(0, "A")));
    lab.delta();
    follow(lab, ALL);
    lab.commit(Map.of(v(0), vertex(1, "B"), v(1), vertex(1, "A")));
    lab.delta();
    follow(lab, ALL);
    assertThat(indexes()).containsExactly("one_n");
  }

  private static StoreSchema.Rule index(String name, String label, String key) {
    return new StoreSchema.Rule(
        name,
        StoreSchema.Form.INDEX,
        "RANGE",
        ElementKind.VERTEX,
        List.of(label),
        List.of(key),
        Optional.empty());
  }

  private List<String> indexes() throws SQLException {
    return rows(
        "SELECT indexname FROM pg_indexes WHERE schemaname = '"
            + name
            + "' AND indexdef LIKE '%properties%' ORDER BY indexname COLLATE \"C\"");
  }

  /** Under the original ids this looks as it should. */
  @Test
  void anEdgeThatLeadsToTheFormerPlaceOfAVertexIsFound() throws SQLException {
    ChainLab lab = lab("loose");
    lab.commit(new TreeMap<>(Map.of(v(0), vertex(0, "A"), e(0), edge("TO", 0, 0, 0))));
    lab.base();
    follow(lab, ALL);
    rows(
        "UPDATE loose.\"TO\" SET end_id = CAST('"
            + new Graphid(60, 1)
            + "' AS graphid) RETURNING end_id");
    try (AgeStandby standby = standby()) {
      assertThatThrownBy(() -> standby.readBack(Progress.NONE))
          .isInstanceOfSatisfying(
              VarveException.class,
              failure -> assertThat(failure.exitCode()).isEqualTo(ExitCode.DAMAGE_FOUND))
          .hasMessageContaining("1 ends of edges");
    }
  }

  @Test
  void aGraphOfAgeThatComesInItsPlaceIsNotConverted() throws SQLException {
    ChainLab lab = lab("place");
    lab.commit(Map.of(v(0), vertex(0, "A")));
    lab.base();
    follow(lab, ALL);
    rows("SELECT drop_graph('place', true)");
    ChainLab other = new ChainLab(directory.resolve("other")).store("age:test");
    other.commit(
        Map.of(ElementId.vertex(new Graphid(4, 1).toString()), vertex(0, "A")),
        Optional.of(
            new StoreSchema.Change(
                true, List.of(new LabelRule("A", ElementKind.VERTEX, 4).rule()), List.of())));
    other.base();
    assertThat(
            ChainReplay.run(
                    other,
                    directory,
                    this::standby,
                    new Conversion(Optional.of(Engine.AGE), false),
                    new ReplayConfig.Limits(ALL, Long.MAX_VALUE))
                .converted())
        .isFalse();
  }

  @Test
  void anIdThatIsNoNumberIsRefusedBeforeAnythingIsMade() throws SQLException {
    ChainLab lab = lab("idless");
    lab.commit(Map.of(ElementId.vertex("4:x:1"), vertex(0, "A")));
    lab.base();
    assertThat(apply(lab, ALL).orElseThrow())
        .isInstanceOf(VarveException.class)
        .hasMessageContaining("the id of v4:x:1 is not a number");
    assertThat(rows("SELECT name FROM ag_graph WHERE name = 'idless'")).isEmpty();
  }

  private Optional<Throwable> apply(ChainLab lab, int versions) {
    return ChainReplay.apply(
        lab, directory, this::standby, AGREED, new ReplayConfig.Limits(versions, Long.MAX_VALUE));
  }

  /** Brings the standby up to date and has it compared, as --verify does. */
  private void verify(ChainLab lab) {
    assertThat(
            ChainReplay.run(
                    lab,
                    directory,
                    this::standby,
                    AGREED,
                    new ReplayConfig.Limits(ALL, Long.MAX_VALUE))
                .converted())
        .isTrue();
  }

  /** Brings the standby up to date and compares it with what a restore would write now. */
  private void follow(ChainLab lab, int versions) throws SQLException {
    String repeat = "repeat with -Dvarve.seed=" + seed;
    assertThat(apply(lab, versions)).as(repeat).isEmpty();
    Map<ElementId, Element> expected = converted(lab);
    assertThat(found()).as(repeat).isEqualTo(hashes(expected));
    try (AgeStandby standby = standby()) {
      assertThat(standby.readBack(Progress.NONE).fingerprint())
          .as(repeat)
          .isEqualTo(ChainLab.fingerprintOf(expected));
    }
  }

  private static Map<ElementId, Element> converted(ChainLab lab) {
    Memory memory = new Memory();
    Restore.run(
        Restore.plan(lab.repository(), ChainLab.GRAPH, new Moment.Latest()),
        lab.repository(),
        memory,
        AGREED,
        false,
        Progress.NONE);
    return memory.graph;
  }

  private static Map<ElementId, ElementHash> hashes(Map<ElementId, Element> graph) {
    ElementHasher hasher = new ElementHasher();
    Map<ElementId, ElementHash> hashes = new TreeMap<>();
    graph.forEach((id, element) -> hashes.put(id, hasher.hash(id, element)));
    return hashes;
  }

  /** What is in the tables, under the original ids, read by other means than the standby's. */
  private Map<ElementId, ElementHash> found() throws SQLException {
    Map<ElementId, Element> graph = new TreeMap<>();
    Map<String, String> vertices = new TreeMap<>();
    try (Connection connection = server.connect(AgeServer.DATABASE);
        Statement statement = connection.createStatement()) {
      for (AgeLabel label : labels(connection, ElementKind.VERTEX)) {
        ResultSet row = statement.executeQuery("SELECT id, properties" + from(label));
        while (row.next()) {
          String id = id(label, row.getString(1));
          vertices.put(row.getString(1), id);
          Set<String> called = label.shown().isEmpty() ? Set.of() : Set.of(label.shown());
          Vertex vertex = new Vertex(new TreeSet<>(called), Agtype.properties(row.getString(2)));
          assertThat(graph.put(ElementId.vertex(id), vertex)).as("v" + id + " twice").isNull();
        }
      }
      for (AgeLabel label : labels(connection, ElementKind.EDGE)) {
        ResultSet row =
            statement.executeQuery("SELECT id, start_id, end_id, properties" + from(label));
        while (row.next()) {
          String id = id(label, row.getString(1));
          assertThat(vertices).as("ends of e" + id).containsKey(row.getString(2));
          assertThat(vertices).as("ends of e" + id).containsKey(row.getString(3));
          Edge edge =
              new Edge(
                  label.name(),
                  vertices.getOrDefault(row.getString(2), ""),
                  vertices.getOrDefault(row.getString(3), ""),
                  Agtype.properties(row.getString(4)));
          assertThat(graph.put(ElementId.edge(id), edge)).as("e" + id + " twice").isNull();
        }
      }
    }
    return hashes(graph);
  }

  private List<AgeLabel> labels(Connection connection, ElementKind kind) throws SQLException {
    return Labels.list(connection, name).stream().filter(label -> label.kind() == kind).toList();
  }

  private String from(AgeLabel label) {
    return " FROM ONLY " + Sql.name(name, label.name());
  }

  private static String id(AgeLabel label, String number) {
    Graphid graphid = Graphid.parse(number);
    assertThat(graphid.label()).as(number + " in " + label).isEqualTo(label.id());
    return Long.toString(graphid.entry() - 1);
  }

  /** What there is of each label, but for the default ones. */
  private List<String> tables() throws SQLException {
    List<String> tables = new ArrayList<>();
    for (String table :
        rows(
            "SELECT l.name || ' ' || CAST(l.kind AS text) FROM ag_label l JOIN ag_graph g ON g.graphid = l.graph"
                + " WHERE g.name = '"
                + name
                + "' AND l.id > 2 ORDER BY l.name COLLATE \"C\"")) {
      String label = table.split(" ", 2)[0];
      tables.add(table + " " + rows("SELECT count(*) FROM " + Sql.name(name, label)).get(0));
    }
    return tables;
  }

  private AgeStandby standby() {
    String uri =
        "age:postgresql://%s@%s:%d/%s/%s"
            .formatted(AgeServer.USER, server.host(), server.port(), AgeServer.DATABASE, name);
    return new AgeStandby(
        AgeSettings.of((TargetUri.Age) TargetUri.parse(uri), Optional.of(AgeServer.PASSWORD)));
  }

  private static List<String> rows(String query) throws SQLException {
    List<String> rows = new ArrayList<>();
    try (Connection connection = server.connect(AgeServer.DATABASE);
        Statement statement = connection.createStatement();
        ResultSet row = statement.executeQuery(query)) {
      while (row.next()) {
        rows.add(row.getString(1));
      }
    }
    return rows;
  }
}
