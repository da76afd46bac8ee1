package dev.varve.restore.target.age;

import dev.varve.restore.TargetUri;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;

/**
 * How to reach a graph of Apache AGE and how hard to work its server.
 *
 * @param password of the URI's user; none if absent
 * @param connections how many work at the same time
 * @param partElements how many elements in a transaction at most; a resumed restore uses the number
 *     that it began with
 * @param partBytes how many bytes of encoded state in a transaction at most, also kept on resuming
 * @param retryFor how long one piece of work is tried again before the restore gives up (and can be
 *     resumed)
 * @param workDirectory for the map of ids, where one is needed; removed at the end
 */
public record AgeSettings(
    TargetUri.Age uri,
    Optional<String> password,
    int connections,
    int partElements,
    int partBytes,
    Duration retryFor,
    Path workDirectory) {

  private static final int PART_ELEMENTS = 50_000;
  private static final int PART_BYTES = 4 << 20;

  public AgeSettings {
    if (connections < 1) {
      throw new IllegalArgumentException("connections must be >= 1, got " + connections);
    }
    if (partElements < 1) {
      throw new IllegalArgumentException("partElements must be >= 1, got " + partElements);
    }
    if (partBytes < 1) {
      throw new IllegalArgumentException("partBytes must be >= 1, got " + partBytes);
    }
  }

  /**
   * What suits most servers: a connection more than there are cores, since while rows are made for
   * one the server works for another; but not more than four.
   */
  public static AgeSettings of(TargetUri.Age uri, Optional<String> password) {
    return new AgeSettings(
        uri,
        password,
        Math.min(4, Runtime.getRuntime().availableProcessors() + 1),
        PART_ELEMENTS,
        PART_BYTES,
        Duration.ofMinutes(2),
        Path.of(System.getProperty("java.io.tmpdir")));
  }
}
