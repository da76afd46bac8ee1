package dev.varve.archive;

import dev.varve.archive.Chain.Link;
import dev.varve.archive.Chain.Stretch;
import dev.varve.change.VersionVector;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.PriorityQueue;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Finds the ways through a chain. Cuts are places, deltas lead from one to another, a base or
 * checkpoint is where a way can begin. Of several ways to a cut the one with the fewest thinned
 * deltas is taken, and of these the one with the fewest steps.
 */
final class Stretches {

  private final List<Link> bases;
  private final List<Link> deltas;
  private final Map<VersionVector, List<Link>> from = new HashMap<>();

  /** How a cut was reached. */
  private record Reached(
      VersionVector cut, int thinned, int steps, @Nullable Link by, @Nullable Reached before) {
    static final Comparator<Reached> ORDER =
        Comparator.comparingInt(Reached::thinned).thenComparingInt(Reached::steps);

    Reached then(Link delta) {
      boolean fine = delta.manifest().kind().everyMoment();
      return new Reached(delta.manifest().to(), thinned + (fine ? 0 : 1), steps + 1, delta, this);
    }
  }

  Stretches(List<Link> usable) {
    bases =
        usable.stream()
            .filter(link -> link.manifest().kind().whole())
            .sorted(
                Comparator.comparingLong((Link link) -> extent(link.manifest().to()))
                    .thenComparingLong(link -> link.manifest().number()))
            .toList();
    deltas = usable.stream().filter(link -> !link.manifest().kind().whole()).toList();
    for (Link delta : deltas) {
      from.computeIfAbsent(delta.manifest().from(), cut -> new ArrayList<>()).add(delta);
    }
  }

  /** From each base as far as it goes, and beside these what they do not pass through. */
  List<Stretch> all() {
    List<Stretch> stretches = new ArrayList<>();
    Set<Link> passed = new HashSet<>();
    for (Link base : bases) {
      Stretch stretch = furthest(base, reach(base.manifest().to()));
      stretches.add(stretch);
      passed.addAll(stretch.deltas());
    }
    for (Link delta : deltas) {
      if (delta.manifest().kind().everyMoment()
          && !passed.contains(delta)
          && stretches.stream().noneMatch(stretch -> passesThrough(stretch, delta.manifest()))) {
        through(delta)
            .ifPresent(
                stretch -> {
                  stretches.add(stretch);
                  passed.addAll(stretch.deltas());
                });
      }
    }
    stretches.sort(Comparator.comparingLong(stretch -> extent(stretch.from())));
    return stretches;
  }

  /** Ways that end at a cut, that of the newest base first. */
  List<Stretch> to(VersionVector cut) {
    List<Stretch> ways = new ArrayList<>();
    for (int i = bases.size() - 1; i >= 0; i--) {
      Link base = bases.get(i);
      if (cut.includes(base.manifest().to())) {
        Reached reached = reach(base.manifest().to()).get(cut);
        if (reached != null) {
          ways.add(new Stretch(base, steps(reached)));
        }
      }
    }
    return ways;
  }

  /** Every cut that can be reached from one, the best way to each. */
  private Map<VersionVector, Reached> reach(VersionVector start) {
    Map<VersionVector, Reached> best = new HashMap<>();
    PriorityQueue<Reached> open = new PriorityQueue<>(Reached.ORDER);
    open.add(new Reached(start, 0, 0, null, null));
    for (Reached next = open.poll(); next != null; next = open.poll()) {
      if (best.putIfAbsent(next.cut(), next) == null) {
        for (Link delta : from.getOrDefault(next.cut(), List.of())) {
          if (!best.containsKey(delta.manifest().to())) {
            open.add(next.then(delta));
          }
        }
      }
    }
    return best;
  }

  private static Stretch furthest(Link base, Map<VersionVector, Reached> reached) {
    return new Stretch(base, steps(furthest(reached)));
  }

  private static Reached furthest(Map<VersionVector, Reached> reached) {
    return reached.values().stream()
        .max(
            Comparator.comparingLong((Reached r) -> extent(r.cut()))
                .thenComparing(Reached.ORDER.reversed()))
        .orElseThrow();
  }

  /** The way with the fewest steps that leads through a delta. */
  private Optional<Stretch> through(Link delta) {
    for (Stretch way : to(delta.manifest().from())) {
      List<Link> steps = new ArrayList<>(way.deltas());
      steps.add(delta);
      steps.addAll(steps(furthest(reach(delta.manifest().to()))));
      return Optional.of(new Stretch(way.base(), steps));
    }
    return Optional.empty();
  }

  private static List<Link> steps(Reached end) {
    List<Link> steps = new ArrayList<>();
    for (Reached at = end; at.by() != null && at.before() != null; at = at.before()) {
      steps.add(0, at.by());
    }
    return steps;
  }

  /** Whether every moment of a delta is in the stretch. */
  private static boolean passesThrough(Stretch stretch, Manifest delta) {
    VersionVector at = stretch.from();
    if (!delta.from().includes(at) || !stretch.to().includes(delta.to())) {
      return false;
    }
    for (Link step : stretch.deltas()) {
      VersionVector next = step.manifest().to();
      boolean touches = !delta.from().includes(next);
      if (touches && !step.manifest().kind().everyMoment()) {
        return false;
      }
      if (next.includes(delta.to())) {
        return true;
      }
    }
    return false;
  }

  /** Grows with every cut that includes another. */
  private static long extent(VersionVector cut) {
    return cut.seqs().values().stream().mapToLong(seq -> seq + 1).sum();
  }
}
