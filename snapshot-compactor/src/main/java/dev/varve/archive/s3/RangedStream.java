package dev.varve.archive.s3;

import java.io.IOException;
import java.io.InputStream;
import java.io.InterruptedIOException;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Future;
import java.util.concurrent.Semaphore;
import org.jspecify.annotations.Nullable;

/**
 * An object from a place in it to its end, in ranges. The first comes straight from the connection;
 * the next are fetched ahead, in parallel, once enough was read to show that the reader means it,
 * and as far as there is memory. A range that breaks off is gone on with where it stopped, of the
 * same object only.
 *
 * <p>Between two calls: of {@code direct} and {@code chunk} at most one is there, and either ends
 * at {@code directEnd}; what is {@code ahead} begins there, has no gaps and ends at {@code
 * aheadEnd}. One thread at a time.
 */
final class RangedStream extends InputStream {

  /** Who only looks at a header causes no more traffic than that. */
  private static final int MEANS_IT_BYTES = 128 << 10;

  private static final int MAX_SKIPPED_BYTES = 256 << 10;

  private final Source source;
  private final Attempts attempts;
  private final ExecutorService fetchers;
  private final Semaphore memory;
  private final int rangeBytes;
  private final int maxAhead;
  private final long total;

  private long position;
  private long read;
  private @Nullable Body direct;
  private long directEnd;
  private byte @Nullable [] chunk;
  private int chunkAt;
  private final Deque<Ahead> ahead = new ArrayDeque<>();
  private long aheadEnd;
  private int failures;
  private boolean closed;

  /** Where ranges come from. */
  interface Source {
    /** Asks for bytes, of the same version of the object as before. */
    Body open(long from, long to) throws IOException;

    /** For messages. */
    String name();
  }

  /** The bytes of a range as they come in. */
  interface Body {
    int read(byte[] target, int offset, int length) throws IOException;

    /** Lets go of it; of the connection too, if the end was not reached. */
    void close(boolean atEnd);
  }

  private record Ahead(long from, int bytes, Future<byte[]> fetch) {}

  /**
   * @param first the opened first range
   * @param memory one permit for each range that may be held
   */
  RangedStream(
      Source source,
      Attempts attempts,
      ExecutorService fetchers,
      Semaphore memory,
      S3Options.Transfer transfer,
      Body first,
      long from,
      long to,
      long total) {
    this.source = source;
    this.attempts = attempts;
    this.fetchers = fetchers;
    this.memory = memory;
    this.rangeBytes = transfer.rangeBytes();
    this.maxAhead = transfer.ranges();
    this.total = total;
    this.position = from;
    this.direct = first;
    this.directEnd = to;
    this.aheadEnd = to;
  }

  @Override
  public int read() throws IOException {
    byte[] one = new byte[1];
    return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
  }

  @Override
  public int read(byte[] target, int offset, int length) throws IOException {
    if (closed) {
      throw new IOException("closed: " + source.name());
    }
    if (length == 0) {
      return 0;
    }
    while (position < total) {
      int count = chunk != null ? fromChunk(target, offset, length) : 0;
      if (count == 0) {
        if (direct == null && position == directEnd && !ahead.isEmpty()) {
          Ahead next = ahead.removeFirst();
          directEnd = next.from() + next.bytes();
          chunk = await(next);
          chunkAt = 0;
          continue;
        }
        count = fromDirect(target, offset, length);
      }
      if (count > 0) {
        position += count;
        read += count;
        if (read >= MEANS_IT_BYTES) {
          fetchAhead();
        }
        return count;
      }
    }
    return -1;
  }

  private int fromChunk(byte[] target, int offset, int length) {
    byte[] from = java.util.Objects.requireNonNull(chunk);
    int count = Math.min(length, from.length - chunkAt);
    System.arraycopy(from, chunkAt, target, offset, count);
    chunkAt += count;
    if (chunkAt == from.length) {
      chunk = null;
      memory.release();
    }
    return count;
  }

