package dev.varve.cli.drill;

import java.nio.charset.StandardCharsets;
import java.time.Clock;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Function;

/**
 * A client that writes one numbered transaction after the other, each a vertex and an edge to the
 * one before, and its number on two vertices and the edge between them; and remembers every one
 * that was acknowledged. It goes where the announced primary is, and writes a transaction again
 * that nobody acknowledged; so the numbers that are acknowledged have no gap.
 */
final class Load implements AutoCloseable {

  private static final int TEXT_LEAST = 50;
  private static final int TEXT_MORE = 200;
  private static final long LOOK_EVERY_MS = 20;
  private static final long AFTER_FAILURE_MS = 50;
  private static final long LAST_WITHIN_MS = 2_000;
  private static final double NANOS_A_SECOND = 1e9;

  /**
   * How it writes.
   *
   * @param first where, until another is announced
   * @param announced how it gets into one that is announced
   */
  record Setting(
      Store first,
      Function<String, Store> announced,
      Handwriting handwriting,
      double writesPerSecond,
      long seed) {}

  /**
   * A transaction that the store said it has committed.
   *
   * @param number from 0 on, without a gap
   * @param atNanos when the answer came
   * @param bytes of the text in it
   * @param by the address that it came from
   */
  record Acknowledged(long number, long atNanos, Instant at, int bytes, String by) {
    long atMicros() {
      return TimeUnit.SECONDS.toMicros(at.getEpochSecond())
          + TimeUnit.NANOSECONDS.toMicros(at.getNano());
    }
  }

  private final Setting setting;
  private final Announced announced;
  private final long everyNanos;
  private final Random random;
  private final Clock clock;
  private final List<Acknowledged> acknowledged = new ArrayList<>(); // guarded by itself
  private final ReentrantLock writing = new ReentrantLock(true);
  private final Thread thread;
  private volatile boolean stopping;
  private volatile boolean givenUp;

  /** Begins to write. */
  Load(Setting setting, Announced announced, Clock clock) {
    this.setting = setting;
    this.announced = announced;
    this.everyNanos = (long) (NANOS_A_SECOND / setting.writesPerSecond());
    this.random = new Random(setting.seed());
    this.clock = clock;
    try (Link link = setting.first().connect()) {
      hand(link).prepare();
    }
    thread = new Thread(this::write, "load");
    thread.setDaemon(true);
    thread.start();
  }

  /** What a store holds of it. */
  Written written(Link store) {
    return new Written(hand(store).times());
  }

  /** How many transactions of it a standby holds. */
  long inStandby(Link standby) {
    return hand(standby).inStandby();
  }

  private Hand hand(Link link) {
    return link.hand(setting.handwriting());
  }

  /** What was acknowledged so far, in order. */
  List<Acknowledged> acknowledged() {
    synchronized (acknowledged) {
      return List.copyOf(acknowledged);
    }
  }

  /** How many that is. */
  int count() {
    synchronized (acknowledged) {
      return acknowledged.size();
    }
  }

  /** The last one, if there is one. */
  Optional<Acknowledged> last() {
    synchronized (acknowledged) {
      return acknowledged.isEmpty()
          ? Optional.empty()
          : Optional.of(acknowledged.get(acknowledged.size() - 1));
    }
  }

  /** The first that another than this address acknowledged. */
  Optional<Acknowledged> firstNotBy(String address) {
    synchronized (acknowledged) {
      return acknowledged.stream().filter(one -> !one.by().equals(address)).findFirst();
    }
  }

  /** Those from a number on. */
  List<Acknowledged> from(long number) {
    synchronized (acknowledged) {
      return List.copyOf(
          acknowledged.subList((int) Math.min(number, acknowledged.size()), acknowledged.size()));
    }
  }

  /** Writes nothing while it is held; nothing is on its way either. */
  Pause pause() {
    CompletableFuture<Void> held = new CompletableFuture<>();
    CompletableFuture<Void> released = new CompletableFuture<>();
    Thread holding =
        new Thread(
            () -> {
              writing.lock();
              try {
                held.complete(null);
                released.join();
              } finally {
                writing.unlock();
              }
            },
            "load-pause");
    holding.setDaemon(true);
    holding.start();
    held.join();
    return () -> released.complete(null);
  }

  /** Until it is closed. */
  interface Pause extends AutoCloseable {
    @Override
    void close();
  }

  private void write() {
    String address = setting.first().address();
    Link link = setting.first().connect();
    long next = System.nanoTime();
    long number = 0;
    String text = text();
    try {
      while (!stopping) {
        String wanted = primary();
        if (!wanted.equals(address)) {
          link.close();
          address = wanted;
          link = setting.announced().apply(address).connect();
        }
        writing.lock();
        boolean done;
        try {
          done = one(link, address, number, text);
        } finally {
          writing.unlock();
        }
        if (done) {
          number++;
          text = text();
          next = Math.max(next + everyNanos, System.nanoTime() - everyNanos);
          TimeUnit.NANOSECONDS.sleep(next - System.nanoTime());
        } else {
          TimeUnit.MILLISECONDS.sleep(AFTER_FAILURE_MS);
        }
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    } finally {
      link.close();
    }
  }

  /** Whether it was acknowledged; given up when another primary is announced. */
  private boolean one(Link link, String address, long number, String text)
      throws InterruptedException {
    CompletableFuture<?> answer = hand(link).write(number, text);
    try {
      while (!givenUp) {
        try {
          answer.get(LOOK_EVERY_MS, TimeUnit.MILLISECONDS);
          long now = System.nanoTime();
          int bytes = text.getBytes(StandardCharsets.UTF_8).length;
          synchronized (acknowledged) {
            acknowledged.add(new Acknowledged(number, now, clock.instant(), bytes, address));
          }
          return true;
        } catch (TimeoutException e) {
          if (!primary().equals(address)) {
            return false;
          }
        }
      }
      return false;
    } catch (ExecutionException e) {
      return false; // nobody acknowledged it: it is written again
    }
  }

  private String primary() {
    return announced.change().map(Announced.Change::primary).orElse(setting.first().address());
  }

  private String text() {
    StringBuilder text = new StringBuilder();
    int length = TEXT_LEAST + random.nextInt(TEXT_MORE);
    for (int i = 0; i < length; i++) {
      text.append((char) ('a' + random.nextInt('z' - 'a' + 1)));
    }
    return text.toString();
  }

  /** What is on its way is waited for, if it does not take long. */
  @Override
  public void close() {
    stopping = true;
    try {
      thread.join(LAST_WITHIN_MS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    givenUp = true;
    thread.interrupt();
  }
}
