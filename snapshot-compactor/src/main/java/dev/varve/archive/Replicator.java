package dev.varve.archive;

import dev.varve.fault.VarveException;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Keeps a copy of a graph's chain in step, in a thread of its own, while the chain grows.
 *
 * <p>Nobody waits for it: where the copy cannot be reached, it lags behind and catches up later.
 * What is wrong is in its {@link #status}; it goes on trying until it is closed.
 */
public final class Replicator implements AutoCloseable {

  private static final Logger LOG = LoggerFactory.getLogger(Replicator.class);
  private static final Duration CLOSE_WAIT = Duration.ofSeconds(10);
  private static final Duration LONGEST_PAUSE = Duration.ofMinutes(5);
  private static final Duration DAMAGE_LOOKED_AT_EVERY = Duration.ofHours(1);

  private final Settings settings;
  private final Repository source;
  private final Opener opener;
  private final Clock clock;
  private final CountDownLatch stopped = new CountDownLatch(1);
  private final Thread thread;
  private volatile Status status;

  /** Opens the copy; is called again after a failure. */
  public interface Opener {
    Repository open() throws IOException;
  }

  /**
   * What to keep in step, and how.
   *
   * @param name of the copy, for messages
   * @param scratch a directory for objects on their way, of this copy alone
   * @param interval how often to look for what has come
   */
  public record Settings(String name, String graph, Path scratch, Duration interval) {}

  /**
   * How far it is.
   *
   * @param newest number of the newest entry that is in the copy; absent if it is not known yet
   * @param inStepAt when nothing was missing the last time; absent if it never was
   * @param entries copied since the start
   * @param bytes copied since the start
   * @param trouble what keeps it back
   */
  public record Status(
      String name,
      OptionalLong newest,
      Optional<Instant> inStepAt,
      long entries,
      long bytes,
      Optional<String> trouble) {}

  private Replicator(Settings settings, Repository source, Opener opener, Clock clock) {
    this.settings = settings;
    this.source = source;
    this.opener = opener;
    this.clock = clock;
    this.status =
        new Status(settings.name(), OptionalLong.empty(), Optional.empty(), 0, 0, Optional.empty());
    this.thread = new Thread(this::work, "varve-copy-" + settings.name());
    thread.setDaemon(true);
  }

  /** Starts to copy. */
  public static Replicator start(Settings settings, Repository source, Opener opener, Clock clock) {
    Replicator replicator = new Replicator(settings, source, opener, clock);
    replicator.thread.start();
    return replicator;
  }

  public Status status() {
    return status;
  }

  /** Stops; the next one goes on from here. */
  @Override
  public void close() {
    stopped.countDown();
    thread.interrupt();
    try {
      thread.join(CLOSE_WAIT.toMillis());
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private void work() {
    int failures = 0;
    while (!isStopped()) {
      try (Repository copy = opener.open()) {
        while (!isStopped()) {
          follow(copy);
          failures = 0;
        }
      } catch (IOException | RuntimeException e) {
        if (!isStopped()) {
          failures++;
          Duration pause = pause(failures);
          String trouble = trouble(e);
          LOG.warn(
              "copy {}, trying again in {} s: {}", settings.name(), pause.toSeconds(), trouble);
          status =
              new Status(
                  status.name(),
                  status.newest(),
                  status.inStepAt(),
                  status.entries(),
                  status.bytes(),
                  Optional.of(trouble));
          sleep(pause);
        }
      }
    }
  }

  /** Copies what comes, until it is time to look again at what is damaged. */
  private void follow(Repository copy) throws IOException {
    Instant until = clock.instant().plus(DAMAGE_LOOKED_AT_EVERY);
    try (Copy copying =
        new Copy(source, copy, settings.graph(), settings.scratch(), Copy.Watcher.NONE)) {
      boolean damaged;
      do {
        Copy.Report report = copying.run();
        List<Damage> damage = new ArrayList<>(report.sourceDamage());
        damage.addAll(report.destinationDamage());
        damaged = !damage.isEmpty();
        took(report, damage);
        sleep(settings.interval());
      } while (!isStopped() && !(damaged && clock.instant().isAfter(until)));
    }
  }

  private void took(Copy.Report report, List<Damage> damage) {
    Optional<String> trouble =
        damage.isEmpty()
            ? Optional.empty()
            : Optional.of(
                damage.get(0).text()
                    + (damage.size() > 1 ? ", and " + (damage.size() - 1) + " more" : ""));
    if (trouble.isPresent() && !trouble.equals(status.trouble())) {
      LOG.warn("copy {}: {}", settings.name(), trouble.get());
    }
    if (report.entries() > 0) {
      LOG.info(
          "copy {}: {} entries and {} objects copied, {} bytes",
          settings.name(),
          report.entries(),
          report.objects(),
          report.bytes());
    }
    status =
        new Status(
            settings.name(),
            report.newest(),
            damage.isEmpty() ? Optional.of(clock.instant()) : status.inStepAt(),
            status.entries() + report.entries(),
            status.bytes() + report.bytes(),
            trouble);
  }

  private static String trouble(Exception e) {
    return e instanceof VarveException known
        ? known.getMessage() + " HINT: " + known.hint()
        : String.valueOf(e.getMessage() == null ? e : e.getMessage());
  }

  private Duration pause(int failures) {
    Duration pause = settings.interval();
    for (int i = 1; i < failures && pause.compareTo(LONGEST_PAUSE) < 0; i++) {
      pause = pause.multipliedBy(2);
    }
    return pause.compareTo(LONGEST_PAUSE) < 0 ? pause : LONGEST_PAUSE;
  }

  private boolean isStopped() {
    return stopped.getCount() == 0;
  }

  private void sleep(Duration pause) {
    try {
      boolean ended = stopped.await(pause.toMillis(), TimeUnit.MILLISECONDS);
      LOG.trace("stopped: {}", ended);
    } catch (InterruptedException e) {
      // only close() interrupts, and it stops
    }
  }
}
