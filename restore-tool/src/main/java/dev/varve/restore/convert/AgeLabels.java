package dev.varve.restore.convert;

import dev.varve.graph.ElementKind;
import dev.varve.graph.Value;
import java.util.HashSet;
import java.util.Optional;
import java.util.SortedSet;
import java.util.TreeSet;

/**
 * Under which label of AGE the labels of a vertex go.
 *
 * @param name the label; absent if there are none
 * @param rule by which the labels are kept in a property too; absent if the name says all
 */
record AgeLabels(Optional<String> name, Optional<AgeRule> rule) {

  /** The property that keeps the labels of a vertex. */
  static final String LABELS = "__labels";

  /** The property that keeps the type of an edge. */
  static final String TYPE = "__type";

  static AgeLabels of(SortedSet<String> labels) {
    if (labels.isEmpty()) {
      return new AgeLabels(Optional.empty(), Optional.empty());
    }
    Optional<String> valid = labels.stream().filter(AgeNames::valid).findFirst();
    if (valid.isEmpty()) {
      return new AgeLabels(
          Optional.of(AgeNames.escaped(ElementKind.VERTEX, labels.first())),
          Optional.of(AgeRule.LABEL_NAME));
    }
    return new AgeLabels(
        valid, labels.size() == 1 ? Optional.empty() : Optional.of(AgeRule.SEVERAL_LABELS));
  }

  /** The labels as they are kept in a property. */
  static Value list(SortedSet<String> labels) {
    return AgeValues.encoded(
        Value.ListOf.of(labels.stream().map(label -> (Value) Value.Text.of(label)).toList()),
        new HashSet<>());
  }

  /**
   * The labels that a property keeps; absent if it is another property of that name.
   *
   * @param name the label of the vertex in AGE
   */
  static Optional<SortedSet<String>> carried(String name, Value kept) {
    SortedSet<String> labels = new TreeSet<>();
    if (AgeValues.decoded(kept) instanceof Value.ListOf list) {
      for (Value item : list.items()) {
        if (item instanceof Value.Text label) {
          labels.add(label.value());
        }
      }
    }
    AgeLabels again = of(labels);
    boolean same =
        again.rule().isPresent()
            && again.name().equals(Optional.of(name))
            && list(labels).equals(kept);
    return same ? Optional.of(labels) : Optional.empty();
  }

  /**
   * The type that a property keeps; absent if it is another property of that name.
   *
   * @param name the label of the edge in AGE
   */
  static Optional<String> carriedType(String name, Value kept) {
    return AgeValues.decoded(kept) instanceof Value.Text type
            && AgeNames.escaped(ElementKind.EDGE, type.value()).equals(name)
            && AgeValues.encoded(type, new HashSet<>()).equals(kept)
        ? Optional.of(type.value())
        : Optional.empty();
  }
}
