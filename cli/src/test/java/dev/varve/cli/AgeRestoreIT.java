package dev.varve.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.varve.archive.DirectoryRepository;
import dev.varve.container.age.AgeServer;
import dev.varve.graph.ElementKind;
import dev.varve.graph.StoreSchema;
import dev.varve.topology.Fingerprint;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;

/**
 * The command restores into PostgreSQL with AGE: exit codes, hints, kill -9 of either side.
 * Skipped, saying so, where there is no Docker.
 */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
final class AgeRestoreIT {

  private static final int VERTICES = 60_000;
  private static final int EDGES = 240_000;
  private static final Map<String, String> PASSWORD =
      Map.of("VARVE_TARGET_PASSWORD", AgeServer.PASSWORD);

  @TempDir private static Path directory;
  private Optional<AgeServer> server = Optional.empty();
  private Fingerprint promised = Fingerprint.EMPTY;

  @BeforeAll
  void layDownAChain() throws Exception {
    assumeTrue(AgeServer.dockerIsThere(), "no Docker: tests with PostgreSQL and AGE skipped");
    server = Optional.of(AgeServer.start());
    promised = chain("good").lay(VERTICES, EDGES, List.of());
  }

  @AfterAll
  void stop() {
    server.ifPresent(AgeServer::close);
  }

  private AgeChain chain(String name) throws Exception {
    Path scratch = Files.createDirectories(directory.resolve("scratch-" + name));
    return new AgeChain(new DirectoryRepository(directory.resolve(name)), scratch);
  }

  private AgeServer server() {
    return server.orElseThrow();
  }

  private String[] restore(String chain, String target, String... more) {
    List<String> command =
        new java.util.ArrayList<>(
            List.of("restore", "--repository", directory.resolve(chain).toString()));
    command.addAll(List.of("--graph", AgeChain.GRAPH, "--target", target, "--output=json"));
    command.addAll(List.of(more));
    return command.toArray(String[]::new);
  }

  private String target(String user, String graph) {
    return "age:postgresql://%s@%s:%d/%s/%s"
        .formatted(user, server().host(), server().port(), AgeServer.DATABASE, graph);
  }

  private Installed.Result run(Map<String, String> environment, String... command)
      throws Exception {
    return Installed.run(directory, environment, command);
  }

  private String cypher(String graph, String query) throws SQLException {
    try (Connection connection = server().connect();
        Statement statement = connection.createStatement();
        ResultSet row =
            statement.executeQuery(
                "SELECT * FROM cypher('" + graph + "', $$ " + query + " $$) AS (a agtype)")) {
      row.next();
      return row.getString(1);
    }
  }

  @Test
  void aRestoreIsProvenAndASecondOneRefused() throws Exception {
    String target = target(AgeServer.USER, "proven");
    Installed.Result dry = run(PASSWORD, restore("good", target, "--dry-run"));
    assertThat(dry.exitCode()).as(dry.toString()).isZero();
    Installed.Result restored = run(PASSWORD, restore("good", target));
    assertThat(restored.exitCode()).as(restored.toString()).isZero();
    assertThat(restored.json().get("fingerprint").asText()).isEqualTo(promised.toString());
    assertThat(cypher("proven", "MATCH (p:Person {n: 77}) RETURN id(p)"))
        .isEqualTo(AgeChain.id(AgeChain.PERSON, 77));
    assertThat(cypher("proven", "CREATE (p:Person) RETURN id(p)"))
        .isEqualTo(AgeChain.id(AgeChain.PERSON, VERTICES + 1));
    Installed.Result again = run(PASSWORD, restore("good", target));
    refused(again, 1, "is not empty", "--overwrite");
    Installed.Result replaced = run(PASSWORD, restore("good", target, "--overwrite"));
    assertThat(replaced.exitCode()).as(replaced.toString()).isZero();
    assertThat(cypher("proven", "MATCH (p:Person) RETURN count(p)")).isEqualTo("" + VERTICES);
  }

  private static void refused(Installed.Result result, int code, String error, String hint)
      throws Exception {
    assertThat(result.exitCode()).as(result.toString()).isEqualTo(code);
    assertThat(result.json().get("error").asText()).contains(error);
    assertThat(result.json().get("hint").asText()).contains(hint);
  }

