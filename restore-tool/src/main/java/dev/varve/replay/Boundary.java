package dev.varve.replay;

import dev.varve.change.Site;
import dev.varve.fault.ExitCode;
import dev.varve.fault.VarveException;
import dev.varve.restore.Moment;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;

/** Which transactions a replay may apply. */
@FunctionalInterface
interface Boundary {

  Boundary NONE = (site, seq, committedAtMicros) -> true;

  boolean admits(Site site, long seq, long committedAtMicros);

  default Boundary and(Boundary other) {
    return (site, seq, committed) ->
        admits(site, seq, committed) && other.admits(site, seq, committed);
  }

  /** Up to a moment, and no further. */
  static Boundary until(Moment moment) {
    if (moment instanceof Moment.AtTime at) {
      long micros = ChronoUnit.MICROS.between(Instant.EPOCH, at.time());
      return (site, seq, committedAtMicros) -> committedAtMicros <= micros;
    } else if (moment instanceof Moment.AtTransaction at) {
      return (site, seq, committedAtMicros) -> !site.equals(at.site()) || seq <= at.seq();
    } else if (moment instanceof Moment.AtVector at) {
      return (site, seq, committedAtMicros) -> at.vector().covers(site, seq);
    } else if (moment instanceof Moment.Latest) {
      return NONE;
    }
    throw new VarveException(
        ExitCode.USAGE,
        "a replay cannot end at " + moment,
        "name a time, tx:<site>/<seq> or vv:<site>=<seq>,…");
  }

  /** Only what was committed so long ago. */
  static Boundary behind(Duration delay, Clock clock) {
    return (site, seq, committedAtMicros) ->
        committedAtMicros <= ChronoUnit.MICROS.between(Instant.EPOCH, clock.instant().minus(delay));
  }
}
