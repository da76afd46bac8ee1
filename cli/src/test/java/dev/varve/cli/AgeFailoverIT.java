package dev.varve.cli;

import static dev.varve.cli.Waiting.await;
import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.NullNode;
import dev.varve.age.ReplayedMessage;
import dev.varve.change.Site;
import dev.varve.cli.demo.Content;
import dev.varve.container.age.AgeServer;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.HashMap;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * An AGE primary is killed with transactions that nobody captured, and with some that were captured
 * and not replayed. An observer sees it, and the standby is promoted; the chain goes on with it,
 * what only the old primary knew is set aside and merged, and the old primary rejoins. Then the two
 * change over as planned. {@code -Dvarve.seed=...} varies the writes.
 */
final class AgeFailoverIT {

  private static final Site SECOND = new Site("age", 2);
  private static final Site THIRD = new Site("age", 3);
  private static final int STEPS = 30;
  private static final String SECRET = "battery-staple";

  private final long seed = Long.getLong("varve.seed", 1);
  private final Random random = new Random(seed);

  @TempDir private Path directory;

  @Test
  void standbyIsPromotedAndWhatOnlyTheOldPrimaryKnowsIsNotLost() throws Exception {
    assumeTrue(AgeServer.dockerIsThere(), "no Docker: the failover of AGE is skipped");
    System.out.println("repeat with -Dvarve.seed=" + seed);
    try (AgeServer primary = AgeServer.start();
        AgeServer standby = AgeServer.startOther().orElseGet(AgeServer::start);
        Installed.Server kafka = Installed.Server.kafka(directory.resolve("kafka"));
        Pipeline pipeline =
            Pipeline.byInit(directory.resolve("p"), source(primary), environment(kafka, standby));
        Pipeline next =
            Pipeline.byInit(
                directory.resolve("next"), source(standby), environment(kafka, primary))) {
      AgeGraph graph = new AgeGraph(primary, Pipeline.GRAPH).create();
      AgeGraph there = new AgeGraph(standby, Pipeline.GRAPH);
      steps(graph);
      run(pipeline, "source", "setup", "--as", AgeServer.USER, "--apply");
      for (String stage : new String[] {"capture", "fold", "compact"}) {
        pipeline.start(stage);
      }
      pipeline.awaitTransaction(graph.last());
      Content captured = followsAndFallsBehind(pipeline, next, graph, there);
      leaveSomethingUncaptured(pipeline, graph);
      pipeline.start("observe");
      pipeline.awaitLog("agreed: up");
      primary.kill();

      Path report = pipeline.directory().resolve("promoted.json");
      await("an observer has promoted the standby", () -> Files.exists(report));
      JsonNode promoted = new ObjectMapper().readTree(report.toFile());
      assertThat(promoted.get("replaces").asText()).isEqualTo("age@1");
      assertThat(promoted.get("leftTransactions").isNull()).as("nobody could be asked").isTrue();
      assertThat(there.content()).isEqualTo(captured);
      assertThat(ofVarve(there)).as("what a standby has of Varve's").isZero();

      primary.startAgain();
      Installed.Result refused = pipeline.run("capture");
      assertThat(refused.exitCode()).as(refused.toString()).isEqualTo(11);
      assertThat(refused.err()).contains(named(standby) + " is the primary since it was promoted");
      theChainGoesOn(pipeline, next, there);
      String branch = theRestIsSetAside(pipeline, primary);
      itIsMerged(pipeline, next, there, branch);
      theOldPrimaryRejoins(pipeline, graph, there);
      theyChangeOverAsPlanned(pipeline, next, graph, there);
    }
  }

