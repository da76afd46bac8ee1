package dev.varve.cli;

import static dev.varve.cli.Waiting.await;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import dev.varve.archive.Chain;
import dev.varve.archive.Manifest;
import dev.varve.change.Site;
import dev.varve.cli.demo.BoltScan;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.neo4j.driver.Driver;
import org.neo4j.driver.Session;
import org.neo4j.driver.Transaction;

/**
 * The primary is lost with transactions that nobody captured. It comes back: they are set aside,
 * shown, exported and merged into the new primary, and only then the old one may be emptied and
 * rejoin as a standby.
 */
final class BranchIT {

  private static final Site SECOND = new Site("neo4j", 2);

  @TempDir private Path directory;

  @Test
  void whatOnlyTheOldPrimaryKnowsIsNotLost() throws Exception {
    try (Installed.Server primary = Installed.Server.neo4j(directory.resolve("source"));
        Installed.Server standby = Installed.Server.neo4j(directory.resolve("standby"));
        Installed.Server kafka = Installed.Server.kafka(directory.resolve("kafka"));
        Driver driver = RestoreToAnyTransactionIT.driver(primary.address());
        Driver standbyDriver = RestoreToAnyTransactionIT.driver(standby.address());
        Pipeline pipeline =
            Pipeline.at(
                directory.resolve("p"),
                primary.address(),
                Optional.of(kafka.address()),
                Map.of("VARVE_PROMOTE_FENCE", "true"))) {
      for (String stage : new String[] {"capture", "fold", "compact"}) {
        pipeline.start(stage);
      }
      long captured =
          write(
              driver,
              "UNWIND range(0, 9) AS i CREATE (n:Written {i: i}) WITH n"
                  + " MATCH (m:Written {i: n.i - 1}) CREATE (n)-[:AFTER]->(m)");
      pipeline.awaitTransaction(captured);
      pipeline.start("replay", "--target", standby.address(), "--follow");
      await("the standby has it", () -> count(standbyDriver) == 10);
      pipeline.stop("capture");
      long first =
          write(driver, "MATCH (m:Written {i: 9}) CREATE (:Written {i: 10})-[:AFTER]->(m)");
      write(driver, "MATCH (n:Written {i: 5}) SET n.late = true");
      long last = write(driver, "MATCH (n:Written {i: 0}) DETACH DELETE n");
      primary.kill();
      promote(pipeline, standby.address());
      primary.restart();

      String name = "neo4j-1-" + first + "-" + last;
      mayNotBeEmptied(pipeline, primary.address());
      isSetAside(pipeline, standby.address(), name);
      isShown(pipeline, name, last);
      isExported(pipeline, name);
      String following = isWrittenToAgain(pipeline, driver, name);
      try (Pipeline next =
          Pipeline.at(
              directory.resolve("next"),
              standby.address(),
              Optional.of(kafka.address()),
              Map.of())) {
        next.start("capture");
        awaitChain(pipeline, write(standbyDriver, "CREATE (:Written {i: 11})"));
        conflictsAreNamed(pipeline, standby.address(), standbyDriver, following);
        isKilledInTheMidst(pipeline, standby.address(), standbyDriver, following);
        isMergedOnce(pipeline, standby.address(), standbyDriver, following);
        isMergedWithIt(pipeline, standby.address(), name);
        awaitChain(pipeline, lastTransaction(standbyDriver));
        rejoins(pipeline, primary.address(), driver, standbyDriver);
      }
    }
  }

  private static void promote(Pipeline pipeline, String standby) throws Exception {
    Installed.Result promoted =
        pipeline.run("promote", "--forced", "--target", standby, "--output=json");
    assertThat(promoted.exitCode()).as(promoted.toString()).isZero();
    assertThat(promoted.json().get("leftTransactions").isNull()).isTrue();
    assertThat(promoted.json().get("branches").isNull()).isTrue();
  }

  private static void mayNotBeEmptied(Pipeline pipeline, String old) throws Exception {
    Installed.Result refused = pipeline.run("replay", "--target", old, "--overwrite");
    assertThat(refused.exitCode()).as(refused.toString()).isEqualTo(1);
    assertThat(refused.err())
        .contains("holds 3 transactions")
        .contains("HINT: varve branch save --source " + old);
    Installed.Result unknown =
        pipeline.run("replay", "--target", old, "--overwrite", "--chain-only");
    assertThat(unknown.exitCode()).as(unknown.toString()).isEqualTo(1);
    assertThat(unknown.err()).contains("was a primary of the graph");
  }

