package dev.varve.restore.branch;

import dev.varve.change.Change;
import dev.varve.change.ChangeHeader;
import dev.varve.change.Dot;
import dev.varve.change.Sweep;
import dev.varve.change.VersionVector;
import dev.varve.graph.Element;
import dev.varve.graph.ElementId;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;

/**
 * Names the elements that a branch removes without naming them (a label that was emptied or
 * dropped), so that each is a removal like any other.
 */
final class Swept {

  private Swept() {}

  /**
   * The transactions with a removal for each element that a sweep takes away, and without what
   * alters nothing: a label that is stated again has all its elements in the log.
   *
   * @param before the elements that were there when the branch began, as far as it touches them
   */
  static List<List<Change>> named(
      List<BranchContent.Touching> transactions, Map<ElementId, Element> before) {
    TreeMap<ElementId, Element> there = new TreeMap<>(before);
    List<List<Change>> named = new ArrayList<>();
    for (BranchContent.Touching transaction : transactions) {
      List<Change> changes = new ArrayList<>();
      Set<ElementId> touched = new HashSet<>();
      for (Change change : transaction.changes()) {
        touched.add(change.id());
        Element state = change.state().orElse(null);
        Element was = state == null ? there.remove(change.id()) : there.put(change.id(), state);
        if (was == null || !was.equals(state)) {
          changes.add(change);
        }
      }
      for (Sweep sweep : transaction.sweeps()) {
        for (ElementId id :
            List.copyOf(there.subMap(sweep.first(), true, sweep.last(), true).keySet())) {
          if (!touched.contains(id)) {
            there.remove(id);
            changes.add(removal(id, sweep, changes.size()));
          }
        }
      }
      named.add(List.copyOf(changes));
    }
    return named;
  }

  private static Change removal(ElementId id, Sweep sweep, int index) {
    return new Change(
        id,
        new ChangeHeader(
            new Dot(sweep.site(), sweep.seq(), index),
            sweep.committedAtMicros(),
            VersionVector.EMPTY,
            Optional.empty(),
            List.of(),
            List.of()),
        Optional.empty());
  }
}
