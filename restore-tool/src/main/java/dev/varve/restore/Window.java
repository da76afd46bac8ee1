package dev.varve.restore;

import dev.varve.archive.Chain;
import dev.varve.archive.Manifest;
import dev.varve.change.VersionVector;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.List;
import java.util.Set;

/**
 * A part of the recovery window: what can be restored from one base and the deltas after it. Where
 * a step was thinned only its two ends can be.
 *
 * @param base what a restore begins with
 * @param steps in order
 */
public record Window(Chain.Link base, List<Step> steps) {

  public Window {
    steps = List.copyOf(steps);
  }

  /**
   * A delta, merged or not.
   *
   * @param everyMoment whether every moment between its cuts can be restored, or only the cuts
   */
  public record Step(Chain.Link link, boolean everyMoment) {
    Manifest manifest() {
      return link.manifest();
    }
  }

  /** The deltas in order. */
  public List<Chain.Link> deltas() {
    return steps.stream().map(Step::link).toList();
  }

  /** The earliest cut. */
  public VersionVector from() {
    return base.manifest().to();
  }

  /** The latest cut. */
  public VersionVector to() {
    return newest().manifest().to();
  }

  /** The commit time of the earliest cut. */
  public Instant fromTime() {
    return instant(base.manifest().committed().lastMicros());
  }

  /** The commit time of the latest cut. */
  public Instant toTime() {
    return instant(toMicros());
  }

  long fromMicros() {
    return base.manifest().committed().lastMicros();
  }

  /** The clocks of sites may go backwards from delta to delta: the latest that was reached. */
  long toMicros() {
    long latest = fromMicros();
    for (Step step : steps) {
      latest = Math.max(latest, step.manifest().committed().lastMicros());
    }
    return latest;
  }

  Chain.Link newest() {
    return steps.isEmpty() ? base : steps.get(steps.size() - 1).link();
  }

  /**
   * What can be restored from a chain, oldest base first; windows may overlap.
   *
   * @param damaged keys of objects that cannot be used
   */
  public static List<Window> of(Chain chain, Set<String> damaged) {
    return chain.stretches(damaged).stream().map(stretch -> of(stretch, damaged)).toList();
  }

  static Window of(Chain.Stretch stretch, Set<String> damaged) {
    return new Window(
        stretch.base(),
        stretch.deltas().stream()
            .map(link -> new Step(link, Chain.everyMoment(link.manifest(), damaged)))
            .toList());
  }

  /** From when to when, and from which to which transaction. */
  @Override
  public String toString() {
    return fromTime() + " (vv:" + from() + ") to " + toTime() + " (vv:" + to() + ")";
  }

  static Instant instant(long micros) {
    return Instant.EPOCH.plus(micros, ChronoUnit.MICROS);
  }

  static long micros(Instant time) {
    return Math.addExact(
        Math.multiplyExact(time.getEpochSecond(), 1_000_000L), time.getNano() / 1_000L);
  }
}
