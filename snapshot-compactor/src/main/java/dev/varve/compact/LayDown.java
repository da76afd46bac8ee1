package dev.varve.compact;

import dev.varve.archive.Chain;
import dev.varve.archive.Manifest;
import dev.varve.change.VersionVector;
import dev.varve.fault.ExitCode;
import dev.varve.fault.VarveException;
import dev.varve.graph.StoreSchema;
import dev.varve.tail.Cut;
import dev.varve.tail.CutTracker;
import dev.varve.tail.Place;
import dev.varve.tail.SortEntry.Origin;
import dev.varve.tail.Tail;
import dev.varve.tail.VersionSorter;
import dev.varve.wire.Topics;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Lays down one snapshot of what was collected: a base, or a delta after the newest one. */
final class LayDown {

  private static final Logger LOG = LoggerFactory.getLogger(LayDown.class);

  private final Workbench bench;
  private final String graph;
  private final VersionSorter sorter;

  LayDown(Workbench bench, String graph, VersionSorter sorter) {
    this.bench = bench;
    this.graph = graph;
    this.sorter = sorter;
  }

  /**
   * Where the snapshot goes.
   *
   * @param head the base or delta that it follows
   * @param tip the newest entry known
   * @param base whether it is to be a base
   */
  record After(Optional<Manifest> head, Optional<Manifest.Parent> tip, boolean base) {
    long number() {
      return tip.map(parent -> parent.number() + 1).orElse(1L);
    }

    Manifest.Kind kind() {
      return base ? Manifest.Kind.BASE : Manifest.Kind.DELTA;
    }
  }

  /**
   * Writes and publishes it; what it holds is then no longer in the sorter. If it fails, nothing
   * has changed, and it can be done again.
   */
  Chain.Tip run(Tail tail, CutTracker tracker, Cut cut, After after) throws IOException {
    try (VersionSorter.Merge merge = sorter.merge();
        SnapshotBuilder builder =
            new SnapshotBuilder(
                bench,
                graph,
                after.number(),
                after.kind(),
                after.base() ? Optional.empty() : after.head(),
                after.head().map(Manifest::schema).orElse(StoreSchema.EMPTY))) {
      Flush flush =
          new Flush(
              merge,
              builder,
              cut,
              new Topics(graph),
              after.base(),
              Checkpoint.forgetsTombstones(cut),
              tail.places().size());
      flush.run();
      if (after.base() && !flush.wholeSchema()) {
        checkSchema(tail, tracker, after.head());
      }
      List<Manifest.Position> positions = positions(tail, tracker, cut, flush);
      merge.seal();
      Manifest manifest =
          new Manifest(
              graph,
              after.number(),
              after.kind(),
              after.tip(),
              after.base() ? VersionVector.EMPTY : after.head().orElseThrow().to(),
              cut.vector(),
              builder.span(cut),
              positions,
              cut.sites(),
              builder.counts(),
              builder.fingerprint(),
              builder.schema(),
              builder.segments(),
              builder.transactions(),
              builder.inexact(),
              bench.writer(),
              bench.publisher().encoding(after.kind()),
              bench.clock().instant());
      Chain.Tip published = bench.publisher().publishHead(manifest);
      merge.commit();
      return published;
    }
  }

  /** A base has to know all indexes and constraints, or the restored store would lack some. */
  private void checkSchema(Tail tail, CutTracker tracker, Optional<Manifest> parent) {
    String topic = new Topics(graph).transactions();
    for (int place = 0; place < tail.places().size(); place++) {
      if (tail.places().get(place).topic().equals(topic) && tracker.compacted(place)) {
        if (parent.isEmpty()) {
          throw new VarveException(
              ExitCode.FAILED,
              topic
                  + " no longer holds the transaction that tells the store's indexes and"
                  + " constraints, and there is no chain that knows them; nothing was laid down",
              "let capture scan the graph anew");
        }
        LOG.warn(
            "{} has lost transactions: indexes and constraints are those of manifest {} and of"
                + " what was done since the oldest transaction that is left",
            topic,
            parent.get().number());
      }
    }
  }

  private static List<Manifest.Position> positions(
      Tail tail, CutTracker tracker, Cut cut, Flush flush) {
    List<Manifest.Position> positions = new ArrayList<>();
    for (int place = 0; place < tail.places().size(); place++) {
      Place p = tail.places().get(place);
      Origin origin = tracker.position(place, cut.vector(), flush.firstUncovered(place));
      positions.add(
          new Manifest.Position(
              p.topic(),
              tail.topicId(p.topic()),
              p.partition(),
              origin.offset(),
              origin.ordinal()));
    }
    return positions;
  }
}
