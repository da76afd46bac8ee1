package dev.varve.cli;

import static dev.varve.cli.Waiting.await;
import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.fasterxml.jackson.databind.JsonNode;
import dev.varve.container.age.AgeServer;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * A pair of PostgreSQL servers with AGE is drilled as its operator would: its capture is killed,
 * then its primary. Skipped, saying so, where there is no Docker.
 */
final class AgePairDrillIT {

  /** Of the role that captures; the client of a drill is another, who may write. */
  private static final String SECRET = "battery-staple";

  @TempDir private Path directory;

  @Test
  void pairIsBrokenMeasuredAndProved() throws Exception {
    assumeTrue(AgeServer.dockerIsThere(), "no Docker: the drill of a pair of AGE is skipped");
    try (AgeServer primary = AgeServer.start();
        AgeServer standby = AgeServer.start();
        Installed.Server kafka = Installed.Server.kafka(directory.resolve("kafka"));
        Pipeline pipeline =
            Pipeline.byInit(directory.resolve("p"), source(primary), environment(kafka, standby));
        Pipeline next =
            Pipeline.byInit(
                directory.resolve("next"), source(standby), environment(kafka, primary))) {
      AgeGraph graph = new AgeGraph(primary, Pipeline.GRAPH).create();
      graph.run(graph.cypher("CREATE (:Own {n: 1})-[:KNOWS]->(:Own {n: 2})"));
      setUp(pipeline);
      for (String stage : List.of("capture", "fold", "compact")) {
        pipeline.start(stage);
      }
      pipeline.awaitTransaction(graph.last());
      pipeline.start("replay", "--target", target(standby), "--follow");
      pipeline.start("observe");

      captureIsKilled(pipeline, standby);
      AgeGraph there = new AgeGraph(standby, Pipeline.GRAPH);
      setUp(next);
      JsonNode outcome = primaryIsKilled(pipeline, next, primary, standby);
      assertThat(outcome.get("facts").get("removed from " + named(standby)).asText())
          .endsWith("vertices that the client wrote");
      assertThat(there.content().vertices()).as("the client's own are gone").isEqualTo(3);
    }
  }

  /** What follows is broken, and catches up: primary, standby and a restore are equal then. */
  private void captureIsKilled(Pipeline pipeline, AgeServer standby) throws Exception {
    await("there is a standby", () -> isStandby(standby));
    CompletableFuture<Installed.Result> drill =
        drill(
            pipeline,
            "--no-promotion",
            "--target=" + target(standby),
            "--break=kill -9 " + pipeline.pid("capture"),
            "--mend=touch capture-mended",
            "--lasts=1s");
    await("it is mended", () -> exists(pipeline, "capture-mended") || drill.isDone());
    pipeline.start("capture");
    Installed.Result result = drill.join();
    assertThat(result.exitCode()).as(result + pipeline.tail()).isZero();
    JsonNode outcome = result.json().get("scenarios").get(0);
    assertThat(outcome.get("equal").asBoolean()).as(result.toString()).isTrue();
    assertThat(outcome.get("rpoTransactions").asLong()).as(result.toString()).isPositive();
    assertThat(outcome.get("facts").has("fingerprint of the standby")).isTrue();
    System.out.printf(
        "recovered %s s after capture was killed, behind by %s%n",
        outcome.get("rtoSeconds"), outcome.get("rpoTransactions"));
  }

  private JsonNode primaryIsKilled(
      Pipeline pipeline, Pipeline next, AgeServer primary, AgeServer standby) throws Exception {
    CompletableFuture<Installed.Result> drill =
        drill(
            pipeline,
            "--target=" + target(standby),
            "--announced=primary.json",
            "--break=touch break; until [ -e broken ]; do sleep 0.02; done",
            "--mend=echo ${VARVE_HOOK_NEW_PRIMARY%/*} > mended",
            "--rto=5m");
    await("it is to be broken", () -> exists(pipeline, "break") || drill.isDone());
    primary.kill();
    Files.createFile(pipeline.directory().resolve("broken"));
    await("it is mended", () -> exists(pipeline, "mended") || drill.isDone());
    next.start("capture");
    Installed.Result result = drill.join();
    assertThat(result.exitCode()).as(result + pipeline.tail() + next.tail()).isZero();
    assertThat(pipeline.directory().resolve("mended")).hasContent("age:" + source(standby));
    JsonNode outcome = result.json().get("scenarios").get(0);
    assertThat(outcome.get("equal").asBoolean()).as(result.toString()).isTrue();
    assertThat(outcome.get("facts").get("new primary").asText()).isEqualTo(named(standby));
    assertThat(outcome.get("rpoTransactions").isNumber()).isTrue();
    assertThat(outcome.get("steps").findValuesAsText("name"))
        .contains("the fault", "until it is announced", "clients change over", "mended", "proof");
    System.out.printf(
        "recovered after %s s, lost %s of %s%n",
        outcome.get("rtoSeconds"),
        outcome.get("rpoTransactions"),
        outcome.get("facts").get("acknowledged before the fault"));
    return outcome;
  }

  private static boolean isStandby(AgeServer server) throws Exception {
    try (Connection connection = server.connect();
        Statement statement = connection.createStatement();
        ResultSet row = statement.executeQuery("SELECT to_regclass('varve.standby') IS NOT NULL")) {
      return row.next() && row.getBoolean(1);
    }
  }

  private static void setUp(Pipeline pipeline) throws Exception {
    Installed.Result setup = pipeline.run("source", "setup", "--as", AgeServer.USER, "--apply");
    assertThat(setup.exitCode()).as(setup.toString()).isZero();
  }

  private CompletableFuture<Installed.Result> drill(Pipeline pipeline, String... options) {
    List<String> line = new ArrayList<>(List.of("drill", "pair", "--yes-break=" + Pipeline.GRAPH));
    line.add("--output=json");
    line.addAll(List.of(options));
    Map<String, String> client = new HashMap<>(pipeline.environment());
    client.put("VARVE_SOURCE_USER", AgeServer.USER);
    client.put("VARVE_SOURCE_PASSWORD", AgeServer.PASSWORD);
    return CompletableFuture.supplyAsync(
        () -> {
          try {
            return Installed.run(pipeline.directory(), client, line.toArray(new String[0]));
          } catch (IOException | InterruptedException e) {
            throw new IllegalStateException(e);
          }
        });
  }

  /**
   * As operators set a pair up.
   *
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
    environment.put("VARVE_PROMOTE_ANNOUNCE", "primary.json");
    environment.put("VARVE_OBSERVE_NAME", "here");
    environment.put("VARVE_OBSERVE_EVERY", "500ms");
    environment.put("VARVE_OBSERVE_RETRIES", "2");
    environment.put(
        "VARVE_OBSERVE_ON_DOWN",
        "'%s/varve' promote --forced --target '%s'".formatted(Installed.HOME, target(other)));
    return environment;
  }

  private static String source(AgeServer server) {
    return "postgresql://" + server.host() + ":" + server.port() + "/" + AgeServer.DATABASE;
  }

  private static String target(AgeServer server) {
    return named(server).replace("://", "://" + AgeServer.USER + "@");
  }

  /** As reports and announcements name it. */
  private static String named(AgeServer server) {
    return "age:" + source(server) + "/" + Pipeline.GRAPH;
  }

  private static boolean exists(Pipeline pipeline, String name) {
    return Files.exists(pipeline.directory().resolve(name));
  }
}
