package dev.varve.replay;

import dev.varve.archive.Chain;
import dev.varve.archive.Reached;
import dev.varve.change.VersionVector;
import dev.varve.fault.ExitCode;
import dev.varve.fault.VarveException;
import dev.varve.replay.ReplayStatus.Phase;
import dev.varve.restore.Progress;
import dev.varve.restore.ReadBack;
import dev.varve.restore.convert.Conversion;
import dev.varve.restore.convert.Crossing;
import dev.varve.restore.standby.Standby;
import dev.varve.tail.Insistence;
import dev.varve.tail.WorkDirectory;
import dev.varve.topology.Fingerprint;
import java.io.IOException;
import java.time.Clock;
import java.time.Duration;
import java.util.Collections;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Keeps a standby a few moments behind a graph. A store that is none yet is restored first; from
 * then on what was captured is applied, from the topology tables while Kafka answers and holds what
 * follows, else from the chain.
 *
 * <p>How far the standby has come is in the standby and nowhere else. A replay that is killed at
 * any moment is followed by one that goes on from there; of two, the one that began first stops.
 *
 * <p>One thread reads, and writes what nothing else is written beside. Everything public may be
 * called from any thread.
 */
public final class Replay implements AutoCloseable {

  private static final Logger LOG = LoggerFactory.getLogger(Replay.class);
  private static final Duration WINDOW_PATIENCE = Duration.ofSeconds(1);
  private static final Duration CLOSE_WAIT = Duration.ofSeconds(30);

  private final ReplayConfig config;
  private final Supplier<Standby> opening;
  private final Conversion conversion;
  private final boolean verify;
  private final Progress progress;
  private final Clock clock;
  private final Insistence insistence;
  private final Boundary boundary;
  private final CompletableFuture<Throwable> failure = new CompletableFuture<>();
  private final Thread thread;
  private volatile Optional<String> trouble = Optional.empty();
  private volatile Optional<Verified> verified = Optional.empty();
  private volatile ReplayStatus status =
      new ReplayStatus(
          Phase.STARTING,
          VersionVector.EMPTY,
          Optional.empty(),
          0,
          0,
          0,
          0,
          0,
          Collections.emptySortedMap(),
          Optional.empty());

  private Replay(
      ReplayConfig config,
      Supplier<Standby> opening,
      Conversion conversion,
      boolean verify,
      Progress progress,
      Clock clock) {
    this.config = config;
    this.opening = opening;
    this.conversion = conversion;
    this.verify = verify;
    this.progress = progress;
    this.clock = clock;
    this.insistence =
        new Insistence(config.retry(), "see that Kafka and the repository can be reached");
    this.boundary =
        config.delay().isZero()
            ? Boundary.until(config.until())
            : Boundary.until(config.until()).and(Boundary.behind(config.delay(), clock));
    this.thread = new Thread(this::run, "varve-replay-" + config.graph());
  }

  /**
   * Starts a replay; it goes on in a thread of its own.
   *
   * @param opening opens the store, which is closed at the end
   * @param conversion what kind of store that is, and whether the operator agreed to conversions; a
   *     standby that was begun with them needs no more agreement
   * @param verify whether to read the standby back and compare it: before following, and at the end
   *     if there is one
   */
  public static Replay start(
      ReplayConfig config,
      Supplier<Standby> opening,
      Conversion conversion,
      boolean verify,
      Progress progress) {
    Replay replay = new Replay(config, opening, conversion, verify, progress, Clock.systemUTC());
    replay.thread.start();
    return replay;
  }

  public ReplayStatus status() {
    return status;
  }

  /** Why it stopped by itself, if it did before it was done. */
  public Optional<Throwable> failure() {
    return Optional.ofNullable(failure.getNow(null));
  }

  /** Whether all is applied that was to be applied. */
  public boolean done() {
    return status.phase() == Phase.DONE;
  }

  /** The last comparison, if one was made; one that fails is a {@link #failure}. */
  public Optional<Verified> verified() {
    return verified;
  }

