package dev.varve.restore.target.age;

import dev.varve.age.Graphid;
import dev.varve.graph.ElementId;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * The highest entry that was seen of each label, of live and of removed elements. For one thread.
 */
final class HighestEntries {

  private final Map<Integer, Long> byLabel = new TreeMap<>();

  /** The one with the highest entry among those seen since the label last changed. */
  private @Nullable Graphid last;

  void see(Graphid graphid) {
    Graphid before = last;
    if (before == null || before.label() != graphid.label()) {
      settle();
      last = graphid;
    } else if (before.entry() < graphid.entry()) {
      last = graphid;
    }
  }

  private void settle() {
    Graphid before = last;
    if (before != null) {
      byLabel.merge(before.label(), before.entry(), Math::max);
    }
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
    settle();
    return byLabel;
  }
}
