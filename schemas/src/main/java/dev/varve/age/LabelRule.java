package dev.varve.age;

import dev.varve.graph.ElementKind;
import dev.varve.graph.StoreSchema;
import java.util.List;
import java.util.Optional;

/**
 * A label of an AGE graph, which is there with its number whether or not elements have it. In a
 * {@link StoreSchema} it is a constraint of the type {@code LABEL <id>}, under the label's name.
 *
 * @param id in {@code ag_catalog.ag_label}, a part of its elements' graphids
 */
public record LabelRule(String name, ElementKind kind, int id) {

  /** The labels of elements without one, which every graph has. */
  public static final String NO_VERTEX_LABEL = "_ag_label_vertex";

  public static final String NO_EDGE_LABEL = "_ag_label_edge";

  private static final String TYPE = "LABEL ";

  /** Reads a rule; empty if it is not a label's. */
  public static Optional<LabelRule> of(StoreSchema.Rule rule) {
    if (rule.form() != StoreSchema.Form.CONSTRAINT || !rule.type().startsWith(TYPE)) {
      return Optional.empty();
    }
    try {
      int id = Integer.parseInt(rule.type().substring(TYPE.length()));
      return Optional.of(new LabelRule(rule.name(), rule.kind(), id));
    } catch (NumberFormatException e) {
      return Optional.empty();
    }
  }

  public StoreSchema.Rule rule() {
    return new StoreSchema.Rule(
        name,
        StoreSchema.Form.CONSTRAINT,
        TYPE + id,
        kind,
        List.of(name),
        List.of(),
        Optional.empty());
  }

  /** The lowest graphid of the label's elements. */
  public Graphid first() {
    return new Graphid(id, 0);
  }

  /** The highest graphid of the label's elements. */
  public Graphid last() {
    return new Graphid(id, Graphid.ENTRY_MAX);
  }
}