  /** Stops. What was applied stays; the next one goes on from there. */
  @Override
  public void close() {
    insistence.stop();
    try {
      thread.join(CLOSE_WAIT.toMillis());
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private void run() {
    try (Standby standby = opening.get();
        WorkDirectory work = WorkDirectory.claim(config.workDirectory(), "replay-");
        Pending pending =
            new Pending(work.path(), config.sortBytes(), 2 * config.limits().bytes())) {
      say(Phase.RESTORING);
      new Beginning(config, boundary, conversion).make(standby, progress);
      Standby.Condition.At at = standby.claim(UUID.randomUUID().toString());
      Ends.refuseIfPassed(config.until(), at.reached());
      try (Applier applier = applier(standby, at, pending)) {
        status = applier.status(Phase.FOLLOWING, trouble);
        if (verify && config.follow()) {
          compare(standby, applier);
        }
        follow(applier, pending);
        if (verify) {
          compare(standby, applier);
        }
        status = applier.status(Phase.DONE, trouble);
      }
    } catch (CancellationException e) {
      LOG.debug("the replay of {} was stopped", config.graph());
      say(Phase.STOPPED);
    } catch (Throwable e) {
      LOG.error("the replay of {} stopped: {}", config.graph(), e.getMessage());
      say(Phase.STOPPED);
      failure.complete(e instanceof IOException ? unusable((IOException) e) : e);
    }
  }

  private Applier applier(Standby standby, Standby.Condition.At at, Pending pending) {
    return new Applier(
        standby,
        at.reached(),
        Passage.into(at, conversion.to()),
        pending,
        new Backlog.Limits(config.limits().versions(), config.limits().bytes()),
        new Window(standby, config.limits().writers(), WINDOW_PATIENCE),
        boundary,
        clock);
  }

  private void say(Phase phase) {
    ReplayStatus last = status;
    status =
        new ReplayStatus(
            phase,
            last.applied(),
            last.appliedAt(),
            last.behindTransactions(),
            last.behindSeconds(),
            last.transactions(),
            last.elements(),
            last.steps(),
            last.converted(),
            last.trouble());
  }

  private VarveException unusable(IOException e) {
    return new VarveException(
        ExitCode.FAILED,
        "cannot use the directory " + config.workDirectory() + ": " + e,
        "see that it is writable, or set data to another directory",
        e);
  }

  /** Both sources in turn, until all is applied that was to be applied. */
  private void follow(Applier applier, Pending pending) {
    Optional<TableFollower> tables =
        config.kafka().map(kafka -> new TableFollower(config, kafka, insistence, this::following));
    ChainFollower chain = new ChainFollower(config, this::fromChain);
    while (true) {
      Optional<TableFollower.Ending> ending = tables.map(t -> t.run(applier, pending));
      if (ending.isPresent() && ending.get() instanceof TableFollower.Ending.Done) {
        trouble = Optional.empty();
        return;
      }
      trouble = ending.map(Replay::trouble);
      trouble.ifPresent(what -> LOG.warn("{}; looking into the chain", what));
      ChainFollower.Outcome outcome = chain.run(applier, pending);
      status = applier.status(Phase.FROM_CHAIN, trouble);
      if (Ends.reached(config.until(), applier)) {
        trouble = Optional.empty();
        return;
      }
      boolean lost = ending.isEmpty() || ending.get() instanceof TableFollower.Ending.Gap;
      if (outcome == ChainFollower.Outcome.NO_WAY && lost) {
        throw noWay(applier.at(), ending);
      }
      if (!config.follow() && outcome != ChainFollower.Outcome.ADVANCED) {
        if (ending.isPresent() && ending.get() instanceof TableFollower.Ending.Gap gap) {
          throw gap.why();
        }
        return;
      }
      if (outcome != ChainFollower.Outcome.ADVANCED || !lost) {
        insistence.pause(config.chainEvery());
      }
    }
  }

  private void following(ReplayStatus now) {
    trouble = Optional.empty();
    status = now;
  }

  private void fromChain(ReplayStatus now) {
    status = now;
  }

  private static String trouble(TableFollower.Ending ending) {
    if (ending instanceof TableFollower.Ending.Gap gap) {
      return String.valueOf(gap.why().getMessage());
    }
    return "Kafka does not answer: " + ((TableFollower.Ending.Unreachable) ending).why();
  }

  private static VarveException noWay(Reached at, Optional<TableFollower.Ending> ending) {
    return new VarveException(
        ExitCode.OUTSIDE_WINDOW,
        "neither Kafka nor the chain leads on from vv:"
            + at.vector()
            + ending.map(e -> ": " + trouble(e)).orElse("")
            + "; the standby is whole, at that cut",
        "restore it anew with --overwrite, and keep chain and topics for longer than a standby may"
            + " be away");
  }

  /** The chain's word counts where it has the cut; else what the versions added up to. */
  private void compare(Standby standby, Applier applier) {
    Reached at = applier.at();
    Optional<Crossing> way = applier.way();
    if (way.isPresent()) {
      ReadBack expected =
          new ConvertedCut(config, way.get(), insistence).expected(at.vector(), progress);
      compare(at, expected.fingerprint(), standby, true);
      return;
    }
    Optional<Fingerprint> promised =
        ChainFollower.load(config).links().stream()
            .map(Chain.Link::manifest)
            .filter(manifest -> manifest.to().equals(at.vector()))
            .map(manifest -> manifest.fingerprint())
            .findFirst()
            .or(() -> at.settled() ? Optional.of(at.fingerprint()) : Optional.empty());
    if (promised.isEmpty()) {
      throw new VarveException(
          ExitCode.DONE_WITH_PROBLEMS,
          "the fingerprint at vv:"
              + at.vector()
              + " is not known: concurrent changes are known in"
              + " part",
          "compare again at a later cut");
    }
    compare(at, promised.get(), standby, false);
  }

  private void compare(Reached at, Fingerprint promised, Standby standby, boolean converted) {
    progress.phase("read back", 0);
    ReadBack actual = standby.readBack(progress);
    if (!actual.fingerprint().equals(promised)) {
      throw new VarveException(
          ExitCode.DAMAGE_FOUND,
          "the standby does not hold the graph at vv:%s: fingerprint %s instead of %s, %,d vertices"
                  .formatted(at.vector(), actual.fingerprint(), promised, actual.vertices())
              + " and "
              + actual.edges()
              + " edges",
          "somebody wrote to the standby; restore it anew with --overwrite");
    }
    verified = Optional.of(new Verified(at.vector(), promised, actual, converted));
  }
}