  private static void isSetAside(Pipeline pipeline, String standby, String name) throws Exception {
    Installed.Result again =
        pipeline.run("promote", "--forced", "--target", standby, "--output=json");
    assertThat(again.exitCode()).as(again.toString()).isEqualTo(3);
    assertThat(again.json().get("leftTransactions").asLong()).isEqualTo(3);
    assertThat(again.json().get("branches").get(0).asText()).isEqualTo(name);
    Installed.Result saved = pipeline.run("branch", "save", "--output=json");
    assertThat(saved.exitCode()).as(saved.toString()).isZero();
    assertThat(saved.json().get("made").isNull()).as("it was saved before").isTrue();
    assertThat(saved.json().get("branches")).hasSize(1);
  }

  private static void isShown(Pipeline pipeline, String name, long last) throws Exception {
    JsonNode branch = pipeline.run("info", "--output=json").json().get("branches").get(0);
    assertThat(branch.get("name").asText()).isEqualTo(name);
    assertThat(branch.get("transactions").asLong()).isEqualTo(3);
    Installed.Result shown = pipeline.run("log", "--branch", name, "--output=json");
    assertThat(shown.json().get("transactions")).as(shown.toString()).hasSize(3);
    JsonNode newest = shown.json().get("transactions").get(0);
    assertThat(newest.get("seq").asLong()).isEqualTo(last);
    assertThat(newest.get("counts").toString()).contains("\"removed\":1");
    Installed.Result chain = pipeline.run("log", "--limit", "1", "--output=json");
    assertThat(chain.json().get("transactions")).as(chain.toString()).hasSize(1);
    assertThat(chain.json().get("transactions").get(0).get("seq").asLong()).isLessThan(last);
  }

  private void isExported(Pipeline pipeline, String name) throws Exception {
    Path target = directory.resolve("export");
    Installed.Result exported = pipeline.run("branch", "export", name, "--target", "dir:" + target);
    assertThat(exported.exitCode()).as(exported.toString()).isZero();
    assertThat(Files.readString(target.resolve("changes.jsonl"))).contains("\"late\"");
  }

  /** What the old one commits now is another branch, which knows what the first one made. */
  private static String isWrittenToAgain(Pipeline pipeline, Driver old, String name)
      throws Exception {
    write(old, "MATCH (n:Written {i: 10}) SET n.again = true");
    JsonNode saved = pipeline.run("branch", "save", "--output=json").json();
    assertThat(saved.get("branches")).as(saved.toString()).hasSize(2);
    String made = saved.get("made").asText();
    assertThat(made).isNotEqualTo(name);
    return made;
  }

  /** What both have changed is written only if somebody says whose state wins. */
  private static void conflictsAreNamed(
      Pipeline pipeline, String primary, Driver driver, String name) throws Exception {
    write(driver, "MATCH (n:Written {i: 5}) SET n.other = 1");
    Installed.Result refused =
        pipeline.run("branch", "merge", name, "--target", primary, "--output=json");
    assertThat(refused.exitCode()).as(refused.toString()).isEqualTo(3);
    assertThat(refused.json().get("conflicts")).as(refused.toString()).hasSize(1);
    assertThat(refused.json().get("conflicts").get(0).get("what").asText())
        .isEqualTo("was changed by the new primary");
    Installed.Result tried =
        pipeline.run(
            "branch",
            "merge",
            name,
            "--target",
            primary,
            "--dry-run",
            "--take",
            "primary",
            "--output=json");
    assertThat(tried.exitCode()).as(tried.toString()).isZero();
    assertThat(tried.json().get("branches")).hasSize(2);
    assertThat(tried.json().get("written").asLong()).isEqualTo(5);
    assertThat(tried.json().get("leftOut").asLong()).isEqualTo(1);
    assertThat(numbers(driver, "MATCH (n:Written) RETURN n.i AS i"))
        .containsExactly(0L, 1L, 2L, 3L, 4L, 5L, 6L, 7L, 8L, 9L, 11L);
    write(driver, "MATCH (n:Written {i: 5}) REMOVE n.other");
  }

