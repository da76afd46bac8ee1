package dev.varve.cli.drill;

import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Looks again and again at what the standby and the chain hold of what was acknowledged, and keeps
 * the largest lag that it has seen of each. What cannot be looked at has not moved, for all that is
 * known.
 */
final class Behind implements AutoCloseable {

  private static final Logger LOG = LoggerFactory.getLogger(Behind.class);
  private static final long LOOK_EVERY_MS = 200;
  private static final double NANOS_A_SECOND = 1e9;

  /** What was acknowledged and is not there yet. */
  record Lag(long transactions, long bytes, double seconds) {
    static final Lag NONE = new Lag(0, 0, 0);

    static Lag of(List<Load.Acknowledged> missing, long nowNanos) {
      return missing.isEmpty()
          ? NONE
          : new Lag(
              missing.size(),
              missing.stream().mapToLong(Load.Acknowledged::bytes).sum(),
              Math.max(0, nowNanos - missing.get(0).atNanos()) / NANOS_A_SECOND);
    }

    Lag or(Lag other) {
      return other.transactions > transactions ? other : this;
    }

    Outcome.Rpo rpo() {
      return new Outcome.Rpo(Optional.of(transactions), Optional.of(bytes), Optional.of(seconds));
    }
  }

  /** How many transactions are there, from number 0 on. */
  interface Look {
    long holds() throws IOException;
  }

  private final Load load;
  private final List<Thread> threads = new ArrayList<>();
  private volatile boolean closed;
  private volatile long standbyHolds;
  private volatile long chainHolds;
  private Optional<Lag> standbyWorst = Optional.empty(); // guarded by this
  private Optional<Lag> chainWorst = Optional.empty(); // guarded by this
  private boolean keeping; // guarded by this

  /**
   * Begins to look.
   *
   * @param standby absent if there is none that is looked at: then it is behind nothing
   */
  Behind(Load load, Optional<Look> standby, Look chain) {
    this.load = load;
    standby.ifPresentOrElse(
        look -> look("standby", () -> standbyHolds = Math.max(standbyHolds, look.holds())),
        () -> standbyHolds = Long.MAX_VALUE);
    look("chain", () -> chainHolds = Math.max(chainHolds, chain.holds()));
  }

  private void look(String at, Action action) {
    Thread thread = new Thread(() -> again(action), "looks-at-" + at);
    thread.setDaemon(true);
    threads.add(thread);
    thread.start();
  }

  /** Keeps the largest lags from now on. */
  synchronized void begin() {
    standbyWorst = Optional.empty();
    chainWorst = Optional.empty();
    keeping = true;
  }

  /** Keeps them as they are. */
  synchronized void end() {
    keeping = false;
  }

  /** The largest that was seen; absent if nothing was. */
  synchronized Optional<Lag> worst(Scenario.Follower of) {
    return of == Scenario.Follower.STANDBY ? standbyWorst : chainWorst;
  }

  /** How many it holds, from number 0 on, as far as is known. */
  long holds(Scenario.Follower of) {
    return of == Scenario.Follower.STANDBY ? standbyHolds : chainHolds;
  }

  boolean bothHold(long count) {
    return standbyHolds >= count && chainHolds >= count;
  }

  /** Waits until both hold what was acknowledged: then it is recovered. */
  void caughtUp(Trial trial, long acknowledged, Duration within) {
    long from = System.nanoTime();
    Trial.await(
        "standby and chain hold " + acknowledged + " transactions",
        within,
        () -> bothHold(acknowledged));
    long done = System.nanoTime();
    end();
    trial.recoveredAt(done);
    trial.step(
        "catching up",
        from,
        done,
        "standby and chain hold the " + acknowledged + " transactions acknowledged before");
  }

  /** Tells the largest lags; that of one of them is what a loss is measured against. */
  void tell(Trial trial, Scenario.Follower concerns) {
    worst(concerns).ifPresent(lag -> trial.rpo(lag.rpo()));
    for (Scenario.Follower follower : Scenario.Follower.values()) {
      worst(follower)
          .ifPresent(
              lag ->
                  trial.fact(
                      follower.name().toLowerCase(Locale.ROOT) + " behind, at most",
                      lag.rpo().text()));
    }
  }

  private interface Action {
    void run() throws IOException;
  }

  private void again(Action look) {
    try {
      while (!closed) {
        try {
          look.run();
        } catch (StoreFailure | IOException e) {
          LOG.debug("it cannot be told how far behind it is: {}", e.toString());
        }
        keep();
        TimeUnit.MILLISECONDS.sleep(LOOK_EVERY_MS);
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    } catch (RuntimeException e) {
      if (!closed) {
        LOG.warn("a look at what is behind has ended", e);
      }
    }
  }

  /**
   * What a chain holds where the store's clock is that of the client: everything that was
   * acknowledged before the newest commit in it was made.
   */
  static Look byCommitTime(ChainEnd chain, Load load) {
    return () ->
        chain
            .read()
            .map(
                newest ->
                    load.acknowledged().stream()
                        .takeWhile(one -> one.atMicros() <= newest.committed().lastMicros())
                        .count())
            .orElse(0L);
  }

  private synchronized void keep() {
    if (!keeping) {
      return;
    }
    long now = System.nanoTime();
    if (standbyHolds != Long.MAX_VALUE) {
      Lag ofStandby = Lag.of(load.from(standbyHolds), now);
      standbyWorst = Optional.of(standbyWorst.map(worst -> worst.or(ofStandby)).orElse(ofStandby));
    }
    Lag ofChain = Lag.of(load.from(chainHolds), now);
    chainWorst = Optional.of(chainWorst.map(worst -> worst.or(ofChain)).orElse(ofChain));
  }

  @Override
  public void close() {
    closed = true;
    threads.forEach(Thread::interrupt);
  }
}
