package dev.varve.observe;

import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import java.util.SortedSet;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Consumer;
import org.apache.kafka.common.KafkaException;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Looks at a store and at its capture again and again, says what it sees in the observers topic,
 * and hears what a majority says. An observer that Kafka cannot be reached from has no verdict: it
 * can neither be heard nor hear.
 *
 * <p>Invariant: a look that hangs is given up after its timeout, with its connection; no more than
 * one is at work.
 */
public final class Observer implements AutoCloseable {

  private static final Logger LOG = LoggerFactory.getLogger(Observer.class);
  private static final Duration HEAR_WAIT = Duration.ofMillis(100);
  private static final int HEARINGS_MAX = 20;

  private final Setting setting;
  private final Callable<Probe> probes;
  private final Consumer<Verdict> changed;
  private final ExecutorService looks;
  private final CountDownLatch told = new CountDownLatch(1);
  private final Thread thread;

  // of the observing thread
  private Look look = new Look();
  private @Nullable Board board;
  private CaptureWatch capture;

  private volatile Status status;
  private volatile @Nullable Throwable failure;

  /**
   * What an observer is.
   *
   * @param name its own
   * @param store what it looks at, as an operator knows it
   * @param members names of all observers that have a vote, this one perhaps among them
   * @param kafka settings of Kafka clients
   * @param topic the observers topic
   * @param offsetsTopic where capture leaves a record of all that it does
   * @param captureSilence how long nothing may come there
   */
  public record Setting(
      String name,
      String store,
      SortedSet<String> members,
      Pace pace,
      Map<String, String> kafka,
      String topic,
      String offsetsTopic,
      Duration captureSilence) {
    public Setting {
      kafka = Map.copyOf(kafka);
      if (members.isEmpty()) {
        throw new IllegalArgumentException("there must be a member");
      }
    }
  }

  /**
   * How it goes.
   *
   * @param sighting what it saw last; absent before the first look is over
   * @param verdict what a majority said last; absent while Kafka cannot be reached
   * @param kafkaTrouble why it cannot
   */
  public record Status(
      Optional<Sighting> sighting, Optional<Verdict> verdict, Optional<String> kafkaTrouble) {}

  private Observer(Setting setting, Callable<Probe> probes, Consumer<Verdict> changed) {
    this.setting = setting;
    this.probes = probes;
    this.changed = changed;
    this.capture = CaptureWatch.begin(setting.captureSilence());
    this.status = new Status(Optional.empty(), Optional.empty(), Optional.empty());
    this.looks =
        Executors.newCachedThreadPool(
            task -> {
              Thread look = new Thread(task, "look");
              look.setDaemon(true);
              return look;
            });
    this.thread = new Thread(this::observe, "observe-" + setting.name());
  }

  /**
   * Begins to observe; the topic is there.
   *
   * @param probes opens a probe, anew after each look that was given up
   * @param changed is told of every verdict that is not like the one before, by the observing
   *     thread; what it throws ends the observer
   */
  public static Observer start(Setting setting, Callable<Probe> probes, Consumer<Verdict> changed) {
    Observer observer = new Observer(setting, probes, changed);
    observer.thread.start();
    return observer;
  }

  public Status status() {
    return status;
  }

  /** Why it stopped by itself, if it did. */
  public Optional<Throwable> failure() {
    return Optional.ofNullable(failure);
  }

