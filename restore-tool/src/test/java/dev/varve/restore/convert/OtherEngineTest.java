package dev.varve.restore.convert;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.varve.age.LabelRule;
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
import dev.varve.restore.Moment;
import dev.varve.restore.Progress;
import dev.varve.restore.Restore;
import dev.varve.restore.RestoreIdentity;
import dev.varve.restore.RestorePlan;
import dev.varve.restore.RestoreReport;
import dev.varve.restore.TargetUri;
import dev.varve.restore.target.neo4j.BoltSettings;
import dev.varve.restore.target.neo4j.BoltTarget;
import java.io.IOException;
import java.math.BigDecimal;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.LocalDate;
import java.util.ArrayList;
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

/** Chains of one engine restored into another: a real Neo4j, and a memory that stands for AGE. */
class OtherEngineTest {

  private static final String AGE_STORE = "age:7301/varve/orders";
  private static final Conversion INTO_NEO4J = new Conversion(Optional.of(Engine.NEO4J), false);
  private static final Conversion INTO_AGE = new Conversion(Optional.of(Engine.AGE), false);
  private static final Value DATE = new Value.Date(LocalDate.of(2024, 2, 29));

  @TempDir private static Path home;
  private static EmbeddedServer.Running server;
  private static Driver driver;

  @TempDir Path directory;

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
      query("DROP CONSTRAINT `" + row.get(0).asString() + "`");
    }
    for (Record row : query("SHOW INDEXES YIELD name, type WHERE type <> 'LOOKUP' RETURN name")) {
      query("DROP INDEX `" + row.get(0).asString() + "`");
    }
  }

  private static List<Record> query(String statement) {
    try (Session session = driver.session()) {
      return session.run(statement).list();
    }
  }

  private static String vertexId(int label, long entry) {
    return Long.toString(((long) label << 48) + entry);
  }

  /** As AGE numbers them, with values that Neo4j has too. */
  private ChainLab exactChainOfAge() {
    Map<ElementId, Optional<Element>> elements = new TreeMap<>();
    for (int i = 1; i <= 40; i++) {
      elements.put(
          ElementId.vertex(vertexId(i % 2 == 0 ? 3 : 20_000, i)),
          Optional.of(
              Vertex.of(
                  Set.of(i % 2 == 0 ? "Person" : "Dog"),
                  Map.of(
                      "n", Value.Int.of(i),
                      "x", Value.Float.of(i / 7.0),
                      "names", Value.ListOf.of(List.of(Value.Text.of("a"), Value.Text.of("b")))))));
    }
    elements.put(ElementId.vertex(vertexId(1, 1)), Optional.of(Vertex.of(Set.of(), Map.of())));
    for (int i = 1; i <= 40; i += 2) {
      elements.put(
          ElementId.edge(vertexId(5, i)),
          Optional.of(
              Edge.of(
                  "OWNED_BY",
                  vertexId(20_000, i),
                  vertexId(3, i + 1),
                  Map.of("since", Value.Int.of(1990 + i)))));
    }
    ChainLab lab = new ChainLab(directory).store(AGE_STORE);
    lab.commit(elements);
    lab.base();
    return lab;
  }

  private BoltTarget bolt() {
    return new BoltTarget(
        BoltSettings.of((TargetUri.Bolt) TargetUri.parse(server.address()), Optional.empty()));
  }

  private static RestoreReport restore(
      ChainLab lab, GraphTarget target, Conversion conversion, boolean overwrite) {
    RestorePlan plan = Restore.plan(lab.repository(), ChainLab.GRAPH, new Moment.Latest());
    try (target) {
      return Restore.run(plan, lab.repository(), target, conversion, overwrite, Progress.NONE);
    }
  }

  private static Conversion agreed(Conversion conversion) {
    return new Conversion(conversion.to(), true);
  }

  @Test
  void whatIsExactHasTheFingerprintOfTheChain() {
    ChainLab lab = exactChainOfAge();
    RestoreReport report = restore(lab, bolt(), INTO_NEO4J, false);
    assertThat(report.actual()).isEqualTo(lab.fingerprint());
    assertThat(report.expected()).isEqualTo(lab.fingerprint());
    assertThat(report.conversion().orElseThrow().tallies()).isEmpty();
    assertThat(
            query("MATCH (d:Dog)-[r:OWNED_BY]->(p:Person) RETURN count(*)").get(0).get(0).asInt())
        .isEqualTo(20);
  }

  @Test
  void theSameEngineIsNotSurveyed() {
    ChainLab lab = new ChainLab(directory);
    lab.commit(
        Map.of(ElementId.vertex("1"), Optional.of(Vertex.of(Set.of("A", "B"), Map.of("d", DATE)))));
    lab.base();
    List<String> phases = new ArrayList<>();
    RestorePlan plan = Restore.plan(lab.repository(), ChainLab.GRAPH, new Moment.Latest());
    try (GraphTarget target = bolt()) {
      RestoreReport report =
          Restore.run(plan, lab.repository(), target, INTO_NEO4J, false, phases(phases));
      assertThat(report.conversion()).isEmpty();
      assertThat(report.actual()).isEqualTo(lab.fingerprint());
    }
    assertThat(phases).isNotEmpty().doesNotContain("survey");
  }

  private static Progress phases(List<String> phases) {
    return new Progress() {
      @Override
      public void phase(String name, long expected) {
        phases.add(name);
      }

      @Override
      public void advance(long done) {}
    };
  }

  @Test
  void whatHasToBeConvertedNeedsTheOperatorsWord() {
    ChainLab lab = new ChainLab(directory).store(AGE_STORE);
    lab.commit(
        Map.of(
            ElementId.vertex(vertexId(3, 1)),
            Optional.of(
                Vertex.of(
                    Set.of("Person"),
                    Map.of("price", new Value.Decimal(new BigDecimal("1.50")), "n", DATE_IN_AGE)))),
        Optional.of(
            new StoreSchema.Change(
                true,
                List.of(
                    new StoreSchema.Rule(
                        "by_price",
                        StoreSchema.Form.INDEX,
                        "btree",
                        ElementKind.VERTEX,
                        List.of("Person"),
                        List.of(),
                        Optional.of("CREATE INDEX by_price ON g.\"Person\" (properties)"))),
                List.of())));
    lab.base();
    assertThatThrownBy(() -> restore(lab, bolt(), INTO_NEO4J, false))
        .isInstanceOfSatisfying(
            VarveException.class,
            e -> {
              assertThat(e.exitCode()).isEqualTo(ExitCode.FAILED);
              assertThat(e.hint()).contains("--convert");
            })
        .hasMessageContaining("nothing was written")
        .hasMessageContaining("v844424930131969 (:Person) 'price'")
        .hasMessageContaining("1 × a decimal number");
    assertThat(query("MATCH (n) RETURN n")).isEmpty();
    assertThat(query("SHOW CONSTRAINTS")).isEmpty();

    RestoreReport report = restore(lab, bolt(), agreed(INTO_NEO4J), false);
    Findings findings = report.conversion().orElseThrow();
    assertThat(findings.converted())
        .extracting(Findings.Tally::rule)
        .containsExactly(Neo4jRule.TAGGED, Neo4jRule.DECIMAL);
    assertThat(findings.rulesLeftOut()).containsExactly("by_price");
    assertThat(report.rules()).isZero();
    assertThat(report.expected()).isEqualTo(lab.fingerprint());
    assertThat(report.actual()).isEqualTo(findings.expected().fingerprint());
    Record row = query("MATCH (n:Person) RETURN n.price, n.n").get(0);
    assertThat(row.get(0).asString()).isEqualTo("::agtype:1.50::numeric");
    assertThat(row.get(1).asLocalDate()).isEqualTo(LocalDate.of(2024, 2, 29));
  }

  @Test
  void anInterruptedRestoreGoesOnWithTheSameConversions() {
    Map<ElementId, Optional<Element>> elements = new TreeMap<>();
    for (int i = 1; i <= 200; i++) {
      elements.put(
          ElementId.vertex(vertexId(3, i)),
          Optional.of(Vertex.of(Set.of("Person"), Map.of("n", DATE_IN_AGE, "i", Value.Int.of(i)))));
      elements.put(
          ElementId.edge(vertexId(4, i)),
          Optional.of(
              Edge.of("KNOWS", vertexId(3, i), vertexId(3, 1), Map.of("since", DATE_IN_AGE))));
    }
    ChainLab lab = new ChainLab(directory).store(AGE_STORE);
    lab.commit(elements);
    lab.base();
    Progress killed =
        new Progress() {
          @Override
          public void phase(String name, long expected) {
            if (name.equals("edges")) {
              throw new IllegalStateException("as if killed");
            }
          }

          @Override
          public void advance(long done) {}
        };
    RestorePlan plan = Restore.plan(lab.repository(), ChainLab.GRAPH, new Moment.Latest());
    try (GraphTarget target = bolt()) {
      assertThatThrownBy(
              () -> Restore.run(plan, lab.repository(), target, agreed(INTO_NEO4J), false, killed))
          .hasMessage("as if killed");
    }
    assertThat(query("MATCH (n:Person) RETURN n")).hasSize(200);
    RestoreReport report = restore(lab, bolt(), agreed(INTO_NEO4J), false);
    assertThat(report.standing()).isEqualTo(GraphTarget.Standing.RESUMED);
    assertThat(report.actual())
        .isEqualTo(report.conversion().orElseThrow().expected().fingerprint());
    assertThat(query("MATCH (n:Person)-[r:KNOWS]->() WHERE r.since = n.n RETURN n")).hasSize(200);
  }

  private static final Value DATE_IN_AGE =
      Value.MapOf.of(Map.of("::date", Value.Text.of("2024-02-29")));

  private static StoreSchema.Rule age(String name, ElementKind kind, String label, String sql) {
    return new StoreSchema.Rule(
        name,
        StoreSchema.Form.INDEX,
        "BTREE",
        kind,
        List.of(label),
        List.of(),
        Optional.of(sql.replace("?", "ON g.\"" + label + "\" USING btree")));
  }

  private static String column(String key) {
    return "agtype_access_operator(VARIADIC ARRAY[properties, '\"" + key + "\"'::agtype])";
  }

  @Test
  void indexesThatMeanTheSameAreCarriedAndTheOthersNamed() {
    ChainLab lab = new ChainLab(directory).store(AGE_STORE);
    ElementKind vertex = ElementKind.VERTEX;
    List<StoreSchema.Rule> rules =
        List.of(
            new LabelRule("Person", vertex, 3).rule(),
            new LabelRule("Empty", vertex, 9).rule(),
            age("plain", vertex, "Person", "CREATE INDEX plain ? (" + column("it''s") + ")"),
            age("a_double", vertex, "Person", "CREATE INDEX a_double ? (" + column("name") + ")"),
            age(
                "by_name",
                vertex,
                "Person",
                "CREATE UNIQUE INDEX by_name ? (" + column("name") + ")"),
            age(
                "two",
                ElementKind.EDGE,
                "KNOWS",
                "CREATE INDEX two ? (" + column("a") + ", ag_catalog." + column("b") + ")"),
            age("desc", vertex, "Person", "CREATE INDEX d ? (" + column("x") + " DESC)"),
            age("some", vertex, "Person", "CREATE INDEX s ? (" + column("y") + ") WHERE (id > 5)"),
            age("empty", vertex, "Empty", "CREATE INDEX empty ? (" + column("z") + ")"));
    lab.commit(
        Map.of(
            ElementId.vertex(vertexId(3, 1)),
            Optional.of(Vertex.of(Set.of("Person"), Map.of("name", Value.Text.of("Ada")))),
            ElementId.edge("1"),
            Optional.of(Edge.of("KNOWS", vertexId(3, 1), vertexId(3, 1), Map.of()))),
        Optional.of(new StoreSchema.Change(true, rules, List.of())));
    lab.base();
    RestoreReport report = restore(lab, bolt(), INTO_NEO4J, false);
    assertThat(report.conversion().orElseThrow().rulesLeftOut())
        .containsExactly("Empty", "a_double", "desc", "empty", "some");
    assertThat(report.rules()).isEqualTo(3);
    assertThat(
            query(
                    "SHOW INDEXES YIELD name, labelsOrTypes, properties, owningConstraint"
                        + " WHERE name IN ['plain', 'by_name', 'two'] RETURN name, labelsOrTypes,"
                        + " properties, owningConstraint ORDER BY name")
                .stream()
                .map(row -> row.values().toString()))
        .containsExactly(
            "[\"by_name\", [\"Person\"], [\"name\"], \"by_name\"]",
            "[\"plain\", [\"Person\"], [\"it's\"], NULL]",
            "[\"two\", [\"KNOWS\"], [\"a\", \"b\"], NULL]");
  }

  @Test
  void whatIsRefusedIsRefusedBeforeAnythingIsTouched() {
    query("CREATE (:Precious)");
    ChainLab lab = new ChainLab(directory).store(AGE_STORE);
    lab.commit(
        Map.of(
            ElementId.vertex("-9223372036854775807"),
            Optional.of(Vertex.of(Set.of("Late"), Map.of("", Value.Int.of(1)))),
            ElementId.edge("7"),
            Optional.of(Edge.of("LOOSE", "-9223372036854775807", "8", Map.of()))));
    lab.base();
    assertThatThrownBy(() -> restore(lab, bolt(), agreed(INTO_NEO4J), true))
        .isInstanceOfSatisfying(
            VarveException.class, e -> assertThat(e.hint()).doesNotContain("say --convert"))
        .hasMessageContaining("Refused: 1 × a vertex id that is not a decimal number")
        .hasMessageContaining("(:Late) ''")
        .hasMessageContaining("1 × an edge one of whose ends is not in the graph")
        .hasMessageContaining("(e7 (:LOOSE))");
    assertThat(query("MATCH (n:Precious) RETURN n")).hasSize(1);
  }

  @Test
  void anyGraphComesBackFromTheOtherEngineAsItWas() {
    long seed = Long.getLong("varve.seed", 1);
    AnyValues values = new AnyValues(new Random(seed));
    ChainLab lab = new ChainLab(directory.resolve("neo4j"));
    Map<ElementId, Optional<Element>> elements = new TreeMap<>();
    for (int i = 0; i < 500; i++) {
      ElementKind kind = i < 300 ? ElementKind.VERTEX : ElementKind.EDGE;
      Element element = values.element(kind, 3, () -> heldByNeo4j(values));
      if (!element.properties().containsKey("__labels")
          && !element.properties().containsKey("__type")) {
        elements.put(new ElementId(kind, Integer.toString(i)), Optional.of(element));
      }
    }
    for (String end : List.of("1", "2")) {
      elements.put(ElementId.vertex(end), Optional.of(Vertex.of(Set.of("KNOWS"), Map.of())));
    }
    lab.commit(elements);
    lab.base();
    String as = "-Dvarve.seed=" + seed;

    Memory age = new Memory();
    RestoreReport there = restore(lab, age, agreed(INTO_AGE), false);
    assertThat(there.expected()).as(as).isEqualTo(lab.fingerprint());
    assertThat(there.actual()).as(as).isNotEqualTo(lab.fingerprint());
    assertThat(there.conversion().orElseThrow().converted())
        .as(as)
        .extracting(Findings.Tally::rule)
        .contains(AgeRule.SEVERAL_LABELS, AgeRule.TYPE_OF_VERTICES, AgeRule.DATE, AgeRule.POINT);

    ChainLab back = new ChainLab(directory.resolve("age")).store(AGE_STORE);
    Map<ElementId, Optional<Element>> inAge = new TreeMap<>();
    age.graph.forEach((id, element) -> inAge.put(id, Optional.of(element)));
    back.commit(inAge);
    back.base();
    assertThat(restore(back, new Memory(), agreed(INTO_NEO4J), false).actual())
        .as(as)
        .isEqualTo(lab.fingerprint());
    assertThat(restore(back, bolt(), agreed(INTO_NEO4J), false).actual())
        .as(as)
        .isEqualTo(lab.fingerprint());
  }

  private static Value heldByNeo4j(AnyValues values) {
    while (true) {
      Value value = values.any();
      if (Neo4jValues.misfit(value).isEmpty()) {
        return value;
      }
    }
  }

  /** What is damaged is met in the survey already: the target is to be overwritten all the same. */
  @Test
  void damageInTheSurveyLeavesTheOverwritingToTheNextWay() throws IOException {
    ChainLab lab = new ChainLab(directory).store(AGE_STORE);
    lab.commit(
        Map.of(
            ElementId.vertex(vertexId(3, 1)),
            Optional.of(Vertex.of(Set.of("Person"), Map.of("n", Value.Int.of(1))))));
    lab.base();
    lab.commit(
        Map.of(
            ElementId.vertex(vertexId(3, 2)),
            Optional.of(Vertex.of(Set.of("Person"), Map.of("n", Value.Int.of(2))))));
    lab.delta();
    String damaged = lab.checkpoint().segments().get(0).object().key();
    Path segment = directory.resolve("repository").resolve(damaged);
    byte[] bytes = Files.readAllBytes(segment);
    bytes[bytes.length - 30] ^= 1;
    Files.write(segment, bytes);
    List<Boolean> overwritten = new ArrayList<>();
    Memory target =
        new Memory() {
          @Override
          public Standing open(RestoreIdentity restore, boolean overwrite, Progress progress) {
            overwritten.add(overwrite);
            return super.open(restore, overwrite, progress);
          }
        };
    RestoreReport report =
        Restore.run(
            lab.repository(),
            ChainLab.GRAPH,
            new Moment.Latest(),
            findings -> target,
            INTO_NEO4J,
            true,
            Progress.NONE);
    assertThat(report.actual()).isEqualTo(lab.fingerprint());
    assertThat(overwritten).containsExactly(true);
  }

  @Test
  void theEngineOfAChainIsInTheIdentitiesOfItsStores() {
    assertThat(Engine.ofStores(List.of("neo4j:a", "neo4j:b"))).isEqualTo(Engine.NEO4J);
    assertThat(Engine.ofStores(List.of("age:a"))).isEqualTo(Engine.AGE);
    assertThat(Engine.ofStores(List.of("age:a", "neo4j:a"))).isEqualTo(Engine.OTHER);
    assertThat(Engine.ofTarget(TargetUri.parse("dir:x"))).isEmpty();
    assertThat(Engine.ofTarget(TargetUri.parse("neo4j-store:x"))).contains(Engine.NEO4J);
    assertThat(Engine.ofTarget(TargetUri.parse("bolt://x"))).contains(Engine.NEO4J);
  }
}
