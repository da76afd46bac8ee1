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
import dev.varve.replay.ChainReplay;
import dev.varve.replay.ReplayConfig;
import dev.varve.replay.Verified;
import dev.varve.restore.ChainLab;
import dev.varve.restore.TargetUri;
import dev.varve.restore.convert.AnyValues;
import dev.varve.restore.convert.Conversion;
import dev.varve.restore.convert.Crossed;
import dev.varve.restore.convert.Crossing;
import dev.varve.restore.convert.Engine;
import dev.varve.restore.convert.RefusedException;
import dev.varve.restore.convert.Step;
import dev.varve.restore.standby.Standby;
import java.math.BigDecimal;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.ServiceLoader;
import java.util.Set;
import java.util.TreeMap;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.neo4j.driver.Driver;
import org.neo4j.driver.GraphDatabase;
import org.neo4j.driver.Record;
import org.neo4j.driver.Session;

/** A standby in a real Neo4j that follows the chain of a graph of AGE. */
final class ConvertedStandbyTest {

  private static final String AGE_STORE = "age:7301234567890123456/16384/17000";
  private static final Conversion AGREED = new Conversion(Optional.of(Engine.NEO4J), true);
  private static final Conversion NOT_AGREED = new Conversion(Optional.of(Engine.NEO4J), false);

  @TempDir static Path home;
  private static EmbeddedServer.Running server;
  private static Driver driver;

  @TempDir Path directory;

  private final long seed = Long.getLong("varve.seed", 11);

