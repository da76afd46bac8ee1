package dev.varve.cli.drill;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.varve.fault.ExitCode;
import dev.varve.fault.VarveException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import java.util.Set;
import java.util.concurrent.TimeUnit;

/**
 * Measures a {@link Scenario.PrimaryLost}: it is recovered when a client has had a write
 * acknowledged by the announced new primary; lost is what was acknowledged and the new primary does
 * not have. Then the old one comes back and must not be captured, and the chain must go on from the
 * new one.
 */
final class PromotionTrial {

  private static final Duration PROMOTED_WITHIN = Duration.ofMinutes(2);
  private static final Duration AGREED_WITHIN = Duration.ofMinutes(1);
  private static final Duration REFUSED_WITHIN = Duration.ofMinutes(1);
  private static final Duration GOES_ON_WITHIN = Duration.ofMinutes(2);
  private static final Duration LEAD = Duration.ofSeconds(8);
  private static final Duration QUIET = Duration.ofSeconds(2);

  /** Done, done with something to say, or to be tried again. */
  private static final Set<String> MAY_END_WITH = Set.of("0", "3", "1");

  private static final String SEEN_DOWN = "a majority sees the store down";

  private PromotionTrial() {}

  static void run(Trial trial, Pair pair, Scenario.PrimaryLost lost)
      throws IOException, InterruptedException {
    observed(pair);
    String old = pair.load().last().orElseThrow().by();
    Play play = Play.of(lost.meanwhile(), pair);
    if (!lost.meanwhile().faults().isEmpty()) {
      TimeUnit.MILLISECONDS.sleep(LEAD.toMillis());
    }
    trial.fault(() -> lost.inject(pair));
    recovered(trial, pair, old);
    pair.stages().stop("capture");
    play.awaitMended(trial);
    Set<Long> missing = lost(trial, pair, old);
    promoted(trial, pair); // by a child of an observer: not before that are they stopped
    Pair.OBSERVERS.forEach(name -> pair.stages().stop(Pair.observer(name)));
    comeBack(trial, pair, lost, missing);
    goesOn(trial, pair);
    List<Load.Acknowledged> acknowledged = pair.load().acknowledged();
    Proof.run(trial, Proof.Subject.promoted(pair));
    pair.load()
        .written(pair.standbyLink())
        .requireOnce(
            "new primary",
            acknowledged.stream()
                .mapToLong(Load.Acknowledged::number)
                .filter(number -> !missing.contains(number)));
    RoundTrial.stages(trial, pair, Set.of("capture", "replay"));
  }

  /** All observers see the primary. */
  private static void observed(Pair pair) throws IOException, InterruptedException {
    pair.startObservers();
    try (Sightings sightings = Sightings.of(pair)) {
      Trial.await(
          "all observers see the primary",
          AGREED_WITHIN,
          () -> sightings.up().containsAll(Pair.OBSERVERS));
      TimeUnit.MILLISECONDS.sleep(QUIET.toMillis());
      Trial.await(
          "all observers see the primary still",
          AGREED_WITHIN,
          () -> sightings.up().containsAll(Pair.OBSERVERS));
    }
    if (pair.fence().shutAtNanos().isPresent()
        || says(pair.layout().log(Pair.observer(Pair.PROMOTES)), SEEN_DOWN)) {
      throw new VarveException(
          ExitCode.FAILED,
          "the observers saw the primary down before anything was done to it",
          "the machine is too slow for them: run it when less goes on, or with a longer --observe-timeout");
    }
  }

  private static void recovered(Trial trial, Pair pair, String old) {
    Path log = pair.layout().log(Pair.observer(Pair.PROMOTES));
    Trial.await("the observers agree that it is down", PROMOTED_WITHIN, () -> says(log, SEEN_DOWN));
    long agreed = System.nanoTime();
    trial.step("detection", trial.faultNanos(), agreed, "a majority of three sees it down");
    Trial.await(
        "the standby is announced as the primary",
        PROMOTED_WITHIN,
        () -> Files.exists(pair.layout().announced()));
    long announced = System.nanoTime();
    long fenced =
        pair.fence()
            .shutAtNanos()
            .orElseThrow(
                () ->
                    new VarveException(
                        ExitCode.FAILED,
                        "the standby was promoted and the old primary was never shut off",
                        "this is a defect"));
    trial.step(
        "promote starts", agreed, fenced, "until promote.fence has shut the old primary off");
    trial.step("promotion", fenced, announced, "what was captured is applied; announced");
    Trial.await(
        "a client's write is acknowledged by the new primary",
        PROMOTED_WITHIN,
        () -> pair.load().firstNotBy(old).isPresent());
    Load.Acknowledged first = pair.load().firstNotBy(old).orElseThrow();
    trial.step("clients change over", announced, first.atNanos(), "first write acknowledged");
    trial.recoveredAt(first.atNanos());
  }

