package dev.varve.cli.pipeline;

import dev.varve.archive.Chain;
import dev.varve.archive.Repository;
import dev.varve.compact.Compactor;
import dev.varve.fault.VarveException;
import java.io.IOException;
import java.time.Clock;
import java.time.Duration;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Asks a compactor for a checkpoint whenever the newest base is old enough. */
final class CheckpointSchedule implements AutoCloseable {

  private static final Logger LOG = LoggerFactory.getLogger(CheckpointSchedule.class);
  private static final Duration LOOK_EVERY = Duration.ofMinutes(1);

  private final Compactor compactor;
  private final Repository repository;
  private final String graph;
  private final Duration every;
  private final Clock clock = Clock.systemUTC();
  private final ScheduledExecutorService thread =
      Executors.newSingleThreadScheduledExecutor(
          work -> {
            Thread worker = new Thread(work, "checkpoint-schedule");
            worker.setDaemon(true);
            return worker;
          });

  private CheckpointSchedule(
      Compactor compactor, Repository repository, String graph, Duration every) {
    this.compactor = compactor;
    this.repository = repository;
    this.graph = graph;
    this.every = every;
  }

  static CheckpointSchedule start(
      Compactor compactor, Repository repository, String graph, Duration every) {
    CheckpointSchedule schedule = new CheckpointSchedule(compactor, repository, graph, every);
    long lookMs = Math.min(LOOK_EVERY.toMillis(), every.toMillis());
    var unused =
        schedule.thread.scheduleWithFixedDelay(
            schedule::look, lookMs, lookMs, TimeUnit.MILLISECONDS);
    return schedule;
  }

  private void look() {
    try {
      if (isDue(Chain.load(repository, graph))) {
        LOG.info("made a checkpoint at vv:{}", compactor.checkpoint());
      }
    } catch (IOException | VarveException | IllegalStateException e) {
      // the chain is as good as before, only longer; the next look tries again
      LOG.warn("no checkpoint could be made: {}", e.getMessage());
    }
  }

  /** Whether deltas have followed a base that is old enough. */
  private boolean isDue(Chain chain) {
    var stretches = chain.stretches();
    if (stretches.isEmpty()) {
      return false;
    }
    Chain.Stretch newest = stretches.get(stretches.size() - 1);
    return !newest.deltas().isEmpty()
        && newest.base().manifest().createdAt().plus(every).isBefore(clock.instant());
  }

  @Override
  public void close() {
    thread.shutdown();
  }
}