  /**
   * @param other that is to be the primary next
   */
  private Map<String, String> environment(Installed.Server kafka, AgeServer other) {
    Map<String, String> environment = new HashMap<>();
    environment.put("VARVE_SOURCE_PASSWORD", SECRET);
    environment.put("VARVE_SETUP_PASSWORD", AgeServer.PASSWORD);
    environment.put("VARVE_TARGET_PASSWORD", AgeServer.PASSWORD);
    environment.put("VARVE_FOLD_COMMIT_EVERY", "100ms");
    environment.put("VARVE_KAFKA_BOOTSTRAP", kafka.address());
    environment.put("VARVE_KAFKA_REPLICATION_FACTOR", "1");
    environment.put("VARVE_REPOSITORY_ROOT", directory.resolve("p/chains of varve").toString());
    environment.put("VARVE_PROMOTE_FENCE", "true");
    environment.put(
        "VARVE_PROMOTE_QUIESCE", "touch quiesce; until [ -e quiet ]; do sleep 0.1; done");
    environment.put("VARVE_OBSERVE_NAME", "here");
    environment.put("VARVE_OBSERVE_EVERY", "500ms");
    environment.put("VARVE_OBSERVE_RETRIES", "2");
    environment.put(
        "VARVE_OBSERVE_ON_DOWN",
        "'%s/varve' promote --forced --target '%s' --output=json > promoting.json"
                .formatted(Installed.HOME, target(other))
            + " && mv promoting.json promoted.json");
    return environment;
  }

  private static String source(AgeServer server) {
    return "postgresql://" + server.host() + ":" + server.port() + "/" + AgeServer.DATABASE;
  }

  private static String target(AgeServer server) {
    return uri(server, AgeServer.USER);
  }

  /** As messages and hints name it. */
  private static String named(AgeServer server) {
    return target(server).replace(AgeServer.USER + "@", "");
  }

  private static String uri(AgeServer server, String user) {
    return source(server).replace("postgresql://", "age:postgresql://" + user + "@")
        + "/"
        + Pipeline.GRAPH;
  }

  private void steps(AgeGraph graph) throws SQLException {
    try (Connection connection = graph.server().connect()) {
      for (int i = 0; i < STEPS; i++) {
        graph.step(connection, random);
      }
    }
  }

  /**
   * The standby follows for a while; then the replay is killed, and the last that is captured is
   * for the promotion to apply.
   *
   * @return what was captured
   */
  private Content followsAndFallsBehind(
      Pipeline pipeline, Pipeline next, AgeGraph graph, AgeGraph standby) throws Exception {
    pipeline.start("replay", "--target", target(standby.server()), "--follow");
    Content first = graph.content();
    await("the standby follows", () -> exists(standby) && standby.content().equals(first));
    // so that nothing is in the way when it is needed; what is replayed later has to get by with it
    run(next, "source", "setup", "--as", AgeServer.USER, "--apply");
    standby.run(
        "CREATE PUBLICATION looks", // of nothing: messages come all the same
        "SELECT pg_create_logical_replication_slot('looks', 'pgoutput')");
    steps(graph);
    graph.run(graph.cypher("CREATE (:Later {n: 1})-[:SINCE]->(:Later {n: 2})"));
    Content second = graph.content();
    await("the standby keeps step", () -> standby.content().equals(second));
    assertThat(marks(standby)).as("replayed transactions that say so").isPositive();
    standby.run("SELECT pg_drop_replication_slot('looks')", "DROP PUBLICATION looks");

    assertThat(pipeline.stop("replay")).isZero();
    steps(graph);
    graph.run(graph.cypher("MATCH (n:Later {n: 2}) SET n.n = 3"));
    pipeline.awaitTransaction(graph.last());
    assertThat(standby.content()).isNotEqualTo(graph.content());
    return graph.content();
  }

  private static boolean exists(AgeGraph graph) throws SQLException {
    return number(
            graph, "SELECT count(*) FROM ag_catalog.ag_graph WHERE name = '" + graph.name() + "'")
        == 1;
  }

  private static long marks(AgeGraph graph) throws SQLException {
    return number(
        graph,
        "SELECT count(*) FROM pg_logical_slot_peek_binary_changes('looks', NULL, NULL,"
            + " 'proto_version', '1', 'publication_names', 'looks', 'messages', 'true')"
            + " WHERE get_byte(data, 0) = ascii('M') AND position('replayed'::bytea IN data) > 0"
            + " AND position('"
            + ReplayedMessage.PREFIX
            + "'::bytea IN data) > 0");
  }

