package dev.varve.restore.convert;

import dev.varve.graph.Element;
import dev.varve.graph.ElementId;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** Counts how often each rule was used, and remembers where it was first. */
final class Tallies {

  /** How many places are named for each rule. */
  static final int PLACES_MAX = 5;

  private final Map<Rule, Count> counts = new HashMap<>();

  private static final class Count {
    private long count;
    private final List<Findings.Place> first = new ArrayList<>();
  }

  void count(Rule rule, ElementId id, Element element, Optional<String> key) {
    Count count = counts.computeIfAbsent(rule, missing -> new Count());
    count.count++;
    if (count.first.size() < PLACES_MAX) {
      count.first.add(Findings.Place.of(id, element, key));
    }
  }

  /** In the order of the table. */
  List<Findings.Tally> list() {
    return counts.entrySet().stream()
        .map(
            entry ->
                new Findings.Tally(entry.getKey(), entry.getValue().count, entry.getValue().first))
        .sorted(Comparator.comparing(tally -> ((Enum<?>) tally.rule()).ordinal()))
        .toList();
  }
}
