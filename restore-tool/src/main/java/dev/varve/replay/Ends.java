package dev.varve.replay;

import dev.varve.restore.Moment;

/** Whether a replay has come to where it is to stop. */
final class Ends {

  private Ends() {}

  static boolean reached(Moment until, Applier applier) {
    if (until instanceof Moment.AtTransaction at) {
      return applier.at().vector().covers(at.site(), at.seq());
    } else if (until instanceof Moment.AtVector at) {
      return applier.at().vector().includes(at.vector());
    }
    return until instanceof Moment.AtTime && applier.barred();
  }
}
