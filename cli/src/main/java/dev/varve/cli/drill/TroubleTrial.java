package dev.varve.cli.drill;

import java.io.IOException;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.TimeUnit;

/**
 * Measures a {@link Scenario.Trouble}: it is recovered when the standby and the chain hold
 * everything that had been acknowledged when the trouble was mended, or, where it has to be endured
 * unmended, when it had lasted for as long as the scenario says.
 */
final class TroubleTrial {

  private static final Duration CATCH_UP_WITHIN = Duration.ofMinutes(4);

  private TroubleTrial() {}

  static void run(Trial trial, Scenario.Trouble trouble) throws IOException, InterruptedException {
    Pair pair = trial.pair();
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
    long from = System.nanoTime();
    Trial.await(
        "standby and chain hold " + acknowledged + " transactions",
        CATCH_UP_WITHIN,
        () -> behind.bothHold(acknowledged));
    long caughtUp = System.nanoTime();
    behind.end();
    trial.recoveredAt(caughtUp);
    trial.step(
        "catching up",
        from,
        caughtUp,
        "standby and chain hold the " + acknowledged + " transactions acknowledged before");
    if (trouble.enduredUnmended()) {
      trial.step("mended", trouble.mending(), () -> trouble.mend(pair));
    }
    Optional<Behind.Lag> worst = behind.worst(trouble.concerns());
    worst.ifPresent(lag -> trial.rpo(lag.rpo()));
    for (Scenario.Follower follower : Scenario.Follower.values()) {
      behind
          .worst(follower)
          .ifPresent(
              lag ->
                  trial.fact(
                      follower == Scenario.Follower.STANDBY
                          ? "standby behind, at most"
                          : "chain behind, at most",
                      lag.rpo().text()));
    }
    Proof.run(trial, pair.primaryAddress(), Optional.of(pair.standbyDriver()));
  }
}
