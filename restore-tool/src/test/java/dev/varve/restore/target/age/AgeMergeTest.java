package dev.varve.restore.target.age;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.varve.age.Graphid;
import dev.varve.change.Change;
import dev.varve.container.age.AgeServer;
import dev.varve.fault.VarveException;
import dev.varve.graph.Edge;
import dev.varve.graph.ElementId;
import dev.varve.graph.ElementKind;
import dev.varve.graph.Value;
import dev.varve.graph.Vertex;
import dev.varve.restore.TargetUri;
import dev.varve.restore.branch.Merge;
import dev.varve.restore.branch.MergeContract;
import dev.varve.restore.branch.MergeTarget;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** Branches that are merged into a real graph of AGE, in which they keep their graphids. */
final class AgeMergeTest extends MergeContract {

  private static final long LOOK_EVERY_MS = 50;
  private static final long AT_MOST_MS = 20_000;
  private static final String NAME = "merged";
  private static final int NOT_THERE = 20;
  private static final Optional<Merge.Take> NOBODY = Optional.empty();

  private static @Nullable AgeServer server;

  @BeforeAll
  static void startServer() throws SQLException {
    assumeTrue(AgeServer.dockerIsThere(), "no Docker: tests with PostgreSQL and AGE skipped");
    server = AgeServer.start();
    execute("SELECT ag_catalog.create_graph('" + NAME + "')");
  }

  @AfterAll
  static void stopServer() {
    if (server != null) {
      server.close();
    }
  }

  private static AgeServer server() {
    return Objects.requireNonNull(server);
  }

  private static void execute(String... statements) throws SQLException {
    try (Connection connection = server().connect();
        Statement statement = connection.createStatement()) {
      for (String one : statements) {
        statement.execute(one);
      }
    }
  }

  private static List<List<String>> query(String sql, int columns) throws SQLException {
    try (Connection connection = server().connect();
        Statement statement = connection.createStatement();
        ResultSet row = statement.executeQuery(sql)) {
      List<List<String>> rows = new ArrayList<>();
      while (row.next()) {
        List<String> cells = new ArrayList<>();
        for (int i = 1; i <= columns; i++) {
          cells.add(row.getString(i).replace("\"", ""));
        }
        rows.add(cells);
      }
      return rows;
    }
  }

  @Override
  protected MergeTarget open(List<String> branches) {
    String uri =
        "age:postgresql://%s@%s:%d/%s/%s"
            .formatted(AgeServer.USER, server().host(), server().port(), AgeServer.DATABASE, NAME);
    return new AgeMerge(
        AgeSettings.of((TargetUri.Age) TargetUri.parse(uri), Optional.of(AgeServer.PASSWORD)),
        branches);
  }

  @Override
  protected void empty() throws SQLException {
    execute("DROP SCHEMA IF EXISTS varve CASCADE");
    execute("SELECT ag_catalog.drop_graph('" + NAME + "', true)");
    execute("SELECT ag_catalog.create_graph('" + NAME + "')");
  }

  @Override
  protected List<List<String>> rows(String cypher, int columns) throws SQLException {
    String as =
        IntStream.range(0, Math.max(1, columns))
            .mapToObj(i -> "c" + i + " agtype")
            .collect(Collectors.joining(", "));
    return query(
        "SELECT * FROM cypher('" + NAME + "', $q$ " + cypher + " $q$) AS (" + as + ")", columns);
  }

  @Override
  protected String original(ElementKind kind, long id) {
    return Long.toString(id);
  }

  /** The numbers that the old primary would have given. */
  @Override
  protected String originalOfNew(ElementKind kind, int number) {
    boolean vertex = kind == ElementKind.VERTEX;
    Graphid last = Graphid.parse(id(vertex ? "d" : "e2").id());
    return new Graphid(last.label(), (vertex ? 4 : 2) + number).toString();
  }

  @Override
  protected void forbidTheSameNameTwice() throws SQLException {
    execute(
        "CREATE UNIQUE INDEX ON "
            + NAME
            + ".\"P\" (ag_catalog.agtype_access_operator(properties, '\"name\"'::agtype))");
  }

