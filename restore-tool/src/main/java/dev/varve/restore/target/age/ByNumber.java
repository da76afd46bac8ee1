package dev.varve.restore.target.age;

import dev.varve.age.Graphid;
import dev.varve.fault.ExitCode;
import dev.varve.fault.VarveException;
import dev.varve.graph.CanonicalForm;
import dev.varve.graph.ElementId;

/**
 * How a graph of another engine is numbered whose ids are numbers: an element's entry is its own
 * number plus one, since AGE begins with 1, whatever its label is.
 */
record ByNumber() implements OriginalIds {

  /** The highest number that fits, with one added to it. */
  private static final long NUMBER_MAX = Graphid.ENTRY_MAX - 1;

  private static final int DIGITS_MAX = Long.toString(NUMBER_MAX).length();

  /** Whether an id is a decimal number that fits, written as {@link Long#toString} does. */
  static boolean fits(String id) {
    if (id.isEmpty() || id.length() > DIGITS_MAX || (id.length() > 1 && id.charAt(0) == '0')) {
      return false;
    }
    for (int i = 0; i < id.length(); i++) {
      if (id.charAt(i) < '0' || id.charAt(i) > '9') {
        return false;
      }
    }
    return Long.parseLong(id) <= NUMBER_MAX;
  }

  /** Of an id that {@link #fits}. */
  static long entry(String id) {
    return Long.parseLong(id) + 1;
  }

  /** Of an element that a standby is to hold. */
  static long entry(ElementId id) {
    if (!fits(id.id())) {
      throw new VarveException(
          ExitCode.FAILED,
          "the id of " + id + " is not a number from 0 to " + NUMBER_MAX + "; nothing was applied",
          "AGE's ids have no room for it: varve restore --convert makes a copy of such a graph in"
              + " AGE, but it cannot follow");
    }
    return entry(id.id());
  }

  @Override
  public String original(long graphid) {
    return Long.toString(Graphid.of(graphid).entry() - 1);
  }

  @Override
  public void original(long graphid, CanonicalForm form) {
    form.decimal(Graphid.of(graphid).entry() - 1);
  }
}
