package dev.varve.cli.drill;

import dev.varve.fault.ExitCode;
import dev.varve.fault.VarveException;
import dev.varve.restore.Moment;
import dev.varve.restore.Progress;
import dev.varve.restore.Restore;
import dev.varve.restore.TargetUri;
import dev.varve.restore.convert.Conversion;
import dev.varve.restore.target.dir.DirTarget;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Has a configured pair broken by its operator's command while a client writes to it, and measures
 * what that costs. Nothing is broken before all is seen to be well; once it is, it is mended
 * whatever happens, and what the client wrote is taken away.
 */
public final class PairDrill {

  private static final Logger LOG = LoggerFactory.getLogger(PairDrill.class);
  private static final Duration REMOVED_WITHIN = Duration.ofMinutes(5);
  private static final Duration MENDED_WITHIN = Duration.ofSeconds(30);
  private static final long SEED = 1;

  private final PairPlan plan;
  private final Clock clock;
  private final Consumer<String> doing;

  /**
   * Does nothing yet.
   *
   * @param doing is told what is going on
   */
  public PairDrill(PairPlan plan, Clock clock, Consumer<String> doing) {
    this.plan = plan;
    this.clock = clock;
    this.doing = doing;
  }

  /**
   * Does it all.
   *
   * @throws VarveException if nothing was broken, because something was not as it has to be
   */
  public Outcome run() throws IOException {
    doing.accept("looking at the pair …");
    Preflight.Found found = Preflight.look(plan);
    Trial trial = new Trial("pair", plan.breaking().line(), clock);
    try (Announced announced = announced(found)) {
      Outcome.Ending ending;
      try (Load load = load(announced)) {
        settled(load);
        unchanged(announced);
        ending = struck(trial, load, announced, found);
      } catch (InterruptedException e) {
        throw Trial.interrupted(e);
      } catch (RuntimeException e) {
        tidy(trial, announced);
        throw e;
      }
      doing.accept("tidying up …");
      tidy(trial, announced);
      return trial.outcome(ending);
    }
  }

  private Announced announced(Preflight.Found found) {
    return plan.way() instanceof PairPlan.Promoted promoted
        ? new Announced(promoted.place(), found.announced())
        : new Announced(Optional::empty, Optional.empty());
  }

  private Load load(Announced announced) {
    try {
      return new Load(
          new Load.Setting(
              plan.pair().primary(), plan::at, Handwriting.OF_VARVE, plan.writesPerSecond(), SEED),
          announced,
          clock);
    } catch (StoreFailure e) {
      throw new VarveException(
          ExitCode.FAILED,
          "cannot write to " + plan.pair().primary() + ": " + e.getMessage(),
          "nothing was broken; name a user in VARVE_SOURCE_USER that may write, and make an index or,"
              + " in AGE, labels",
          e);
    }
  }

  /** Whoever should follow does. */
  private void settled(Load load) {
    doing.accept("waiting until standby and chain hold what is written …");
    try (Following following = Following.of(plan, load)) {
      following.settle(load, plan.follow());
    }
  }

  private static void unchanged(Announced announced) {
    if (announced.change().isPresent()) {
      throw new VarveException(
          ExitCode.FAILED,
          announced.change().get().primary() + " was announced before anything was broken",
          "see what has promoted it; nothing was broken");
    }
  }

  /** It is broken, measured, and mended; does not throw what has to be in the report. */
  private Outcome.Ending struck(Trial trial, Load load, Announced announced, Preflight.Found found)
      throws InterruptedException {
    try (Breakage breakage =
        new Breakage(plan.breaking(), plan.mending(), () -> facts(announced))) {
      try {
        if (plan.way() instanceof PairPlan.Unpromoted unpromoted) {
          endured(trial, load, breakage, unpromoted);
        } else {
          promoted(trial, load, breakage, announced, found);
        }
        return plan.prove() ? new Outcome.Measured() : new Outcome.Unproved();
      } catch (IOException | RuntimeException e) {
        LOG.debug("the drill failed", e);
        mendAfter(trial, breakage);
        return new Outcome.Failed(words(e));
      }
    }
  }

