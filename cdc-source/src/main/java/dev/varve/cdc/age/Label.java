package dev.varve.cdc.age;

import dev.varve.age.LabelRule;
import dev.varve.fault.ExitCode;
import dev.varve.fault.VarveException;
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

  /** Above it, graphids are negative, and their texts are in no order that a range could be of. */
  private static final int ID_MAX = Short.MAX_VALUE;

  Label {
    if (id < 1 || id > ID_MAX) {
      throw new VarveException(
          ExitCode.FAILED,
          "the label '" + name + "' has the number " + id + ", capture goes up to " + ID_MAX,
          "copy the graph into a new one, whose labels are numbered from 3 on");
    }
  }

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

  ElementId firstId() {
    return new ElementId(kind, rule().first().toString());
  }

  ElementId lastId() {
    return new ElementId(kind, rule().last().toString());
  }
}
