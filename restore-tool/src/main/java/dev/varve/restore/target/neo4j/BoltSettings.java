package dev.varve.restore.target.neo4j;

import dev.varve.restore.TargetUri;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;

/**
 * How to reach a running Neo4j and how hard to work it.
 *
 * @param password of the URI's user; no authentication if absent
 * @param writers how many transactions at a time
 * @param batchElements how many elements in a transaction at most; a resumed restore uses the
 *     number that it began with
 * @param batchBytes how many bytes of encoded state in a transaction at most, also kept on resuming
 * @param retryFor how long one batch is tried again before the restore gives up (and can be
 *     resumed)
 * @param workDirectory for the map of ids: about 24 bytes a vertex, removed at the end
 */
public record BoltSettings(
    TargetUri.Bolt uri,
    Optional<String> password,
    int writers,
    int batchElements,
    int batchBytes,
    Duration retryFor,
    Path workDirectory) {

  public BoltSettings {
    if (writers < 1) {
      throw new IllegalArgumentException("writers must be >= 1, got " + writers);
    }
    if (batchElements < 1) {
      throw new IllegalArgumentException("batchElements must be >= 1, got " + batchElements);
    }
    if (batchBytes < 1) {
      throw new IllegalArgumentException("batchBytes must be >= 1, got " + batchBytes);
    }
  }

  /** What suits most servers: one writer a core, but not fewer than two nor more than four. */
  public static BoltSettings of(TargetUri.Bolt uri, Optional<String> password) {
    return new BoltSettings(
        uri,
        password,
        Math.max(2, Math.min(4, Runtime.getRuntime().availableProcessors())),
        2_000,
        4 << 20,
        Duration.ofMinutes(2),
        Path.of(System.getProperty("java.io.tmpdir")));
  }
}
