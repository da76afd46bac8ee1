package dev.varve.cli.pipeline;

import dev.varve.cli.config.Config;
import dev.varve.cli.failover.Hook;
import dev.varve.fault.VarveException;
import dev.varve.observe.Verdict;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What an observer does when a majority sees the store down: it says so, and runs the command that
 * the operator gave, once each time that the store goes down, beside observing.
 */
final class OnDown implements Consumer<Verdict>, AutoCloseable {

  private static final Logger LOG = LoggerFactory.getLogger(OnDown.class);

  /** A promotion may take long; there is nothing better to wait for. */
  private static final Duration LIMIT = Duration.ofHours(1);

  private final Optional<Hook> hook;
  private final String graph;
  private final ExecutorService runner;
  private boolean down; // of the observing thread
  private volatile String text = "";

  OnDown(Config.Observe observe, String graph) {
    this.hook = observe.onDown().map(line -> new Hook("observe.onDown", line, LIMIT));
    this.graph = graph;
    this.runner =
        Executors.newSingleThreadExecutor(
            task -> {
              Thread thread = new Thread(task, "on-down");
              thread.setDaemon(true);
              return thread;
            });
  }

  @Override
  public void accept(Verdict verdict) {
    if (verdict.state() == Verdict.State.UP) {
      down = false;
    } else if (verdict.state() == Verdict.State.DOWN && !down) {
      down = true;
      LOG.error("a majority sees the store down: {}", verdict.down());
      hook.ifPresent(
          command -> {
            Future<?> running = runner.submit(() -> run(command, verdict));
            LOG.debug("{}", running);
          });
    }
  }

  private void run(Hook command, Verdict verdict) {
    text = ", running observe.onDown";
    try {
      command.run(Map.of("graph", graph, "down", String.join(",", verdict.down().keySet())));
      text = ", observe.onDown ended well";
      LOG.warn("observe.onDown ended well");
    } catch (VarveException e) {
      text = ", " + e.getMessage();
      LOG.error("{}", e.getMessage(), e);
    }
  }

  /** What came of the command, for the line of what is going on. */
  String text() {
    return text;
  }

  @Override
  public void close() {
    runner.shutdownNow();
  }
}