  /** Indexes in the graph, and the table in which a standby keeps how far it has come. */
  private static long ofVarve(AgeGraph graph) throws SQLException {
    return number(
        graph,
        "SELECT count(*) FROM pg_class WHERE relname LIKE '%varve_standby%' OR"
            + " oid = to_regclass('varve.standby')");
  }

  private static long number(AgeGraph graph, String query) throws SQLException {
    try (Connection connection = graph.server().connect();
        Statement statement = connection.createStatement();
        ResultSet row = statement.executeQuery(query)) {
      row.next();
      return row.getLong(1);
    }
  }

  /** Three transactions, one with a label that is new. */
  private static void leaveSomethingUncaptured(Pipeline pipeline, AgeGraph graph) throws Exception {
    assertThat(pipeline.stop("capture")).isZero();
    graph.run(graph.cypher("CREATE (:Lost {n: 1})-[:LOSES]->(:Later {n: 7})"));
    graph.run(graph.cypher("MATCH (n:Later {n: 3}) SET n.late = true"));
    graph.run(graph.cypher("MATCH (n:Last) DELETE n"));
  }

  private void theChainGoesOn(Pipeline pipeline, Pipeline next, AgeGraph primary) throws Exception {
    next.start("capture");
    steps(primary);
    theChainHas(pipeline, SECOND, primary);
    assertThat(next.stop("capture")).isZero();
    Content content = primary.content();
    JsonNode restored =
        run(
            pipeline,
            "restore",
            "--target",
            "dir:" + directory.resolve("restored") + "?format=avro",
            "--output=json");
    assertThat(restored.get("fingerprint").asText()).isEqualTo(content.fingerprint().toString());
    run(pipeline, "verify", "--level=graph", "--output=json");
  }

  private String theRestIsSetAside(Pipeline pipeline, AgeServer old) throws Exception {
    Installed.Result early = pipeline.run("replay", "--target", target(old), "--overwrite");
    assertThat(early.exitCode()).as(early.toString()).isEqualTo(1);
    assertThat(early.err())
        .contains("holds 3 transactions", "HINT: varve branch save --source " + named(old));
    String[] save = {"branch", "save", "--source", named(old), "--output=json"};
    JsonNode saved = run(pipeline, save);
    assertThat(saved.get("transactions").asLong()).isEqualTo(3);
    String name = saved.get("made").asText();
    assertThat(name).startsWith("age-1-");
    JsonNode again = run(pipeline, save);
    assertThat(again.get("made").isNull()).as("it was saved before: " + again).isTrue();
    assertThat(again.get("branches")).hasSize(1);

    JsonNode shown = run(pipeline, "log", "--branch", name, "--output=json").get("transactions");
    assertThat(shown).hasSize(3);
    assertThat(name).endsWith("-" + shown.get(0).get("seq").asText());
    assertThat(shown.get(0).get("counts").toString()).contains("\"Last\"", "\"removed\":");
    Path files = directory.resolve("export");
    run(pipeline, "branch", "export", name, "--target", "dir:" + files, "--output=json");
    assertThat(Files.readString(files.resolve("changes.jsonl"))).contains("Lost", "late");
    return name;
  }

  /** It is killed in the midst of it, done, and done again; then it is in the chain. */
  private void itIsMerged(Pipeline pipeline, Pipeline next, AgeGraph primary, String name)
      throws Exception {
    String[] merge = {
      "branch", "merge", name, "--target", target(primary.server()), "--output=json"
    };
    Content before = primary.content();
    try (Connection client = primary.server().connect();
        Statement statement = client.createStatement()) {
      client.setAutoCommit(false);
      statement.execute(primary.cypher("MATCH (n:Later) SET n.held = true"));
      pipeline.start(merge);
      await("the merge waits for a client", () -> number(primary, WAITING) == 1);
      pipeline.kill("branch");
      client.rollback();
    }
    await("the server has let go of it", () -> number(primary, WAITING) == 0);
    assertThat(primary.content()).as("killed in the midst of it").isEqualTo(before);

    next.start("capture");
    JsonNode merged = run(pipeline, merge);
    assertThat(merged.get("state").asText()).isEqualTo("merged");
    assertThat(merged.get("leftOut").asLong()).isZero();
    assertThat(run(pipeline, merge).get("state").asText()).isEqualTo("already merged");
    assertThat(
            number(
                primary,
                "SELECT a::text::int8 FROM cypher('"
                    + primary.name()
                    + "', $q$ MATCH (:Lost {n: 1})-[:LOSES]->(:Later {n: 7}),"
                    + " (:Later {n: 3, late: true}) RETURN count(*) $q$) AS (a agtype)"))
        .isEqualTo(1);
    assertThat(
            number(primary, "SELECT count(*) FROM pg_class WHERE oid = to_regclass('varve.merge')"))
        .isZero();
    theChainHas(pipeline, SECOND, primary);
    assertThat(run(pipeline, "log", "--output=json").get("transactions"))
        .anySatisfy(
            transaction ->
                assertThat(transaction.at("/metadata/varveBranch").asText()).isEqualTo(name));
  }

