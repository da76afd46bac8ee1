package dev.varve.cli.drill;

import com.fasterxml.jackson.databind.JsonNode;
import dev.varve.fault.ExitCode;
import dev.varve.fault.VarveException;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;

/**
 * Measures a {@link SiteLost}. There is no Kafka over which observers could agree, so promote is
 * run by this drill as by an operator, at once: it is recovered when a client has had a write
 * acknowledged by the new primary. Lost is what the chain did not have yet.
 */
final class SiteTrial {

  private static final Duration FOLLOWS_WITHIN = Duration.ofMinutes(2);
  private static final Duration CHANGED_OVER_WITHIN = Duration.ofMinutes(1);
  private static final Duration GOES_ON_WITHIN = Duration.ofMinutes(3);
  private static final long WRITES_BEFORE_MS = 3_000;
  private static final Set<Integer> MAY_END_WITH =
      Set.of(ExitCode.DONE.number(), ExitCode.DONE_WITH_PROBLEMS.number());

  private SiteTrial() {}

  static void run(Trial trial, Pair pair) throws IOException, InterruptedException {
    Map<String, String> elsewhere = new TreeMap<>();
    elsewhere.put("VARVE_KAFKA_BOOTSTRAP", "embedded");
    elsewhere.put("VARVE_KAFKA_REPLICATION_FACTOR", "1");
    elsewhere.put("VARVE_DATA", pair.layout().directory().resolve("elsewhere").toString());
    followTheChain(pair, elsewhere);
    String old = pair.load().last().orElseThrow().by();
    trial.fault(() -> lose(pair));
    long from = System.nanoTime();
    Ran promote =
        Ran.varve(
            pair,
            elsewhere,
            "promote",
            "--forced",
            "--chain-only",
            "--target",
            pair.standbyAddress(),
            "--output=json");
    trial.step(
        "varve promote --chain-only",
        from,
        System.nanoTime(),
        "exit code " + promote.exitCode() + "; the fence, what the chain has, announced");
    said(trial, promote);
    changedOver(trial, pair, old);
    Set<Long> missing = PromotionTrial.lost(trial, pair, old);
    goesOn(trial, pair, elsewhere);
    List<Load.Acknowledged> acknowledged = pair.load().acknowledged();
    Proof.run(trial, Proof.Subject.promoted(pair));
    pair.load()
        .written(pair.standbyLink())
        .requireOnce(
            "new primary",
            acknowledged.stream()
                .mapToLong(Load.Acknowledged::number)
                .filter(number -> !missing.contains(number)));
  }

  /** As a standby does that stands where Kafka cannot be reached. */
  private static void followTheChain(Pair pair, Map<String, String> elsewhere)
      throws IOException, InterruptedException {
    pair.stages().stop("replay");
    pair.stages()
        .start(
            "replay",
            pair.stage(
                "replay",
                elsewhere,
                "replay",
                "--chain-only",
                "--follow",
                "--target",
                pair.standbyAddress()));
    long written = pair.load().count();
    Trial.await(
        "the standby follows the chain", FOLLOWS_WITHIN, () -> pair.behind().bothHold(written));
    TimeUnit.MILLISECONDS.sleep(WRITES_BEFORE_MS);
  }

  private static void lose(Pair pair) {
    pair.primary().kill();
    for (String stage : List.of("capture", "compact", "fold")) {
      pair.stages().kill(stage);
    }
    pair.brokers().forEach(Child::kill);
    for (String stage : List.of("capture", "compact", "fold")) {
      pair.stages().stop(stage); // nobody starts it again
    }
  }

  private static void said(Trial trial, Ran promote) throws IOException {
    if (!MAY_END_WITH.contains(promote.exitCode())) {
      throw new VarveException(
          ExitCode.FAILED, promote.toString(), "this is a defect; see the logs with --keep");
    }
    JsonNode json = promote.json();
    trial.fact(
        "laid down of the old primary", "up to transaction " + json.path("captured").asText());
    trial.fact("the new primary holds", "vv:" + json.path("applied").asText());
    trial.fact("promote took", json.path("seconds").asDouble());
  }

  private static void changedOver(Trial trial, Pair pair, String old) {
    long announced = System.nanoTime();
    Trial.await(
        "a client's write is acknowledged by the new primary",
        CHANGED_OVER_WITHIN,
        () -> pair.load().firstNotBy(old).isPresent());
    long first = pair.load().firstNotBy(old).orElseThrow().atNanos();
    trial.step(
        "clients change over", announced, Math.max(announced, first), "first write acknowledged");
    trial.recoveredAt(first);
  }

  /** With a Kafka of its own, in one process. */
  private static void goesOn(Trial trial, Pair pair, Map<String, String> elsewhere)
      throws IOException {
    long from = System.nanoTime();
    int before = pair.chainEnd().site().map(site -> site.incarnation()).orElse(0);
    pair.stages().stop("replay");
    Map<String, String> there = new TreeMap<>(elsewhere);
    there.put("VARVE_SOURCE_URI", pair.standbyAddress());
    pair.stages().start("up", pair.stage("up", there, "up", "--start-over"));
    Trial.await(
        "the chain goes on with the new primary",
        GOES_ON_WITHIN,
        () -> pair.chainEnd().site().map(site -> site.incarnation() > before).orElse(false));
    trial.step(
        "the chain goes on",
        from,
        System.nanoTime(),
        pair.chainEnd().site().map(site -> "as " + site + ", with another Kafka").orElse(""));
  }
}