  private Map<String, String> facts(Announced announced) {
    Map<String, String> facts = new LinkedHashMap<>();
    facts.put("graph", plan.pair().graph());
    facts.put("primary", plan.pair().primary().address());
    announced.change().ifPresent(change -> facts.put("newPrimary", change.primary()));
    return facts;
  }

  private static void mendAfter(Trial trial, Breakage breakage) {
    try {
      breakage.mend();
    } catch (VarveException e) {
      trial.fact("not mended", words(e));
    }
  }

  private static String words(Exception e) {
    return e instanceof VarveException known
        ? known.getMessage() + "; HINT: " + known.hint()
        : e.toString();
  }

  private void promoted(
      Trial trial, Load load, Breakage breakage, Announced announced, Preflight.Found found)
      throws IOException, InterruptedException {
    String old = plan.pair().primary().address();
    doing.accept("broken; waiting until another primary is announced …");
    trial.fault(breakage::strike);
    Store next = changedOver(trial, load, announced, old);
    if (next.ask(Link::identity).equals(found.identity())) {
      throw new VarveException(
          ExitCode.FAILED,
          next + " is announced, and is the same store as " + plan.pair().primary(),
          "see what promote.announce and promote.reroute say");
    }
    trial.fact("new primary", next.toString());
    Trial.await( // an observer announces before all that was captured is applied
        "promote has taken from " + next + " what made it a standby",
        plan.follow(),
        "see what 'varve promote' said, and promote again: it goes on",
        () -> !next.ask(Link::isStandby));
    Set<Long> missing = next.ask(load::written).lost(trial, load.acknowledged(), old);
    mended(trial, breakage);
    trial.fact("lost, but still in the old store", stillThere(load, missing));
    if (plan.prove()) {
      goesOn(trial, found);
      prove(trial, load, next, Optional.empty());
    }
    List<Load.Acknowledged> acknowledged = load.acknowledged();
    next.ask(load::written)
        .requireOnce(
            "new primary",
            acknowledged.stream()
                .mapToLong(Load.Acknowledged::number)
                .filter(number -> !missing.contains(number)));
    trial.fact("acknowledged in all", acknowledged.size() + " transactions, each there once");
  }

  private Store changedOver(Trial trial, Load load, Announced announced, String old) {
    Trial.await(
        "another primary was announced",
        plan.within(),
        "see what the observers and 'varve promote' say; "
            + plan.mending().map(hook -> "--mend was run then").orElse("no --mend was given"),
        () -> announced.change().isPresent());
    Announced.Change change = announced.change().orElseThrow();
    Store next = plan.at(change.primary());
    trial.step(
        "until it is announced",
        trial.faultNanos(),
        change.atNanos(),
        change.primary() + " is the primary");
    Trial.await(
        "a client's write was acknowledged by " + next,
        plan.within(),
        "see whether clients reach it, and whether its user is that of --target",
        () -> load.firstNotBy(old).isPresent());
    Load.Acknowledged first = load.firstNotBy(old).orElseThrow();
    trial.step(
        "clients change over", change.atNanos(), first.atNanos(), "first write acknowledged");
    trial.recoveredAt(first.atNanos());
    return next;
  }

  private void mended(Trial trial, Breakage breakage) throws IOException, InterruptedException {
    if (plan.mending().isPresent()) {
      doing.accept("mending …");
      trial.step("mended", plan.mending().get().line(), breakage::mend);
    }
  }

  private String stillThere(Load load, Set<Long> missing) {
    if (missing.isEmpty()) {
      return "nothing was lost";
    }
    try {
      Set<Long> there = plan.pair().primary().ask(load::written).numbers();
      return missing.stream().filter(there::contains).count() + " transactions";
    } catch (VarveException e) {
      return "not known: it does not answer";
    }
  }

