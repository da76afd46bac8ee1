package dev.varve.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.varve.cli.config.Config;
import dev.varve.cli.config.Key;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * What {@code varve init} writes is a configuration, as it is and with its defaults uncommented.
 */
final class InitTest {

  @TempDir private Path directory;

  private static String written() {
    return InitCommand.yaml(
        Map.of(
            Key.GRAPH, "orders",
            Key.SOURCE_URI, "bolt://localhost:7687",
            Key.REPOSITORY_ROOT, "it's \"mine\" \\ and yours"));
  }

  @Test
  void itCanBeReadAsItIs() throws Exception {
    Config config = read(written());
    assertThat(config.graph()).isEqualTo("orders");
    assertThat(config.source().uri()).isEqualTo("bolt://localhost:7687");
    assertThat(config.repository().location().toString()).endsWith("it's \"mine\" \\ and yours");
    assertThat(config.copies()).isEmpty();
  }

  @Test
  void itsDefaultsAreTheOnesThatHold() throws Exception {
    String keys = written().substring(0, written().indexOf("# copies kept"));
    String uncommented = keys;
    for (Key key : Key.values()) {
      if (key.defaultText().isPresent()) {
        String name = key.path().substring(key.path().indexOf('.') + 1);
        String line = name + ": " + key.defaultText().get() + "\n";
        uncommented = uncommented.replace("# " + line, line);
      }
    }
    assertThat(uncommented).contains("\n  flushEvery: 60s").contains("\n  retryFor: 10m");
    assertThat(read(uncommented)).isEqualTo(read(keys));
  }

  private Config read(String yaml) throws Exception {
    Path file = directory.resolve("varve.yaml");
    Files.writeString(file, yaml);
    return Config.read(file, Map.of());
  }
}
