package dev.varve.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.fasterxml.jackson.databind.JsonNode;
import dev.varve.cli.demo.Content;
import dev.varve.container.age.AgeServer;
import dev.varve.topology.Fingerprint;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicReference;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * PostgreSQL with Apache AGE in a container, captured, folded, compacted and restored by the
 * installed command. Skipped, saying so, where there is no Docker. {@code -Dvarve.kills=20} is the
 * full soak, {@code -Dvarve.seed=...} repeats a run.
 */
final class AgeIT {

  private static final Map<String, String> ENVIRONMENT =
      Map.of(
          "VARVE_SOURCE_PASSWORD", "battery-staple",
          "VARVE_SETUP_PASSWORD", AgeServer.PASSWORD,
          "VARVE_FOLD_COMMIT_EVERY", "100ms");

  private final long seed = Long.getLong("varve.seed", 1);
  private final int kills = Integer.getInteger("varve.kills", 4);

  @TempDir private Path directory;

  @BeforeAll
  static void docker() {
    assumeTrue(AgeServer.dockerIsThere(), "no Docker: container tests skipped");
  }

  @Test
  void nothingIsLostOrDoubledWhenThePipelineOrTheServerIsKilled() throws Exception {
    System.out.println("repeat with -Dvarve.seed=" + seed + " -Dvarve.kills=" + kills);
    Random random = new Random(seed);
    try (AgeServer server = AgeServer.start();
        Pipeline pipeline = Pipeline.byInit(directory, uri(server), ENVIRONMENT)) {
      AgeGraph graph = new AgeGraph(server, Pipeline.GRAPH).create();
      try (Connection connection = server.connect()) {
        for (int i = 0; i < 100; i++) {
          graph.step(connection, random);
        }
      }
      setUp(pipeline);
      pipeline.start("up");
      try (Load load = Load.on(graph, seed)) {
        for (int i = 0; i < kills; i++) {
          Thread.sleep(1_000 + random.nextInt(9_000));
          if (i % 2 == 1) {
            System.out.println("killing the server");
            server.kill();
            server.startAgain();
          } else {
            System.out.println("killing up");
            pipeline.kill("up");
            pipeline.start("up");
          }
        }
        Thread.sleep(2_000);
      }
      graph.run(
          graph.cypher("CREATE (:Gone)-[:E0 {loose: true}]->(:Gone)"),
          "TRUNCATE \"" + graph.name() + "\".\"Gone\"");
      pipeline.awaitTransaction(graph.last());
      Content content = graph.content();
      assertThat(pipeline.newest().orElseThrow().manifest().fingerprint())
          .isEqualTo(content.fingerprint());
      Installed.Result verify = pipeline.run("verify", "--level=graph", "--output=json");
      assertThat(verify.exitCode()).as(verify.toString()).isZero();
      assertThat(verify.json().get("edgesWithoutEnd").get(0).get("count").asLong()).isPositive();
      assertThat(pipeline.stop("up")).isZero();

      Installed.Result restored =
          pipeline.run(
              "restore",
              "--target",
              "dir:" + directory.resolve("restored") + "?format=avro",
              "--output=json");
      assertThat(restored.exitCode()).as(restored.toString()).isZero();
      assertThat(restored.json().get("fingerprint").asText())
          .isEqualTo(content.fingerprint().toString());
      assertThat(restored.json().get("vertices").asLong()).isEqualTo(content.vertices());
      assertThat(restored.json().get("edges").asLong()).isEqualTo(content.edges());
      Optional<AgeServer> other = AgeServer.startOther();
      try (AgeServer target = other.orElse(server)) { // of another version, where one can be had
        edgesWithoutAnEndComeBackAndNeo4jIsNotGivenThem(pipeline, target, content);
      }
    }
  }

  private void edgesWithoutAnEndComeBackAndNeo4jIsNotGivenThem(
      Pipeline pipeline, AgeServer server, Content content) throws Exception {
    Map<String, String> password = Map.of("VARVE_TARGET_PASSWORD", AgeServer.PASSWORD);
    String target =
        uri(server).replace("postgresql://", "age:postgresql://" + AgeServer.USER + "@");
    Installed.Result age = run(password, "restore", "--target", target + "/restored");
    assertThat(age.exitCode()).as(age.toString()).isZero();
    assertThat(new AgeGraph(server, "restored").content()).isEqualTo(content);
    Installed.Result neo4j =
        pipeline.run(
            "restore", "--target", "bolt://127.0.0.1:1", "--convert", "--dry-run", "--output=json");
    assertThat(neo4j.exitCode()).as(neo4j.toString()).isEqualTo(1);
    assertThat(neo4j.json().toString()).contains("NO_END");
  }

