package dev.varve.replay;

import dev.varve.restore.convert.Crossed;
import dev.varve.restore.convert.Crossing;
import dev.varve.restore.convert.Engine;
import dev.varve.restore.convert.Findings;
import dev.varve.restore.standby.Advance;
import dev.varve.restore.standby.ConvertedAdvance;
import dev.varve.restore.standby.Standby;
import java.util.Collections;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Brings each advance into the form of the standby's engine, where that is another than the
 * source's. Invariant: {@link #crossed} is what the standby itself keeps.
 */
final class Passage {

  private static final Logger LOG = LoggerFactory.getLogger(Passage.class);

  private final Optional<Crossing> crossing;
  private final SortedMap<String, Long> converted = new TreeMap<>();
  private final Set<String> toldLeftOut = new HashSet<>();
  private Optional<Crossed> crossed;

  private Passage(Optional<Crossing> crossing, Optional<Crossed> crossed) {
    this.crossing = crossing;
    this.crossed = crossed;
  }

  /** The way into a standby that was begun. */
  static Passage into(Standby.Condition.At standby, Optional<Engine> engine) {
    Optional<Crossed> crossed = standby.crossed();
    Optional<Crossing> crossing =
        crossed.map(seen -> new Crossing(seen.from(), engine.orElseThrow()));
    Passage passage = new Passage(crossing, crossed);
    crossed.ifPresent(
        seen -> passage.tell(seen.leftOut(standby.reached().schema(), engine.orElseThrow())));
    return passage;
  }

  /** Whether an advance becomes another one on it. */
  boolean converts() {
    return crossing.isPresent();
  }

  /** The way that the standby's graph came so far; absent if it is of the same engine. */
  Optional<Crossing> way() {
    return crossed.map(seen -> Crossing.resumed(seen, crossing.orElseThrow().to()));
  }

  /**
   * The advance as the standby can take it.
   *
   * @throws dev.varve.fault.VarveException if something of it is refused; nothing was written
   */
  Advance over(Advance advance) {
    return crossing.isEmpty()
        ? advance
        : ConvertedAdvance.of(advance, crossing.get(), crossed.orElseThrow());
  }

  /** An advance that came over was applied. */
  void applied(Advance over) {
    if (over instanceof ConvertedAdvance advance) {
      for (Findings.Tally tally : advance.converted()) {
        converted.merge(tally.rule().name(), tally.count(), Long::sum);
      }
      crossed = advance.crossed();
      tell(advance.leftOut());
    }
  }

  /** How often each rule was used by this run that is not exact. */
  SortedMap<String, Long> converted() {
    return Collections.unmodifiableSortedMap(new TreeMap<>(converted));
  }

  private void tell(List<String> leftOut) {
    List<String> more = leftOut.stream().filter(toldLeftOut::add).toList();
    if (!more.isEmpty()) {
      LOG.warn("not carried over into the standby, which is of another kind: {}", more);
    }
  }
}
