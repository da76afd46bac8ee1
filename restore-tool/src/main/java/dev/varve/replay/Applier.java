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
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Optional;
import java.util.OptionalLong;

/**
 * Takes what waits to the standby, step by step. Invariant: {@link #at} is what the standby itself
 * says of how far it has come.
 */
final class Applier implements AutoCloseable {

  private static final double MICROS_A_SECOND = 1e6;

  private final Standby standby;
  private final Pending pending;
  private final Backlog.Limits limits;
  private final Boundary boundary;
  private final Clock clock;
  private final Passage passage;
  private final Window window;

  /** What comes after what is in the window. */
  private final Deque<Advance> planned = new ArrayDeque<>();

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
      Window window,
      Boundary boundary,
      Clock clock) {
    this.standby = standby;
    this.at = at;
    this.passage = passage;
    this.pending = pending;
    this.limits = limits;
    this.window = window;
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
   * <p>What comes next is written already while a step is applied. So nothing more may be read
   * until this has said that there is nothing, or {@link #letGo} was called: what comes from
   * another site may alter what has to be kept beside a step.
   *
   * @return whether there was one
   */
  boolean step(Goal goal) {
    fill(goal);
    if (!window.isEmpty()) {
      Advance oldest = window.first();
      boolean done = window.publish();
      if (window.gaveUp()) {
        planned.clear();
      }
      if (done) {
        applied(oldest);
        return true;
      }
      return alone(oldest);
    }
    return !planned.isEmpty() && alone(planned.removeFirst());
  }

  /** Lets the standby write ahead as far as it can. */
  private void fill(Goal goal) {
    while (true) {
      lookAhead(goal);
      boolean one = planned.size() == 1 && window.isEmpty();
      if (planned.isEmpty()
          || one
          || !Pending.isInLine(planned.getFirst())
          || !window.offer(planned.getFirst())) {
        return;
      }
      planned.removeFirst();
    }
  }

  private void lookAhead(Goal goal) {
    while (planned.isEmpty() || (planned.size() == 1 && writesAhead())) {
      Optional<Advance> last =
          planned.isEmpty()
              ? (window.isEmpty() ? Optional.empty() : Optional.of(window.last()))
              : Optional.of(planned.getLast());
      if (last.isPresent() && !Pending.isInLine(last.get())) {
        return; // what waits is told from what was applied
      }
      Optional<Advance> next = plan(last.map(Advance::to).orElse(at), goal);
      if (next.isEmpty()) {
        return;
      }
      planned.addLast(next.get());
    }
  }

  /** What is converted depends on what was converted before. */
  private boolean writesAhead() {
    return window.takesMore() && !passage.converts();
  }

  private Optional<Advance> plan(Reached from, Goal goal) {
    Backlog.Limits most = goal.everyMoment() && refused.isEmpty() ? limits() : Backlog.Limits.NONE;
    Backlog.Next next =
        pending.backlog().next(new Cut(from.vector(), from.sites()), goal.cut(), most, boundary);
    if (next instanceof Backlog.Next.Nothing nothing) {
      barred = nothing.barred();
      return Optional.empty();
    }
    Cut to = ((Backlog.Next.Take) next).cut();
    if (!goal.everyMoment() && !to.vector().equals(goal.cut().vector())) {
      return Optional.empty();
    }
    if (refused.filter(refusal -> refusal.to().equals(to.vector())).isPresent()) {
      return Optional.empty();
    }
    Optional<Advance> advance = pending.advance(from, to, goal);
    undecided = advance.isEmpty();
    return advance;
  }

  private boolean alone(Advance advance) {
    try {
      Advance over = passage.over(advance);
      standby.apply(over);
      passage.applied(over);
    } catch (RefusedException e) {
      refused = Optional.of(new Refusal(advance.to().vector(), e));
      planned.clear();
      return false;
    }
    window.appliedAlone();
    applied(advance);
    return true;
  }

  private void applied(Advance advance) {
    long before = pending.backlog().transactions();
    refused = Optional.empty();
    at = advance.to();
    pending.applied(advance);
    transactions += before - pending.backlog().transactions();
    elements += advance.elements();
    steps++;
  }

  /** Gives up what is under way: it is planned again. */
  void letGo() {
    window.letGo();
    planned.clear();
  }

  @Override
  public void close() {
    window.close();
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
