package dev.varve.cli.drill;

import dev.varve.fault.ExitCode;
import dev.varve.fault.VarveException;
import java.io.IOException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import java.util.concurrent.TimeUnit;

/**
 * The stages of a pair, and what supervises them: one that ends is started again a second later,
 * unless it ended because it is not its turn any more ({@link ExitCode#FENCED}).
 */
final class Stages implements AutoCloseable {

  private static final long LOOK_EVERY_MS = 50;
  private static final long START_AGAIN_AFTER_MS = 1_000;
  private static final long AWAIT_LIMIT_MS = 60_000;

  /** Something that happened to a stage. */
  record Event(long atNanos, String text) {}

  /**
   * That a stage has ended.
   *
   * @param killed whether it was killed here
   */
  record Ended(long atNanos, String stage, int exitCode, boolean killed) {}

  private static final class Supervised {
    private final Child child;
    private long endedAtNanos; // 0 while it runs
    private boolean left; // it is not started again
    private boolean killed; // since it was started

    Supervised(Child child) {
      this.child = child;
    }
  }

  private final Map<String, Supervised> supervised = new LinkedHashMap<>(); // guarded by this
  private final List<Event> events = new ArrayList<>(); // guarded by this
  private final List<Ended> ended = new ArrayList<>(); // guarded by this
  private final Thread thread;
  private volatile boolean closed;

  Stages() {
    thread = new Thread(this::supervise, "supervisor");
    thread.setDaemon(true);
    thread.start();
  }

  /** Starts one and looks after it from now on. */
  synchronized void start(String name, Child child) throws IOException {
    child.start();
    supervised.put(name, new Supervised(child));
  }

  /** Kills one; it is started again. */
  synchronized void kill(String name) {
    if (of(name).isAlive()) {
      supervised(name).killed = true;
      of(name).kill();
    }
  }

  /** Stops one where it is, if it runs. */
  void freeze(String name) throws IOException, InterruptedException {
    of(name).freeze();
  }

  /** Lets it go on. */
  void thaw(String name) throws IOException, InterruptedException {
    of(name).thaw();
  }

  /** Ends one for good. */
  void stop(String name) {
    Child child;
    synchronized (this) {
      Supervised found = supervised.remove(name);
      if (found == null) {
        return;
      }
      child = found.child;
    }
    child.close();
  }

  /** Waits until it runs. */
  void awaitAlive(String name) throws InterruptedException {
    long end = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(AWAIT_LIMIT_MS);
    while (!of(name).isAlive()) {
      if (System.nanoTime() > end) {
        throw new VarveException(
            ExitCode.FAILED, name + " was not started again", "see its log, kept with --keep");
      }
      TimeUnit.MILLISECONDS.sleep(LOOK_EVERY_MS);
    }
  }

  /** What has happened since some moment. */
  synchronized List<Event> since(long nanos) {
    return events.stream().filter(event -> event.atNanos() >= nanos).toList();
  }

  /** Which have ended since some moment. */
  synchronized List<Ended> endedSince(long nanos) {
    return ended.stream().filter(one -> one.atNanos() >= nanos).toList();
  }

  private synchronized Child of(String name) {
    return supervised(name).child;
  }

  private synchronized Supervised supervised(String name) {
    Supervised found = supervised.get(name);
    if (found == null) {
      throw new IllegalArgumentException("no stage " + name);
    }
    return found;
  }

  private void supervise() {
    try {
      while (!closed) {
        look();
        TimeUnit.MILLISECONDS.sleep(LOOK_EVERY_MS);
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private synchronized void look() {
    long now = System.nanoTime();
    for (Map.Entry<String, Supervised> entry : supervised.entrySet()) {
      Supervised one = entry.getValue();
      OptionalInt exit = one.child.exit();
      if (exit.isEmpty() || one.left || closed) {
        continue;
      }
      if (one.endedAtNanos == 0) {
        one.endedAtNanos = now;
        one.left = exit.getAsInt() == ExitCode.FENCED.number();
        events.add(new Event(now, entry.getKey() + " ended with " + exit.getAsInt()));
        ended.add(new Ended(now, entry.getKey(), exit.getAsInt(), one.killed));
      } else if (now - one.endedAtNanos > TimeUnit.MILLISECONDS.toNanos(START_AGAIN_AFTER_MS)) {
        one.endedAtNanos = 0;
        one.killed = false;
        try {
          one.child.start();
          events.add(new Event(now, entry.getKey() + " was started again"));
        } catch (IOException e) {
          one.left = true;
          events.add(new Event(now, entry.getKey() + " could not be started again: " + e));
        }
      }
    }
  }

  @Override
  public void close() {
    closed = true;
    thread.interrupt();
    List<Child> children;
    synchronized (this) {
      children = supervised.values().stream().map(one -> one.child).toList();
    }
    children.forEach(Child::close);
  }
}
