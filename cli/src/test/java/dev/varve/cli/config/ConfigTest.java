package dev.varve.cli.config;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import dev.varve.fault.ExitCode;
import dev.varve.fault.VarveException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class ConfigTest {

  private static final String LEAST =
      """
      graph: orders
      source: { uri: "bolt://localhost:7687" }
      repository: { root: chains }
      """;

  @TempDir private Path directory;
  private Path file = Path.of("varve.yaml");

  @BeforeEach
  void place() {
    file = directory.resolve("varve.yaml");
  }

  @Test
  void leastConfigurationHasDefaults() throws Exception {
    Config config = read(LEAST);
    assertThat(config.graph()).isEqualTo("orders");
    assertThat(config.kafka().embedded()).isTrue();
    assertThat(config.registry().isEmbedded()).isTrue();
    assertThat(config.compact().flushEvery()).isEqualTo(Duration.ofMinutes(1));
    assertThat(config.repository()).isEqualTo(directory.resolve("chains"));
    assertThat(config.kafka().topics().replicas()).contains(1);
  }

  @Test
  void unknownKeyIsNamedWithItsLineAndTheNearestKnownOne() throws Exception {
    VarveException e = refused(LEAST + "compact:\n  flushEvry: 60s\n", Map.of());
    assertThat(e).hasMessage("varve.yaml:5: unknown key 'compact.flushEvry'");
    assertThat(e.hint()).contains("'compact.flushEvery'");
  }

  @Test
  void unknownSectionIsNamed() throws Exception {
    VarveException e = refused(LEAST + "kafak: { bootstrap: embedded }\n", Map.of());
    assertThat(e).hasMessage("varve.yaml:4: unknown key 'kafak'");
    assertThat(e.hint()).contains("'kafka'");
  }

  @Test
  void environmentWinsOverTheFile() throws Exception {
    Files.writeString(file, LEAST);
    Config config =
        Config.read(
            file,
            Map.of(
                "VARVE_SOURCE_URI", "bolt://db:7687",
                "VARVE_COMPACT_FLUSH_EVERY", "5s",
                "VARVE_SOURCE_PASSWORD", "s3cret",
                "VARVE_REGISTRY", "http://registry:8081"));
    assertThat(config.source().uri()).isEqualTo("bolt://db:7687");
    assertThat(config.compact().flushEvery()).isEqualTo(Duration.ofSeconds(5));
    assertThat(config.source().password()).contains("s3cret");
    assertThat(config.registry().url()).isEqualTo("http://registry:8081");
    assertThat(config.toString()).doesNotContain("s3cret");
  }

  @Test
  void passwordInTheFileIsRefusedAndNotPrinted() throws Exception {
    VarveException e = refused(LEAST.replace("7687\"", "7687\", password: s3cret"), Map.of());
    assertThat(e).hasMessageContaining("varve.yaml:2: source.password");
    assertThat(e.getMessage() + e.hint()).doesNotContain("s3cret").contains("passwordFile");
  }

  @Test
  void passwordIsReadFromItsFile() throws Exception {
    Files.writeString(directory.resolve("secret"), "s3cret\n");
    Config config = read(LEAST.replace("7687\"", "7687\", passwordFile: secret"));
    assertThat(config.source().password()).contains("s3cret");
  }

  @Test
  void valueOfTheWrongFormIsNamedWithItsPlace() throws Exception {
    VarveException e = refused(LEAST + "compact: { flushEvery: 60 sec }\n", Map.of());
    assertThat(e)
        .hasMessage(
            "varve.yaml:4: compact.flushEvery must be a duration such as 500ms, 60s, 5m, 24h or"
                + " 7d, got '60 sec'");
  }

  @Test
  void whatIsNotYamlIsNamedWithItsLine() throws Exception {
    assertThat(refused("graph: [orders\nsource: x\n", Map.of())).hasMessageContaining(".yaml:");
    assertThat(refused(LEAST + "graph: again\n", Map.of())).hasMessageContaining("varve.yaml:4");
  }

  @Test
  void missingFileSaysHowToMakeOne() {
    VarveException e =
        catchThrowableOfType(VarveException.class, () -> Config.read(file, Map.of()));
    assertThat(e.exitCode()).isEqualTo(ExitCode.USAGE);
    assertThat(e.hint()).contains("varve init");
  }

  @Test
  void sizesAndDurationsAreRead() throws Exception {
    Config config =
        read(LEAST + "compact: { flushBytes: 2GiB, checkpointEvery: 7d, memory: 1024KiB }\n");
    assertThat(config.compact().flushBytes()).isEqualTo(2L << 30);
    assertThat(config.compact().checkpointEvery()).isEqualTo(Duration.ofDays(7));
    assertThat(config.compact().memoryBytes()).isEqualTo(1 << 20);
  }

  private Config read(String yaml) throws IOException {
    Files.writeString(file, yaml);
    return Config.read(file, Map.of());
  }

  private VarveException refused(String yaml, Map<String, String> environment) throws IOException {
    Files.writeString(file, yaml);
    VarveException e =
        catchThrowableOfType(VarveException.class, () -> Config.read(file, environment));
    assertThat(e.exitCode()).isEqualTo(ExitCode.USAGE);
    return e;
  }
}
