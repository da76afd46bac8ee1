package dev.varve.compact;

import dev.varve.archive.Chain;
import dev.varve.archive.Manifest;
import dev.varve.change.VersionVector;
import dev.varve.compact.MergePlan.Where;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** Which moments can be restored from some stretches of a chain. */
final class Ways {

  private final List<Chain.Stretch> stretches;

  /**
   * @param stretches oldest base first
   */
  Ways(List<Chain.Stretch> stretches) {
    this.stretches = List.copyOf(stretches);
  }

  /** The shortest way to a moment, that from the newest base; empty if it cannot be restored. */
  Optional<Chain.Stretch> to(VersionVector moment) {
    for (int i = stretches.size() - 1; i >= 0; i--) {
      Chain.Stretch stretch = stretches.get(i);
      if (moment.includes(stretch.from()) && stretch.to().includes(moment)) {
        Optional<List<Chain.Link>> steps = steps(stretch, moment);
        if (steps.isPresent()) {
          return Optional.of(new Chain.Stretch(stretch.base(), steps.get()));
        }
      }
    }
    return Optional.empty();
  }

  private static Optional<List<Chain.Link>> steps(Chain.Stretch stretch, VersionVector moment) {
    List<Chain.Link> steps = new ArrayList<>();
    for (Chain.Link step : stretch.deltas()) {
      Where where = Where.of(moment, step.manifest());
      if (where == Where.INSIDE && !step.manifest().kind().everyMoment()) {
        return Optional.empty();
      }
      if (where != Where.BEFORE) {
        steps.add(step);
      }
    }
    return Optional.of(steps);
  }

  /** Whether every moment between two cuts can be restored. */
  boolean holdEveryMoment(VersionVector from, VersionVector to) {
    return stretches.stream().anyMatch(stretch -> holdsEveryMoment(stretch, from, to));
  }

  private static boolean holdsEveryMoment(
      Chain.Stretch stretch, VersionVector from, VersionVector to) {
    if (!from.includes(stretch.from()) || !stretch.to().includes(to)) {
      return false;
    }
    for (Chain.Link link : stretch.deltas()) {
      Manifest step = link.manifest();
      boolean touches = !from.includes(step.to()) && !step.from().includes(to);
      if (touches && !step.kind().everyMoment()) {
        return false;
      }
    }
    return true;
  }
}
