package dev.varve.cdc.age;

import dev.varve.fault.ExitCode;
import dev.varve.fault.VarveException;

/**
 * One thing that was looked at before a graph is captured.
 *
 * @param what in a word or two
 * @param text what was found
 * @param hint what to do about it; empty if it is as it should be
 */
public record AgeFinding(String what, Level level, String text, String hint) {

  /** How bad it is. */
  public enum Level {
    OK,
    /** Capture works; it is said before it hurts. */
    WARNING,
    /** Capture would not work, or would lose changes without a sign. */
    BLOCKING
  }

  static AgeFinding ok(String what, String text) {
    return new AgeFinding(what, Level.OK, text, "");
  }

  static AgeFinding warning(String what, String text, String hint) {
    return new AgeFinding(what, Level.WARNING, text, hint);
  }

  static AgeFinding blocking(String what, String text, String hint) {
    return new AgeFinding(what, Level.BLOCKING, text, hint);
  }

  VarveException failure() {
    return new VarveException(ExitCode.FAILED, what + ": " + text, hint);
  }
}
