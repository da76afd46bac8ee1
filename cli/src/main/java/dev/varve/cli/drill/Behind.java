package dev.varve.cli.drill;

import dev.varve.archive.Chain;
import dev.varve.archive.Manifest;
import dev.varve.archive.Repository;
import java.io.IOException;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import org.neo4j.driver.Driver;
import org.neo4j.driver.Session;
import org.neo4j.driver.exceptions.Neo4jException;
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

  private final Load load;
  private final Driver standby;
  private final Repository repository;
  private final String graph;
  private final List<Thread> threads;
  private volatile boolean closed;
  private volatile long standbyHolds; // how many, from number 0 on
  private volatile long chainHolds;
  private Optional<Lag> standbyWorst = Optional.empty(); // guarded by this
  private Optional<Lag> chainWorst = Optional.empty(); // guarded by this
  private boolean keeping; // guarded by this

  Behind(Load load, Driver standby, Repository repository, String graph) {
    this.load = load;
    this.standby = standby;
    this.repository = repository;
    this.graph = graph;
    this.threads =
        List.of(
            new Thread(() -> again(this::lookAtStandby), "looks-at-standby"),
            new Thread(() -> again(this::lookAtChain), "looks-at-chain"));
    threads.forEach(
        thread -> {
          thread.setDaemon(true);
          thread.start();
        });
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

  private interface Look {
    void now() throws IOException;
  }

  private void again(Look look) {
    try {
      while (!closed) {
        try {
          look.now();
        } catch (Neo4jException | IOException e) {
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

  /** While a standby is made it has no cut yet, and vertices without their edges. */
  private void lookAtStandby() {
    try (Session session = standby.session()) {
      long count =
          session
              .run("MATCH (:__VarveStandbyCut) MATCH (n:Written) RETURN count(n)")
              .single()
              .get(0)
              .asLong();
      standbyHolds = Math.max(standbyHolds, count);
    }
  }

  private void lookAtChain() throws IOException {
    Optional<Manifest> newest = newest(repository, graph);
    if (newest.isPresent()) {
      chainHolds = Math.max(chainHolds, heldBy(newest.get()));
    }
  }

  /** Every one that was acknowledged before the newest commit in the chain was made. */
  private long heldBy(Manifest manifest) {
    long lastMicros = manifest.committed().lastMicros();
    List<Load.Acknowledged> all = load.acknowledged();
    int held = (int) Math.min(chainHolds, all.size());
    while (held < all.size() && all.get(held).atMicros() <= lastMicros) {
      held++;
    }
    return held;
  }

  /** The newest base or delta of a chain. */
  static Optional<Manifest> newest(Repository repository, String graph) throws IOException {
    return Chain.loadEnd(repository, graph).map(end -> end.head().manifest());
  }

  private synchronized void keep() {
    if (!keeping) {
      return;
    }
    long now = System.nanoTime();
    Lag ofStandby = Lag.of(load.from(standbyHolds), now);
    Lag ofChain = Lag.of(load.from(chainHolds), now);
    standbyWorst = Optional.of(standbyWorst.map(worst -> worst.or(ofStandby)).orElse(ofStandby));
    chainWorst = Optional.of(chainWorst.map(worst -> worst.or(ofChain)).orElse(ofChain));
  }

  @Override
  public void close() {
    closed = true;
    threads.forEach(Thread::interrupt);
  }
}
