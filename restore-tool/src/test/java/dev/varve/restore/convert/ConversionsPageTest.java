package dev.varve.restore.convert;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;

/** The page has the table as it is, in full. */
class ConversionsPageTest {

  @Test
  void pageHasEveryRule() throws IOException {
    String page = Files.readString(Path.of("../docs/conversions.md"));
    assertThat(page).contains(table(AgeRule.values())).contains(table(Neo4jRule.values()));
  }

  private static String table(Rule[] rules) {
    return Arrays.stream(rules).map(Rule::line).collect(Collectors.joining("\n"));
  }
}
