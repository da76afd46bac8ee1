package dev.varve.restore.convert;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.varve.age.Agtype;
import dev.varve.age.Graphid;
import dev.varve.container.age.AgeServer;
import dev.varve.fault.VarveException;
import dev.varve.graph.Edge;
import dev.varve.graph.Element;
import dev.varve.graph.ElementHasher;
import dev.varve.graph.ElementId;
import dev.varve.graph.ElementKind;
import dev.varve.graph.Value;
import dev.varve.graph.Vertex;
import dev.varve.restore.ChainLab;
import dev.varve.restore.GraphTarget;
import dev.varve.restore.Moment;
import dev.varve.restore.Progress;
import dev.varve.restore.Restore;
import dev.varve.restore.RestorePlan;
import dev.varve.restore.RestoreReport;
import dev.varve.restore.TargetUri;
import dev.varve.restore.target.age.AgeSettings;
import dev.varve.restore.target.age.AgeTarget;
import dev.varve.topology.Fingerprint;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.LocalDateTime;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Chains of Neo4j restored into a real PostgreSQL with AGE, and what it holds then restored as if
 * captured from there; skipped, saying so, where there is no Docker.
 */
class AgeAndNeo4jTest {

  private static final Conversion INTO_AGE = new Conversion(Optional.of(Engine.AGE), false);
  private static final Conversion CONVERTED = new Conversion(Optional.of(Engine.AGE), true);
  private static final Conversion BACK = new Conversion(Optional.of(Engine.NEO4J), true);

  private static @Nullable AgeServer server;

  @TempDir Path directory;

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

  private static AgeServer server() {
    return java.util.Objects.requireNonNull(server);
  }

  private static GraphTarget target(String graph) {
    String uri =
        "age:postgresql://%s@%s:%d/%s/%s"
            .formatted(AgeServer.USER, server().host(), server().port(), AgeServer.DATABASE, graph);
    return new AgeTarget(
        AgeSettings.of((TargetUri.Age) TargetUri.parse(uri), Optional.of(AgeServer.PASSWORD)));
  }

  private static RestoreReport restore(ChainLab lab, GraphTarget target, Conversion conversion) {
    RestorePlan plan = Restore.plan(lab.repository(), ChainLab.GRAPH, new Moment.Latest());
    try (target) {
      return Restore.run(plan, lab.repository(), target, conversion, false, Progress.NONE);
    }
  }

  private ChainLab chain(String name, Map<ElementId, Element> elements) {
    return chain(new ChainLab(directory.resolve(name)), elements);
  }

  private static ChainLab chain(ChainLab lab, Map<ElementId, Element> elements) {
    Map<ElementId, Optional<Element>> changes = new TreeMap<>();
    elements.forEach((id, element) -> changes.put(id, Optional.of(element)));
    lab.commit(changes);
    lab.base();
    return lab;
  }

  @Test
  void whatIsExactHasTheFingerprintOfTheChain() throws SQLException {
    Map<ElementId, Element> elements = new TreeMap<>();
    for (int i = 0; i < 50; i++) {
      elements.put(
          ElementId.vertex(Integer.toString(i)),
          Vertex.of(
              i % 7 == 0 ? Set.of() : Set.of("P" + i % 3),
              Map.of(
                  "n",
                  new Value.Int(i, Value.IntWidth.INT16),
                  "x",
                  Value.Float.of(i / 3.0),
                  "c",
                  new Value.Text("c", true),
                  "l",
                  Value.ListOf.of(List.of(Value.Text.of("a"), Value.Text.of("b"))))));
      elements.put(
          ElementId.edge(Integer.toString(i)),
          Edge.of("KNOWS", Integer.toString(i), Integer.toString(i / 2), Map.of()));
    }
    ChainLab lab = chain("exact", elements);
    RestoreReport report = restore(lab, target("exact"), INTO_AGE);
    assertThat(report.actual()).isEqualTo(lab.fingerprint());
    assertThat(report.conversion().orElseThrow().tallies()).isEmpty();
    assertThat(
            query(
                "SELECT * FROM cypher('exact', $$ MATCH (n:P1)-[:KNOWS]->(m) RETURN n.n $$)"
                    + " AS (n agtype)"))
        .hasSize(14);
  }

