package dev.varve.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.fasterxml.jackson.databind.JsonNode;
import dev.varve.container.age.AgeServer;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.neo4j.driver.Driver;
import org.neo4j.driver.Record;
import org.neo4j.driver.Session;

/**
 * A graph goes from Neo4j into PostgreSQL with AGE and back, each way captured, laid down and
 * restored by the command. {@code -Dvarve.seed=...} repeats a run.
 */
final class OtherEngineIT {

  private static final long LOOK_EVERY_MS = 500;

  private final long seed = Long.getLong("varve.seed", 1);

  @TempDir private Path directory;

  @Test
  void aGraphOfNeo4jGoesIntoAgeAndComesBackAsItWas() throws Exception {
    assumeTrue(AgeServer.dockerIsThere(), "no Docker: the way to AGE and back is skipped");
    System.out.println("repeat with -Dvarve.seed=" + seed);
    try (AgeServer age = AgeServer.start();
        Installed.Server source = Installed.Server.neo4j(directory.resolve("source"));
        Driver driver = RestoreToAnyTransactionIT.driver(source.address())) {
      try (Pipeline pipeline =
          Pipeline.at(directory.resolve("neo4j"), source.address(), Optional.empty())) {
        long last = writeSomething(driver);
        pipeline.start("up");
        pipeline.awaitTransaction(last);
        assertThat(pipeline.stop("up")).isZero();
        isRefusedWithoutTheOperatorsWord(pipeline, age);
        isConverted(pipeline, age);
      }
      try (Pipeline pipeline = capturing(age);
          Installed.Server target = Installed.Server.neo4j(directory.resolve("target"));
          Driver there = RestoreToAnyTransactionIT.driver(target.address())) {
        comesBack(pipeline, target.address());
        assertThat(content(there)).isEqualTo(content(driver));
        assertThat(rulesOfSolo(there)).hasSize(3).isEqualTo(rulesOfSolo(driver));
        comesBack(pipeline, "neo4j-store:" + directory.resolve("store"));
      }
      try (Installed.Server store = Installed.Server.neo4j(directory.resolve("store"));
          Driver there = RestoreToAnyTransactionIT.driver(store.address())) {
        assertThat(content(there)).isEqualTo(content(driver));
      }
    }
  }

  private long writeSomething(Driver driver) {
    ScriptedGraph graph = new ScriptedGraph(driver, new Random(seed));
    for (int i = 0; i < 40; i++) {
      graph.transaction();
    }
    try (Session session = driver.session()) {
      session.run("CREATE INDEX by_name FOR (n:Person) ON (n.name)").consume();
      session.run(
          "CREATE (a:Film:Person {born: date('1971-03-04'), at: point({x: 1.5, y: -2})})"
              + "-[:Person {for: duration('P1Y2M3DT4.5S')}]->(:`with space`)");
      session.run("CREATE CONSTRAINT solo_k FOR (n:Solo) REQUIRE n.k IS UNIQUE").consume();
      session.run("CREATE INDEX `solo ab` FOR (n:Solo) ON (n.a, n.`b'\"`)").consume();
      session.run("CREATE INDEX sole_w FOR ()-[r:SOLE]-() ON (r.w)").consume();
      session
          .run("CREATE (:Solo {k: 1, a: 2})-[:SOLE {w: 3}]->(:Solo {k: 2, `b'\"`: 4})")
          .consume();
      return ScriptedGraph.lastTransaction(session);
    }
  }

  private static Installed.Result restore(Pipeline pipeline, String target, String... more)
      throws Exception {
    return Installed.run(
        pipeline.directory(),
        Map.of(
            "VARVE_TARGET_PASSWORD",
            AgeServer.PASSWORD,
            "VARVE_SOURCE_PASSWORD",
            "not needed here"),
        Stream.concat(Stream.of("restore", "--target", target), Arrays.stream(more))
            .toArray(String[]::new));
  }

  private static String uri(AgeServer age) {
    return "age:postgresql://%s@%s:%d/%s/%s"
        .formatted(AgeServer.USER, age.host(), age.port(), AgeServer.DATABASE, Pipeline.GRAPH);
  }

  private static void isRefusedWithoutTheOperatorsWord(Pipeline pipeline, AgeServer age)
      throws Exception {
    Installed.Result dry = restore(pipeline, uri(age), "--dry-run", "--output=json");
    assertThat(dry.exitCode()).as(dry.toString()).isEqualTo(1);
    JsonNode conversion = dry.json().get("conversion");
    assertThat(conversion.get("from").asText()).isEqualTo("NEO4J");
    assertThat(conversion.get("to").asText()).isEqualTo("AGE");
    assertThat(conversion.get("converted").findValuesAsText("rule"))
        .contains("SEVERAL_LABELS", "LABEL_NAME", "TYPE_OF_VERTICES", "DATE", "POINT", "DURATION");
    assertThat(conversion.get("refused")).isEmpty();
    assertThat(conversion.get("rulesLeftOut").toString()).isEqualTo("[\"by_name\"]");
    assertThat(dry.json().get("hint").asText()).contains("--convert");

    Installed.Result refused = restore(pipeline, uri(age), "--overwrite", "--output=json");
    assertThat(refused.exitCode()).as(refused.toString()).isEqualTo(1);
    assertThat(refused.json().get("error").asText())
        .contains("nothing was written", "a date (v", ", …)"); // the first places only
    assertThat(refused.json().get("hint").asText()).contains("--convert");
    assertThat(graphs(age)).isZero();
  }

