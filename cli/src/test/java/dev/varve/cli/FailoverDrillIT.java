package dev.varve.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.Objects;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * The installed command breaks a pair in three ways, at random moments and by the loss of the
 * primary among them, and says what each cost. The other scenarios take longer and are tried by
 * hand. {@code -Dvarve.seed=...} varies what is random.
 */
final class FailoverDrillIT {

  /** A dozen processes are started and a promotion is gone through; quiet machines need two. */
  private static final Duration AT_MOST = Duration.ofMinutes(10);

  private final long seed = Long.getLong("varve.seed", 18);

  @TempDir private Path directory;

  @Test
  void scenariosAreMeasuredProvedAndJudged() throws Exception {
    Path scratch = Files.createDirectories(directory.resolve("scratch"));
    Path page = directory.resolve("drill.html");
    Installed.Result drill =
        Installed.run(
            AT_MOST,
            directory,
            Map.of(),
            "drill",
            "failover",
            "primary-killed",
            "corrupt-segment",
            "--random=1",
            "--seed=" + seed,
            "--rto=1ms",
            "--observe-timeout=5s", // machines that build are busy
            "--scratch=" + scratch,
            "--html=" + page,
            "--output=json");
    assertThat(drill.exitCode()).as("objectives are missed: %s", drill).isEqualTo(3);
    Map<String, JsonNode> scenarios = new HashMap<>();
    drill
        .json()
        .get("scenarios")
        .forEach(scenario -> scenarios.put(scenario.get("scenario").asText(), scenario));
    assertThat(scenarios).containsOnlyKeys("primary-killed", "random-1", "corrupt-segment");
    scenarios
        .values()
        .forEach(
            scenario -> {
              assertThat(scenario.get("ended").asText()).isEqualTo("measured");
              assertThat(scenario.get("equal").asBoolean()).as("%s", scenario).isTrue();
              assertThat(scenario.get("rtoSeconds").asDouble()).isBetween(0.1, 120.0);
              assertThat(scenario.get("rpoTransactions").isNumber()).isTrue();
              assertThat(scenario.get("rpoBytes").isNumber()).isTrue();
              assertThat(scenario.get("missed").toString()).contains("RTO");
              assertThat(scenario.get("damage")).isEmpty();
            });
    assertThat(String.valueOf(scenarios.get("primary-killed")))
        .as("the old primary is shut out")
        .contains("exit code 11", "promote.fence");
    JsonNode random = Objects.requireNonNull(scenarios.get("random-1")).get("facts");
    assertThat(random.get("repeated by").asText()).endsWith("--random 1 --seed " + seed);
    assertThat(random.get("looks at primary and standby").asInt()).isPositive();
    assertThat(
            Objects.requireNonNull(scenarios.get("corrupt-segment"))
                .get("rpoTransactions")
                .asLong())
        .isPositive();
    assertThat(Files.readString(page))
        .contains("<svg", "primary-killed", "corrupt-segment", "VARVE_OBSERVE_EVERY")
        .doesNotContain("src=", "href=");
    try (Stream<Path> left = Files.list(scratch)) {
      assertThat(left).as("nothing stays").isEmpty();
    }
    assertThat(ProcessHandle.current().descendants().filter(ProcessHandle::isAlive))
        .as("no process stays")
        .isEmpty();
    assertThat(
            ProcessHandle.allProcesses()
                .map(process -> process.info().commandLine().orElse(""))
                .filter(line -> line.contains(scratch.toString())))
        .as("nor one that nobody is the parent of")
        .isEmpty();
  }
}