  @Override
  protected AutoCloseable holdA() throws SQLException {
    Connection connection = server().connect();
    connection.setAutoCommit(false);
    try (Statement statement = connection.createStatement()) {
      statement.execute(
          "SELECT * FROM cypher('"
              + NAME
              + "', $q$ MATCH (n:P {name: 'a'}) SET n.held = 1 $q$) AS (a agtype)");
    }
    return () -> {
      connection.rollback();
      connection.close();
    };
  }

  @Override
  protected void breakTheWaitingMerge() throws Exception {
    String waiting =
        " FROM pg_stat_activity WHERE application_name = 'varve restore'"
            + " AND wait_event_type = 'Lock'";
    long end = System.currentTimeMillis() + AT_MOST_MS;
    while (query("SELECT pid" + waiting, 1).isEmpty()) {
      assertThat(System.currentTimeMillis()).as("nobody waits").isLessThan(end);
      Thread.sleep(LOOK_EVERY_MS);
    }
    query("SELECT pg_terminate_backend(pid)" + waiting, 1);
  }

  @Override
  protected List<String> ofVarve() throws SQLException {
    return query("SELECT nspname FROM pg_namespace WHERE nspname = 'varve'", 1).stream()
        .map(row -> row.get(0))
        .toList();
  }

  @Test
  void whatTheBranchMadeKeepsItsGraphid() throws Exception {
    isNew("x", ElementKind.VERTEX, 3);
    isNew("f", ElementKind.EDGE, 5);
    transaction(put("x", 7), connect("f", "x", "a", 0), put("a", 2));
    merge(NOBODY, false);
    assertThat(rows("MATCH (n {name: 'x'})-[r]->(m) RETURN id(n), id(r), id(m)", 3))
        .containsExactly(List.of(id("x").id(), id("f").id(), id("a").id()));
    rows("MATCH (n {name: 'x'}) CREATE (:P {name: 'later'})-[:K {name: 'later'}]->(n)", 0);
    assertThat(rows("MATCH (n {name: 'later'})-[r]->() RETURN id(n), id(r)", 2))
        .as("what is made later has ids of its own")
        .containsExactly(
            List.of(originalOfNew(ElementKind.VERTEX, 4), originalOfNew(ElementKind.EDGE, 6)));
  }

  @Test
  void whereBothGaveAGraphidTheBranchsElementGetsAnother() throws Exception {
    isNew("x", ElementKind.VERTEX, 1);
    isNew("y", ElementKind.VERTEX, 3);
    isNew("f", ElementKind.EDGE, 1);
    transaction(put("x", 7), put("y", 7), connect("f", "x", "y", 0));
    transaction(put("x", 8));
    rows("CREATE (:P {name: 'other', v: 1})-[:K {name: 'other'}]->(:P {name: 'last', v: 1})", 0);
    assertThat(rows("MATCH (n {name: 'other'})-[r]->() RETURN id(n), id(r)", 2))
        .as("the primary's have the same")
        .containsExactly(List.of(id("x").id(), id("f").id()));
    merge(NOBODY, true); // does not use them up
    merge(NOBODY, false);
    assertThat(graph())
        .contains("other-other->last=0", "other=1", "x-f->y=0", "x=8", "y=7", "last=1");
    assertThat(rows("MATCH (n {name: 'x'})-[r]->(m) RETURN id(n), id(r), id(m)", 3))
        .containsExactly(
            List.of(
                originalOfNew(ElementKind.VERTEX, 4),
                originalOfNew(ElementKind.EDGE, 2),
                id("y").id()));
    rows("CREATE (:P {name: 'later', v: 1})", 0);
    assertThat(rows("MATCH (n {name: 'later'}) RETURN id(n)", 1))
        .containsExactly(List.of(originalOfNew(ElementKind.VERTEX, 5)));
  }

