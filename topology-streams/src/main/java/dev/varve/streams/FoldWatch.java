package dev.varve.streams;

import dev.varve.wire.TopicSpecs;
import java.time.Duration;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import java.util.function.Supplier;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.common.KafkaException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Looks for {@link StaleTransactions} while a fold does not get to work. */
final class FoldWatch implements AutoCloseable {

  private static final Logger LOG = LoggerFactory.getLogger(FoldWatch.class);

  /** A fold that shares its partitions out anew is done with it sooner as a rule. */
  private static final Duration PATIENCE = Duration.ofSeconds(10);

  private static final Duration EVERY = Duration.ofSeconds(2);

  private final BooleanSupplier working;
  private final Supplier<Admin> admins;
  private final TopicSpecs specs;
  private final ScheduledExecutorService timer =
      Executors.newSingleThreadScheduledExecutor(
          task -> {
            Thread thread = new Thread(task, "fold-watch");
            thread.setDaemon(true);
            return thread;
          });
  private long workedNanos = System.nanoTime(); // of the timer's thread
  private String said = ""; // of the timer's thread

  private FoldWatch(BooleanSupplier working, Supplier<Admin> admins, TopicSpecs specs) {
    this.working = working;
    this.admins = admins;
    this.specs = specs;
  }

  /**
   * Starts one.
   *
   * @param working whether the fold works now
   */
  static FoldWatch start(BooleanSupplier working, Supplier<Admin> admins, TopicSpecs specs) {
    FoldWatch watch = new FoldWatch(working, admins, specs);
    var unused =
        watch.timer.scheduleWithFixedDelay(
            watch::look, EVERY.toMillis(), EVERY.toMillis(), TimeUnit.MILLISECONDS);
    return watch;
  }

  private void look() {
    if (working.getAsBoolean()) {
      workedNanos = System.nanoTime();
      return;
    }
    if (System.nanoTime() - workedNanos < PATIENCE.toNanos()) {
      return;
    }
    try (Admin admin = admins.get()) {
      new StaleTransactions(admin, specs).end();
    } catch (ExecutionException e) {
      say(String.valueOf(e.getCause()));
    } catch (KafkaException e) { // from making the client
      say(e.toString());
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private void say(String why) {
    if (!why.equals(said)) {
      said = why;
      LOG.warn("cannot tell whether the fold waits for a transaction that nobody ends: {}", why);
    }
  }

  @Override
  public void close() {
    timer.shutdownNow();
  }
}
