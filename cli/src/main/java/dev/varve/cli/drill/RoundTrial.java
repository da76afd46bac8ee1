package dev.varve.cli.drill;

import dev.varve.fault.ExitCode;
import dev.varve.fault.VarveException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import java.util.stream.LongStream;

/**
 * Goes through a {@link RandomRound}: it is recovered when standby and chain hold everything that
 * had been acknowledged when the last fault was mended. Then source, standby and a restore have to
 * be equal, every acknowledged transaction there once, the chain sound, and no stage may have ended
 * by itself otherwise than with 1, which says that it is to be started again.
 */
final class RoundTrial {

  private static final Duration CATCH_UP_WITHIN = Duration.ofMinutes(4);
  private static final int LOG_CHARACTERS_MAX = 3_000;

  private RoundTrial() {}

  static void run(Trial trial, Pair pair, RandomRound round)
      throws IOException, InterruptedException {
    pair.behind().begin();
    long lookedBefore = pair.looks();
    trial.begin(System.nanoTime());
    try {
      Play.of(round.plan(), pair).awaitMended(trial);
      long acknowledged = pair.load().count();
      pair.behind().caughtUp(trial, acknowledged, CATCH_UP_WITHIN);
      pair.behind().tell(trial, Scenario.Follower.STANDBY);
      Proof.run(trial, Proof.Subject.of(pair));
      try (Link primary = Neo4jStore.open(pair.primaryAddress()).connect()) {
        pair.load().written(primary).requireOnce("primary", LongStream.range(0, acknowledged));
      }
      pair.load()
          .written(pair.standbyLink())
          .requireOnce("standby", LongStream.range(0, acknowledged));
      sound(trial, pair);
      trial.fact("transactions acknowledged", Long.toString(acknowledged));
      trial.fact("looks at primary and standby", Long.toString(pair.looks() - lookedBefore));
    } finally {
      stages(trial, pair, Set.of());
    }
  }

  private static void sound(Trial trial, Pair pair) throws IOException, InterruptedException {
    long from = System.nanoTime();
    Ran verify = Ran.varve(pair, "verify", "--level=graph");
    trial.step("varve verify", from, System.nanoTime(), "exit code " + verify.exitCode());
    if (verify.exitCode() != ExitCode.DONE.number()) {
      trial.damaged("varve verify --level=graph: " + verify);
    }
  }

  /**
   * Whatever else has failed, this is why.
   *
   * @param replaced which ones may have ended because it is not their turn any more
   */
  static void stages(Trial trial, Pair pair, Set<String> replaced) throws IOException {
    List<Stages.Ended> wrong =
        pair.stages().endedSince(trial.faultNanos()).stream()
            .filter(ended -> !ended.killed() && ended.exitCode() != ExitCode.FAILED.number())
            .filter(
                ended ->
                    ended.exitCode() != ExitCode.FENCED.number()
                        || !replaced.contains(ended.stage()))
            .toList();
    if (!wrong.isEmpty()) {
      Stages.Ended first = wrong.get(0);
      throw defect(
          "%s ended with %d by itself; its log ends with:%n%s"
              .formatted(first.stage(), first.exitCode(), tail(pair.layout().log(first.stage()))));
    }
  }

  private static String tail(Path log) throws IOException {
    String text = Files.exists(log) ? Files.readString(log, StandardCharsets.UTF_8) : "";
    return text.substring(Math.max(0, text.length() - LOG_CHARACTERS_MAX));
  }

  private static VarveException defect(String what) {
    return new VarveException(ExitCode.FAILED, what, "this is a defect; see the logs with --keep");
  }
}