  private static void isConverted(Pipeline pipeline, AgeServer age) throws Exception {
    Installed.Result dry = restore(pipeline, uri(age), "--convert", "--dry-run");
    assertThat(dry.exitCode()).as(dry.toString()).isZero();
    assertThat(dry.out()).contains("converted", "× a date", "left out", "by_name");
    assertThat(graphs(age)).isZero();

    Installed.Result done = restore(pipeline, uri(age), "--convert", "--output=json");
    assertThat(done.exitCode()).as(done.toString()).isZero();
    JsonNode json = done.json();
    assertThat(json.get("expectedFingerprint").asText())
        .isNotEqualTo(json.get("fingerprint").asText());
    assertThat(json.get("conversion").get("fingerprint").asText())
        .isEqualTo(json.get("fingerprint").asText());
    assertThat(json.get("conversion").get("converted").findValuesAsText("rule")).contains("DATE");
    assertThat(
            rows(
                age,
                "SELECT * FROM cypher('orders', $$ MATCH (n:Film) WHERE 'Person' IN n.__labels"
                    + " AND n.born IS NOT NULL RETURN n.born['::date'] $$) AS (born agtype)"))
        .containsExactly("\"1971-03-04\"");
    assertThat(
            rows(
                age,
                "SELECT indexname || ' ' || (indexdef LIKE 'CREATE UNIQUE%') FROM pg_indexes"
                    + " WHERE schemaname = 'orders' AND indexname LIKE 'sol%' ORDER BY indexname"))
        .containsExactlyInAnyOrder("solo_k true", "solo ab false", "sole_w false");
  }

  /** Captures what is in AGE, and stops when all of it is laid down. */
  private Pipeline capturing(AgeServer age) throws Exception {
    Map<String, String> passwords =
        Map.of(
            "VARVE_SOURCE_PASSWORD", "captures-alone", "VARVE_SETUP_PASSWORD", AgeServer.PASSWORD);
    Pipeline pipeline =
        Pipeline.byInit(
            directory.resolve("age"),
            "postgresql://" + age.host() + ":" + age.port() + "/" + AgeServer.DATABASE,
            passwords);
    Installed.Result setup = pipeline.run("source", "setup", "--as", AgeServer.USER, "--apply");
    assertThat(setup.exitCode()).as(setup.toString()).isZero();
    long vertices = count(age, "_ag_label_vertex");
    long edges = count(age, "_ag_label_edge");
    assertThat(vertices).isPositive();
    pipeline.start("up");
    long end = System.nanoTime() + Installed.AT_MOST.toNanos();
    while (pipeline
        .newest()
        .filter(
            link ->
                link.manifest().counts().vertices() == vertices
                    && link.manifest().counts().edges() == edges)
        .isEmpty()) {
      assertThat(System.nanoTime()).as("AGE is not captured").isLessThan(end);
      Thread.sleep(LOOK_EVERY_MS);
    }
    assertThat(pipeline.stop("up")).isZero();
    return pipeline;
  }

  private static void comesBack(Pipeline pipeline, String target) throws Exception {
    Installed.Result refused = restore(pipeline, target, "--output=json");
    assertThat(refused.exitCode()).as(refused.toString()).isEqualTo(1);
    Installed.Result done = restore(pipeline, target, "--convert", "--output=json");
    assertThat(done.exitCode()).as(done.toString()).isZero();
    assertThat(done.json().get("conversion").get("converted").findValuesAsText("rule"))
        .contains("TAGGED", "CARRIED_LABELS", "CARRIED_TYPE");
  }

  /** Everything but the ids, in no particular order. */
  private static List<String> content(Driver driver) {
    List<String> content = new ArrayList<>();
    try (Session session = driver.session()) {
      for (Record row : session.run("MATCH (n) RETURN labels(n), properties(n)").list()) {
        content.add(vertex(row, 0));
      }
      String edges =
          "MATCH (a)-[r]->(b) RETURN labels(a), properties(a), labels(b), properties(b), type(r),"
              + " properties(r)";
      for (Record row : session.run(edges).list()) {
        content.add(
            vertex(row, 0)
                + " -"
                + row.get(4).asString()
                + new TreeMap<>(row.get(5).asMap(OtherEngineIT::text))
                + "-> "
                + vertex(row, 2));
      }
    }
    return content.stream().sorted().toList();
  }

  private static List<String> rulesOfSolo(Driver driver) {
    try (Session session = driver.session()) {
      return session
          .run(
              "SHOW INDEXES YIELD name, type, labelsOrTypes, properties, owningConstraint"
                  + " WHERE 'Solo' IN labelsOrTypes OR 'SOLE' IN labelsOrTypes"
                  + " RETURN name, type, labelsOrTypes, properties, owningConstraint ORDER BY name")
          .list(row -> row.asMap().toString());
    }
  }

  private static String vertex(Record row, int at) {
    return new TreeSet<>(row.get(at).asList(org.neo4j.driver.Value::asString))
        + " "
        + new TreeMap<>(row.get(at + 1).asMap(OtherEngineIT::text));
  }

  private static String text(org.neo4j.driver.Value value) {
    return value.hasType(org.neo4j.driver.types.TypeSystem.getDefault().BYTES())
        ? Arrays.toString(value.asByteArray())
        : value.type().name() + " " + value;
  }

  private static long graphs(AgeServer age) throws SQLException {
    return Long.parseLong(rows(age, "SELECT count(*) FROM ag_catalog.ag_graph").get(0));
  }

  private static long count(AgeServer age, String table) throws SQLException {
    return Long.parseLong(rows(age, "SELECT count(*) FROM orders." + table).get(0));
  }

  private static List<String> rows(AgeServer age, String query) throws SQLException {
    List<String> rows = new ArrayList<>();
    try (Connection connection = age.connect();
        Statement statement = connection.createStatement();
        ResultSet row = statement.executeQuery(query)) {
      while (row.next()) {
        rows.add(row.getString(1));
      }
    }
    return rows;
  }
}
