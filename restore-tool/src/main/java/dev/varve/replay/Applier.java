package dev.varve.replay;

import dev.varve.archive.Reached;
import dev.varve.change.VersionVector;
import dev.varve.restore.convert.Crossing;
import dev.varve.restore.convert.RefusedException;
import dev.varve.restore.standby.Advance;
import dev.varve.restore.standby.Standby;
import dev.varve.tail.Cut;
import java.time.Clock;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.Optional;
import java.util.OptionalLong;

/**
 * Takes what waits to the standby, step by step. Invariant: {@link #at} is what the standby itself
 * says of how far it has come.
 */
final class Applier {

  private static final double MICROS_A_SECOND = 1e6;

  private final Standby standby;
  private final Pending pending;
  private final Backlog.Limits limits;
  private final Boundary boundary;
  private final Clock clock;
  private final Passage passage;
  private Reached at;
  private long transactions;
  private long elements;
  private long steps;
  private boolean barred;
  private boolean undecided;
  private Optional<Refusal> refused = Optional.empty();

  /** A step that could not be made. */
  private record Refusal(VersionVector to, RefusedException why) {}

  Applier(
      Standby standby,
      Reached at,
      Passage passage,
      Pending pending,
      Backlog.Limits limits,
      Boundary boundary,
      Clock clock) {
    this.standby = standby;
    this.at = at;
    this.passage = passage;
    this.pending = pending;
    this.limits = limits;
    this.boundary = boundary;
    this.clock = clock;
  }

  Reached at() {
    return at;
  }

  Cut cut() {
    return new Cut(at.vector(), at.sites());
  }

  /**
   * Applies the next step towards a goal. After one that was refused, all that was read is tried at
   * once: what the standby cannot hold may be there for a moment only.
   *
   * @return whether there was one
   */
  boolean step(Goal goal) {
    Backlog.Limits most = goal.everyMoment() && refused.isEmpty() ? limits() : Backlog.Limits.NONE;
    Backlog.Next next = pending.backlog().next(cut(), goal.cut(), most, boundary);
    if (next instanceof Backlog.Next.Nothing nothing) {
      barred = nothing.barred();
      return false;
    }
    Cut to = ((Backlog.Next.Take) next).cut();
    if (!goal.everyMoment() && !to.vector().equals(goal.cut().vector())) {
      return false;
    }
    if (refused.filter(refusal -> refusal.to().equals(to.vector())).isPresent()) {
      return false;
    }
    Optional<Advance> advance = pending.advance(at, to, goal);
    undecided = advance.isEmpty();
    if (advance.isEmpty()) {
      return false;
    }
    long before = pending.backlog().transactions();
    try {
      Advance over = passage.over(advance.get());
      standby.apply(over);
      passage.applied(over);
    } catch (RefusedException e) {
      refused = Optional.of(new Refusal(to.vector(), e));
      return false;
    }
    refused = Optional.empty();
    at = advance.get().to();
    pending.applied(advance.get());
    transactions += before - pending.backlog().transactions();
    elements += advance.get().elements();
    steps++;
    return true;
  }

  /** Why the last step was not made, if the standby's engine cannot hold what it leads to. */
  Optional<RefusedException> refused() {
    return refused.map(Refusal::why);
  }

  /** The way on which what is in the standby was converted; absent if it was not. */
  Optional<Crossing> way() {
    return passage.way();
  }

  /** Everything is read again from time to time in which much waits: larger steps, fewer passes. */
  private Backlog.Limits limits() {
    long share = pending.bytes() / STEPS_A_BACKLOG;
    return share > limits.bytes()
        ? new Backlog.Limits(Math.max(limits.versions(), share / VERSION_BYTES), share)
        : limits;
  }

  private static final int STEPS_A_BACKLOG = 16;
  private static final int VERSION_BYTES = 100;

  /** Whether of every site something is there that may not be applied, and nothing that may. */
  boolean barred() {
    return barred;
  }

  ReplayStatus status(ReplayStatus.Phase phase, Optional<String> trouble) {
    OptionalLong oldest = pending.backlog().oldestMicros();
    long now = ChronoUnit.MICROS.between(Instant.EPOCH, clock.instant());
    return new ReplayStatus(
        phase,
        at.vector(),
        Optional.of(Instant.EPOCH.plus(at.committedAtMicros(), ChronoUnit.MICROS)),
        pending.backlog().transactions(),
        oldest.isPresent() ? Math.max(0, now - oldest.getAsLong()) / MICROS_A_SECOND : 0,
        transactions,
        elements,
        steps,
        passage.converted(),
        undecided && trouble.isEmpty()
            ? Optional.of("waits for a site whose concurrent changes are known in part")
            : trouble);
  }
}