  private void goesOn(Trial trial, Preflight.Found found) {
    ChainEnd chain = plan.pair().chain();
    doing.accept("waiting until the new primary is captured …");
    long from = System.nanoTime();
    Trial.await(
        "the chain went on with the new primary",
        plan.follow(),
        "start 'varve capture' (or up) with source.uri set to the new primary, by hand or as a part"
            + " of --mend; --no-prove does without",
        () ->
            chain
                .site()
                .map(site -> site.incarnation() > found.site().incarnation())
                .orElse(false));
    trial.step(
        "the chain goes on",
        from,
        System.nanoTime(),
        chain.site().map(site -> "as " + site).orElse(""));
  }

  private void endured(Trial trial, Load load, Breakage breakage, PairPlan.Unpromoted unpromoted)
      throws IOException, InterruptedException {
    try (Following following = Following.of(plan, load)) {
      following.settle(load, plan.follow());
      Behind behind = following.behind();
      behind.begin();
      doing.accept("broken …");
      trial.fault(breakage::strike);
      trial.step(
          "it stays so",
          "and the primary is written to",
          () -> TimeUnit.MILLISECONDS.sleep(unpromoted.lasts().toMillis()));
      mended(trial, breakage);
      doing.accept("waiting until chain and standby have caught up …");
      behind.caughtUp(trial, load.count(), plan.follow());
      behind.tell(trial, Scenario.Follower.CHAIN);
    }
    Store primary = plan.pair().primary();
    if (plan.prove()) {
      prove(trial, load, primary, unpromoted.standby());
    }
    List<Load.Acknowledged> acknowledged = load.acknowledged();
    primary
        .ask(load::written)
        .requireOnce("primary", acknowledged.stream().mapToLong(Load.Acknowledged::number));
  }

  private void prove(Trial trial, Load load, Store primary, Optional<Store> standby)
      throws IOException, InterruptedException {
    doing.accept("reading, restoring and comparing …");
    Optional<Link> link = standby.map(Store::connect);
    try {
      Proof.run(
          trial,
          new Proof.Subject(
              load, plan.pair().chain(), primary, link, this::restored, plan.follow()));
    } finally {
      link.ifPresent(Link::close);
    }
  }

  /** The chain is restored here, by no other process: it may need what this one was told. */
  private String restored() throws IOException {
    Path made = Files.createTempDirectory(plan.scratch().toAbsolutePath(), "varve-drill-");
    try {
      TargetUri.Directory target =
          new TargetUri.Directory(made.resolve("graph"), Set.of(TargetUri.Format.AVRO));
      return Restore.run(
              plan.pair().repository(),
              plan.pair().graph(),
              new Moment.Latest(),
              findings -> new DirTarget(target),
              Conversion.into(target, false),
              false,
              Progress.NONE)
          .actual()
          .toString();
    } finally {
      FailoverDrill.remove(made);
    }
  }

  /** Takes away what the client wrote, from the store that is the primary now. */
  private void tidy(Trial trial, Announced announced) {
    Store store = primaryNow(announced);
    String byHand = store.removal(Handwriting.OF_VARVE);
    if (plan.keep()) {
      trial.fact("left in " + store, "what the client wrote; to remove it: " + byHand);
      return;
    }
    long end = System.nanoTime() + MENDED_WITHIN.toNanos();
    while (true) {
      try {
        long removed = store.ask(REMOVED_WITHIN, PairDrill::remove);
        trial.fact("removed from " + store, removed + " vertices that the client wrote");
        return;
      } catch (VarveException e) {
        if (System.nanoTime() > end) {
          LOG.warn("what the client wrote was left in {}; to remove it: {}", store, byHand);
          trial.fact("left in " + store, e.getMessage() + "; to remove it by hand: " + byHand);
          return;
        }
        LockSupport.parkNanos(TimeUnit.SECONDS.toNanos(1)); // it may be starting
      }
    }
  }

  private Store primaryNow(Announced announced) {
    try {
      return announced
          .change()
          .map(change -> plan.at(change.primary()))
          .orElse(plan.pair().primary());
    } catch (VarveException e) { // what is announced is no address: that is in the report already
      return plan.pair().primary();
    }
  }

  private static long remove(Link store) {
    return store.hand(Handwriting.OF_VARVE).remove();
  }
}
