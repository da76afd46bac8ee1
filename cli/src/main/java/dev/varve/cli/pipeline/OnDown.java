package dev.varve.cli.pipeline;

import dev.varve.cli.failover.Hook;
import dev.varve.fault.ExitCode;
import dev.varve.fault.VarveException;
import dev.varve.observe.Verdict;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What an observer does when a majority sees the store down, or its capture: it says so, and runs
 * the command that the operator gave, beside observing: once each time that it goes down, and again
 * for as long as that fails and it is not up, a limited number of times.
 */
final class OnDown implements Consumer<Verdict>, AutoCloseable {

  private static final Logger LOG = LoggerFactory.getLogger(OnDown.class);

  /** A promotion may take long; there is nothing better to wait for. */
  private static final Duration LIMIT = Duration.ofHours(1);

  private static final int TRIES_MAX = 10;
  private static final Duration BEFORE_NEXT_TRY = Duration.ofSeconds(10);

  private final Of of;
  private final Optional<Hook> hook;
  private final String graph;
  private final ExecutorService runner;
  private final Duration beforeNextTry;
  private volatile boolean down; // altered by the observing thread
  private volatile String text = "";

  /** What may go down. */
  enum Of {
    STORE("observe.onDown", "a majority sees the store down"),
    /** Without its store it cannot be at work: that is not its own going down. */
    CAPTURE("observe.onCaptureDown", "a majority sees the store up and its capture down");

    private final String key;
    private final String words;

    Of(String key, String words) {
      this.key = key;
      this.words = words;
    }

    private Verdict.State state(Verdict verdict) {
      return switch (this) {
        case STORE -> verdict.state();
        case CAPTURE ->
            verdict.state() == Verdict.State.UP ? verdict.capture() : Verdict.State.UNDECIDED;
      };
    }
  }

  OnDown(Of of, Optional<String> line, String graph) {
    this(of, line, graph, BEFORE_NEXT_TRY);
  }

  OnDown(Of of, Optional<String> line, String graph, Duration beforeNextTry) {
    this.of = of;
    this.beforeNextTry = beforeNextTry;
    this.hook = line.map(text -> new Hook(of.key, text, LIMIT));
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
    Verdict.State state = of.state(verdict);
    if (state == Verdict.State.UP) {
      down = false;
    } else if (state == Verdict.State.DOWN && !down) {
      down = true;
      LOG.error("{}: {}", of.words, verdict.down());
      hook.ifPresent(
          command -> {
            Future<?> running = runner.submit(() -> run(command, verdict));
            LOG.debug("{}", running);
          });
    }
  }

  private void run(Hook command, Verdict verdict) {
    Map<String, String> facts =
        Map.of("graph", graph, "down", String.join(",", verdict.down().keySet()));
    try {
      for (int tries = 1; !done(command, facts) && tries < TRIES_MAX; tries++) {
        TimeUnit.MILLISECONDS.sleep(beforeNextTry.toMillis());
        if (!down) {
          LOG.info("it is not down any more, and {} is not run again", of.key);
          return;
        }
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private boolean done(Hook command, Map<String, String> facts) {
    text = ", running " + of.key;
    try {
      command.run(facts);
      text = ", " + of.key + " ended well";
      LOG.warn("{} ended well", of.key);
      return true;
    } catch (VarveException e) {
      text = ", " + e.getMessage();
      LOG.error("{}", e.getMessage(), e);
      return e.exitCode() == ExitCode.DONE_WITH_PROBLEMS;
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
