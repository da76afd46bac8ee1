package dev.varve.compact;

import dev.varve.archive.Repository;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Path;
import java.util.List;
import java.util.OptionalLong;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.IntFunction;

/** A repository whose creations fail as told, by their number. */
final class FaultyRepository implements Repository {

  /** What happens to one creation. */
  enum Fault {
    NONE,
    /** Nothing is created, the caller is told. */
    FAILS,
    /** It is created, but the caller is told that it failed. */
    ANSWER_LOST,
    /** The process dies before it. */
    DIES_BEFORE,
    /** The process dies after it. */
    DIES_AFTER
  }

  /** Stands for the end of the process. */
  static final class Died extends RuntimeException {}

  private final Repository inner;
  private final IntFunction<Fault> faults;
  final AtomicInteger creations = new AtomicInteger();

  /**
   * @param faults by number of the creation, counted from 1
   */
  FaultyRepository(Repository inner, IntFunction<Fault> faults) {
    this.inner = inner;
    this.faults = faults;
  }

  @Override
  public Creation create(String key, byte[] content) throws IOException {
    return create(() -> inner.create(key, content));
  }

  @Override
  public Creation create(String key, Path content) throws IOException {
    return create(() -> inner.create(key, content));
  }

  @Override
  public List<Listed> list(String prefix, String after) throws IOException {
    return inner.list(prefix, after);
  }

  @Override
  public OptionalLong sizeBytes(String key) throws IOException {
    return inner.sizeBytes(key);
  }

  @Override
  public InputStream read(String key, long offsetBytes) throws IOException {
    return inner.read(key, offsetBytes);
  }

  @Override
  public void delete(String key) {
    throw new AssertionError("a compactor deletes nothing: " + key);
  }

  @Override
  public String location() {
    return inner.location();
  }

  private interface Step {
    Creation run() throws IOException;
  }

  private Creation create(Step step) throws IOException {
    switch (faults.apply(creations.incrementAndGet())) {
      case FAILS -> throw new IOException("No space left on device");
      case DIES_BEFORE -> throw new Died();
      case ANSWER_LOST -> {
        Creation unheard = step.run();
        throw new IOException("no answer, it would have been " + unheard);
      }
      case DIES_AFTER -> {
        Creation unheard = step.run();
        throw new IllegalStateException("after " + unheard, new Died());
      }
      default -> {
        return step.run();
      }
    }
  }
}
