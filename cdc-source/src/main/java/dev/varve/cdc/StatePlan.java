package dev.varve.cdc;

import dev.varve.change.Site;
import dev.varve.change.VersionVector;
import java.util.Optional;

/** How capture goes on from what it finds at a start. Pure. */
public final class StatePlan {

  private StatePlan() {}

  /**
   * The first incarnation of a site.
   *
   * @param head the log's end, read before the scan
   */
  public static CaptureState first(String site, String store, LogHead head) {
    return CaptureState.beforeScan(
        new Site(site, 1), store, head, 0, VersionVector.EMPTY, Optional.empty());
  }

  /**
   * The incarnation after one whose log cannot be read on: everything that was published of it has
   * been seen, and its elements are gone unless the new scan has them too.
   */
  public static CaptureState next(CaptureState last, String store, LogHead head) {
    VersionVector seen = last.seen().with(last.site(), last.reached());
    return CaptureState.beforeScan(
        last.site().next(), store, head, last.transactions(), seen, Optional.of(last.site()));
  }
}
