package dev.varve.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.varve.archive.DirectoryRepository;
import dev.varve.archive.Manifest;
import dev.varve.fault.ExitCode;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A restore that is only tried, by the command. */
class DrillTest {

  @TempDir private Path directory;
  private Path root = Path.of("unset");
  private Path scratch = Path.of("unset");
  private final List<Manifest> laid = new ArrayList<>();

  @BeforeEach
  void lay() throws IOException {
    root = Files.createDirectories(directory.resolve("chains"));
    scratch = Files.createDirectories(directory.resolve("scratch"));
    SmallChain chain =
        new SmallChain(
            new DirectoryRepository(root), Files.createDirectories(directory.resolve("work")));
    for (int i = 0; i < 4; i++) {
      laid.add(chain.add());
    }
  }

  @Test
  void chainIsRestoredComparedAndThrownAway() throws IOException {
    Path page = directory.resolve("drill.html");
    Run drill = run("--rto", "10m", "--level", "data", "--html", page.toString());
    assertThat(drill.exitCode()).as(drill.text()).isZero();
    JsonNode json = drill.json();
    assertThat(json.get("equal").asBoolean()).isTrue();
    assertThat(json.get("facts").get("fingerprint").asText())
        .isEqualTo(newest().fingerprint().toString());
    assertThat(json.get("facts").get("vertices").asText()).isEqualTo("4");
    assertThat(json.get("rpoTransactions").isNull()).as("no store was asked").isTrue();
    assertThat(json.get("steps")).hasSize(3);
    assertThat(Files.readString(page))
        .contains("<svg", newest().fingerprint().toString(), ">met<")
        .doesNotContain("http");
    try (Stream<Path> left = Files.list(scratch)) {
      assertThat(left).as("nothing stays").isEmpty();
    }
  }

  @Test
  void missedObjectiveIsNoSuccess() throws IOException {
    Run late = run("--rto", "1ms", "--rpo", "1s");
    assertThat(late.exitCode()).isEqualTo(ExitCode.DONE_WITH_PROBLEMS.number());
    assertThat(late.json().get("missed").toString()).contains("RTO", "allowed are 0.0 s", "RPO");
    Run counted = run("--rpo", "0");
    assertThat(counted.exitCode()).isEqualTo(ExitCode.DONE_WITH_PROBLEMS.number());
    assertThat(counted.json().get("missed").toString()).contains("the store does not answer");
    assertThat(run("--rpo", "soon").exitCode()).isEqualTo(ExitCode.USAGE.number());
  }

  @Test
  void damageIsFoundAndSaid() throws IOException {
    Path segment = root.resolve(newest().segments().get(0).object().key());
    byte[] bytes = Files.readAllBytes(segment);
    bytes[bytes.length / 2] ^= 1;
    Files.write(segment, bytes);
    assertThat(run().exitCode()).as("latest").isEqualTo(ExitCode.DAMAGE_FOUND.number());
    Run before = run("--to", "tx:neo4j@1/3", "--level", "data");
    assertThat(before.exitCode()).isEqualTo(ExitCode.DAMAGE_FOUND.number());
    assertThat(before.json().get("damage")).hasSize(1);
    assertThat(before.json().get("facts").get("vertices").asText()).isEqualTo("3");
  }

  private Manifest newest() {
    return laid.get(laid.size() - 1);
  }

  private record Run(int exitCode, String text) {
    JsonNode json() throws IOException {
      return new ObjectMapper().readTree(text);
    }
  }

  private Run run(String... arguments) {
    List<String> all = new ArrayList<>(List.of("drill", "restore"));
    all.addAll(List.of(arguments));
    all.addAll(List.of("--repository", root.toString(), "--graph", SmallChain.GRAPH));
    all.addAll(List.of("--target", "dir:" + directory.resolve("graph"), "--overwrite"));
    all.addAll(List.of("--scratch", scratch.toString(), "--offline", "--output=json"));
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    int exitCode =
        Main.run(
            all.toArray(new String[0]),
            Map.of(),
            new PrintStream(out, true, StandardCharsets.UTF_8),
            System.err);
    return new Run(exitCode, out.toString(StandardCharsets.UTF_8));
  }
}
