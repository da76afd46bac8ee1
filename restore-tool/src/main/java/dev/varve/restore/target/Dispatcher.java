package dev.varve.restore.target;

import java.util.ArrayList;
import java.util.Iterator;
import java.util.LinkedList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Runs tasks on a fixed number of threads so that no two that share a bucket run at the same time,
 * otherwise in the order they came in.
 *
 * <p>After a task failed, no further one begins, and the failure is thrown to whoever submits or
 * waits.
 */
public final class Dispatcher implements AutoCloseable {

  private final List<Thread> threads = new ArrayList<>();
  private final LinkedList<Task> waiting = new LinkedList<>();
  private final int maxWaiting;
  private long busyBuckets;
  private int running;
  private boolean closed;
  private @Nullable Throwable failure;

  /**
   * @param buckets a bit for each bucket that the task needs to itself; 0 if none
   */
  public record Task(long buckets, Runnable work) {}

  public Dispatcher(String name, int workers, int maxWaiting) {
    this.maxWaiting = maxWaiting;
    for (int i = 0; i < workers; i++) {
      Thread thread = new Thread(this::work, "varve-restore-" + name + "-" + i);
      thread.setDaemon(true);
      threads.add(thread);
      thread.start();
    }
  }

  /** Hands a task over; waits while too many are waiting already. */
  public synchronized void submit(Task task) {
    while (failure == null && waiting.size() >= maxWaiting) {
      await();
    }
    throwFailure();
    waiting.add(task);
    notifyAll();
  }

  /** Waits until every task is done. */
  public synchronized void drain() {
    while (failure == null && (running > 0 || !waiting.isEmpty())) {
      await();
    }
    throwFailure();
  }

  private void work() {
    for (Task task = take(); task != null; task = take()) {
      Throwable thrown = null;
      try {
        task.work().run();
      } catch (Throwable e) {
        thrown = e;
      }
      done(task, thrown);
    }
  }

  private synchronized @Nullable Task take() {
    while (true) {
      if (closed || failure != null) {
        return null;
      }
      for (Iterator<Task> tasks = waiting.iterator(); tasks.hasNext(); ) {
        Task task = tasks.next();
        if ((task.buckets() & busyBuckets) == 0) {
          tasks.remove();
          busyBuckets |= task.buckets();
          running++;
          notifyAll();
          return task;
        }
      }
      await();
    }
  }

  private synchronized void done(Task task, @Nullable Throwable thrown) {
    busyBuckets &= ~task.buckets();
    running--;
    if (thrown != null && failure == null) {
      failure = thrown;
    }
    notifyAll();
  }

  private void throwFailure() {
    if (failure instanceof RuntimeException e) {
      throw e;
    }
    if (failure instanceof Error e) {
      throw e;
    }
  }

  private void await() {
    try {
      wait();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException("interrupted while writing", e);
    }
  }

  /** Stops after the tasks that are running; waits for those. */
  @Override
  public void close() {
    synchronized (this) {
      closed = true;
      notifyAll();
    }
    boolean interrupted = false;
    for (Thread thread : threads) {
      try {
        thread.join();
      } catch (InterruptedException e) {
        interrupted = true;
      }
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
  }
}
