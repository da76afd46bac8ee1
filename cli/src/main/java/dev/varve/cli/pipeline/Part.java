package dev.varve.cli.pipeline;

import java.util.Map;
import java.util.Optional;
import java.util.function.Supplier;

/**
 * One part of the pipeline.
 *
 * @param name such as {@code capture}
 * @param start starts it; throws what is wrong if it cannot be started
 */
public record Part(String name, Supplier<Running> start) {

  /** A part that runs. */
  public interface Running extends AutoCloseable {

    /** Why it stopped by itself, if it did. */
    Optional<Throwable> failure();

    /** How it is doing, in a few words for the line of what is going on. */
    String text();

    /** The same for programs. */
    Map<String, Object> report();

    @Override
    void close();
  }
}
