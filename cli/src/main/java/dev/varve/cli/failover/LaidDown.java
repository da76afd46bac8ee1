package dev.varve.cli.failover;

import dev.varve.archive.Chain;
import dev.varve.archive.Manifest;
import dev.varve.archive.Repository;
import dev.varve.cdc.CaptureState;
import dev.varve.change.Site;
import dev.varve.change.VersionVector;
import java.io.IOException;
import java.util.Comparator;
import java.util.Map;
import java.util.Optional;

/**
 * What a chain tells of captures, where Kafka, which knows better, was lost.
 *
 * @param end of the chain
 */
public record LaidDown(Manifest end) {

  /** Absent if there is no chain. */
  public static Optional<LaidDown> in(Repository repository, String graph) throws IOException {
    return Chain.loadEnd(repository, graph).map(found -> new LaidDown(found.head().manifest()));
  }

  /**
   * Where the capture of a site stood at least; absent if the chain has nothing of it.
   *
   * @param site without its incarnation
   * @param known elsewhere, such as by a standby, which may have come further than the chain
   */
  public Optional<CaptureState> captured(String site, VersionVector known) {
    return end.sites().stream()
        .filter(each -> each.site().name().equals(site))
        .max(Comparator.comparingInt(each -> each.site().incarnation()))
        .map(last -> captured(last, end.to().union(known)));
  }

  private static CaptureState captured(Manifest.SiteCut last, VersionVector all) {
    VersionVector others = VersionVector.EMPTY;
    for (Map.Entry<Site, Long> each : all.seqs().entrySet()) {
      if (!each.getKey().equals(last.site())) {
        others = others.with(each.getKey(), each.getValue());
      }
    }
    return CaptureState.laidDown(
        last.site(),
        last.store(),
        all.seqs().getOrDefault(last.site(), last.seq()),
        last.committedAtMicros(),
        others);
  }
}
