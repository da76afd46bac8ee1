package dev.varve.cli.drill;

import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.random.RandomGenerator;
import java.util.stream.Stream;

/**
 * What goes wrong, and when, drawn from a seed. Pure.
 *
 * <p>Invariants: nothing that is broken is broken again before it had a moment to recover; of the
 * brokers at most one is away; at most {@link #AT_ONCE} faults last at the same time; each ends.
 */
record FaultPlan(List<Fault> faults) {

  /** So many may last at the same time. */
  static final int AT_ONCE = 4;

  /** So many are drawn at most. */
  static final int MOST = 10;

  /** Before this all have begun. */
  static final Duration BEGUN_BEFORE = Duration.ofSeconds(30);

  /** A broker that is back has to be in sync again before the next may go. */
  static final Duration BROKER_RECOVERS = Duration.ofSeconds(15);

  /** Longer than a process takes to be started again, and shorter than it takes to be at work. */
  static final Duration RECOVERS = Duration.ofSeconds(3);

  /** Nothing goes wrong. */
  static final FaultPlan NOTHING = new FaultPlan(List.of());

  /**
   * Longer than a transaction of capture's may be open, which the brokers then end by themselves.
   */
  static final Duration LONG_FREEZE = Duration.ofSeconds(65);

  private static final int ONE_FREEZE_IN_THIS_IS_LONG = 8;
  private static final int TRIES = 200;
  private static final int SHORTEST_MS = 1_000;
  private static final int LONGEST_MS = 16_000;

  FaultPlan {
    faults = List.copyOf(faults);
  }

  /**
   * One of them.
   *
   * @param from after the beginning
   * @param lasts until it is mended; a stage that was killed is started again by its supervisor
   */
  record Fault(Part part, Part.Way way, Duration from, Duration lasts) {
    Fault {
      if (!part.kind().breaksBy(way)) {
        throw new IllegalArgumentException(part + " cannot be " + way);
      }
      if (from.isNegative() || lasts.isNegative() || lasts.isZero()) {
        throw new IllegalArgumentException(
            "from must be >= 0 and lasts > 0: " + from + ", " + lasts);
      }
    }

    Duration until() {
      return from.plus(lasts);
    }

    String words() {
      return part.words() + " " + way.words();
    }

    private boolean overlaps(Fault other) {
      return from.compareTo(other.until()) < 0 && other.from.compareTo(until()) < 0;
    }

    private boolean allows(Fault other) {
      if (!part.excludes(other.part)) {
        return true;
      }
      Duration rest = part.kind() == Part.Kind.BROKER ? BROKER_RECOVERS : RECOVERS;
      return from.compareTo(other.until().plus(rest)) >= 0
          || other.from.compareTo(until().plus(rest)) >= 0;
    }
  }

  /** A moment at which a fault begins or ends. */
  record Moment(Duration at, Fault fault, boolean begins) {}

  /**
   * Draws one.
   *
   * @param parts that may break
   */
  static FaultPlan draw(RandomGenerator random, List<Part> parts) {
    List<Fault> faults = new ArrayList<>();
    for (int i = 0; i < TRIES && faults.size() < MOST; i++) {
      Fault drawn = fault(random, parts);
      if (faults.stream().allMatch(drawn::allows) && fits(faults, drawn)) {
        faults.add(drawn);
      }
    }
    faults.sort(Comparator.comparing(Fault::from));
    return new FaultPlan(faults);
  }

  private static Fault fault(RandomGenerator random, List<Part> parts) {
    Part part = parts.get(random.nextInt(parts.size()));
    List<Part.Way> ways =
        Stream.of(Part.Way.values()).filter(way -> part.kind().breaksBy(way)).toList();
    Part.Way way = ways.get(random.nextInt(ways.size()));
    Duration from = Duration.ofMillis(random.nextInt((int) BEGUN_BEFORE.toMillis()));
    int lastsMs = SHORTEST_MS + random.nextInt(LONGEST_MS - SHORTEST_MS);
    if (part.kind() != Part.Kind.STAGE) {
      return new Fault(part, way, from, Duration.ofMillis(lastsMs));
    } else if (way == Part.Way.KILLED) {
      return new Fault(part, way, from, Duration.ofMillis(SHORTEST_MS));
    }
    boolean isLong = random.nextInt(ONE_FREEZE_IN_THIS_IS_LONG) == 0;
    return new Fault(part, way, from, isLong ? LONG_FREEZE : Duration.ofMillis(lastsMs));
  }

  /** Counted where it is most: at the beginning of one of those that it overlaps, or at its own. */
  private static boolean fits(List<Fault> faults, Fault drawn) {
    List<Fault> near = new ArrayList<>(faults.stream().filter(drawn::overlaps).toList());
    near.add(drawn);
    return near.stream()
        .allMatch(
            one ->
                near.stream()
                        .filter(
                            other ->
                                other.from.compareTo(one.from) <= 0
                                    && other.until().compareTo(one.from) > 0)
                        .count()
                    <= AT_ONCE);
  }

  /** When to do what, in order. */
  List<Moment> moments() {
    return faults.stream()
        .flatMap(
            fault ->
                Stream.of(
                    new Moment(fault.from(), fault, true), new Moment(fault.until(), fault, false)))
        .sorted(Comparator.comparing(Moment::at))
        .toList();
  }
}
