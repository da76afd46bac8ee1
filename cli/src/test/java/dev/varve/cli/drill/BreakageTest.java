package dev.varve.cli.drill;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.varve.cli.failover.Hook;
import dev.varve.fault.VarveException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What breaks a pair and what mends it. */
final class BreakageTest {

  @TempDir private Path directory;

  @Test
  void whatWasBrokenIsMendedOnce() throws IOException {
    try (Breakage breakage = breakage("true")) {
      breakage.strike();
      breakage.mend();
      breakage.mend();
    }
    assertThat(done()).containsExactly("break orders -", "mend orders bolt://b:1");
  }

  @Test
  void whatFailedToBreakIsMendedToo() throws IOException {
    try (Breakage breakage = breakage("false")) {
      assertThatThrownBy(breakage::strike)
          .isInstanceOf(VarveException.class)
          .hasMessageContaining("--break failed");
    }
    assertThat(done()).as("by its end").contains("mend orders -");
  }

  @Test
  void whatWasNotBrokenIsNotMended() throws IOException {
    Breakage breakage = breakage("true");
    breakage.mend();
    breakage.close();
    assertThatThrownBy(breakage::strike).as("it is over").isInstanceOf(VarveException.class);
    assertThat(done()).isEmpty();
  }

  /** The new primary is known once it was broken. */
  private Breakage breakage(String end) {
    return new Breakage(
        hook("--break", end),
        Optional.of(hook("--mend", "true")),
        () ->
            Files.exists(directory.resolve("done")) && end.equals("true")
                ? Map.of("graph", "orders", "newPrimary", "bolt://b:1")
                : Map.of("graph", "orders"));
  }

  private Hook hook(String key, String end) {
    return new Hook(
        key,
        "echo \"$VARVE_HOOK_STEP $VARVE_HOOK_GRAPH ${VARVE_HOOK_NEW_PRIMARY:--}\" >> '%s'; %s"
            .formatted(directory.resolve("done"), end),
        Duration.ofMinutes(1));
  }

  private List<String> done() throws IOException {
    Path file = directory.resolve("done");
    return Files.exists(file) ? Files.readAllLines(file) : List.of();
  }
}
