package dev.varve.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.varve.cli.demo.Content;
import dev.varve.container.age.AgeServer;
import java.nio.file.Path;
import java.sql.Connection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * A graph of another version of PostgreSQL and AGE is captured, and restored into that version and
 * into the usual one, with its indexes and constraints. {@link AgeIT} restores the other way.
 */
final class AgeVersionsIT {

  private static final Map<String, String> ENVIRONMENT =
      Map.of(
          "VARVE_SOURCE_PASSWORD",
          "battery-staple",
          "VARVE_SETUP_PASSWORD",
          AgeServer.PASSWORD,
          "VARVE_TARGET_PASSWORD",
          AgeServer.PASSWORD,
          "VARVE_FOLD_COMMIT_EVERY",
          "100ms");
  private static final int STEPS = 120;

  private final long seed = Long.getLong("varve.seed", 1);

  @TempDir private Path directory;

  @Test
  void aGraphMovesBetweenVersions() throws Exception {
    assumeTrue(AgeServer.dockerIsThere(), "no Docker: container tests skipped");
    Optional<AgeServer> other = AgeServer.startOther();
    assumeTrue(other.isPresent(), "no image of another version: its test is skipped");
    try (AgeServer source = other.get();
        AgeServer target = AgeServer.start();
        Pipeline pipeline =
            Pipeline.byInit(
                directory, address("postgresql://", source), new HashMap<>(ENVIRONMENT))) {
      Random random = new Random(seed);
      AgeGraph graph = new AgeGraph(source, Pipeline.GRAPH).create();
      graph.run(
          graph.cypher("CREATE (:Kept {n: 1})-[:HOLDS {n: 2}]->(:Kept {n: 3})"),
          "CREATE INDEX kept_by ON " + table("Kept") + " USING gin (properties)",
          "ALTER TABLE " + table("Kept") + " ADD CONSTRAINT kept_once UNIQUE (properties)");
      steps(graph, random);
      run(pipeline, "source", "setup", "--as", AgeServer.USER, "--apply");
      run(pipeline, "doctor");
      pipeline.start("up");
      pipeline.awaitTransaction(1);
      steps(graph, random);
      pipeline.awaitTransaction(graph.last());
      Content content = graph.content();
      assertThat(pipeline.newest().orElseThrow().manifest().fingerprint())
          .as("seed %d", seed)
          .isEqualTo(content.fingerprint());
      assertThat(pipeline.stop("up")).isZero();

      for (AgeServer server : List.of(target, source)) {
        AgeGraph restored = new AgeGraph(server, "restored");
        run(pipeline, "restore", "--target", address("age:postgresql://postgres@", server));
        assertThat(restored.content()).isEqualTo(content);
        assertThat(rules(restored)).contains("kept_by", "kept_once");
      }
    }
  }

  private static void steps(AgeGraph graph, Random random) throws Exception {
    try (Connection connection = graph.server().connect()) {
      for (int i = 0; i < STEPS; i++) {
        graph.step(connection, random);
      }
    }
  }

  private static List<String> rules(AgeGraph graph) throws Exception {
    try (Connection connection = graph.server().connect();
        var statement = connection.createStatement();
        var row =
            statement.executeQuery(
                "SELECT array_agg(indexname::text) FROM pg_indexes WHERE schemaname = '"
                    + graph.name()
                    + "'")) {
      row.next();
      return List.of((String[]) row.getArray(1).getArray());
    }
  }

  private static String table(String label) {
    return Pipeline.GRAPH + ".\"" + label + "\"";
  }

  private static String address(String scheme, AgeServer server) {
    String database = scheme + server.host() + ":" + server.port() + "/" + AgeServer.DATABASE;
    return scheme.startsWith("age:") ? database + "/restored" : database;
  }

  private static void run(Pipeline pipeline, String... command) throws Exception {
    Installed.Result result = pipeline.run(command);
    assertThat(result.exitCode()).as(result.toString()).isZero();
  }
}