  @BeforeAll
  static void startServer() {
    server =
        ServiceLoader.load(EmbeddedServer.class).findFirst().orElseThrow().start(home, Map.of());
    driver = GraphDatabase.driver(server.address());
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

  private BoltStandby standby() {
    return new BoltStandby(
        BoltSettings.of((TargetUri.Bolt) TargetUri.parse(server.address()), Optional.empty()));
  }

  private Verified replay(ChainLab lab, int versions) {
    return replay(lab, versions, NOT_AGREED);
  }

  private Verified replay(ChainLab lab, int versions, Conversion conversion) {
    return ChainReplay.run(
        lab,
        directory,
        this::standby,
        conversion,
        new ReplayConfig.Limits(versions, Long.MAX_VALUE));
  }

  private static ElementId vertexId(int label, long entry) {
    return ElementId.vertex(Long.toString(((long) label << 48) + entry));
  }

  private static Optional<Element> vertex(String label, Map<String, Value> properties) {
    return Optional.of(Vertex.of(Set.of(label), properties));
  }

  private static Optional<Element> edge(String type, long start, long end, String carried) {
    return Optional.of(
        Edge.of(
            type,
            vertexId(3, start).id(),
            vertexId(3, end).id(),
            carried.isEmpty() ? Map.of() : Map.of("__type", Value.Text.of(carried))));
  }

  /** A graph with two vertices of one label, and a standby of it. */
  private ChainLab begun() {
    ChainLab lab = new ChainLab(directory).store(AGE_STORE);
    lab.commit(
        Map.of(
            vertexId(3, 1), vertex("Person", Map.of("n", Value.Int.of(1))),
            vertexId(3, 2), vertex("Person", Map.of("n", Value.Int.of(2))),
            ElementId.edge("1"), edge("KNOWS", 1, 2, "")));
    lab.base();
    replay(lab, 10, AGREED);
    return lab;
  }

  @Test
  void followsWhateverAgeHolds() {
    System.out.println("repeat with -Dvarve.seed=" + seed);
    Random random = new Random(seed);
    AnyValues values = new AnyValues(random);
    ChainLab lab = new ChainLab(directory).store(AGE_STORE);
    Step there = new Crossing(Engine.NEO4J, Engine.AGE).step(Crossed.nothing(Engine.NEO4J));
    commit(lab, random, values, there);
    lab.base();
    replay(lab, 5, AGREED);
    for (int i = 0; i < 5; i++) {
      for (int j = 0; j < 15; j++) {
        commit(lab, random, values, there);
      }
      lab.delta();
      if (i % 2 == 0) {
        Verified verified = replay(lab, 5);
        assertThat(verified.converted()).isTrue();
        assertThat(verified.actual().fingerprint()).isEqualTo(verified.expected());
        assertThat(verified.expected()).isNotEqualTo(lab.fingerprint());
      }
    }
    lab.thinned(3, 4);
    replay(lab, 1_000);
  }

  /**
   * Values of AGE's own, and what elements of Neo4j became there: labels and types in properties.
   */
  private static void commit(ChainLab lab, Random random, AnyValues values, Step there) {
    Map<ElementId, Optional<Element>> changes = new TreeMap<>();
    for (int i = random.nextInt(4); i >= 0; i--) {
      ElementId id = vertexId(3, random.nextInt(40));
      changes.put(id, Optional.of(element(id, random, values, there)));
    }
    for (int i = random.nextInt(4); i > 0; i--) {
      ElementId id = ElementId.edge(Integer.toString(random.nextInt(60)));
      boolean gone = lab.alive().containsKey(id) && random.nextInt(3) == 0;
      Edge edge = (Edge) element(id, random, values, there);
      List<String> ends = ends(lab, changes);
      changes.put(
          id,
          gone
              ? Optional.empty()
              : Optional.of(
                  lab.alive().get(id) instanceof Edge old
                      ? new Edge(old.type(), old.start(), old.end(), edge.properties())
                      : new Edge(
                          edge.type(),
                          ends.get(random.nextInt(ends.size())),
                          ends.get(random.nextInt(ends.size())),
                          edge.properties())));
    }
    lab.tick(1_000);
    lab.commit(changes);
  }

  private static List<String> ends(ChainLab lab, Map<ElementId, Optional<Element>> changes) {
    Map<ElementId, Object> all = new TreeMap<>(lab.alive());
    all.putAll(changes);
    return all.keySet().stream()
        .filter(id -> id.kind() == ElementKind.VERTEX)
        .map(ElementId::id)
        .toList();
  }

  private static Element element(ElementId id, Random random, AnyValues values, Step there) {
    Element element;
    do {
      element = values.element(id.kind(), random.nextBoolean() ? 1 : 3, values::agtype);
    } while (element.properties().containsKey("__labels")
        || element.properties().containsKey("__type"));
    there.survey(id, element);
    return there.converted(id, element);
  }

  @Test
  void anEdgeMayGetAnotherTypeWithAProperty() {
    ChainLab lab = begun();
    ElementId id = ElementId.edge("1");
    Step there = new Crossing(Engine.NEO4J, Engine.AGE).step(Crossed.nothing(Engine.NEO4J));
    Element odd = there.converted(id, Edge.of("odd type", "1", "2", Map.of()));
    ElementId other = ElementId.edge("2");
    for (String carried : List.of("", "odd type", "", "odd type")) {
      lab.commit(Map.of(other, edge(((Edge) odd).type(), 1, 2, carried)));
      lab.delta();
      replay(lab, 1);
      assertThat(query("MATCH ()-[r {__varve_id: 2}]->() RETURN type(r)"))
          .extracting(row -> row.get(0).asString())
          .containsExactly(carried.isEmpty() ? ((Edge) odd).type() : carried);
    }
  }

  @Test
  void needsTheOperatorsWordOnceAndNoMore() {
    ChainLab lab = new ChainLab(directory).store(AGE_STORE);
    lab.commit(Map.of(vertexId(3, 1), vertex("Person", Map.of("n", Value.Int.of(1)))));
    lab.base();
    assertThatThrownBy(() -> replay(lab, 10, NOT_AGREED))
        .cause()
        .isInstanceOfSatisfying(
            VarveException.class, e -> assertThat(e.hint()).contains("--convert"))
        .hasMessageContaining("is of Apache AGE, and the standby would be Neo4j");
    assertThat(query("MATCH (n) RETURN n")).isEmpty();
    replay(lab, 10, AGREED);
    try (BoltStandby standby = standby()) {
      assertThat(standby.inspect())
          .isInstanceOfSatisfying(
              Standby.Condition.At.class,
              at -> assertThat(at.crossed().orElseThrow().from()).isEqualTo(Engine.AGE));
    }
    lab.commit(
        Map.of(
            vertexId(3, 2),
            vertex("Person", Map.of("x", new Value.Decimal(new BigDecimal("1.50"))))));
    lab.delta();
    replay(lab, 10, NOT_AGREED);
    assertThat(query("MATCH (n {x: '::agtype:1.50::numeric'}) RETURN n")).hasSize(1);
  }

  /** What the chain has lost is not known any more. */
  @Test
  void isNotComparedAtACutThatTheChainDoesNotHold() throws Exception {
    ChainLab lab = begun();
    lab.commit(Map.of(vertexId(3, 1), vertex("Person", Map.of("n", Value.Int.of(3)))));
    String newest = lab.delta().key();
    assertThat(replay(lab, 10).vector()).hasToString("neo4j@1=" + lab.seq());
    Files.delete(directory.resolve("repository").resolve(newest));
    VarveException failure = (VarveException) ChainReplay.comparing(lab, directory, this::standby);
    assertThat(failure.exitCode()).isEqualTo(ExitCode.DONE_WITH_PROBLEMS);
    assertThat(failure)
        .hasMessageContaining("vv:neo4j@1=" + lab.seq() + " and was not compared")
        .hasMessageContaining("has not come so far");
    assertThat(failure.hint()).contains("compare again");
  }

  @Test
  void whatIsRefusedLeavesTheStandbyAsItIsUntilItIsMended() {
    ChainLab lab = begun();
    lab.commit(Map.of(vertexId(3, 1), vertex("Person", Map.of("n", Value.Int.of(3)))));
    lab.commit(
        Map.of(
            vertexId(3, 1), vertex("Person", Map.of("n", Value.Int.of(4))),
            vertexId(3, 2), vertex("Person", Map.of("", Value.Int.of(5)))));
    lab.commit(Map.of(vertexId(3, 3), vertex("Person", Map.of("n", Value.Int.of(6)))));
    lab.delta();
    for (int again = 0; again < 2; again++) {
      assertThatThrownBy(() -> replay(lab, 1))
          .cause()
          .isInstanceOfSatisfying(RefusedException.class, e -> assertThat(e.mayPass()).isFalse())
          .hasMessageContaining("a property key, a label or a type that is empty")
          .hasMessageContaining(vertexId(3, 2) + " (:Person) ''")
          .hasMessageContaining("vv:neo4j@1=" + lab.seq());
      assertThat(query("MATCH (n:Person) RETURN n.n ORDER BY n.n"))
          .extracting(row -> row.get(0).asLong())
          .containsExactly(2L, 3L);
    }
    lab.commit(Map.of(vertexId(3, 2), vertex("Person", Map.of("n", Value.Int.of(7)))));
    lab.delta();
    lab.merged(0, 1);
    replay(lab, 1);
    assertThat(query("MATCH (n:Person) RETURN n.n ORDER BY n.n"))
        .extracting(row -> row.get(0).asLong())
        .containsExactly(4L, 6L, 7L);
  }

  @Test
  void anEdgeWithoutAnEndIsNotApplied() {
    ChainLab lab = begun();
    lab.commit(
        Map.of(
            vertexId(3, 1), vertex("Person", Map.of("n", Value.Int.of(3))),
            ElementId.edge("9"), edge("LIKES", 1, 77, "")),
        Optional.of(new StoreSchema.Change(false, List.of(), List.of())));
    lab.delta();
    assertThatThrownBy(() -> replay(lab, 10))
        .cause()
        .isInstanceOf(RefusedException.class)
        .hasMessageContaining("1 × an edge one of whose ends is not in the graph")
        .hasMessageContaining("e9 (:LIKES)");
    asItWasBegun();
  }

  @Test
  void aVertexThatGoesWithoutItsEdgesIsNotRemoved() {
    ChainLab lab = begun();
    lab.commit(Map.of(vertexId(3, 2), Optional.empty()));
    lab.delta();
    assertThatThrownBy(() -> replay(lab, 10))
        .cause()
        .isInstanceOf(RefusedException.class)
        .hasMessageContaining("1 × an edge one of whose ends is not in the graph")
        .hasMessageContaining("e1 (:KNOWS)");
    asItWasBegun();
    lab.commit(Map.of(ElementId.edge("1"), Optional.empty()));
    lab.delta();
    lab.merged(0, 1);
    replay(lab, 10);
    assertThat(query("MATCH (n:Person) RETURN n")).hasSize(1);
  }

  private static void asItWasBegun() {
    assertThat(query("MATCH (a:Person)-[r:KNOWS]->(b:Person) RETURN a.n, b.n"))
        .extracting(Record::values)
        .hasSize(1)
        .first()
        .asString()
        .isEqualTo("[1, 2]");
    assertThat(query("MATCH ()-[r]->() RETURN r")).hasSize(1);
  }

  @Test
  void anIndexComesAndGoesWithWhatItMeans() {
    ChainLab lab = begun();
    StoreSchema.Rule rule =
        new StoreSchema.Rule(
            "by_n",
            StoreSchema.Form.INDEX,
            "btree",
            ElementKind.VERTEX,
            List.of("Person"),
            List.of(),
            Optional.of(
                "CREATE INDEX by_n ON g.\"Person\" USING btree"
                    + " (agtype_access_operator(VARIADIC ARRAY[properties, '\"n\"'::agtype]))"));
    lab.commit(Map.of(), Optional.of(new StoreSchema.Change(false, List.of(rule), List.of())));
    lab.delta();
    replay(lab, 10);
    assertThat(indexes()).hasSize(1);
    lab.commit(Map.of(vertexId(3, 2), Optional.empty()));
    lab.delta();
    assertThatThrownBy(() -> replay(lab, 10)).hasCauseInstanceOf(RefusedException.class);
    assertThat(indexes()).as("what was refused left it").hasSize(1);
    Value labels = Value.ListOf.of(List.of(Value.Text.of("Person"), Value.Text.of("Pilot")));
    lab.commit(
        Map.of(
            vertexId(3, 2), vertex("Person", Map.of("__labels", labels)),
            vertexId(3, 4), vertex("Person", Map.of("n", Value.Int.of(4)))));
    lab.delta();
    lab.merged(1, 2);
    replay(lab, 10);
    assertThat(query("MATCH (n:Pilot:Person) RETURN n")).hasSize(1);
    assertThat(indexes()).as("Person is more than what it was in AGE").isEmpty();
    lab.commit(Map.of(vertexId(3, 4), vertex("Person", Map.of("n", Value.Int.of(5)))));
    lab.delta();
    replay(lab, 10);
    assertThat(indexes()).as("it is remembered").isEmpty();
  }

  private static List<Record> indexes() {
    return query("SHOW INDEXES YIELD name WHERE name = 'by_n' RETURN name");
  }
}
