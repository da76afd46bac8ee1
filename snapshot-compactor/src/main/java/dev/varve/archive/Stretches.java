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
 * checkpoint is where a way can begin. Every delta leads from a cut to one that includes it, so
 * that each search goes through the places once, in the order of how much they include.
 */
final class Stretches {

  private final Set<String> damaged;
  private final List<Link> deltas = new ArrayList<>();
  private final Map<VersionVector, Place> places = new HashMap<>();
  private final List<Place> ascending;

  /** A cut, and what begins and ends at it. */
  private static final class Place {
    private static final Comparator<Place> BY_EXTENT = Comparator.comparingLong(p -> p.extent);

    private final VersionVector cut;
    private final long extent;
    private final List<Link> bases = new ArrayList<>();
    private final List<Link> in = new ArrayList<>();
    private final List<Link> out = new ArrayList<>();
    private boolean reachable;

    /** The first step of the way from here that goes furthest. */
    private Onward furthest;

    Place(VersionVector cut) {
      this.cut = cut;
      extent = extent(cut);
      furthest = new Onward(extent, 0, 0, 0, null);
    }
  }

  /**
   * Where a way from a place comes to, and with which step it begins.
   *
   * @param extent of its end
   * @param coarse deltas of which not every moment can be restored
   */
  private record Onward(long extent, int coarse, int steps, long bytes, @Nullable Link by) {

    /** Of ways that go equally far the one that passes the most moments, then the shortest. */
    static final Comparator<Onward> FURTHEST =
        Comparator.comparingLong((Onward o) -> -o.extent)
            .thenComparingInt(Onward::coarse)
            .thenComparingInt(Onward::steps)
            .thenComparingLong(Onward::bytes);

    static final Comparator<Onward> SHORTEST =
        Comparator.comparingInt(Onward::steps).thenComparingLong(Onward::bytes);

    Onward behind(Link delta, boolean fine) {
      return new Onward(
          extent, coarse + (fine ? 0 : 1), steps + 1, bytes + delta.manifest().totalBytes(), delta);
    }
  }

  /**
   * @param usable whose segments are all there
   * @param damaged keys of objects that cannot be used
   */
  Stretches(List<Link> usable, Set<String> damaged) {
    this.damaged = damaged;
    for (Link link : usable) {
      Manifest manifest = link.manifest();
      if (manifest.kind().whole()) {
        place(manifest.to()).bases.add(link);
      } else if (!manifest.from().equals(manifest.to())) {
        deltas.add(link);
        place(manifest.from()).out.add(link);
        place(manifest.to()).in.add(link);
      }
    }
    ascending = places.values().stream().sorted(Place.BY_EXTENT).toList();
    ascending.forEach(this::reach);
    for (int i = ascending.size() - 1; i >= 0; i--) {
      goOn(ascending.get(i));
    }
  }

  /**
   * Whether every moment of a delta can be restored, given what leads to it: its kind allows it,
   * and the list of its transactions can be read.
   */
  static boolean everyMoment(Manifest delta, Set<String> damaged) {
    return delta.kind().everyMoment()
        && delta.transactions().stream().noneMatch(file -> damaged.contains(file.object().key()));
  }

  private boolean fine(Link delta) {
    return everyMoment(delta.manifest(), damaged);
  }

  private Place place(VersionVector cut) {
    return places.computeIfAbsent(cut, Place::new);
  }

  private Place known(VersionVector cut) {
    Place place = places.get(cut);
    if (place == null) {
      throw new IllegalStateException("nothing begins or ends at " + cut);
    }
    return place;
  }

  private void reach(Place place) {
    place.reachable |= !place.bases.isEmpty();
    if (place.reachable) {
      place.out.forEach(delta -> known(delta.manifest().to()).reachable = true);
    }
  }

  private void goOn(Place place) {
    for (Link delta : place.out) {
      Onward onward = known(delta.manifest().to()).furthest.behind(delta, fine(delta));
      if (Onward.FURTHEST.compare(onward, place.furthest) < 0) {
        place.furthest = onward;
      }
    }
  }

  /** Bases, and deltas that some way leads to. */
  List<Link> restorable() {
    List<Link> links = new ArrayList<>();
    for (Place place : ascending) {
      links.addAll(place.bases);
      if (place.reachable) {
        links.addAll(place.out);
      }
    }
    return links;
  }

  /** From each base as far as it goes, and beside these what they do not pass through. */
  List<Stretch> all() {
    List<Stretch> stretches = new ArrayList<>();
    Set<Link> passed = new HashSet<>();
    for (Place place : ascending) {
      for (Link base : place.bases) {
        Stretch stretch = new Stretch(base, onward(place));
        stretches.add(stretch);
        passed.addAll(stretch.deltas());
      }
    }
    for (Link delta : deltas) {
      boolean beside =
          known(delta.manifest().from()).reachable
              && !passed.contains(delta)
              && stretches.stream().noneMatch(stretch -> holds(stretch, delta));
      if (beside) {
        Stretch stretch = through(delta);
        stretches.add(stretch);
        passed.addAll(stretch.deltas());
      }
    }
    stretches.sort(Comparator.comparingLong(stretch -> extent(stretch.from())));
    return stretches;
  }

