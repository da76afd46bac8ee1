package dev.varve.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.fasterxml.jackson.databind.JsonNode;
import dev.varve.container.age.AgeServer;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.neo4j.driver.Driver;
import org.neo4j.driver.Record;
import org.neo4j.driver.Session;
import org.neo4j.driver.Value;

/**
 * A standby in Neo4j follows a graph of AGE, and the replay is killed again and again; what Neo4j
 * cannot hold stops it, and leaves the standby whole. {@code -Dvarve.kills=20} is the full soak,
 * {@code -Dvarve.seed=...} varies the writes.
 */
final class ConvertedStandbyIT {

  private static final long LOOK_EVERY_MS = 200;
  private static final Map<String, String> ENVIRONMENT =
      Map.of(
          "VARVE_SOURCE_PASSWORD", "battery-staple",
          "VARVE_SETUP_PASSWORD", AgeServer.PASSWORD,
          "VARVE_PROMOTE_FENCE", "true",
          "VARVE_FOLD_COMMIT_EVERY", "100ms");

  private final long seed = Long.getLong("varve.seed", 1);
  private final int kills = Integer.getInteger("varve.kills", 2);
  private final Random random = new Random(seed);

  @TempDir private Path directory;

  @Test
  void aGraphOfAgeIsFollowedInNeo4j() throws Exception {
    assumeTrue(AgeServer.dockerIsThere(), "no Docker: a standby of a graph of AGE is skipped");
    System.out.println("repeat with -Dvarve.seed=" + seed + " -Dvarve.kills=" + kills);
    try (AgeServer age = AgeServer.start();
        Installed.Server store = Installed.Server.neo4j(directory.resolve("standby"));
        Driver standby = RestoreToAnyTransactionIT.driver(store.address());
        Pipeline pipeline =
            Pipeline.byInit(
                directory.resolve("p"),
                "postgresql://" + age.host() + ":" + age.port() + "/" + AgeServer.DATABASE,
                ENVIRONMENT)) {
      AgeGraph graph = new AgeGraph(age, Pipeline.GRAPH).create();
      graph.run( // so that setup lets SQL alter them
          "SELECT create_vlabel('orders', 'Fine')", "SELECT create_elabel('orders', 'E0')");
      steps(graph, 40);
      Installed.Result setup = pipeline.run("source", "setup", "--as", AgeServer.USER, "--apply");
      assertThat(setup.exitCode()).as(setup.toString()).isZero();
      pipeline.start("up");
      pipeline.awaitTransaction(graph.last());
      String[] replay = {"replay", "--target", store.address()};
      needsTheOperatorsWord(pipeline, standby, replay);

      pipeline.start("replay", "--target", store.address(), "--follow", "--convert");
      for (int i = 0; i < kills; i++) {
        awaitCut(standby, graph.last());
        long end = System.nanoTime() + (1_000 + random.nextInt(3_000)) * 1_000_000L;
        while (System.nanoTime() < end) {
          steps(graph, 1);
        }
        System.out.println("killing replay");
        pipeline.kill("replay");
        pipeline.start("replay", "--target", store.address(), "--follow");
      }
      steps(graph, 20);
      awaitCut(standby, graph.last());
      assertThat(pipeline.stop("replay")).isZero();
      isWhatARestoreWouldBe(pipeline, standby, replay);
      cannotBePromoted(pipeline, store.address());
      stopsWhole(pipeline, graph, standby, replay);
      assertThat(pipeline.stop("up")).isZero();
      JsonNode json = done(pipeline, replay, "--chain-only", "--verify");
      assertThat(json.get("verified").asBoolean()).isTrue();
    }
  }