  @Test
  void anEdgeToAChangedVertexIsNoConflict() throws Exception {
    isNew("f", ElementKind.EDGE, 1);
    transaction(connect("f", "d", "a", 0));
    rows("MATCH (n:P {name: 'd'}) SET n.v = 9", 0);
    assertThat(merge(NOBODY, false).written()).isEqualTo(1);
    assertThat(graph()).contains("d-f->a=0", "d=9");
  }

  @Test
  void newLabelsKeepTheirNumbersUnlessTheyAreTaken() throws Exception {
    named("free", ElementId.vertex(new Graphid(NOT_THERE, 3).toString()));
    int taken = Graphid.parse(id("e1").id()).label() + 1; // the next one that the primary makes
    named("moved", ElementId.vertex(new Graphid(taken, 1).toString()));
    named("both", ElementId.vertex(new Graphid(taken + 1, 1).toString()));
    named("t", ElementId.edge(new Graphid(NOT_THERE + 1, 1).toString()));
    transaction(
        put("free", of("Free", "free")),
        put("moved", of("Moved", "moved")),
        put("both", of("Both", "both")));
    transaction(
        put("t", Edge.of("T", id("free").id(), id("moved").id(), Map.of())), remove("both"));
    rows("CREATE (:Both {name: 'theirs'})", 0);
    rows("CREATE (:Other {name: 'theirs too'})", 0);
    merge(NOBODY, false);
    assertThat(
            query(
                "SELECT name, id FROM ag_catalog.ag_label WHERE id > "
                    + (taken - 1)
                    + " ORDER BY id",
                2))
        .containsExactly(
            List.of("Both", "" + taken),
            List.of("Other", "" + (taken + 1)),
            List.of("Free", "" + NOT_THERE),
            List.of("T", "" + (NOT_THERE + 1)),
            List.of("Moved", "" + (NOT_THERE + 2)));
    assertThat(rows("MATCH (n)-[r:T]->(m) RETURN id(n), id(r), id(m)", 3))
        .containsExactly(
            List.of(id("free").id(), id("t").id(), new Graphid(NOT_THERE + 2, 1).toString()));
    assertThat(rows("MATCH (n:Both) RETURN n.name, id(n)", 2))
        .containsExactly(List.of("theirs", new Graphid(taken, 1).toString()));
    assertThat(
            query(
                "SELECT relname FROM pg_class c JOIN pg_namespace n ON n.oid = relnamespace WHERE"
                    + " nspname = '"
                    + NAME
                    + "' AND relreplident = 'f' ORDER BY 1",
                1))
        .as("labels that log removals in full")
        .containsExactly(List.of("Free"), List.of("Moved"), List.of("T"));
    rows("CREATE (:Next {name: 'next'})", 0);
    assertThat(rows("MATCH (n:Next) RETURN id(n)", 1))
        .containsExactly(List.of(new Graphid(NOT_THERE + 3, 1).toString()));
  }

  @Test
  void aLabelThatIsOneOfEdgesThereIsRefused() throws Exception {
    named("k", ElementId.vertex(new Graphid(NOT_THERE, 1).toString()));
    transaction(put("k", of("K", "k")));
    assertThatThrownBy(() -> merge(NOBODY, false))
        .isInstanceOf(VarveException.class)
        .hasMessageContaining("the label 'K' is one of edges in the new primary");
    assertThat(ofVarve()).isEmpty();
  }

  @Test
  void manyAreWrittenAtOnce() throws Exception {
    List<Change> changes = new ArrayList<>();
    int many = 5_000;
    for (int i = 1; i <= many; i++) {
      named("n" + i, ElementId.vertex(originalOfNew(ElementKind.VERTEX, i)));
      changes.add(put("n" + i, i));
    }
    transaction(changes.toArray(Change[]::new));
    rows("CREATE (:P {name: 'theirs', v: 1})", 0);
    assertThat(merge(NOBODY, false).written()).isEqualTo(many);
    assertThat(rows("MATCH (n:P) RETURN count(DISTINCT id(n))", 1))
        .containsExactly(List.of(Integer.toString(many + 5)));
  }

  private static Vertex of(String label, String name) {
    return Vertex.of(Set.of(label), Map.of("name", Value.Text.of(name)));
  }
}
