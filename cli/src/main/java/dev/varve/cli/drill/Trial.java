package dev.varve.cli.drill;

import dev.varve.fault.ExitCode;
import dev.varve.fault.VarveException;
import java.io.IOException;
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
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;

/** Something that is being tried, and what has been measured of it so far. */
final class Trial {

  static final double NANOS_A_SECOND = 1e9;

  private static final long LOOK_EVERY_MS = 20;

  private final String name;
  private final String what;
  private final Instant at;
  private final Map<String, String> facts = new LinkedHashMap<>();
  private final List<Outcome.Step> steps = new ArrayList<>();
  private long faultNanos;
  private Optional<Double> rtoSeconds = Optional.empty();
  private Outcome.Rpo rpo = Outcome.Rpo.UNKNOWN;
  private Optional<Boolean> equal = Optional.empty();
  private final List<String> damage = new ArrayList<>();

  /**
   * Begins.
   *
   * @param name such as {@code primary-killed}
   * @param what is done, in a line
   */
  Trial(String name, String what, Clock clock) {
    this.name = name;
    this.what = what;
    this.at = clock.instant();
  }

  /** The disaster strikes now. */
  void fault(Action inject) throws IOException, InterruptedException {
    faultNanos = System.nanoTime();
    inject.run();
    step("the fault", faultNanos, System.nanoTime(), what);
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
    steps.sort(Comparator.comparingDouble(Outcome.Step::atSeconds));
    return new Outcome(name, at, ending, rtoSeconds, rpo, equal, damage, steps, facts, List.of());
  }

  /** Waits until something holds. */
  static void await(String what, Duration limit, BooleanSupplier holds) {
    await(
        what,
        limit,
        "see the logs of the stages; of a pair of the drill's own they stay with --keep",
        holds);
  }

  /** The same, with what to do if it does not. */
  static void await(String what, Duration limit, String hint, BooleanSupplier holds) {
    long end = System.nanoTime() + limit.toNanos();
    while (!holds.getAsBoolean()) {
      if (System.nanoTime() > end) {
        throw new VarveException(
            ExitCode.FAILED, "waited " + limit.toSeconds() + " s in vain until " + what, hint);
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