  private static void isMergedOnce(Pipeline pipeline, String primary, Driver driver, String name)
      throws Exception {
    for (String state : new String[] {"merged", "already merged"}) {
      Installed.Result merged =
          pipeline.run("branch", "merge", name, "--target", primary, "--output=json");
      assertThat(merged.exitCode()).as(merged.toString()).isZero();
      assertThat(merged.json().get("state").asText()).isEqualTo(state);
      assertThat(merged.json().get("written").asLong()).isEqualTo(state.equals("merged") ? 6 : 0);
      assertThat(numbers(driver, "MATCH (n:Written) RETURN n.i AS i"))
          .containsExactly(1L, 2L, 3L, 4L, 5L, 6L, 7L, 8L, 9L, 10L, 11L);
    }
    assertThat(numbers(driver, "MATCH (n:Written {late: true}) RETURN n.i AS i"))
        .containsExactly(5L);
    assertThat(
            numbers(driver, "MATCH (n:Written {again: true})-[:AFTER]->({i: 9}) RETURN n.i AS i"))
        .containsExactly(10L);
    assertThat(numbers(driver, "MATCH (n) WHERE NOT n:Written RETURN id(n) AS i")).isEmpty();
    JsonNode branches = pipeline.run("info", "--output=json").json().get("branches");
    assertThat(branches)
        .hasSize(2)
        .allSatisfy(branch -> assertThat(branch.get("merged").asBoolean()).isTrue());
  }

  private static void isMergedWithIt(Pipeline pipeline, String primary, String first)
      throws Exception {
    Installed.Result merged =
        pipeline.run("branch", "merge", first, "--target", primary, "--output=json");
    assertThat(merged.exitCode()).as(merged.toString()).isZero();
    assertThat(merged.json().get("state").asText()).isEqualTo("already merged");
  }

  /** Nothing of it is there then. */
  private static void isKilledInTheMidst(
      Pipeline pipeline, String primary, Driver driver, String name) throws Exception {
    try (Session client = driver.session();
        Transaction transaction = client.beginTransaction()) {
      transaction.run("MATCH (n:Written {i: 5}) SET n.held = true").consume();
      pipeline.start("branch", "merge", name, "--target", primary);
      await("the merge waits for a client", () -> merging(driver).contains("Blocked"));
      pipeline.kill("branch");
      transaction.rollback();
    }
    await("the server has let go of it", () -> merging(driver).isEmpty());
    assertThat(numbers(driver, "MATCH (n:Written) RETURN n.i AS i"))
        .containsExactly(0L, 1L, 2L, 3L, 4L, 5L, 6L, 7L, 8L, 9L, 11L);
  }

  /** The state of the merge's transaction, if there is one. */
  private static String merging(Driver driver) {
    try (Session session = driver.session()) {
      return session
          .run("SHOW TRANSACTIONS YIELD status, metaData RETURN status, metaData")
          .list()
          .stream()
          .filter(row -> row.get("metaData").asMap().containsKey("varveBranch"))
          .map(row -> row.get("status").asString())
          .collect(Collectors.joining());
    }
  }

  private static List<Long> numbers(Driver driver, String statement) {
    try (Session session = driver.session()) {
      return session.run(statement + " ORDER BY i").list(row -> row.get(0).asLong());
    }
  }

  private static long lastTransaction(Driver driver) {
    try (Session session = driver.session()) {
      return ScriptedGraph.lastTransaction(session);
    }
  }

  private static void rejoins(Pipeline pipeline, String old, Driver driver, Driver standby)
      throws Exception {
    pipeline.stop("replay");
    Installed.Result joined =
        pipeline.run("replay", "--target", old, "--overwrite", "--verify", "--output=json");
    assertThat(joined.exitCode()).as(joined.toString()).isZero();
    assertThat(joined.json().get("fingerprint").asText())
        .isEqualTo(BoltScan.of(standby).fingerprint().toString());
    assertThat(count(driver)).isEqualTo(count(standby));
    Installed.Result verify = pipeline.run("verify", "--level=graph");
    assertThat(verify.exitCode()).as(verify.toString()).isZero();
    Installed.Result saved = pipeline.run("branch", "save", "--source", old, "--output=json");
    assertThat(saved.json().get("made").isNull())
        .as("what made it a standby is nobody's change: " + saved)
        .isTrue();
  }

  private static void awaitChain(Pipeline pipeline, long seq) throws Exception {
    await(
        "the chain goes on",
        () ->
            pipeline
                .newest()
                .map(Chain.Link::manifest)
                .map(Manifest::to)
                .map(cut -> cut.covers(SECOND, seq))
                .orElse(false));
  }

  /** Commits a statement; the number of its transaction. */
  private static long write(Driver driver, String statement) {
    try (Session session = driver.session()) {
      session.run(statement).consume();
      return ScriptedGraph.lastTransaction(session);
    }
  }

  private static long count(Driver driver) {
    try (Session session = driver.session()) {
      return session.run("MATCH (n:Written) RETURN count(n)").single().get(0).asLong();
    }
  }
}