  @Override
  public void close() {
    told.countDown();
    thread.interrupt();
    try {
      thread.join();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    looks.shutdownNow();
  }

  private void observe() {
    Watch watch = Watch.begin(setting.pace());
    try {
      while (told.getCount() > 0) {
        watch = look(watch);
        talk(watch);
        if (told.await(watch.pause().toMillis(), TimeUnit.MILLISECONDS)) {
          break;
        }
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    } catch (RuntimeException | Error e) {
      failure = e;
      LOG.error("observer {} has ended", setting.name(), e);
    } finally {
      giveUp();
      closeBoard();
    }
  }

  /** One probe, for as long as its looks end in time. */
  private final class Look implements Callable<Boolean> {
    private @Nullable Probe probe; // of the thread that looks, or of one that closes
    private boolean givenUp;

    @Override
    public Boolean call() throws Exception {
      Probe open = opened();
      open.look(setting.pace().timeout());
      return true;
    }

    /** Opening may hang as a look may: nothing is locked meanwhile. */
    private Probe opened() throws Exception {
      synchronized (this) {
        if (probe != null) {
          return probe;
        }
      }
      Probe open = probes.call();
      synchronized (this) {
        probe = open;
        if (!givenUp) {
          return open;
        }
      }
      open.close();
      throw new InterruptedException("given up");
    }

    void close() {
      Probe open;
      synchronized (this) {
        givenUp = true;
        open = probe;
      }
      if (open != null) {
        open.close();
      }
    }
  }

  private Watch look(Watch watch) throws InterruptedException {
    Future<Boolean> looking = looks.submit(look);
    try {
      looking.get(setting.pace().timeout().toMillis(), TimeUnit.MILLISECONDS);
      return watch.succeeded();
    } catch (TimeoutException e) {
      looking.cancel(true);
      giveUp();
      return watch.failed("no answer within " + setting.pace().timeout().toMillis() + " ms");
    } catch (ExecutionException e) {
      giveUp();
      Throwable cause = e.getCause() == null ? e : e.getCause();
      return watch.failed(String.valueOf(cause.getMessage()));
    }
  }

  /** Closing may hang as the look did. */
  private void giveUp() {
    Look old = look;
    look = new Look();
    looks.execute(old::close);
  }

  /** Says what is seen and hears the others; goes on without, where Kafka cannot be reached. */
  private void talk(Watch watch) throws InterruptedException {
    Optional<Verdict> before = status.verdict();
    Sighting sighting = watch.sighting(setting.name(), setting.store(), Optional.empty());
    try {
      Board open = board();
      capture = capture.looked(open.offsetsEnd(), System.nanoTime());
      sighting = watch.sighting(setting.name(), setting.store(), capture.up(System.nanoTime()));
      long nowMs = open.post(sighting, setting.pace().timeout());
      Verdict verdict =
          Verdict.of(setting.members(), hear(open, nowMs), nowMs, setting.pace().wordCounts());
      status = new Status(Optional.of(sighting), Optional.of(verdict), Optional.empty());
      if (!before.equals(Optional.of(verdict))) {
        changed.accept(verdict);
      }
    } catch (org.apache.kafka.common.errors.InterruptException e) {
      throw (InterruptedException) new InterruptedException("stopping").initCause(e);
    } catch (KafkaException e) {
      closeBoard();
      capture = CaptureWatch.begin(setting.captureSilence()); // who was silent is not known
      status =
          new Status(
              Optional.of(sighting), Optional.empty(), Optional.of(String.valueOf(e.getMessage())));
    }
  }

  /** Reads until its own word has come back: then it has heard all that was said before. */
  private Map<String, Verdict.Heard> hear(Board open, long nowMs) {
    for (int i = 0; i < HEARINGS_MAX; i++) {
      Map<String, Verdict.Heard> heard = open.read(HEAR_WAIT);
      Verdict.Heard own = heard.get(setting.name());
      if (own != null && own.atMs() >= nowMs) {
        return heard;
      }
    }
    throw new org.apache.kafka.common.errors.TimeoutException(
        setting.topic() + " does not give back what was put into it");
  }

  private Board board() {
    Board open = board;
    if (open == null) {
      open =
          new Board(
              setting.kafka(), setting.topic(), setting.offsetsTopic(), setting.pace().timeout());
      board = open;
    }
    return open;
  }

  private void closeBoard() {
    Board open = board;
    board = null;
    if (open != null) {
      open.close();
    }
  }
}
