package dev.varve.cli.drill;

import dev.varve.fault.ExitCode;
import dev.varve.fault.VarveException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.LongStream;
import org.neo4j.driver.Driver;
import org.neo4j.driver.Session;

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

  static void run(Trial trial, RandomRound round) throws IOException, InterruptedException {
    Pair pair = trial.pair();
    pair.behind().begin();
    long lookedBefore = pair.looks();
    trial.begin(System.nanoTime());
    try {
      Play.of(round.plan(), pair).awaitMended(trial);
      long acknowledged = pair.load().count();
      caughtUp(trial, acknowledged);
      Proof.run(trial, pair.primaryAddress(), Optional.of(pair.standbyDriver()));
      try (Driver primary = Load.driver(pair.primaryAddress())) {
        eachOnce("primary", primary, LongStream.range(0, acknowledged));
      }
      eachOnce("standby", pair.standbyDriver(), LongStream.range(0, acknowledged));
      sound(trial);
      trial.fact("transactions acknowledged", Long.toString(acknowledged));
      trial.fact("looks at primary and standby", Long.toString(pair.looks() - lookedBefore));
    } finally {
      stages(trial, Set.of());
    }
  }

  private static void caughtUp(Trial trial, long acknowledged) {
    Behind behind = trial.pair().behind();
    long from = System.nanoTime();
    Trial.await(
        "standby and chain hold " + acknowledged + " transactions",
        CATCH_UP_WITHIN,
        () -> behind.bothHold(acknowledged));
    long done = System.nanoTime();
    behind.end();
    trial.recoveredAt(done);
    trial.step("catching up", from, done, "standby and chain hold " + acknowledged);
    behind.worst(Scenario.Follower.STANDBY).ifPresent(lag -> trial.rpo(lag.rpo()));
    behind
        .worst(Scenario.Follower.CHAIN)
        .ifPresent(lag -> trial.fact("chain behind, at most", lag.rpo().text()));
  }

  /** Of what was acknowledged nothing is missing, and nothing is there twice. */
  static void eachOnce(String store, Driver driver, LongStream acknowledged) {
    Map<Long, Long> times = new HashMap<>();
    try (Session session = driver.session()) {
      session
          .run("MATCH (n:Written) RETURN n.i AS i, count(*) AS times")
          .forEachRemaining(row -> times.put(row.get("i").asLong(), row.get("times").asLong()));
    }
    acknowledged
        .filter(number -> times.getOrDefault(number, 0L) != 1)
        .findFirst()
        .ifPresent(
            number -> {
              throw defect(
                  "the %s holds transaction %d, which was acknowledged, %d times"
                      .formatted(store, number, times.getOrDefault(number, 0L)));
            });
  }

  private static void sound(Trial trial) throws IOException, InterruptedException {
    long from = System.nanoTime();
    Trial.Ended verify = trial.varve("verify", "--level=graph");
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
  static void stages(Trial trial, Set<String> replaced) throws IOException {
    Pair pair = trial.pair();
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
