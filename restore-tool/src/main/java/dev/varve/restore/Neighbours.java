package dev.varve.restore;

import dev.varve.change.VersionVector;
import dev.varve.restore.RecoverySpan.Cut;
import java.util.List;
import java.util.Optional;
import java.util.function.Predicate;

/** The cuts next to a moment that cannot be restored. */
record Neighbours(Optional<Cut> before, Optional<Cut> after) {

  /**
   * Finds them.
   *
   * @param cuts that can be restored, earliest first
   * @param vector the moment's, for kinds of moments that have one from the beginning
   */
  static Neighbours of(List<Cut> cuts, Moment moment, VersionVector vector) {
    if (moment instanceof Moment.AtTime at) {
      long micros = Window.micros(at.time());
      return of(cuts, cut -> cut.micros() <= micros, cut -> cut.micros() > micros);
    }
    if (moment instanceof Moment.AtTransaction at) {
      Predicate<Cut> holds = cut -> cut.vector().covers(at.site(), at.seq());
      Predicate<Cut> knows = cut -> cut.vector().seqs().containsKey(at.site());
      return of(cuts, knows.and(holds.negate()), holds);
    }
    return of(cuts, cut -> vector.includes(cut.vector()), cut -> cut.vector().includes(vector));
  }

  private static Neighbours of(List<Cut> cuts, Predicate<Cut> before, Predicate<Cut> after) {
    Optional<Cut> last = Optional.empty();
    for (Cut cut : cuts) {
      last = before.test(cut) ? Optional.of(cut) : last;
    }
    return new Neighbours(last, cuts.stream().filter(after).findFirst());
  }
}