  private static boolean says(Path log, String text) {
    try {
      return Files.exists(log) && Files.readString(log, StandardCharsets.UTF_8).contains(text);
    } catch (IOException e) {
      return false;
    }
  }

  /** What was acknowledged by the old primary and is not in the new one. */
  static Set<Long> lost(Trial trial, Pair pair, String old) {
    return pair.load().written(pair.standbyLink()).lost(trial, pair.load().acknowledged(), old);
  }

  /** What promote itself says. */
  private static void promoted(Trial trial, Pair pair) throws IOException {
    Path said = pair.layout().promoted();
    Trial.await("promote has ended", PROMOTED_WITHIN, () -> Files.exists(said));
    List<String> exits = Files.readAllLines(pair.layout().promoteExits());
    trial.fact("promote ended with", String.join(", ", exits));
    if (!MAY_END_WITH.containsAll(exits)) {
      throw new VarveException(
          ExitCode.FAILED,
          "promote may not end so: " + exits,
          "this is a defect; see logs/promote.log with --keep");
    }
    JsonNode json = new ObjectMapper().readTree(Files.readString(said));
    trial.fact(
        "captured of the old primary", "up to transaction " + json.path("captured").asText());
    trial.fact("the new primary holds", "vv:" + json.path("applied").asText());
    trial.fact("promote took", json.path("seconds").asDouble());
    if (!json.path("problems").isEmpty()) {
      trial.fact("problems of promote", json.get("problems").toString());
    }
  }

  /** The old primary is back: nobody captures it, and what only it has is still there. */
  private static void comeBack(Trial trial, Pair pair, Scenario.PrimaryLost lost, Set<Long> missing)
      throws IOException, InterruptedException {
    trial.step("the old primary is back", "as far as it can be reached", () -> lost.comeBack(pair));
    try (Link old = Neo4jStore.open(pair.primaryAddress()).connect()) {
      Set<Long> there = pair.load().written(old).numbers();
      trial.fact(
          "lost, but still in the old store",
          missing.stream().filter(there::contains).count() + " transactions");
    }
    refused(trial, pair);
  }

  /** Whoever starts the old primary's capture again is told that it is not its turn any more. */
  static void refused(Trial trial, Pair pair) throws IOException, InterruptedException {
    long from = System.nanoTime();
    try (Child capture =
        pair.stage(
            "capture-of-the-old", Map.of("VARVE_SOURCE_URI", pair.primaryAddress()), "capture")) {
      capture.start();
      OptionalInt exit = capture.awaitExit(REFUSED_WITHIN);
      String ended = exit.isPresent() ? "exit code " + exit.getAsInt() : "it goes on";
      trial.step("capture of the old primary", from, System.nanoTime(), ended);
      if (exit.isEmpty() || exit.getAsInt() != ExitCode.FENCED.number()) {
        throw new VarveException(
            ExitCode.FAILED,
            "the old primary's capture must end with 11: " + ended,
            "this is a defect; see the log with --keep");
      }
    }
  }

  /** The new primary is captured, and the chain goes on with it. */
  static void goesOn(Trial trial, Pair pair) throws IOException {
    long from = System.nanoTime();
    int before = pair.chainEnd().site().map(site -> site.incarnation()).orElse(0);
    pair.stages().stop("replay");
    pair.stages()
        .start(
            "capture",
            pair.stage("capture", Map.of("VARVE_SOURCE_URI", pair.standbyAddress()), "capture"));
    Trial.await(
        "the chain goes on with the new primary",
        GOES_ON_WITHIN,
        () -> pair.chainEnd().site().map(site -> site.incarnation() > before).orElse(false));
    trial.step(
        "the chain goes on",
        from,
        System.nanoTime(),
        pair.chainEnd().site().map(site -> "as " + site).orElse(""));
  }
}
