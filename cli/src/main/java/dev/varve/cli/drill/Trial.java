package dev.varve.cli.drill;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.varve.fault.ExitCode;
import dev.varve.fault.VarveException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;

/** One scenario being tried on a pair, and what has been measured of it so far. */
final class Trial {

  static final double NANOS_A_SECOND = 1e9;

  private static final long LOOK_EVERY_MS = 20;
  private static final Duration COMMAND_LIMIT = Duration.ofMinutes(3);

  private final Scenario scenario;
  private final Pair pair;
  private final Instant at;
  private final Map<String, String> facts = new LinkedHashMap<>();
  private final List<Outcome.Step> steps = new ArrayList<>();
  private long faultNanos;
  private Optional<Double> rtoSeconds = Optional.empty();
  private Outcome.Rpo rpo = Outcome.Rpo.UNKNOWN;
  private Optional<Boolean> equal = Optional.empty();
  private final List<String> damage = new ArrayList<>();

  Trial(Scenario scenario, Pair pair, Clock clock) {
    this.scenario = scenario;
    this.pair = pair;
    this.at = clock.instant();
  }

  Pair pair() {
    return pair;
  }

  /** The disaster strikes now. */
  void fault(Action inject) throws IOException, InterruptedException {
    faultNanos = System.nanoTime();
    inject.run();
    step("the fault", faultNanos, System.nanoTime(), scenario.what());
  }

  /** From then on it is counted. */
  void begin(long nanos) {
    faultNanos = nanos;
  }

  /** Something that is done. */
  interface Action {
    void run() throws IOException, InterruptedException;
  }

  long faultNanos() {
    return faultNanos;
  }

  /** Does something and notes how long it took. */
  void step(String name, String result, Action action) throws IOException, InterruptedException {
    long from = System.nanoTime();
    action.run();
    step(name, from, System.nanoTime(), result);
  }

  /** Notes something that took from one moment to another. */
  void step(String name, long fromNanos, long toNanos, String result) {
    steps.add(
        new Outcome.Step(
            name, secondsAfterFault(fromNanos), (toNanos - fromNanos) / NANOS_A_SECOND, result));
  }

  double secondsAfterFault(long nanos) {
    return (nanos - faultNanos) / NANOS_A_SECOND;
  }

  void fact(String name, String value) {
    facts.put(name, value);
  }

  void fact(String name, double seconds) {
    facts.put(name, String.format(Locale.ROOT, "%.1f s", seconds));
  }

  /** It was recovered at this moment. */
  void recoveredAt(long nanos) {
    rtoSeconds = Optional.of(secondsAfterFault(nanos));
  }

  void rpo(Outcome.Rpo measured) {
    rpo = measured;
  }

  void equal(boolean measured) {
    equal = Optional.of(measured);
  }

  void damaged(String what) {
    damage.add(what);
  }

  /** What it came to. */
  Outcome outcome(Outcome.Ending ending) {
    for (Stages.Event event : pair.stages().since(faultNanos == 0 ? Long.MAX_VALUE : faultNanos)) {
      steps.add(
          new Outcome.Step("supervisor", secondsAfterFault(event.atNanos()), 0, event.text()));
    }
    steps.sort(Comparator.comparingDouble(Outcome.Step::atSeconds));
    return new Outcome(
        scenario.name(), at, ending, rtoSeconds, rpo, equal, damage, steps, facts, List.of());
  }

  /** A command that has ended. */
  record Ended(int exitCode, String out, String err) {
    JsonNode json() throws IOException {
      return new ObjectMapper().readTree(out);
    }

    @Override
    public String toString() {
      return "it ended with " + exitCode + ": " + (out + err).strip();
    }
  }

  /** Runs a command of Varve's on the pair's configuration. */
  Ended varve(String... arguments) throws IOException, InterruptedException {
    return varve(Map.of(), arguments);
  }

  /** The same, with something else in the environment. */
  Ended varve(Map<String, String> more, String... arguments)
      throws IOException, InterruptedException {
    Path out = Files.createTempFile(pair.layout().logs(), arguments[0], ".out");
    Path err = Files.createTempFile(pair.layout().logs(), arguments[0], ".err");
    Map<String, String> environment = new LinkedHashMap<>(pair.environment());
    environment.putAll(more);
    List<String> line = new ArrayList<>(List.of("sh", "-c", "exec \"$0\" \"$@\" > '" + out + "'"));
    line.addAll(pair.installation().varve(List.of(arguments)));
    try (Child child =
        new Child(
            arguments[0],
            new Child.Launch(line, pair.layout().directory(), environment, err, false))) {
      child.start();
      OptionalInt exit = child.awaitExit(COMMAND_LIMIT);
      if (exit.isEmpty()) {
        throw new VarveException(
            ExitCode.FAILED,
            "varve " + String.join(" ", arguments) + " did not end",
            "see " + err + "; run with --keep so that it stays");
      }
      return new Ended(exit.getAsInt(), Files.readString(out), Files.readString(err));
    }
  }

  /** Waits until something holds. */
  static void await(String what, Duration limit, BooleanSupplier holds) {
    long end = System.nanoTime() + limit.toNanos();
    while (!holds.getAsBoolean()) {
      if (System.nanoTime() > end) {
        throw new VarveException(
            ExitCode.FAILED,
            "waited " + limit.toSeconds() + " s in vain until " + what,
            "run the scenario by itself with --keep, and see the logs");
      }
      try {
        TimeUnit.MILLISECONDS.sleep(LOOK_EVERY_MS);
      } catch (InterruptedException e) {
        throw interrupted(e);
      }
    }
  }

  static VarveException interrupted(InterruptedException e) {
    Thread.currentThread().interrupt();
    return new VarveException(ExitCode.FAILED, "the drill was interrupted", "run it again", e);
  }
}