  @Test
  void whatWouldBeConvertedIsRefusedAndLeavesNoGraph() throws SQLException {
    ChainLab lab =
        chain(
            "refused",
            Map.of(
                ElementId.vertex("7"),
                Vertex.of(Set.of("B", "A"), Map.of("at", new Value.Point(4326, List.of(1., 2.))))));
    assertThatThrownBy(() -> restore(lab, target("refused"), INTO_AGE))
        .isInstanceOfSatisfying(
            VarveException.class, e -> assertThat(e.hint()).contains("--convert"))
        .hasMessageContaining("1 × a point (v7 (:A:B) 'at')")
        .hasMessageContaining("1 × a vertex with several labels (v7 (:A:B))");
    assertThat(query("SELECT name FROM ag_catalog.ag_graph WHERE name = 'refused'")).isEmpty();

    restore(lab, target("refused"), CONVERTED);
    assertThat(
            query(
                "SELECT * FROM cypher('refused', $$ MATCH (n:A) WHERE 'B' IN n.__labels"
                    + " RETURN n.at['::point'] $$) AS (n agtype)"))
        .containsExactly("\"SRID=4326;POINT(1.0 2.0)\"");
  }

  /** What the page says of the texts: each is cast to PostgreSQL's own type and has its value. */
  @Test
  void postgresqlReadsTheTexts() throws SQLException {
    LocalDateTime at = LocalDateTime.of(2024, 2, 29, 1, 2, 3, 500_000_000);
    ZoneOffset offset = ZoneOffset.ofHoursMinutes(5, 30);
    Map<Value, String> same =
        Map.of(
            new Value.Date(at.toLocalDate()), "date = make_date(2024, 2, 29)",
            new Value.LocalTimeOfDay(at.toLocalTime()), "time = make_time(1, 2, 3.5)",
            new Value.Time(at.toLocalTime().atOffset(offset)), "timetz = timetz '01:02:03.5+05:30'",
            new Value.LocalTimestamp(at), "timestamp = make_timestamp(2024, 2, 29, 1, 2, 3.5)",
            new Value.OffsetTimestamp(at.atOffset(offset)),
                "timestamptz = make_timestamptz(2024, 2, 28, 19, 32, 3.5, 'UTC')",
            new Value.Timestamp(at.toInstant(offset)),
                "timestamptz = make_timestamptz(2024, 2, 28, 19, 32, 3.5, 'UTC')",
            new Value.Duration(14, -3, 12_345, 500_000_000),
                "interval = make_interval(0, 14, 0, -3, 0, 0, 12345.5)");
    for (Map.Entry<Value, String> entry : same.entrySet()) {
      Value tagged = Tag.tagged(entry.getKey()).orElseThrow();
      Value text = ((Value.MapOf) tagged).entries().values().iterator().next();
      assertThat(query("SELECT '" + ((Value.Text) text).value() + "'::" + entry.getValue()))
          .as(entry.toString())
          .containsExactly("t");
    }
  }

  @Test
  void anyGraphOfNeo4jComesBackFromAgeAsItWas() throws SQLException {
    long seed = Long.getLong("varve.seed", 1);
    String as = "-Dvarve.seed=" + seed;
    AnyValues values = new AnyValues(new Random(seed));
    Map<ElementId, Element> elements = new TreeMap<>();
    for (int i = 0; i < 3_000; i++) {
      ElementKind kind = i < 2_000 ? ElementKind.VERTEX : ElementKind.EDGE;
      Element element = values.element(kind, 3, () -> heldByNeo4j(values));
      if (!element.properties().containsKey("__labels")
          && !element.properties().containsKey("__type")) {
        elements.put(new ElementId(kind, Integer.toString(i)), element);
      }
    }
    for (String end : List.of("1", "2")) {
      elements.put(ElementId.vertex(end), Vertex.of(Set.of("KNOWS"), Map.of()));
    }
    ChainLab lab = chain("neo4j", elements);
    RestoreReport there = restore(lab, target("any-graph"), CONVERTED);
    assertThat(there.actual())
        .as(as)
        .isEqualTo(there.conversion().orElseThrow().expected().fingerprint());

    ChainLab age =
        chain(new ChainLab(directory.resolve("age")).store("age:x"), elementsOf("any-graph"));
    Memory back = new Memory();
    restore(age, back, BACK);
    assertThat(originals(back.graph)).as(as).isEqualTo(lab.fingerprint());
  }

