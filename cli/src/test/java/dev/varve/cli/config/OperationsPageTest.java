package dev.varve.cli.config;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;

/** The page for operators lists the keys as they are. */
final class OperationsPageTest {

  @Test
  void pageListsEveryKey() throws IOException {
    String page = Files.readString(Path.of("../docs/operations.md"));
    assertThat(page).contains(table());
  }

  private static String table() {
    return Arrays.stream(Key.values())
        .map(
            key ->
                "| `%s` | %s | %s |"
                    .formatted(
                        key.inFile() ? key.path() : key.environment(),
                        key.defaultText().map(text -> "`" + text + "`").orElse(""),
                        key.description()))
        .collect(Collectors.joining("\n"));
  }
}
