package dev.varve.replay;

import dev.varve.tail.Cut;
import dev.varve.topology.Fingerprint;
import java.util.Optional;

/**
 * Where what waits leads to.
 *
 * @param cut everything was read up to it
 * @param places how many partitions it was read from
 * @param positions where to go on reading after it, or after a cut before it
 * @param everyMoment whether every version is here, so that a cut in between can be applied too
 * @param fingerprint of the graph at the cut, if somebody knows
 */
record Goal(
    Cut cut,
    int places,
    Pending.Positions positions,
    boolean everyMoment,
    Optional<Fingerprint> fingerprint) {

  /** As the tables have it. */
  static Goal ofTables(Cut cut, int places, Pending.Positions positions) {
    return new Goal(cut, places, positions, true, Optional.empty());
  }
}