  /** A label is made and loses elements before capture has seen to it that removals are logged. */
  @Test
  void momentsThatLackRemovalsAreRefusedAndThoseAroundThemAreExact() throws Exception {
    try (AgeServer server = AgeServer.start();
        Pipeline pipeline = Pipeline.byInit(directory, uri(server), ENVIRONMENT)) {
      AgeGraph graph = new AgeGraph(server, Pipeline.GRAPH).create();
      graph.run(graph.cypher("CREATE (:P {n: 1})-[:E]->(:P {n: 2})"));
      setUp(pipeline);
      pipeline.start("up");
      pipeline.awaitTransaction(graph.last());
      assertThat(pipeline.stop("up")).isZero();
      Content before = graph.content();

      graph.run(graph.cypher("CREATE (:New {n: 1}), (:New {n: 2}), (:New {n: 3})"));
      graph.run(graph.cypher("MATCH (n:New {n: 2}) DELETE n")); // not in the log
      graph.run(graph.cypher("MATCH (n:P {n: 2}) SET n.n = 5"));
      long between = graph.end();
      Content after = graph.content();
      pipeline.start("up");
      pipeline.awaitTransaction(between + 1);
      assertThat(pipeline.stop("up")).isZero();
      assertThat(pipeline.newest().orElseThrow().manifest().fingerprint())
          .isEqualTo(after.fingerprint());

      String moment = "tx:age@1/" + between;
      Installed.Result refused =
          pipeline.run("restore", "--to", moment, "--target", "dir:no", "--output=json");
      assertThat(refused.exitCode()).as(refused.toString()).isEqualTo(20);
      assertThat(directory.resolve("no")).doesNotExist();
      Matcher near =
          Pattern.compile("\\((vv:\\S+)\\) before it and .*\\((vv:\\S+)\\) after it")
              .matcher(refused.json().get("hint").asText());
      assertThat(near.find()).as(refused.toString()).isTrue();
      assertThat(fingerprint(pipeline, near.group(1), "before")).isEqualTo(before.fingerprint());
      assertThat(fingerprint(pipeline, near.group(2), "after")).isEqualTo(after.fingerprint());

      Installed.Result mark = pipeline.run("mark", "wrong", "--at", moment);
      assertThat(mark.exitCode()).as(mark.toString()).isEqualTo(20);
      Installed.Result info = pipeline.run("info", "--output=json");
      assertThat(info.exitCode()).as(info.toString()).isZero();
      JsonNode span = info.json().get("inexact").get(0);
      assertThat(span.get("first").asLong()).isLessThan(between);
      assertThat(span.get("last").asLong()).isGreaterThanOrEqualTo(between);
      assertThat(info.json().get("heldBack").get("nearLimit").asBoolean()).isFalse();
      try (Load load = Load.on(graph, seed)) { // what is captured at once is not held back
        tooMuchOfTheLogIsSaid(pipeline);
      }
      server.kill();
      Installed.Result alone = pipeline.run("info");
      assertThat(alone.exitCode()).as(alone.toString()).isEqualTo(3);
      assertThat(alone.toString()).contains("holds back of its log for capture is not known");
    }
  }

  /** With a limit that anything is past. */
  private void tooMuchOfTheLogIsSaid(Pipeline pipeline) throws Exception {
    Map<String, String> limit = new HashMap<>(ENVIRONMENT);
    limit.put("VARVE_SOURCE_HELD_BACK_LIMIT", "1KiB");
    Installed.Result info = Installed.run(pipeline.directory(), limit, "info");
    assertThat(info.exitCode()).as(info.toString()).isEqualTo(3);
    assertThat(info.out()).contains("PostgreSQL holds back", "of the limit of", "HINT: ");
    Installed.Result doctor = Installed.run(pipeline.directory(), limit, "doctor");
    assertThat(doctor.exitCode()).as(doctor.toString()).isEqualTo(3);
    Path log = Files.createTempFile(directory, "limit", ".log");
    Process up = Installed.start(pipeline.directory(), limit, log, "up");
    try {
      long end = System.nanoTime() + Installed.AT_MOST.toNanos();
      while (!Files.readString(log).contains("PostgreSQL holds back")) {
        assertThat(System.nanoTime()).as(Files.readString(log)).isLessThan(end);
        Thread.sleep(200);
      }
    } finally {
      up.destroyForcibly().waitFor();
    }
  }

  private Fingerprint fingerprint(Pipeline pipeline, String moment, String name) throws Exception {
    Installed.Result restored =
        pipeline.run(
            "restore",
            "--to",
            moment,
            "--target",
            "dir:" + directory.resolve(name) + "?format=avro",
            "--output=json");
    assertThat(restored.exitCode()).as(restored.toString()).isZero();
    return Fingerprint.parse(restored.json().get("fingerprint").asText());
  }