  /** Steps from a place, as far as any lead. */
  private List<Link> onward(Place start) {
    List<Link> steps = new ArrayList<>();
    Place at = start;
    for (Link by = at.furthest.by(); by != null; by = at.furthest.by()) {
      steps.add(by);
      at = known(by.manifest().to());
    }
    return steps;
  }

  private Stretch through(Link delta) {
    Stretch way = to(delta.manifest().from()).get(0);
    List<Link> steps = new ArrayList<>(way.deltas());
    steps.add(delta);
    steps.addAll(onward(known(delta.manifest().to())));
    return new Stretch(way.base(), steps);
  }

  /** Whether every moment that can be restored by way of a delta is in the stretch. */
  private boolean holds(Stretch stretch, Link delta) {
    VersionVector begin = delta.manifest().from();
    VersionVector end = delta.manifest().to();
    if (!end.includes(stretch.from()) || !stretch.to().includes(end)) {
      return false;
    }
    return fine(delta)
        ? begin.includes(stretch.from()) && holdsAll(stretch.deltas(), begin, end)
        : holds(stretch, end);
  }

  private boolean holdsAll(List<Link> steps, VersionVector begin, VersionVector end) {
    for (int i = firstBeyond(steps, begin); i < steps.size() && fine(steps.get(i)); i++) {
      if (steps.get(i).manifest().to().includes(end)) {
        return true;
      }
    }
    return false;
  }

  private boolean holds(Stretch stretch, VersionVector cut) {
    List<Link> steps = stretch.deltas();
    int beyond = firstBeyond(steps, cut);
    return endsAt(stretch, beyond, cut) || (beyond < steps.size() && fine(steps.get(beyond)));
  }

  private static boolean endsAt(Stretch stretch, int steps, VersionVector cut) {
    VersionVector end =
        steps == 0 ? stretch.from() : stretch.deltas().get(steps - 1).manifest().to();
    return end.equals(cut);
  }

  /** The first step that leads to what a cut does not include. */
  private static int firstBeyond(List<Link> steps, VersionVector cut) {
    int low = 0;
    int high = steps.size();
    while (low < high) {
      int middle = (low + high) >>> 1;
      if (cut.includes(steps.get(middle).manifest().to())) {
        low = middle + 1;
      } else {
        high = middle;
      }
    }
    return low;
  }

  /** Ways that end at a cut, that of the newest base first; of each base the shortest. */
  List<Stretch> to(VersionVector cut) {
    Back back = new Back(cut);
    Place target = places.get(cut);
    if (target != null) {
      back.offer(target, new Onward(target.extent, 0, 0, 0, null));
    }
    return back.ways(Integer.MAX_VALUE);
  }

  /**
   * The shortest way from the newest base to a moment: it ends at the moment, or with steps that
   * pass it and of which every moment can be restored.
   */
  Optional<Stretch> towards(VersionVector moment) {
    Back back = new Back(moment);
    Place target = places.get(moment);
    if (target != null) {
      back.offer(target, new Onward(target.extent, 0, 0, 0, null));
    }
    for (Link delta : deltas) {
      VersionVector end = delta.manifest().to();
      if (end.includes(moment) && !moment.includes(end) && back.passes(delta)) {
        Onward last = new Onward(extent(end), 0, 0, 0, null);
        back.offer(known(delta.manifest().from()), last.behind(delta, true));
      }
    }
    return back.ways(1).stream().findFirst();
  }

  /** Goes back from a moment to the bases before it. */
  private final class Back {
    private final VersionVector moment;
    private final Map<Place, Onward> best = new HashMap<>();
    private final PriorityQueue<Place> open = new PriorityQueue<>(Place.BY_EXTENT.reversed());

    Back(VersionVector moment) {
      this.moment = moment;
    }

    void offer(Place place, Onward onward) {
      Onward known = best.get(place);
      if (known == null) {
        open.add(place);
      }
      if (known == null || Onward.SHORTEST.compare(onward, known) < 0) {
        best.put(place, onward);
      }
    }

    /** Whether a delta that ends beyond the moment can be a step towards it. */
    boolean passes(Link delta) {
      return fine(delta) && !delta.manifest().from().includes(moment);
    }

    List<Stretch> ways(int limit) {
      List<Stretch> ways = new ArrayList<>();
      for (Place place = open.poll(); place != null; place = open.poll()) {
        boolean inside = moment.includes(place.cut);
        for (int i = place.bases.size() - 1; inside && i >= 0; i--) {
          ways.add(new Stretch(place.bases.get(i), steps(place)));
          if (ways.size() == limit) {
            return ways;
          }
        }
        Onward here = known(place);
        for (Link delta : place.in) {
          if (inside || passes(delta)) {
            offer(Stretches.this.known(delta.manifest().from()), here.behind(delta, true));
          }
        }
      }
      return ways;
    }

    private List<Link> steps(Place start) {
      List<Link> steps = new ArrayList<>();
      Onward at = known(start);
      while (at != null && at.by() != null) {
        steps.add(at.by());
        at = best.get(Stretches.this.known(at.by().manifest().to())); // absent beyond the moment
      }
      return steps;
    }

    private Onward known(Place place) {
      Onward onward = best.get(place);
      if (onward == null) {
        throw new IllegalStateException(place.cut + " was not offered");
      }
      return onward;
    }
  }

  /** Grows with every cut that includes another. */
  private static long extent(VersionVector cut) {
    return cut.seqs().values().stream().mapToLong(seq -> seq + 1).sum();
  }
}
