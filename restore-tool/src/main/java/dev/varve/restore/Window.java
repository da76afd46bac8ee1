package dev.varve.restore;

import dev.varve.archive.Chain;
import dev.varve.archive.Manifest;
import dev.varve.change.VersionVector;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;

/**
 * A part of the recovery window: every moment from one cut to another can be restored, from one
 * base and the deltas after it.
 *
 * @param base what a restore begins with
 * @param deltas in order
 */
public record Window(Chain.Link base, List<Chain.Link> deltas) {

  public Window {
    deltas = List.copyOf(deltas);
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
    for (Chain.Link delta : deltas) {
      latest = Math.max(latest, delta.manifest().committed().lastMicros());
    }
    return latest;
  }

  Chain.Link newest() {
    return deltas.isEmpty() ? base : deltas.get(deltas.size() - 1);
  }

  /**
   * What can be restored from a chain, oldest base first; windows may overlap.
   *
   * @param damaged keys of segments or manifests that cannot be used
   */
  public static List<Window> of(Chain chain, Set<String> damaged) {
    List<Window> windows = new ArrayList<>();
    for (Chain.Stretch stretch : chain.stretches()) {
      if (usable(stretch.base().manifest(), damaged)) {
        List<Chain.Link> deltas = new ArrayList<>();
        for (Chain.Link delta : stretch.deltas()) {
          if (!usable(delta.manifest(), damaged)) {
            break;
          }
          deltas.add(delta);
        }
        windows.add(new Window(stretch.base(), deltas));
      }
    }
    return windows;
  }

  private static boolean usable(Manifest manifest, Set<String> damaged) {
    return !damaged.contains(manifest.key())
        && manifest.segments().stream()
            .noneMatch(segment -> damaged.contains(segment.object().key()));
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