  private static final String WAITING =
      "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'varve restore'"
          + " AND wait_event_type = 'Lock'";

  private void theChainHas(Pipeline pipeline, Site site, AgeGraph primary) throws Exception {
    long last = primary.last();
    Content content = primary.content();
    await(
        "the chain has it",
        () ->
            pipeline
                .newest()
                .filter(link -> link.manifest().to().seqs().getOrDefault(site, -1L) >= last)
                .isPresent());
    assertThat(pipeline.newest().orElseThrow().manifest().fingerprint())
        .as("seed %d", seed)
        .isEqualTo(content.fingerprint());
  }

  /** A client writes until it may not any more; nothing of that is lost. */
  private void theyChangeOverAsPlanned(
      Pipeline pipeline, Pipeline next, AgeGraph old, AgeGraph primary) throws Exception {
    run(pipeline, "source", "release", "--yes", "--as", AgeServer.USER);
    run(pipeline, "source", "setup", "--as", AgeServer.USER, "--apply");
    pipeline.start("replay", "--target", target(old.server()), "--follow");
    pipeline.stop("observe");
    String[] promote = {"promote", "--planned", "--target", target(old.server()), "--output=json"};
    CompletableFuture<Installed.Result> promotion =
        CompletableFuture.supplyAsync(
            () -> {
              try {
                return next.run(promote);
              } catch (IOException | InterruptedException e) {
                throw new IllegalStateException(e);
              }
            });
    Path quiesce = next.directory().resolve("quiesce");
    try (Connection client = primary.server().connect()) {
      while (!Files.exists(quiesce)) {
        assertThat(promotion).as("it stops writes first").isNotDone();
        primary.step(client, random);
      }
    }
    primary.run("ALTER DATABASE " + AgeServer.DATABASE + " SET default_transaction_read_only = on");
    Files.createFile(next.directory().resolve("quiet"));
    Installed.Result result = promotion.get();
    assertThat(result.exitCode()).as(result + next.tail()).isZero();
    System.out.println("changed over as planned: " + result.json());
    assertThat(result.json().get("leftTransactions").asText())
        .as("it was asked; %s", result)
        .isEqualTo("0");
    assertThat(old.content()).as("seed %d", seed).isEqualTo(primary.content());
    assertThat(next.ended("capture")).isEqualTo(11);
    pipeline.start("capture");
    theChainHas(pipeline, THIRD, old);
  }

  private static void theOldPrimaryRejoins(Pipeline pipeline, AgeGraph old, AgeGraph primary)
      throws Exception {
    JsonNode joined =
        run(
            pipeline,
            "replay",
            "--target",
            target(old.server()),
            "--overwrite",
            "--verify",
            "--output=json");
    assertThat(joined.get("fingerprint").asText())
        .isEqualTo(primary.content().fingerprint().toString());
    assertThat(old.content()).isEqualTo(primary.content());
  }

  private static JsonNode run(Pipeline pipeline, String... command) throws Exception {
    Installed.Result result = pipeline.run(command);
    assertThat(result.exitCode()).as(result.toString()).isZero();
    return command[command.length - 1].equals("--output=json")
        ? result.json()
        : NullNode.getInstance();
  }
}
