package dev.varve.cli.drill;

import java.time.Duration;
import java.util.Optional;

/** What follows the primary of a configured pair, being looked at. */
record Following(Link primary, Optional<Link> standby, Behind behind) implements AutoCloseable {

  private static final String NOTHING_BROKEN =
      "nothing was broken; see with 'varve info' and 'varve doctor' that capture, fold, compact and"
          + " replay are at work";

  static Following of(PairPlan plan, Load load) {
    Link primary = plan.pair().primary().connect();
    Optional<Link> standby = plan.way().standby().map(Store::connect);
    return new Following(
        primary,
        standby,
        new Behind(
            load,
            standby.map(link -> () -> load.inStandby(link)),
            new Marks(plan.pair().chain(), load::count, primary::lastTransaction)));
  }

  /** Waits until all of it holds what has been written by now, one transaction at least. */
  void settle(Load load, Duration within) {
    Trial.await("the primary acknowledges a write", within, NOTHING_BROKEN, () -> load.count() > 0);
    long written = load.count();
    Trial.await(
        "standby and chain hold what was written",
        within,
        NOTHING_BROKEN,
        () -> behind.bothHold(written));
  }

  @Override
  public void close() {
    behind.close();
    standby.ifPresent(Link::close);
    primary.close();
  }
}
