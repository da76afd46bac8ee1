package dev.varve.replay;

import dev.varve.archive.Reached;
import dev.varve.change.VersionVector;
import dev.varve.fault.ExitCode;
import dev.varve.fault.VarveException;
import dev.varve.restore.Moment;
import java.time.Instant;
import java.time.temporal.ChronoUnit;

/** Whether a replay has come to where it is to stop. */
final class Ends {

  private Ends() {}

  static boolean reached(Moment until, Applier applier) {
    VersionVector at = applier.at().vector();
    if (until instanceof Moment.AtTransaction to && at.covers(to.site(), to.seq())) {
      return true;
    } else if (until instanceof Moment.AtVector to && at.includes(to.vector())) {
      return true;
    }
    return !(until instanceof Moment.Latest) && applier.barred();
  }

  /** A standby does not go back. */
  static void refuseIfPassed(Moment until, Reached at) {
    boolean passed = false;
    if (until instanceof Moment.AtTime to) {
      passed = Instant.EPOCH.plus(at.committedAtMicros(), ChronoUnit.MICROS).isAfter(to.time());
    } else if (until instanceof Moment.AtTransaction to) {
      passed = at.vector().covers(to.site(), to.seq() + 1);
    } else if (until instanceof Moment.AtVector to) {
      passed = !to.vector().includes(at.vector());
    }
    if (passed) {
      throw new VarveException(
          ExitCode.OUTSIDE_WINDOW,
          "the standby is at vv:" + at.vector() + " already, which is beyond " + until,
          "restore that moment into another store, or say --overwrite to begin anew there");
    }
  }
}