  /** 0 if nothing came and it has to be tried again. */
  private int fromDirect(byte[] target, int offset, int length) throws IOException {
    if (direct == null) {
      directEnd = position < directEnd ? directEnd : Math.min(total, position + rangeBytes);
      direct = source.open(position, directEnd);
      aheadEnd = Math.max(aheadEnd, directEnd);
    }
    Body body = direct;
    IOException failure;
    try {
      int count = body.read(target, offset, (int) Math.min(length, directEnd - position));
      if (count > 0) {
        failures = 0;
        if (position + count == directEnd) {
          body.close(true);
          direct = null;
        }
        return count;
      }
      failure = broken(source, position, directEnd);
    } catch (InterruptedIOException e) {
      if (Thread.currentThread().isInterrupted()) {
        throw e;
      }
      failure = e; // a time-out
    } catch (IOException e) {
      failure = e;
    }
    body.close(false);
    direct = null;
    attempts.pauseAfter("read " + source.name(), ++failures, failure);
    return 0;
  }

  private static IOException broken(Source source, long at, long end) {
    return new IOException(
        "%s broke off at byte %d of a range that ends at %d".formatted(source.name(), at, end));
  }

  private void fetchAhead() {
    while (ahead.size() < maxAhead && aheadEnd < total && memory.tryAcquire()) {
      long from = aheadEnd;
      int bytes = (int) Math.min(rangeBytes, total - from);
      boolean submitted = false;
      try {
        ahead.addLast(new Ahead(from, bytes, fetchers.submit(() -> fetch(from, bytes))));
        submitted = true;
      } finally {
        if (!submitted) {
          memory.release();
        }
      }
      aheadEnd = from + bytes;
    }
  }

  private byte[] fetch(long from, int bytes) throws IOException {
    byte[] buffer = new byte[bytes];
    int filled = 0;
    int broken = 0;
    while (filled < bytes) {
      Body body = source.open(from + filled, from + bytes);
      IOException failure = null;
      try {
        while (filled < bytes && failure == null) {
          int count = body.read(buffer, filled, bytes - filled);
          if (count > 0) {
            filled += count;
            broken = 0;
          } else {
            failure = broken(source, from + filled, from + bytes);
          }
        }
      } catch (InterruptedIOException e) {
        if (Thread.currentThread().isInterrupted()) {
          throw e;
        }
        failure = e;
      } catch (IOException e) {
        failure = e;
      } finally {
        body.close(filled == bytes);
      }
      if (failure != null) {
        attempts.pauseAfter("read " + source.name(), ++broken, failure);
      }
    }
    return buffer;
  }

  /** The permit stays taken until the chunk is read; it is given back if there is none. */
  private byte[] await(Ahead next) throws IOException {
    boolean got = false;
    try {
      byte[] bytes = next.fetch().get();
      got = true;
      return bytes;
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new InterruptedIOException("interrupted while reading " + source.name());
    } catch (ExecutionException e) {
      Throwable cause = e.getCause() == null ? e : e.getCause();
      if (cause instanceof RuntimeException runtime) {
        throw runtime;
      }
      throw cause instanceof IOException io ? io : new IOException(cause);
    } finally {
      if (!got) {
        drop(next);
      }
    }
  }

  @Override
  public long skip(long count) throws IOException {
    if (count <= MAX_SKIPPED_BYTES || chunk != null || !ahead.isEmpty() || closed) {
      return super.skip(count);
    }
    long skipped = Math.min(count, total - position);
    if (direct != null) {
      direct.close(false);
      direct = null;
    }
    position += skipped;
    directEnd = position;
    aheadEnd = position;
    return skipped;
  }

  @Override
  public void close() {
    if (closed) {
      return;
    }
    closed = true;
    if (direct != null) {
      direct.close(false);
      direct = null;
    }
    if (chunk != null) {
      chunk = null;
      memory.release();
    }
    ahead.forEach(this::drop);
    ahead.clear();
  }

  /** The memory is free only when the fetch has ended. */
  private void drop(Ahead dropped) {
    dropped.fetch().cancel(true);
    memory.release();
  }
}
