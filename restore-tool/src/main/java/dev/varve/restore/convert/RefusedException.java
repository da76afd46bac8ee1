package dev.varve.restore.convert;

import dev.varve.fault.ExitCode;
import dev.varve.fault.VarveException;

/** What a graph that is followed has become cannot be held by the standby's engine. */
public final class RefusedException extends VarveException {

  private static final long serialVersionUID = 1;

  /**
   * @param moment where the step that cannot be made leads to
   * @param what is refused, by which rule, and where
   */
  public RefusedException(Engine from, Engine to, String moment, String what) {
    this(from, to, moment, what, false);
  }

  /**
   * @param names whether it is nothing but names that were given before
   */
  RefusedException(Engine from, Engine to, String moment, String what, boolean names) {
    super(
        ExitCode.FAILED,
        "the graph comes from %s, and %s cannot hold it as it is at %s; nothing of that was applied,"
                .formatted(from.title(), to.title(), moment)
            + " the standby is whole, before it. Refused: "
            + what,
        names
            ? "when varve info shows a snapshot of after that, begin anew with --overwrite --convert:"
                + " such edges then get another name; until then the standby serves as it is"
            : "mend it in the source and start again; docs/conversions.md has the whole table");
  }

  /** Somebody has to mend it. */
  @Override
  public boolean mayPass() {
    return false;
  }
}