  private static Value heldByNeo4j(AnyValues values) {
    while (true) {
      Value value = values.any();
      if (Neo4jValues.misfit(value).isEmpty()) {
        return value;
      }
    }
  }

  /** The content under the ids that the vertices had before AGE gave them graphids. */
  private static Fingerprint originals(Map<ElementId, Element> graph) {
    ElementHasher hasher = new ElementHasher();
    Fingerprint sum = Fingerprint.EMPTY;
    for (Map.Entry<ElementId, Element> entry : graph.entrySet()) {
      Element element = entry.getValue();
      if (element instanceof Edge edge) {
        element =
            new Edge(edge.type(), original(edge.start()), original(edge.end()), edge.properties());
      }
      ElementId id = new ElementId(entry.getKey().kind(), original(entry.getKey().id()));
      sum = sum.plus(hasher.hash(id, element));
    }
    return sum;
  }

  private static String original(String graphid) {
    return Long.toString(Graphid.parse(graphid).entry() - 1);
  }

  @Test
  void ageTakesEveryNameThatIsSaidToBeOne() {
    long seed = Long.getLong("varve.seed", 1);
    Random random = new Random(seed);
    Map<ElementId, Element> elements = new TreeMap<>();
    for (int i = 0; i < 300; i++) {
      elements.put(
          ElementId.vertex(Integer.toString(i)), Vertex.of(Set.of(name(random)), Map.of()));
    }
    ChainLab lab = chain("names", elements);
    RestoreReport report = restore(lab, target("names"), INTO_AGE);
    assertThat(report.actual()).as("-Dvarve.seed=" + seed).isEqualTo(lab.fingerprint());
  }

  private static String name(Random random) {
    while (true) {
      StringBuilder name = new StringBuilder();
      for (int i = random.nextInt(20); i >= 0; i--) {
        int codePoint = random.nextInt(random.nextBoolean() ? 0x800 : 0x30000);
        if (AgeNames.valid("_" + Character.toString(codePoint))) {
          name.appendCodePoint(codePoint);
        }
      }
      if (AgeNames.valid(name.toString())) {
        return name.toString();
      }
    }
  }

  private static List<String> query(String statement) throws SQLException {
    List<String> rows = new ArrayList<>();
    try (Connection connection = server().connect();
        Statement run = connection.createStatement();
        ResultSet row = run.executeQuery(statement)) {
      while (row.next()) {
        rows.add(row.getString(1));
      }
    }
    return rows;
  }

  /** What a capture of the graph would find. */
  private static Map<ElementId, Element> elementsOf(String graph) throws SQLException {
    Map<ElementId, Element> elements = new TreeMap<>();
    for (String label :
        query(
            "SELECT l.name FROM ag_catalog.ag_label l JOIN ag_catalog.ag_graph g"
                + " ON g.graphid = l.graph WHERE g.name = '"
                + graph
                + "' AND l.kind = 'v'")) {
      Set<String> labels = label.equals("_ag_label_vertex") ? Set.of() : Set.of(label);
      rows(
          graph,
          label,
          "id, properties",
          row ->
              elements.put(
                  ElementId.vertex(row.getString(1)),
                  Vertex.of(labels, Agtype.properties(row.getString(2)))));
    }
    for (String label :
        query(
            "SELECT l.name FROM ag_catalog.ag_label l JOIN ag_catalog.ag_graph g"
                + " ON g.graphid = l.graph WHERE g.name = '"
                + graph
                + "' AND l.kind = 'e' AND l.name <> '_ag_label_edge'")) {
      rows(
          graph,
          label,
          "id, start_id, end_id, properties",
          row ->
              elements.put(
                  ElementId.edge(row.getString(1)),
                  Edge.of(
                      label,
                      row.getString(2),
                      row.getString(3),
                      Agtype.properties(row.getString(4)))));
    }
    return elements;
  }

  private interface Each {
    void row(ResultSet row) throws SQLException;
  }

  private static void rows(String graph, String label, String columns, Each each)
      throws SQLException {
    try (Connection connection = server().connect();
        Statement run = connection.createStatement();
        ResultSet row =
            run.executeQuery(
                "SELECT %s FROM ONLY \"%s\".\"%s\"".formatted(columns, graph, label))) {
      while (row.next()) {
        each.row(row);
      }
    }
  }
}
