package dev.varve.archive;

import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.InterruptedIOException;
import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;

/**
 * How many bytes a second may go up to a repository, and how many may come down; shared by whoever
 * uses it. Repositories meter their own streams with it, where the bytes go over the wire.
 *
 * <p>Each direction is a token bucket that holds what {@link #BURST_NANOS} bring.
 */
public final class Bandwidth {

  /** No limit. */
  public static final Bandwidth UNLIMITED =
      new Bandwidth(Long.MAX_VALUE, System::nanoTime, n -> {});

  private static final long BURST_NANOS = TimeUnit.MILLISECONDS.toNanos(100);
  private static final int MAX_STEP_BYTES = 64 << 10;

  private final Meter up;
  private final Meter down;

  /** Waits; the seam for tests. */
  interface Sleeper {
    void sleep(long nanos) throws InterruptedException;
  }

  Bandwidth(long bytesPerSecond, LongSupplier nanoTime, Sleeper sleeper) {
    if (bytesPerSecond < 1) {
      throw new IllegalArgumentException("bytesPerSecond must be > 0, got " + bytesPerSecond);
    }
    this.up = new Meter(bytesPerSecond, nanoTime, sleeper);
    this.down = new Meter(bytesPerSecond, nanoTime, sleeper);
  }

  /** So many bytes a second in each direction. */
  public static Bandwidth of(long bytesPerSecond) {
    return new Bandwidth(bytesPerSecond, System::nanoTime, TimeUnit.NANOSECONDS::sleep);
  }

  public boolean unlimited() {
    return up.unlimited();
  }

  /** What is read from it goes up. */
  public InputStream up(InputStream source) {
    return unlimited() ? source : new Metered(source, up);
  }

  /** What is read from it comes down. */
  public InputStream down(InputStream source) {
    return unlimited() ? source : new Metered(source, down);
  }

  private static final class Meter {
    private final long bytesPerSecond;
    private final LongSupplier nanoTime;
    private final Sleeper sleeper;
    private long paidUntil;

    Meter(long bytesPerSecond, LongSupplier nanoTime, Sleeper sleeper) {
      this.bytesPerSecond = bytesPerSecond;
      this.nanoTime = nanoTime;
      this.sleeper = sleeper;
      this.paidUntil = nanoTime.getAsLong() - BURST_NANOS;
    }

    boolean unlimited() {
      return bytesPerSecond == Long.MAX_VALUE;
    }

    /** Books the bytes and waits until they have been paid for. */
    void take(int bytes) throws InterruptedIOException {
      long pause = book(bytes);
      if (pause > 0) {
        try {
          sleeper.sleep(pause);
        } catch (InterruptedException e) {
          Thread.currentThread().interrupt();
          throw new InterruptedIOException("interrupted while waiting for bandwidth");
        }
      }
    }

    private synchronized long book(int bytes) {
      long now = nanoTime.getAsLong();
      paidUntil = Math.max(paidUntil, now - BURST_NANOS);
      paidUntil += (long) ((double) bytes * TimeUnit.SECONDS.toNanos(1) / bytesPerSecond);
      return paidUntil - now;
    }
  }

  private static final class Metered extends FilterInputStream {
    private final Meter meter;

    Metered(InputStream source, Meter meter) {
      super(source);
      this.meter = meter;
    }

    @Override
    public int read() throws IOException {
      int b = super.read();
      if (b >= 0) {
        meter.take(1);
      }
      return b;
    }

    @Override
    public int read(byte[] target, int offset, int length) throws IOException {
      int count = super.read(target, offset, Math.min(length, MAX_STEP_BYTES));
      if (count > 0) {
        meter.take(count);
      }
      return count;
    }

    @Override
    public long skip(long count) throws IOException {
      return super.skip(count);
    }

    @Override
    public boolean markSupported() {
      return false;
    }
  }
}
