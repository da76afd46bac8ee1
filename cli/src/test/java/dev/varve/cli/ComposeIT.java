package dev.varve.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.fasterxml.jackson.databind.JsonNode;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.neo4j.driver.AuthTokens;
import org.neo4j.driver.Driver;
import org.neo4j.driver.GraphDatabase;
import org.testcontainers.DockerClientFactory;

/**
 * {@code docker-compose.yml}, for real: three brokers, a registry, an object store, two Neo4j
 * servers and Varve's stages. Skipped, saying so, where there is no Docker or no compose.
 */
final class ComposeIT {

  private static final long LOOK_EVERY_MS = 1_000;
  private static final Duration REACHED_AT_MOST = Duration.ofMinutes(6);

  @TempDir private Path directory;

  @BeforeAll
  static void docker() throws Exception {
    assumeTrue(
        DockerClientFactory.instance().isDockerAvailable(), "no Docker: compose test skipped");
    assumeTrue(ComposeStack.available(), "no docker compose: compose test skipped");
  }

  @Test
  void backupGoesOnWithoutOneOfTheBrokers() throws Exception {
    try (ComposeStack stack = ComposeStack.up(directory);
        Driver driver =
            GraphDatabase.driver(stack.boltUri(), AuthTokens.basic("neo4j", stack.password()))) {
      ScriptedGraph graph = new ScriptedGraph(driver, new Random(20261126));
      write(graph, 20);
      awaitInBucket(stack, graph.content());
      Installed.Result doctor = stack.varve("doctor");
      assertThat(doctor.exitCode()).as(doctor.toString()).isZero();
      assertThat(doctor.out())
          .contains("3 broker(s)", "registry:8080", "honours conditional writes");

      stack.kill("kafka-1"); // the first in everybody's list
      write(graph, 40);
      awaitInBucket(stack, graph.content());
      for (String stage : List.of("capture", "fold", "compact")) {
        assertThat(stack.state(stage)).as(stage).isEqualTo("running, restarted 0 times");
      }

      JsonNode verified = json(stack.varve("verify", "--level=graph", "--output=json"));
      assertThat(verified.get("ok").asBoolean()).isTrue();
      JsonNode restored =
          json(
              stack.varve(
                  "restore",
                  "--to=latest",
                  "--target=dir:/tmp/restored?format=avro",
                  "--output=json"));
      assertThat(restored.get("fingerprint").asText())
          .isEqualTo(graph.content().fingerprint().toString());
    }
  }

  private static void write(ScriptedGraph graph, int transactions) {
    for (int i = 0; i < transactions; i++) {
      graph.transaction();
    }
  }

  /** Waits until the newest snapshot is exactly what the store holds. */
  private static void awaitInBucket(ComposeStack stack, ScriptedGraph.Content content)
      throws Exception {
    long end = System.nanoTime() + REACHED_AT_MOST.toNanos();
    while (true) {
      Installed.Result info = stack.varve("info", "--offline", "--output=json");
      if (info.exitCode() == 0
          && info.json()
              .get("newest")
              .get("fingerprint")
              .asText()
              .equals(content.fingerprint().toString())) {
        return;
      }
      if (System.nanoTime() > end) {
        throw new AssertionError("the bucket lags behind: " + info + "\n" + stack.logs());
      }
      Thread.sleep(LOOK_EVERY_MS);
    }
  }

  private static JsonNode json(Installed.Result result) throws Exception {
    assertThat(result.exitCode()).as(result.toString()).isZero();
    return result.json();
  }
}
