package dev.varve.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.neo4j.driver.Driver;

/** A pipeline whose chain is encrypted, with a copy under another key beside it. */
final class CopiesIT {

  @TempDir private static Path directory;

  @Test
  void anEncryptedChainAndItsCopyAreKeptAndEachIsRestorable() throws Exception {
    try (Installed.Server store = Installed.Server.neo4j(directory.resolve("source"));
        Driver driver = RestoreToAnyTransactionIT.driver(store.address());
        Pipeline pipeline =
            Pipeline.at(directory.resolve("work"), store.address(), Optional.empty())) {
      configure(pipeline);
      ScriptedGraph graph = new ScriptedGraph(driver, new Random(1));
      long last = graph.transaction();
      pipeline.start("up");
      awaitCopied(pipeline, last);
      for (int i = 0; i < 20; i++) {
        last = graph.transaction();
      }
      awaitCopied(pipeline, last);
      assertThat(pipeline.stop("up")).isZero();

      for (String chain : new String[] {"chains of varve", "far"}) {
        Installed.Result verified =
            pipeline.run("verify", "--level=graph", "--repository", place(pipeline, chain));
        assertThat(verified.exitCode()).as(verified.toString()).isZero();
        Path target = directory.resolve("restored from " + chain);
        Installed.Result restored =
            pipeline.run(
                "restore",
                "--to=latest",
                "--target=dir:" + target + "?format=avro",
                "--repository",
                place(pipeline, chain));
        assertThat(restored.exitCode()).as(restored.toString()).isZero();
      }
      rotate(pipeline);
      repair(pipeline);
    }
  }

  private static void configure(Pipeline pipeline) throws Exception {
    for (String key : new String[] {"near.key", "far.key", "new.key"}) {
      assertThat(pipeline.run("key", "generate", key).exitCode()).isZero();
    }
    Path file = pipeline.directory().resolve("varve.yaml");
    Files.writeString(
        file,
        Files.readString(file)
                .replace(
                    "repository: { root: \"chains of varve\" }",
                    "repository: { root: \"chains of varve\", keyFile: near.key }")
            + "copies: { far: { root: copy, keyFile: far.key } }\n");
  }

  private static String place(Pipeline pipeline, String chain) {
    return chain.equals("far") ? chain : pipeline.repositoryRoot().toString();
  }

  /** By what info says of the copy: the chain cannot be read from here without its key. */
  private static void awaitCopied(Pipeline pipeline, long seq) throws Exception {
    long end = System.nanoTime() + Installed.AT_MOST.toNanos();
    while (true) {
      Installed.Result info =
          pipeline.run("info", "--offline", "--repository", "far", "--output=json");
      if (info.exitCode() == 0) {
        String vector = info.json().get("newest").get("to").asText();
        if (Long.parseLong(vector.substring(vector.lastIndexOf('=') + 1)) >= seq) {
          return;
        }
      }
      if (System.nanoTime() > end) {
        throw new AssertionError(
            "the copy is not at " + seq + ": " + info + "\n" + Files.readString(pipeline.log()));
      }
      Thread.sleep(500);
    }
  }

  private static void rotate(Pipeline pipeline) throws Exception {
    Installed.Result rotated =
        pipeline.run("key", "rotate", "--new-key-file", "new.key", "--retire");
    assertThat(rotated.exitCode()).as(rotated.toString()).isZero();
    Installed.Result refused = pipeline.run("verify");
    assertThat(refused.exitCode()).as(refused.toString()).isEqualTo(12);
    Path file = pipeline.directory().resolve("varve.yaml");
    Files.writeString(file, Files.readString(file).replace("near.key", "new.key"));
    assertThat(pipeline.run("verify").exitCode()).isZero();
  }

  private static void repair(Pipeline pipeline) throws Exception {
    Path segments = pipeline.repositoryRoot().resolve(Pipeline.GRAPH).resolve("segments");
    Path segment;
    try (var files = Files.list(segments)) {
      segment = files.sorted().findFirst().orElseThrow();
    }
    byte[] bytes = Files.readAllBytes(segment);
    bytes[bytes.length / 2] ^= 1;
    Files.write(segment, bytes);
    Installed.Result damaged = pipeline.run("verify");
    assertThat(damaged.exitCode()).as(damaged.toString()).isEqualTo(2);
    Installed.Result repaired = pipeline.run("repair", "--from", "far", "--output=json");
    assertThat(repaired.exitCode()).as(repaired.toString()).isZero();
    JsonNode mended = repaired.json().get("mended");
    assertThat(mended).hasSize(1);
    assertThat(pipeline.run("verify").exitCode()).isZero();
  }
}
