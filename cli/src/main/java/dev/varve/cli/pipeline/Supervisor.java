package dev.varve.cli.pipeline;

import dev.varve.fault.VarveException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.StringJoiner;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Keeps parts running: starts them in order, starts one again that failed, and stops them in the
 * opposite order.
 *
 * <p>A part that cannot be started the first time ends everything: whoever started it is looking. A
 * part that fails later is started again after a pause that doubles, unless its error says that
 * this is of no use (it was fenced, met damage, or lost the store's log). If it keeps failing,
 * everything ends with its error.
 */
public final class Supervisor implements AutoCloseable {

  private static final Logger LOG = LoggerFactory.getLogger(Supervisor.class);
  private static final int CAUSES_MAX = 20;

  /**
   * When to give up.
   *
   * @param first the pause after the first failure; each is twice the one before
   * @param longest no pause is longer
   * @param restarts how often in a row a part may fail
   * @param steady a part that has run for so long is well again: counting begins afresh
   */
  public record Limits(Duration first, Duration longest, int restarts, Duration steady) {
    public static final Limits USUAL =
        new Limits(Duration.ofSeconds(1), Duration.ofSeconds(30), 12, Duration.ofMinutes(5));
  }

  private final List<Watched> parts = new ArrayList<>();
  private final Limits limits;
  private volatile CountDownLatch stop = new CountDownLatch(1);

  public Supervisor(List<Part> parts, Limits limits) {
    parts.forEach(part -> this.parts.add(new Watched(part)));
    this.limits = limits;
  }

  /** Starts every part; those that were started are stopped again if one cannot be. */
  public void start() {
    try {
      for (Watched watched : parts) {
        LOG.info("starting {}", watched.part.name());
        watched.started(watched.part.start().get());
      }
    } catch (RuntimeException e) {
      close();
      throw e;
    }
  }

  /**
   * Watches the parts until {@link #stop} is called.
   *
   * @throws VarveException the error of the part that failed for good
   */
  public void watch(Duration every, Runnable tick) {
    try {
      while (!stop.await(every.toMillis(), TimeUnit.MILLISECONDS)) {
        for (Watched watched : parts) {
          look(watched);
        }
        tick.run();
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  /** Watches the parts until something is so. */
  public void watchUntil(Duration every, BooleanSupplier done) {
    watch(
        every,
        () -> {
          if (done.getAsBoolean()) {
            stop();
          }
        });
    stop = new CountDownLatch(1);
  }

  /** Makes {@link #watch} return. */
  public void stop() {
    stop.countDown();
  }

  private void look(Watched watched) {
    Part.Running running = watched.running;
    if (running == null) {
      if (System.nanoTime() - watched.startAgainAt >= 0) {
        startAgain(watched);
      }
      return;
    }
    Optional<Throwable> failure = running.failure();
    if (failure.isPresent()) {
      running.close();
      if (System.nanoTime() - watched.startedAt > limits.steady().toNanos()) {
        watched.failures = 0;
      }
      failed(watched, failure.get());
    }
  }

  private void startAgain(Watched watched) {
    try {
      LOG.info("starting {} again", watched.part.name());
      watched.started(watched.part.start().get());
      watched.restarts++;
    } catch (RuntimeException e) {
      failed(watched, e);
    }
  }

  private void failed(Watched watched, Throwable failure) {
    watched.running = null;
    watched.failures++;
    if (!mayPass(failure) || watched.failures > limits.restarts()) {
      throw ended(watched, failure);
    }
    long pauseMs = limits.first().toMillis() << Math.min(20, watched.failures - 1);
    pauseMs = Math.min(pauseMs, limits.longest().toMillis());
    watched.startAgainAt = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(pauseMs);
    LOG.warn(
        "{} failed and is started again in {} ms (failure {} of at most {}): {}",
        watched.part.name(),
        pauseMs,
        watched.failures,
        limits.restarts(),
        failure.getMessage());
    if (failure instanceof VarveException) {
      LOG.debug("it was said in words", failure);
    } else {
      LOG.warn("nobody has foreseen it", failure);
    }
  }

  /** What somebody has to decide says more than what was made of it. */
  private static RuntimeException ended(Watched watched, Throwable failure) {
    List<VarveException> said = said(failure);
    return said.stream()
        .filter(e -> !e.mayPass())
        .findFirst()
        .or(() -> said.stream().findFirst())
        .map(RuntimeException.class::cast)
        .orElseGet(
            () -> new IllegalStateException(watched.part.name() + " failed: " + failure, failure));
  }

  /** Whether it may be over by itself; what somebody has to decide does not go away. */
  private static boolean mayPass(Throwable failure) {
    return said(failure).stream().allMatch(VarveException::mayPass);
  }

  private static List<VarveException> said(Throwable failure) {
    List<VarveException> said = new ArrayList<>();
    Throwable e = failure;
    for (int i = 0; i < CAUSES_MAX && e != null; i++, e = e.getCause()) {
      if (e instanceof VarveException varve) {
        said.add(varve);
      }
    }
    return said;
  }

  /** How all parts are doing, in one line. */
  public String text() {
    StringJoiner text = new StringJoiner(" · ");
    for (Watched watched : parts) {
      Part.Running running = watched.running;
      text.add(
          watched.part.name() + " " + (running == null ? "waits to start again" : running.text()));
    }
    return text.toString();
  }

  /** How all parts are doing, for programs. */
  public Map<String, Object> report() {
    Map<String, Object> report = new LinkedHashMap<>();
    for (Watched watched : parts) {
      Map<String, Object> own = new LinkedHashMap<>();
      Part.Running running = watched.running;
      own.put("running", running != null);
      own.put("restarts", watched.restarts);
      if (running != null) {
        own.putAll(running.report());
      }
      report.put(watched.part.name(), own);
    }
    return report;
  }

  /** Stops every part, the last first. */
  @Override
  public void close() {
    stop();
    for (int i = parts.size() - 1; i >= 0; i--) {
      Part.Running running = parts.get(i).running;
      parts.get(i).running = null;
      if (running != null) {
        try {
          running.close();
        } catch (RuntimeException e) {
          LOG.warn("{} did not close cleanly", parts.get(i).part.name(), e);
        }
      }
    }
  }

  /** A part and how it has fared. Used by one thread but for {@code running}. */
  private static final class Watched {
    private final Part part;
    private volatile Part.@Nullable Running running;
    private long startedAt;
    private long startAgainAt;
    private int failures;
    private volatile int restarts;

    Watched(Part part) {
      this.part = part;
    }

    void started(Part.Running now) {
      running = now;
      startedAt = System.nanoTime();
    }
  }
}
