package dev.varve.cli.pipeline;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.varve.cdc.LogGapException;
import dev.varve.fault.ExitCode;
import dev.varve.fault.VarveException;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;

final class SupervisorTest {

  private static final Supervisor.Limits LIMITS =
      new Supervisor.Limits(Duration.ofMillis(1), Duration.ofMillis(1), 3, Duration.ofMinutes(5));

  private int starts;

  /** A part that fails as soon as it runs. */
  private Part failing(Throwable failure) {
    return new Part(
        "failing",
        () -> {
          starts++;
          return new Part.Running() {
            @Override
            public Optional<Throwable> failure() {
              return Optional.of(failure);
            }

            @Override
            public String text() {
              return "";
            }

            @Override
            public Map<String, Object> report() {
              return Map.of();
            }

            @Override
            public void close() {}
          };
        });
  }

  private void watch(Throwable failure) {
    try (Supervisor supervisor = new Supervisor(java.util.List.of(failing(failure)), LIMITS)) {
      supervisor.start();
      supervisor.watch(Duration.ofMillis(1), () -> {});
    }
  }

  @Test
  void whatSomebodyHasToDecideEndsEverythingAtOnce() {
    VarveException gap =
        new LogGapException(LogGapException.Reason.PRUNED, "the log has been removed", null);
    VarveException made = new VarveException(ExitCode.FAILED, "the engine failed", "…", gap);
    for (Throwable failure : new Throwable[] {gap, new IllegalStateException("in it", gap), made}) {
      starts = 0;
      assertThatThrownBy(() -> watch(failure)).isSameAs(gap);
      assertThat(starts).isEqualTo(1);
    }
    assertThat(gap.exitCode()).isEqualTo(ExitCode.FAILED);
    assertThat(gap.hint()).contains("--new-incarnation");
  }

  @Test
  void whatMayPassIsTriedAgainAsOftenAsItMay() {
    VarveException outage = new VarveException(ExitCode.FAILED, "the store is away", "…");
    assertThatThrownBy(() -> watch(outage)).isSameAs(outage);
    assertThat(starts).isEqualTo(1 + LIMITS.restarts());
    starts = 0;
    assertThatThrownBy(() -> watch(new IllegalStateException("no word of ours")))
        .hasMessageContaining("failing failed");
    assertThat(starts).isEqualTo(1 + LIMITS.restarts());
  }

  @Test
  void whoWasFencedDoesNotTryAgain() {
    VarveException fenced = new VarveException(ExitCode.FENCED, "another one writes", "…");
    assertThatThrownBy(() -> watch(fenced)).isSameAs(fenced);
    assertThat(starts).isEqualTo(1);
  }
}
