package dev.varve.cli.drill;

import com.fasterxml.jackson.databind.JsonNode;
import dev.varve.fault.ExitCode;
import dev.varve.fault.VarveException;
import java.io.IOException;
import java.time.Duration;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import org.neo4j.driver.Session;

/**
 * Measures a {@link PlannedSwitch}: it begins when clients are shut out of the old primary, and is
 * recovered when one has had a write acknowledged by the new one. Nothing may be lost, and nothing
 * may be left that only the old one knows.
 */
final class SwitchTrial {

  private static final Duration CHANGED_OVER_WITHIN = Duration.ofMinutes(1);
  private static final Duration SHUT_OUT_WITHIN = Duration.ofMinutes(3);
  private static final long WRITES_BEFORE_MS = 2_000;

  private SwitchTrial() {}

  static void run(Trial trial, Pair pair) throws IOException, InterruptedException {
    TimeUnit.MILLISECONDS.sleep(WRITES_BEFORE_MS);
    String old = pair.load().last().orElseThrow().by();
    long from = System.nanoTime();
    Ran promote =
        Ran.varve(
            pair,
            // past the door, which the fence shuts for good: the old primary is well, and is asked
            // what only it knows
            Map.of("VARVE_SOURCE_URI", pair.primaryAddress()),
            "promote",
            "--planned",
            "--target",
            pair.standbyAddress(),
            "--output=json");
    long ended = System.nanoTime();
    long quiet =
        pair.fence()
            .quietAtNanos()
            .orElseThrow(() -> defect("promote --planned did not stop the writes; " + promote));
    trial.begin(quiet);
    trial.step("varve promote --planned", from, ended, "exit code " + promote.exitCode());
    said(trial, pair, promote);
    changedOver(trial, pair, old);
    nothingLost(trial, pair, old);
    shutOut(trial, pair, from);
    PromotionTrial.refused(trial, pair);
    PromotionTrial.goesOn(trial, pair);
    Proof.run(trial, Proof.Subject.promoted(pair));
  }

  private static void said(Trial trial, Pair pair, Ran promote) throws IOException {
    if (promote.exitCode() != ExitCode.DONE.number()) {
      throw defect("promote --planned must end with 0; " + promote);
    }
    long shut =
        pair.fence().shutAtNanos().orElseThrow(() -> defect("the old primary was never shut off"));
    trial.step(
        "the last transaction", trial.faultNanos(), shut, "captured; then promote.fence was run");
    JsonNode json = promote.json();
    trial.fact("the new primary holds", "vv:" + json.path("applied").asText());
    trial.fact("promote took", json.path("seconds").asDouble());
    JsonNode left = json.path("leftTransactions");
    trial.fact("only the old one knows", left.asText() + " transactions");
    if (!left.isNumber() || left.asLong() != 0) {
      throw defect("only the old primary may know nothing; " + promote);
    }
  }

  private static void changedOver(Trial trial, Pair pair, String old) {
    Trial.await(
        "a client's write is acknowledged by the new primary",
        CHANGED_OVER_WITHIN,
        () -> pair.load().firstNotBy(old).isPresent());
    long first = pair.load().firstNotBy(old).orElseThrow().atNanos();
    trial.recoveredAt(first);
    trial.step(
        "clients cannot write", trial.faultNanos(), first, "until the new primary acknowledges");
  }

  private static void nothingLost(Trial trial, Pair pair, String old) {
    Set<Long> lost = PromotionTrial.lost(trial, pair, old);
    if (!lost.isEmpty()) {
      throw defect("acknowledged, and not in the new primary: " + lost);
    }
    try (Link primary = Neo4jStore.open(pair.primaryAddress()).connect()) {
      Set<Long> before = new HashSet<>(pair.load().written(primary).numbers());
      before.removeAll(pair.load().written(pair.standbyLink()).numbers());
      if (!before.isEmpty()) {
        throw defect("in the old primary, and not in the new one: " + before);
      }
    }
  }

  /**
   * The capture that was at work all the time reaches its store again, and so does a client that
   * nobody has led over: what that one writes is not captured any more.
   */
  private static void shutOut(Trial trial, Pair pair, long from) {
    pair.doors().stages().set(Proxy.Way.OPEN);
    try (Neo4jLink old = Neo4jStore.open(pair.primaryAddress()).connect();
        Session session = old.session()) {
      session.run("CREATE (:TooLate)").consume();
    }
    long written = System.nanoTime();
    Trial.await(
        "the capture of the old primary has ended with 11",
        SHUT_OUT_WITHIN,
        () ->
            pair.stages().endedSince(from).stream()
                .anyMatch(
                    one ->
                        one.stage().equals("capture")
                            && one.exitCode() == ExitCode.FENCED.number()));
    long ended = System.nanoTime();
    trial.step(
        "the old primary's capture", written, ended, "sees a late write; ended with exit code 11");
    pair.stages().stop("capture");
  }

  private static VarveException defect(String what) {
    return new VarveException(ExitCode.FAILED, what, "this is a defect; see the logs with --keep");
  }
}
