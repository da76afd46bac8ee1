package dev.varve.cdc.age;

import dev.varve.change.Transaction;
import dev.varve.graph.ElementKind;
import java.util.ArrayList;
import java.util.List;
import java.util.SortedMap;
import java.util.TreeMap;

/** How many elements a transaction created, updated and removed, by kind and label. */
final class Counts {

  private final SortedMap<String, long[]> byLabel = new TreeMap<>();

  void add(Touched touched, Label label) {
    long[] counts =
        byLabel.computeIfAbsent(touched.kind().code() + label.shown(), key -> new long[3]);
    if (touched.after() == null) {
      counts[2]++;
    } else if (touched.existed()) {
      counts[1]++;
    } else {
      counts[0]++;
    }
  }

  List<Transaction.Count> list() {
    List<Transaction.Count> counts = new ArrayList<>();
    byLabel.forEach(
        (key, n) ->
            counts.add(
                new Transaction.Count(
                    ElementKind.ofCode(key.charAt(0)), key.substring(1), n[0], n[1], n[2])));
    return counts;
  }
}
