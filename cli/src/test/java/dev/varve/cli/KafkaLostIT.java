package dev.varve.cli;

import static dev.varve.cli.Waiting.await;
import static org.assertj.core.api.Assertions.assertThat;

import dev.varve.archive.Chain;
import dev.varve.archive.Manifest;
import dev.varve.change.Site;
import dev.varve.change.VersionVector;
import dev.varve.cli.demo.BoltScan;
import dev.varve.cli.demo.Content;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.neo4j.driver.Driver;
import org.neo4j.driver.Session;

/**
 * The machine with the primary, and with it Kafka, is gone. A standby elsewhere that followed the
 * chain is promoted, and the chain goes on with it and with a Kafka of its own. Then that Kafka is
 * lost too, and the store is there still.
 */
final class KafkaLostIT {

  private static final Site SECOND = new Site("neo4j", 2);
  private static final Site THIRD = new Site("neo4j", 3);

  @TempDir private Path directory;

  @Test
  void standbyThatHasOnlyTheChainIsPromoted() throws Exception {
    try (Installed.Server primary = Installed.Server.neo4j(directory.resolve("source"));
        Installed.Server standby = Installed.Server.neo4j(directory.resolve("standby"));
        Driver driver = RestoreToAnyTransactionIT.driver(primary.address());
        Driver standbyDriver = RestoreToAnyTransactionIT.driver(standby.address());
        Pipeline lost =
            Pipeline.at(directory.resolve("lost"), primary.address(), Optional.empty());
        Pipeline left =
            Pipeline.at(
                directory.resolve("left"),
                primary.address(),
                Optional.empty(),
                environment(lost.repositoryRoot()))) {
      lost.start("up");
      long last = write(driver, 50);
      lost.awaitTransaction(last);
      left.start("replay", "--chain-only", "--follow", "--target", standby.address());
      lost.awaitTransaction(write(driver, 50));
      await("the standby has what was written", () -> count(standbyDriver) == 200);
      notWhileKafkaIsThere(lost, standby.address());

      primary.kill();
      lost.kill("up");
      Manifest end = lost.newest().map(Chain.Link::manifest).orElseThrow();
      Installed.Result promoted =
          left.run("promote", "--forced", "--chain-only", "--target", standby.address());
      assertThat(promoted.exitCode()).as(promoted.toString()).isZero();
      assertThat(promoted.out()).contains("replaces         neo4j@1", "it was lost with Kafka");
      assertThat(left.directory().resolve("fenced")).exists();
      assertThat(left.directory().resolve("primary.json")).exists();
      Content there = BoltScan.of(standbyDriver); // whose ids are its own from now on
      assertThat(there.vertices()).isEqualTo(end.counts().vertices());
      assertThat(there.edges()).isEqualTo(end.counts().edges());

      theChainGoesOn(lost, standby.address(), standbyDriver);
    }
  }

  /** What is not lost is not to be done without. */
  private static void notWhileKafkaIsThere(Pipeline lost, String standby) throws Exception {
    Installed.Result refused =
        lost.run("promote", "--forced", "--chain-only", "--unfenced", "--target", standby);
    assertThat(refused.exitCode()).as(refused.toString()).isEqualTo(64);
    assertThat(refused.err()).contains("Kafka is not lost", "HINT: promote without --chain-only");
  }

  private void theChainGoesOn(Pipeline lost, String standby, Driver driver) throws Exception {
    try (Pipeline next =
        Pipeline.at(
            directory.resolve("left"),
            standby,
            Optional.empty(),
            environment(lost.repositoryRoot()))) {
      VersionVector before = lost.newest().orElseThrow().manifest().to();
      next.start("up", "--start-over");
      awaitAll(lost, driver, SECOND);
      VersionVector second = lost.newest().orElseThrow().manifest().to();
      assertThat(second.includes(before)).as(second + " goes on from " + before).isTrue();
      onlyKafkaIsLost(next);
      awaitAll(lost, driver, THIRD);
      VersionVector third = lost.newest().orElseThrow().manifest().to();
      assertThat(third.includes(second)).as(third + " goes on from " + second).isTrue();
      Installed.Result verify = next.run("verify", "--level=graph");
      assertThat(verify.exitCode()).as(verify.toString()).isZero();
      for (String keep : List.of("--keep-chains=1", "--keep-chains=3")) {
        Installed.Result expire = next.run("expire", "--dry-run", keep);
        assertThat(expire.exitCode()).as(expire.toString()).isZero();
      }
    }
  }

  /** What docs/operations.md says of it. */
  private static void onlyKafkaIsLost(Pipeline next) throws Exception {
    next.stop("up");
    Files.move(next.directory().resolve("work"), next.directory().resolve("lost"));
    next.start("up");
    assertThat(next.ended("up")).isEqualTo(1);
    assertThat(next.tail())
        .contains("Kafka knows nothing of the site neo4j, but neo4j@2 is laid down")
        .contains("--new-incarnation --start-over");
    next.start("up", "--new-incarnation", "--start-over");
  }

  /** Until the chain holds what is written now, and is equal to the store. */
  private static void awaitAll(Pipeline lost, Driver driver, Site site) throws Exception {
    long last = write(driver, 10);
    await(
        "the chain has what was written",
        () -> lost.newest().orElseThrow().manifest().to().seqs().getOrDefault(site, -1L) >= last);
    assertThat(lost.newest().orElseThrow().manifest().fingerprint())
        .isEqualTo(BoltScan.of(driver).fingerprint());
  }

  private static Map<String, String> environment(Path repository) {
    Map<String, String> environment = new HashMap<>();
    environment.put("VARVE_REPOSITORY_ROOT", repository.toString());
    environment.put("VARVE_PROMOTE_FENCE", "touch fenced");
    environment.put("VARVE_PROMOTE_ANNOUNCE", "primary.json");
    return environment;
  }

  private static long count(Driver driver) {
    try (Session session = driver.session()) {
      return session.run("MATCH (n:Written) RETURN count(n)").single().get(0).asLong();
    }
  }

  private static long write(Driver driver, int count) {
    try (Session session = driver.session()) {
      for (int i = 0; i < count; i++) {
        session.run("CREATE (:Written {i: " + i + "})-[:OF]->(:Written)").consume();
      }
      return ScriptedGraph.lastTransaction(session);
    }
  }
}
