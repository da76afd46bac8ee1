package dev.varve.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.net.URI;
import java.nio.file.Path;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.neo4j.driver.AuthTokens;
import org.neo4j.driver.Driver;
import org.neo4j.driver.GraphDatabase;
import org.testcontainers.DockerClientFactory;
import org.testcontainers.neo4j.Neo4jContainer;

/**
 * Servers as people run them: Neo4j in containers, with a password, the plugin dropped into {@code
 * plugins/}. Skipped, saying so, where there is no Docker.
 */
final class ContainerIT {

  private static final Map<String, String> ENVIRONMENT =
      Map.of(
          "VARVE_SOURCE_PASSWORD", Neo4jInContainer.PASSWORD,
          "VARVE_TARGET_PASSWORD", Neo4jInContainer.PASSWORD);

  @TempDir private Path directory;

  @BeforeAll
  static void docker() {
    assumeTrue(
        DockerClientFactory.instance().isDockerAvailable(), "no Docker: container tests skipped");
  }

  @Test
  void aServerInAContainerIsBackedUpAndRestoredIntoAnother() throws Exception {
    try (Neo4jContainer source = Neo4jInContainer.server(Installed.HOME, true);
        Neo4jContainer target = Neo4jInContainer.server(Installed.HOME, false)) {
      source.start();
      target.start();
      try (Pipeline pipeline = Pipeline.byInit(directory, source.getBoltUrl(), ENVIRONMENT)) {
        Installed.Result doctor = pipeline.run("doctor");
        assertThat(doctor.exitCode()).as(doctor.toString()).isZero();

        ScriptedGraph.Content content = writeWhileCaptured(source, pipeline);

        String uri = target.getBoltUrl().replace("bolt://", "bolt://neo4j@");
        Installed.Result restored =
            pipeline.run("restore", "--to", "latest", "--target", uri, "--output=json");
        assertThat(restored.exitCode()).as(restored.toString()).isZero();
        assertThat(restored.json().get("fingerprint").asText())
            .isEqualTo(content.fingerprint().toString());
      }
    }
  }

  @Test
  void aPluginThatIsNotPermittedIsSaidByDoctorAndStopsUp() throws Exception {
    try (Neo4jContainer unpermitted = Neo4jInContainer.withoutPermission(Installed.HOME)) {
      refused(unpermitted, "unpermitted");
    }
    try (Neo4jContainer unlisted = Neo4jInContainer.notOnTheList(Installed.HOME)) {
      refused(unlisted, "unlisted");
    }
  }

  private void refused(Neo4jContainer server, String name) throws Exception {
    server.start();
    try (Pipeline pipeline =
        Pipeline.at(directory.resolve(name), server.getBoltUrl(), ENVIRONMENT)) {
      Installed.Result doctor = pipeline.run("doctor");
      assertThat(doctor.exitCode()).as(doctor.toString()).isEqualTo(3);
      assertThat(doctor.out())
          .contains("PROBLEM  plugin", "dbms.security.procedures.unrestricted=varve.*");
      Installed.Result up = pipeline.run("up", "--output=json");
      assertThat(up.exitCode()).as(up.toString()).isEqualTo(1);
      assertThat(up.json().get("hint").asText())
          .contains("dbms.security.procedures.unrestricted=varve.*");
      assertThat(pipeline.repositoryRoot()).doesNotExist();
    }
  }

  private static ScriptedGraph.Content writeWhileCaptured(Neo4jContainer source, Pipeline pipeline)
      throws Exception {
    try (Driver driver =
        GraphDatabase.driver(
            URI.create(source.getBoltUrl()),
            AuthTokens.basic("neo4j", Neo4jInContainer.PASSWORD))) {
      ScriptedGraph graph = new ScriptedGraph(driver, new Random(20261122));
      pipeline.start("up");
      long last = 0;
      for (int i = 0; i < 60; i++) {
        last = graph.transaction();
      }
      ScriptedGraph.Content content = graph.content();
      pipeline.awaitTransaction(last);
      assertThat(pipeline.stop("up")).isZero();
      return content;
    }
  }
}
