package dev.varve.embedded;

import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;

/**
 * A server that can be run inside this process, found by {@link java.util.ServiceLoader}. Its own
 * libraries stay on a class path of their own: see {@link IsolatedClassPath}.
 */
public interface EmbeddedServer {

  /** Which server this is, such as {@code kafka}. */
  String name();

  /**
   * Starts the server and returns when it serves.
   *
   * @param home where it keeps its data and the port it was given; made if absent. A second start
   *     on the same home goes on with the same data at the same address
   * @param settings the implementation says which it knows
   * @throws IllegalStateException if it cannot start, naming the home
   */
  Running start(Path home, Map<String, String> settings);

  /** A server that runs; a shutdown hook closes it too. */
  interface Running extends AutoCloseable {

    /**
     * Where clients reach it, such as {@code 127.0.0.1:29092} or {@code bolt://127.0.0.1:27687}.
     */
    String address();

    /** Why it stopped by itself, if it did. */
    default Optional<Throwable> failure() {
      return Optional.empty();
    }

    /** Stops it cleanly; a second call does nothing. */
    @Override
    void close();
  }
}
