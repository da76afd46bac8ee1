package dev.varve.compact;

import dev.varve.archive.Repository;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.OptionalLong;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.IntFunction;

/** A repository whose calls go wrong as told. */
final class FaultyRepository implements Repository {

  /** What is asked of it. */
  enum Call {
    CREATE,
    DELETE,
    READ,
    LIST,
    SIZE
  }

  /** What happens to one call. */
  enum Fault {
    NONE,
    /** Nothing is done, the caller is told. */
    FAILS,
    /** It is done, but the caller is told that it failed. */
    ANSWER_LOST,
    /** The process dies before it. */
    DIES_BEFORE,
    /** The process dies after it. */
    DIES_AFTER,
    /** The store asks to be left alone for a while. */
    THROTTLED,
    /** It takes a little longer. */
    DELAYED,
    /** What is read ends too early, without an error. */
    CUT_OFF,
    /** What is read breaks off with an error. */
    BREAKS_OFF,
    /** A bit of what is read is wrong. */
    FLIPPED
  }

  /** Decides about a call. */
  interface Faults {
    Fault at(Call call, String key);
  }

  /** Stands for the end of the process. */
  static final class Died extends RuntimeException {}

  private final Repository inner;
  private final Faults faults;
  private final boolean mayDelete;
  private volatile boolean dead;
  final AtomicInteger creations = new AtomicInteger();
  final AtomicInteger calls = new AtomicInteger();
  volatile Duration skew = Duration.ZERO;

  /**
   * Only creations go wrong; nothing may be deleted.
   *
   * @param faults by number of the creation, counted from 1
   */
  FaultyRepository(Repository inner, IntFunction<Fault> faults) {
    this.inner = inner;
    this.mayDelete = false;
    this.faults =
        (call, key) -> call == Call.CREATE ? faults.apply(creations.incrementAndGet()) : Fault.NONE;
  }

  private FaultyRepository(Repository inner, Faults faults) {
    this.inner = inner;
    this.mayDelete = true;
    this.faults = faults;
  }

  /** Any call may go wrong; after its death nothing works any more. */
  static FaultyRepository of(Repository inner, Faults faults) {
    return new FaultyRepository(inner, faults);
  }

  /** The n-th call goes wrong, no other. */
  static FaultyRepository at(Repository inner, int n, Fault fault) {
    AtomicInteger count = new AtomicInteger();
    return of(inner, (call, key) -> count.incrementAndGet() == n ? fault : Fault.NONE);
  }

  boolean isDead() {
    return dead;
  }

  @Override
  public Creation create(String key, byte[] content) throws IOException {
    return call(Call.CREATE, key, () -> inner.create(key, content));
  }

  @Override
  public Creation create(String key, Path content) throws IOException {
    return call(Call.CREATE, key, () -> inner.create(key, content));
  }

  @Override
  public List<Listed> list(String prefix, String after) throws IOException {
    return call(Call.LIST, prefix, () -> inner.list(prefix, after)).stream()
        .map(o -> new Listed(o.key(), o.bytes(), o.modifiedAt().plus(skew)))
        .toList();
  }

  @Override
  public OptionalLong sizeBytes(String key) throws IOException {
    return call(Call.SIZE, key, () -> inner.sizeBytes(key));
  }

  @Override
  public InputStream read(String key, long offsetBytes) throws IOException {
    Fault[] fault = {Fault.NONE};
    InputStream in =
        call(Call.READ, key, () -> inner.read(key, offsetBytes), found -> fault[0] = found);
    return switch (fault[0]) {
      case CUT_OFF, BREAKS_OFF, FLIPPED -> worse(in, fault[0]);
      default -> in;
    };
  }

  @Override
  public void delete(String key) throws IOException {
    if (!mayDelete) {
      throw new AssertionError("a compactor deletes nothing: " + key);
    }
    call(
        Call.DELETE,
        key,
        () -> {
          inner.delete(key);
          return key;
        });
  }

  @Override
  public String location() {
    return inner.location();
  }

  private static InputStream worse(InputStream in, Fault fault) throws IOException {
    byte[] bytes = in.readAllBytes();
    if (bytes.length == 0) {
      return new ByteArrayInputStream(bytes);
    }
    int at = bytes.length / 2;
    if (fault == Fault.FLIPPED) {
      bytes[at] ^= 4;
      return new ByteArrayInputStream(bytes);
    }
    InputStream half = new ByteArrayInputStream(Arrays.copyOf(bytes, at));
    return fault == Fault.CUT_OFF
        ? half
        : new java.io.SequenceInputStream(half, new BrokenStream());
  }

  private static final class BrokenStream extends InputStream {
    @Override
    public int read() throws IOException {
      throw new IOException("Connection reset");
    }
  }

  private interface Step<T> {
    T run() throws IOException;
  }

  private <T> T call(Call call, String key, Step<T> step) throws IOException {
    return call(call, key, step, fault -> {});
  }

  private <T> T call(Call call, String key, Step<T> step, java.util.function.Consumer<Fault> other)
      throws IOException {
    if (dead) {
      throw new Died();
    }
    calls.incrementAndGet();
    Fault fault = faults.at(call, key);
    switch (fault) {
      case FAILS -> throw new IOException("No space left on device");
      case THROTTLED -> throw new IOException("503 SlowDown");
      case DIES_BEFORE -> {
        dead = mayDelete;
        throw new Died();
      }
      case ANSWER_LOST -> {
        T unheard = step.run();
        throw new IOException("no answer, it would have been " + unheard);
      }
      case DIES_AFTER -> {
        T unheard = step.run();
        dead = mayDelete;
        throw new IllegalStateException("after " + unheard, new Died());
      }
      case DELAYED -> {
        try {
          Thread.sleep(1);
        } catch (InterruptedException e) {
          Thread.currentThread().interrupt();
        }
        return step.run();
      }
      default -> {
        other.accept(fault);
        return step.run();
      }
    }
  }
}