  /** Nothing that leaves an edge without its ends. */
  private void steps(AgeGraph graph, int steps) throws SQLException {
    try (Connection connection = graph.server().connect();
        Statement statement = connection.createStatement()) {
      for (int i = 0; i < steps; i++) {
        int n = random.nextInt(30);
        String label = "L" + random.nextInt(4);
        String type = "E" + random.nextInt(3);
        String text =
            switch (random.nextInt(9)) {
              case 0, 1 ->
                  "CREATE (:" + label + " {n: " + n + ", t: 'żółw 🐢', l: [1, {a: null}]})";
              case 2 -> "UNWIND range(1, 30) AS i CREATE (:" + label + " {n: i, x: i / 7.0})";
              case 3, 4 ->
                  "MATCH (a {n: "
                      + n
                      + "}), (b {n: "
                      + random.nextInt(30)
                      + "}) WITH a, b LIMIT 4 CREATE (a)-[:"
                      + type
                      + " {n: "
                      + n
                      + ", m: {k: 1.5}}]->(b)";
              case 5 -> "MATCH (a) WHERE a.n < " + n + " SET a.u = [" + n + ", 'x']";
              case 6 -> "MATCH (a {n: " + n + "}) DETACH DELETE a";
              case 7 -> "MATCH ()-[e]->() WHERE e.n < " + n + " SET e.m = '" + n + "'";
              default -> "CREATE (:" + label + ")-[:" + type + " {n: 29}]->({n: " + n + "})";
            };
        statement.execute(graph.cypher(text));
      }
    }
  }

  private static void needsTheOperatorsWord(Pipeline pipeline, Driver standby, String[] replay)
      throws Exception {
    JsonNode json = failed(pipeline, 64, replay);
    assertThat(json.get("error").asText()).contains("is of Apache AGE");
    assertThat(json.get("hint").asText()).contains("--convert");
    assertThat(count(standby)).isZero();
  }

  /** The same content as a restore of the chain has, which is of the same cut. */
  private void isWhatARestoreWouldBe(Pipeline pipeline, Driver standby, String[] replay)
      throws Exception {
    JsonNode verified = done(pipeline, replay, "--verify");
    assertThat(verified.get("verified").asBoolean()).isTrue();
    try (Installed.Server store = Installed.Server.neo4j(directory.resolve("restored"));
        Driver restored = RestoreToAnyTransactionIT.driver(store.address())) {
      String[] restore = {
        "restore",
        "--target",
        store.address(),
        "--convert",
        "--to",
        "vv:" + verified.get("applied").asText()
      };
      JsonNode json = done(pipeline, restore);
      for (String same : List.of("fingerprint", "vertices", "edges")) {
        assertThat(verified.get(same)).as(same).isEqualTo(json.get(same));
      }
      assertThat(json.get("conversion").get("converted").findValuesAsText("rule"))
          .containsAnyOf("MIXED_LIST", "MAP"); // whatever there is just then
      assertThat(content(standby)).isEqualTo(content(restored));
    }
  }

  private static void cannotBePromoted(Pipeline pipeline, String address) throws Exception {
    for (String way : List.of("--planned", "--forced")) {
      String[] promote = {"promote", way, "--target", address};
      JsonNode json = failed(pipeline, 64, promote);
      assertThat(json.get("error").asText())
          .contains("is a standby of a graph of Apache AGE", "nothing was done");
      assertThat(json.get("hint").asText()).contains("restore");
    }
  }

