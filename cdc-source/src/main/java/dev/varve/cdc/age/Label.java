package dev.varve.cdc.age;

import dev.varve.age.Graphid;
import dev.varve.age.LabelRule;
import dev.varve.graph.ElementId;
import dev.varve.graph.ElementKind;

/**
 * A label as it is at one point of the log.
 *
 * @param table the name of its table, which is the label's own unless somebody renamed one of them
 * @param open whether removals of its elements may have gone by unlogged, so that its table has to
 *     be stated again: see {@link LabelGuard}
 */
record Label(int id, ElementKind kind, String name, String table, boolean open) {

  Label closed() {
    return new Label(id, kind, name, table, false);
  }

  Label keptIn(String otherTable) {
    return new Label(id, kind, name, otherTable, open);
  }

  Label opened() {
    return new Label(id, kind, name, table, true);
  }

  /** As an element carries it: AGE's own two labels stand for having none. */
  String shown() {
    return isDefault() ? "" : name;
  }

  boolean isDefault() {
    return name.equals(LabelRule.NO_VERTEX_LABEL) || name.equals(LabelRule.NO_EDGE_LABEL);
  }

  LabelRule rule() {
    return new LabelRule(name, kind, id);
  }

  /** The lowest graphid of its elements. */
  long first() {
    return rule().first().number();
  }

  /** The highest. */
  long last() {
    return rule().last().number();
  }

  /** The lower end of its elements' ids, in their own order. */
  ElementId firstId() {
    return id(Math.abs(first()) <= Math.abs(last()) ? first() : last());
  }

  ElementId lastId() {
    return id(Math.abs(first()) <= Math.abs(last()) ? last() : first());
  }

  private ElementId id(long graphid) {
    return new ElementId(kind, Graphid.of(graphid).toString());
  }
}
