package dev.varve.restore;

import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * Reads another source ahead on a thread of its own, so that unpacking and merging go on side by
 * side. Holds at most {@value #CHUNKS_AHEAD} + 2 chunks.
 */
final class AheadSource implements VersionSource {

  private static final int CHUNK_VERSIONS = 256;
  private static final int CHUNKS_AHEAD = 8;
  private static final long LOOK_FOR_CLOSE_MS = 100;

  private final BlockingQueue<Chunk> chunks = new ArrayBlockingQueue<>(CHUNKS_AHEAD);
  private final VersionSource source;
  private final Thread thread;
  private volatile boolean closed;
  private Iterator<Version> current = List.<Version>of().iterator();
  private boolean ended;

  private record Chunk(List<Version> versions, boolean last, @Nullable Throwable failure) {}

  AheadSource(VersionSource source) {
    this.source = source;
    thread = new Thread(this::readAhead, "varve-restore-read-ahead");
    thread.setDaemon(true);
    thread.start();
  }

  private void readAhead() {
    List<Version> versions = new ArrayList<>(CHUNK_VERSIONS);
    try {
      for (Version version = source.next(); version != null; version = source.next()) {
        versions.add(version);
        if (versions.size() == CHUNK_VERSIONS) {
          if (!put(new Chunk(versions, false, null))) {
            return;
          }
          versions = new ArrayList<>(CHUNK_VERSIONS);
        }
      }
      put(new Chunk(versions, true, null));
    } catch (RuntimeException | Error e) {
      put(new Chunk(versions, true, e));
    } finally {
      source.close();
    }
  }

  /** Returns false if nobody wants it any more. */
  private boolean put(Chunk chunk) {
    try {
      while (!closed) {
        if (chunks.offer(chunk, LOOK_FOR_CLOSE_MS, TimeUnit.MILLISECONDS)) {
          return true;
        }
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    return false;
  }

  @Override
  public @Nullable Version next() {
    while (!current.hasNext()) {
      if (ended) {
        return null;
      }
      Chunk chunk = take();
      current = chunk.versions().iterator();
      ended = chunk.last();
      rethrow(chunk.failure());
    }
    return current.next();
  }

  private Chunk take() {
    try {
      return chunks.take();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException("interrupted while reading segments", e);
    }
  }

  private static void rethrow(@Nullable Throwable failure) {
    if (failure instanceof RuntimeException e) {
      throw e;
    }
    if (failure instanceof Error e) {
      throw e;
    }
  }

  @Override
  public void close() {
    closed = true;
    chunks.clear();
    try {
      thread.join();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