  private static void stopsWhole(Pipeline pipeline, AgeGraph graph, Driver standby, String[] replay)
      throws Exception {
    List<String> before = content(standby);
    graph.run(graph.cypher("CREATE (:Fine {n: 1})-[:E0]->(:Fine {n: 2})"));
    graph.run("UPDATE orders.\"Fine\" SET properties = '{\"\": 1}'");
    pipeline.awaitTransaction(graph.last());
    for (int again = 0; again < 2; again++) {
      JsonNode refused = failed(pipeline, 1, replay);
      assertThat(refused.get("error").asText())
          .contains(
              "Refused: 2 × a property key", "(:Fine) ''", "the standby is whole", "vv:age@1");
      assertThat(refused.get("hint").asText()).contains("mend it in the source");
      assertThat(content(standby)).isEqualTo(before);
    }
    Installed.Result following = pipeline.run(replay[0], replay[1], replay[2], "--follow");
    assertThat(following.exitCode()).as(following.toString()).isEqualTo(1);
    assertThat(following.err()).contains("Refused: 2 × a property key", "HINT: mend it");
    graph.run("UPDATE orders.\"Fine\" SET properties = '{\"n\": 1}'");
    pipeline.awaitTransaction(graph.last());
    done(pipeline, replay, "--verify");

    List<String> mended = content(standby);
    graph.run("TRUNCATE orders.\"Fine\"");
    pipeline.awaitTransaction(graph.last());
    JsonNode refused = failed(pipeline, 1, replay);
    assertThat(refused.get("error").asText())
        .contains("1 × an edge one of whose ends is not in the graph", "(:E0)");
    assertThat(content(standby)).isEqualTo(mended);
    graph.run(
        "DELETE FROM orders.\"E0\" e WHERE NOT EXISTS"
            + " (SELECT FROM orders._ag_label_vertex v WHERE v.id = e.start_id)");
    pipeline.awaitTransaction(graph.last());
    assertThat(done(pipeline, replay, "--verify").get("verified").asBoolean()).isTrue();
  }

  private static JsonNode done(Pipeline pipeline, String[] command, String... more)
      throws Exception {
    return run(pipeline, 0, command, more);
  }

  private static JsonNode failed(Pipeline pipeline, int exitCode, String[] command)
      throws Exception {
    return run(pipeline, exitCode, command);
  }

  private static JsonNode run(Pipeline pipeline, int exitCode, String[] command, String... more)
      throws Exception {
    List<String> arguments = new ArrayList<>(List.of(command));
    arguments.addAll(List.of(more));
    arguments.add("--output=json");
    Installed.Result result = pipeline.run(arguments.toArray(String[]::new));
    assertThat(result.exitCode()).as(result.toString()).isEqualTo(exitCode);
    return result.json();
  }

  private static long count(Driver driver) {
    try (Session session = driver.session()) {
      return session.run("MATCH (n) RETURN count(n)").single().get(0).asLong();
    }
  }

  /** Everything but ids and what a replay adds, in no particular order. */
  private static List<String> content(Driver driver) {
    List<String> content = new ArrayList<>();
    try (Session session = driver.session()) {
      for (Record row :
          session
              .run("MATCH (n) WHERE NOT n:__VarveStandbyCut RETURN labels(n), properties(n)")
              .list()) {
        content.add(vertex(row, 0));
      }
      for (Record row :
          session
              .run(
                  "MATCH (a)-[r]->(b) RETURN labels(a), properties(a), labels(b), properties(b),"
                      + " type(r), properties(r)")
              .list()) {
        content.add(
            vertex(row, 0)
                + " -"
                + row.get(4).asString()
                + properties(row.get(5))
                + "-> "
                + vertex(row, 2));
      }
    }
    return content.stream().sorted().toList();
  }

  private static String vertex(Record row, int at) {
    TreeSet<String> labels = new TreeSet<>(row.get(at).asList(Value::asString));
    labels.remove("__VarveStandby");
    return labels + " " + properties(row.get(at + 1));
  }

  private static Map<String, Object> properties(Value value) {
    TreeMap<String, Object> properties = new TreeMap<>(value.asMap());
    properties.remove("__varve_id");
    return properties;
  }

  private static void awaitCut(Driver standby, long seq) throws Exception {
    long end = System.nanoTime() + 2 * Installed.AT_MOST.toNanos(); // a restore comes first
    long at = -1;
    while (at < seq) {
      assertThat(System.nanoTime()).as("at %s, not at %s", at, seq).isLessThan(end);
      Thread.sleep(LOOK_EVERY_MS);
      try (Session session = standby.session()) {
        at =
            session.run("MATCH (c:__VarveStandbyCut) RETURN c.reached").stream()
                .findFirst()
                .map(row -> row.get(0).asString().split("\"age@1\":", 2)[1].split("[,}]", 2)[0])
                .map(Long::parseLong)
                .orElse(-1L);
      }
    }
  }
}