  @Test
  void lostSlotAndOtherServerStopCaptureUntilItBeginsAnew() throws Exception {
    try (AgeServer server = AgeServer.start();
        Pipeline pipeline = Pipeline.byInit(directory, uri(server), ENVIRONMENT)) {
      AgeGraph graph = new AgeGraph(server, Pipeline.GRAPH).create();
      graph.run(graph.cypher("CREATE (:P {n: 1})-[:E]->(:P {n: 2})"));
      setUp(pipeline);
      pipeline.start("up");
      long last = graph.last();
      pipeline.awaitTransaction(last);
      awaitReleased(graph, last);
      assertThat(pipeline.stop("up")).isZero();

      Installed.Result release = pipeline.run("source", "release", "--yes", "--as", AgeServer.USER);
      assertThat(release.exitCode()).as(release.toString()).isZero();
      setUp(pipeline);
      graph.run(graph.cypher("MATCH (p:P {n: 2}) DETACH DELETE p"));
      assertStops(pipeline, Map.of(), "is not there any more");

      pipeline.start("up", "--new-incarnation");
      pipeline.awaitTransaction(graph.last());
      assertThat(pipeline.newest().orElseThrow().manifest().fingerprint())
          .isEqualTo(graph.content().fingerprint());
      assertThat(pipeline.stop("up")).isZero();

      try (AgeServer other = AgeServer.start()) {
        new AgeGraph(other, Pipeline.GRAPH).create();
        Map<String, String> there = Map.of("VARVE_SOURCE_URI", uri(other));
        Installed.Result setup = run(there, "source", "setup", "--as", AgeServer.USER, "--apply");
        assertThat(setup.exitCode()).as(setup.toString()).isZero();
        assertStops(pipeline, there, "the store is now age:");
      }
    }
  }

  /** The server may forget what is committed in Kafka, without another write. */
  private static void awaitReleased(AgeGraph graph, long lsn) throws Exception {
    long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(60);
    while (graph.confirmed() < lsn) {
      assertThat(System.nanoTime()).as("the slot is at %d", graph.confirmed()).isLessThan(end);
      Thread.sleep(200);
    }
  }

  /** By the documented steps. */
  private static void setUp(Pipeline pipeline) throws Exception {
    Installed.Result setup = pipeline.run("source", "setup", "--as", AgeServer.USER, "--apply");
    assertThat(setup.exitCode()).as(setup.toString()).isZero();
    Installed.Result doctor = pipeline.run("doctor");
    assertThat(doctor.exitCode()).as(doctor.toString()).isZero();
  }

  /** Capture says what is wrong and ends at once, for somebody has to decide. */
  private void assertStops(Pipeline pipeline, Map<String, String> environment, String message)
      throws Exception {
    long head = pipeline.newest().orElseThrow().manifest().number();
    Path log = Files.createTempFile(directory, "stops", ".log");
    Map<String, String> all = new HashMap<>(ENVIRONMENT);
    all.putAll(environment);
    Process up = Installed.start(pipeline.directory(), all, log, "up");
    try {
      assertThat(up.waitFor(Installed.AT_MOST.toSeconds(), TimeUnit.SECONDS))
          .as(Files.readString(log))
          .isTrue();
      assertThat(up.exitValue()).as(Files.readString(log)).isEqualTo(1);
      assertThat(Files.readString(log))
          .contains("ERROR: ", message, "HINT: ", "--new-incarnation")
          .doesNotContain("is started again");
      assertThat(pipeline.newest().orElseThrow().manifest().number()).isEqualTo(head);
    } finally {
      up.destroyForcibly().waitFor();
    }
  }

  private Installed.Result run(Map<String, String> environment, String... arguments)
      throws Exception {
    Map<String, String> all = new HashMap<>(ENVIRONMENT);
    all.putAll(environment);
    return Installed.run(directory, all, arguments);
  }

  private static String uri(AgeServer server) {
    return "postgresql://" + server.host() + ":" + server.port() + "/" + AgeServer.DATABASE;
  }

  /** A client that writes whatever happens to the server. */
  private static final class Load implements AutoCloseable {

    private final AtomicBoolean stopping = new AtomicBoolean();
    private final AtomicReference<SQLException> failure = new AtomicReference<>();
    private final Thread thread;

    private Load(AgeGraph graph, long seed) {
      thread = new Thread(() -> write(graph, new Random(seed)), "load");
    }

    static Load on(AgeGraph graph, long seed) {
      Load load = new Load(graph, seed);
      load.thread.start();
      return load;
    }

    private void write(AgeGraph graph, Random random) {
      while (!stopping.get()) {
        try (Connection connection = graph.server().connect()) {
          while (!stopping.get()) {
            graph.step(connection, random);
            Thread.sleep(5);
          }
        } catch (SQLException e) {
          String state = String.valueOf(e.getSQLState());
          if (!state.startsWith("08") && !state.startsWith("57P")) { // killed
            failure.set(e);
            return;
          }
        } catch (InterruptedException e) {
          Thread.currentThread().interrupt();
          return;
        }
      }
    }

    @Override
    public void close() throws Exception {
      stopping.set(true);
      thread.join();
      SQLException found = failure.get();
      if (found != null) {
        throw found;
      }
    }
  }
}