  @Test
  void whatAnOperatorGetsWrongIsSaid() throws Exception {
    refused(
        run(Map.of("VARVE_TARGET_PASSWORD", "wrong"), restore("good", target("postgres", "soc"))),
        1,
        "refuses user 'postgres'",
        "password");
    refused(
        run(PASSWORD, restore("good", "age:postgresql://localhost/only-a-database")),
        64,
        "does not name a database and a graph",
        "age:postgresql://user@host:port/database/graph");
    refused(
        run(PASSWORD, restore("good", "age:postgresql://x@127.0.0.1:1/db/soc")),
        1,
        "cannot reach PostgreSQL",
        "see that the server runs");
    refused(
        run(PASSWORD, restore("good", target(AgeServer.USER, "x"))),
        1,
        "does not take 'x' as the name of a graph",
        "three letters");
    try (Connection connection = server().connect();
        Statement statement = connection.createStatement()) {
      statement.execute("CREATE ROLE reader LOGIN PASSWORD 'correct-horse'");
      statement.execute("GRANT USAGE ON SCHEMA ag_catalog TO reader");
      statement.execute("GRANT SELECT ON ALL TABLES IN SCHEMA ag_catalog TO reader");
    }
    refused(
        run(PASSWORD, restore("good", target("reader", "soc"))),
        1,
        "does not allow it to 'reader'",
        "GRANT CREATE ON DATABASE");
  }

  @Test
  void anIndexThatCannotBeMadeIsAProblemOfADoneRestore() throws Exception {
    StoreSchema.Rule rule =
        new StoreSchema.Rule(
            "by_nothing",
            StoreSchema.Form.INDEX,
            "btree",
            ElementKind.VERTEX,
            List.of("Person"),
            List.of(),
            Optional.of("CREATE INDEX by_nothing ON old.\"Person\" USING btree (nothing)"));
    Fingerprint small = chain("problem").lay(10, 10, List.of(rule));
    Installed.Result restored =
        run(PASSWORD, restore("problem", target(AgeServer.USER, "problem")));
    assertThat(restored.exitCode()).as(restored.toString()).isEqualTo(3);
    assertThat(restored.json().get("fingerprint").asText()).isEqualTo(small.toString());
    assertThat(restored.json().get("problems").get(0).asText())
        .contains("index 'by_nothing'", "nothing");
  }

  @Test
  void killedAgainAndAgainItGoesOnWhereItStopped() throws Exception {
    long seed = Long.getLong("varve.seed", 1);
    Random random = new Random(seed);
    String target = target(AgeServer.USER, "killed");
    Path log = directory.resolve("killed.log");
    int kills = 0;
    for (int round = 0; round < 4; round++) {
      Process process = Installed.start(directory, PASSWORD, log, restore("good", target));
      awaitBegun(process);
      boolean ended = // the first one is killed at once: on a fast machine a restore is short
          process.waitFor(round == 0 ? 0 : random.nextInt(1_500), TimeUnit.MILLISECONDS)
              && process.exitValue() == 0;
      process.descendants().forEach(ProcessHandle::destroyForcibly);
      process.destroyForcibly().waitFor();
      if (ended) {
        break;
      }
      kills++;
      if (round % 2 == 1) {
        server().kill();
        server().startAgain();
      }
    }
    assertThat(kills).as("seed %d", seed).isPositive();
    Installed.Result last = run(PASSWORD, restore("good", target));
    if (last.exitCode() == 1) { // it was done before the last kill
      refused(last, 1, "is not empty", "--overwrite");
    } else {
      assertThat(last.exitCode()).as("seed %d: %s", seed, last).isZero();
      assertThat(last.json().get("fingerprint").asText())
          .as("seed %d", seed)
          .isEqualTo(promised.toString());
    }
    assertThat(cypher("killed", "MATCH (p:Person) RETURN count(p)")).isEqualTo("" + VERTICES);
    assertThat(cypher("killed", "MATCH ()-[k:KNOWS]->() RETURN count(k)")).isEqualTo("" + EDGES);
  }

  /** Waits until the database has a restore noted in it, or there is none any more. */
  private void awaitBegun(Process process) throws Exception {
    while (process.isAlive()) {
      try (Connection connection = server().connect();
          Statement statement = connection.createStatement();
          ResultSet row = statement.executeQuery("SELECT to_regclass('varve.restore') IS NULL")) {
        row.next();
        if (!row.getBoolean(1)) {
          return;
        }
      }
      Thread.sleep(10);
    }
  }
}
