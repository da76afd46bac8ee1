package dev.varve.restore.target.age;

import dev.varve.age.Graphid;
import dev.varve.graph.ElementId;
import java.util.Map;
import java.util.TreeMap;

/**
 * The highest entry that was seen of each label, of live and of removed elements. For one thread.
 */
final class HighestEntries {

  private final Map<Integer, Long> byLabel = new TreeMap<>();

  void see(Graphid graphid) {
    byLabel.merge(graphid.label(), graphid.entry(), Math::max);
  }

  /** An element that is not there any more; what has no graphid for an id does not count. */
  void seeRemoved(ElementId id) {
    Long number = Numbering.Kept.numberOrNull(id.id());
    if (number != null) {
      see(Graphid.of(number));
    }
  }

  /** All labels of a kind share their entries where these were given out by Varve. */
  void see(GivenIds given, Iterable<AgeLabel> labels) {
    for (AgeLabel label : labels) {
      byLabel.merge(label.id(), given.highest(label.kind()), Math::max);
    }
  }

  Map<Integer, Long> byLabel() {
    return byLabel;
  }
}
