package dev.varve.cli.drill;

import java.io.IOException;
import java.time.Duration;
import java.util.concurrent.TimeUnit;

/**
 * Measures a {@link Scenario.Trouble}: it is recovered when the standby and the chain hold
 * everything that had been acknowledged when the trouble was mended, or, where it has to be endured
 * unmended, when it had lasted for as long as the scenario says.
 */
final class TroubleTrial {

  private static final Duration CATCH_UP_WITHIN = Duration.ofMinutes(4);

  private TroubleTrial() {}

  static void run(Trial trial, Pair pair, Scenario.Trouble trouble)
      throws IOException, InterruptedException {
    Behind behind = pair.behind();
    behind.begin();
    trial.fault(() -> trouble.inject(pair));
    if (!trouble.lasts().isZero()) {
      trial.step(
          "it stays so",
          "and the primary is written to",
          () -> TimeUnit.MILLISECONDS.sleep(trouble.lasts().toMillis()));
    }
    if (!trouble.enduredUnmended()) {
      trial.step("mended", trouble.mending(), () -> trouble.mend(pair));
    }
    long acknowledged = pair.load().count();
    behind.caughtUp(trial, acknowledged, CATCH_UP_WITHIN);
    if (trouble.enduredUnmended()) {
      trial.step("mended", trouble.mending(), () -> trouble.mend(pair));
    }
    behind.tell(trial, trouble.concerns());
    Proof.run(trial, Proof.Subject.of(pair));
  }
}
