package dev.varve.replay;

import dev.varve.change.VersionVector;
import dev.varve.graph.ElementId;
import dev.varve.graph.ElementKind;
import dev.varve.restore.standby.Advance;
import dev.varve.restore.standby.Standby;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Advances that a standby writes side by side, each in a transaction of its own, and that become
 * visible one after the other. What an earlier one touches, its elements and the ends of its edges,
 * a later one writes only when its turn has come. So an earlier one does not wait for what a later
 * one has locked; where one does all the same, for what stores lock beyond that, the later ones are
 * given up.
 *
 * <p>Used by one thread; others do the writing.
 */
final class Window implements AutoCloseable {

  private static final Logger LOG = LoggerFactory.getLogger(Window.class);
  private static final long LOOK_EVERY_MS = 20;
  private static final int ALONE_AFTER_TROUBLE = 32;
  private static final int LATER_SHARE = 2;
  private static final long CLOSE_WAIT_S = 5;

  private final Standby standby;
  private final int writers;
  private final Duration patience;
  private final ExecutorService workers;
  private final Deque<Entry> entries = new ArrayDeque<>();

  /** Those that were given up and are being written still. */
  private final List<CompletableFuture<Void>> fading = new ArrayList<>();

  private int alone;
  private boolean gaveUp;

  private record Entry(
      Advance advance,
      Set<ElementId> touched,
      Standby.Draft draft,
      CompletableFuture<Void> written) {}

  /**
   * @param writers how many may be written at the same time
   * @param patience how long the oldest may take beyond a later one before that is given up
   */
  Window(Standby standby, int writers, Duration patience) {
    this.standby = standby;
    this.writers = writers;
    this.patience = patience;
    this.workers =
        Executors.newCachedThreadPool(
            work -> {
              Thread thread = new Thread(work, "standby-writer");
              thread.setDaemon(true);
              return thread;
            });
  }

  /** Whether it is worth it to look what comes after an advance. */
  boolean takesMore() {
    return writers > 1 && alone == 0;
  }

  boolean isEmpty() {
    return entries.isEmpty();
  }

  /** The oldest. */
  Advance first() {
    return entries.getFirst().advance();
  }

  /** Where the newest leads. */
  Advance last() {
    return entries.getLast().advance();
  }

  /**
   * Begins to write an advance that follows the newest, if it may be written beside those that are
   * there.
   */
  boolean offer(Advance advance) {
    fading.removeIf(CompletableFuture::isDone);
    if (!takesMore() || entries.size() == writers || !fading.isEmpty()) {
      return false;
    }
    Set<ElementId> touched = new HashSet<>();
    Set<ElementId> later = new HashSet<>();
    for (ElementKind kind : ElementKind.values()) {
      advance.each(
          kind,
          changed -> {
            List<ElementId> own = touchedBy(changed);
            touched.addAll(own);
            if (own.stream().anyMatch(this::isTouched)) {
              later.add(changed.id());
            }
          });
    }
    if (later.size() > advance.elements() / LATER_SHARE) {
      return false; // nothing would be won
    }
    Optional<Standby.Draft> draft = standby.draft(advance, later);
    draft.ifPresent(
        found ->
            entries.addLast(
                new Entry(
                    advance, touched, found, CompletableFuture.runAsync(found::write, workers))));
    return draft.isPresent();
  }

  private boolean isTouched(ElementId id) {
    return entries.stream().anyMatch(entry -> entry.touched().contains(id));
  }

  private static List<ElementId> touchedBy(Advance.Changed changed) {
    List<ElementId> touched = new ArrayList<>();
    touched.add(changed.id());
    if (changed.id().kind() == ElementKind.EDGE && !changed.removed()) {
      touched.addAll(changed.ends());
    }
    return touched;
  }

  /**
   * Makes the oldest visible, and lets go of it.
   *
   * @return whether it is done; otherwise it is to be applied alone, and those after it are given
   *     up
   */
  boolean publish() {
    Entry oldest = entries.getFirst();
    try {
      await(oldest);
      oldest.draft().publish();
      entries.removeFirst();
      return true;
    } catch (RuntimeException e) {
      VersionVector to = oldest.advance().to().vector();
      LOG.info("vv:{} is applied once more, alone: {}", to, e.getMessage());
      giveUp(0);
      alone = ALONE_AFTER_TROUBLE;
      return false;
    }
  }

  /** Whether any were given up since this was asked last: what was to follow them has to wait. */
  boolean gaveUp() {
    boolean before = gaveUp;
    gaveUp = false;
    return before;
  }

  /** One was applied that was not written beside others. */
  void appliedAlone() {
    alone = Math.max(0, alone - 1);
  }

  private void await(Entry oldest) {
    long overtakenAt = 0;
    while (true) {
      try {
        oldest.written().get(LOOK_EVERY_MS, TimeUnit.MILLISECONDS);
        return;
      } catch (TimeoutException e) {
        boolean overtaken = entries.stream().skip(1).anyMatch(entry -> entry.written().isDone());
        if (overtaken && overtakenAt == 0) {
          overtakenAt = System.nanoTime();
        } else if (overtaken && System.nanoTime() - overtakenAt >= patience.toNanos()) {
          LOG.info("what follows vv:{} may be in its way", oldest.advance().to().vector());
          giveUp(1);
          alone = ALONE_AFTER_TROUBLE;
        }
      } catch (ExecutionException e) {
        throw new CompletionException(e.getCause());
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        throw new IllegalStateException("interrupted while a standby was written", e);
      }
    }
  }

  /** Of all but so many: nothing of it was seen by anybody. */
  private void giveUp(int stay) {
    while (entries.size() > stay) {
      Entry entry = entries.removeLast();
      gaveUp = true;
      fading.add(entry.written().whenComplete((done, e) -> entry.draft().discard()));
    }
  }

  /** Gives up all of them. */
  void letGo() {
    giveUp(0);
    gaveUp = false;
  }

  @Override
  public void close() {
    giveUp(0);
    workers.shutdown();
    try {
      if (!workers.awaitTermination(CLOSE_WAIT_S, TimeUnit.SECONDS)) {
        LOG.debug("a draft is being written still; the store drops it with its connection");
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
