package dev.varve.restore.target.age;

import dev.varve.age.LabelRule;
import dev.varve.graph.ElementKind;

/**
 * A label of a graph in AGE: a table with the rows that have it.
 *
 * @param id the upper 16 bits of its rows' graphids
 * @param name also the table's
 */
record AgeLabel(int id, String name, ElementKind kind) {

  /** The table of vertices without a label; every graph has it. */
  static final AgeLabel VERTICES = new AgeLabel(1, LabelRule.NO_VERTEX_LABEL, ElementKind.VERTEX);

  /** The table that every other table of edges inherits from. */
  static final AgeLabel EDGES = new AgeLabel(2, LabelRule.NO_EDGE_LABEL, ElementKind.EDGE);

  /** The first id that a label of the user's can have. */
  static final int FIRST = 3;

  boolean isDefault() {
    return id < FIRST;
  }

  /** As an element carries it: the default tables stand for having none. */
  String shown() {
    return isDefault() ? "" : name;
  }
}
