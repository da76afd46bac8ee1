package dev.varve.compact;

import dev.varve.archive.Repository;
import dev.varve.tail.Retry;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;

/**
 * How a chain is kept short.
 *
 * @param workDirectory for files that are being written
 * @param segmentBytes a segment is closed when it is this long, after compression
 * @param sortBytes memory for sorting, where there are too many deltas to be merged at once
 * @param compressionLevel of segments, 1 to 19
 * @param retry how to meet a repository that fails
 * @param checkpointEvery how old the newest base or checkpoint gets before the next is made
 * @param mergeEvery how often to look for what can be merged
 * @param merges what is merged
 * @param retention what expires
 * @param heavyWork when heavy work may begin
 */
public record HousekeepingConfig(
    String graph,
    Repository repository,
    Path workDirectory,
    long segmentBytes,
    long sortBytes,
    int compressionLevel,
    Retry retry,
    Duration checkpointEvery,
    Duration mergeEvery,
    MergePlan.Policy merges,
    ExpirePlan.Policy retention,
    HeavyWork heavyWork) {

  /** When heavy work may begin; asked about twice a minute. */
  @FunctionalInterface
  public interface HeavyWork {
    HeavyWork ALWAYS = now -> true;

    boolean mayBegin(Instant now);
  }

  public HousekeepingConfig {
    if (checkpointEvery.isNegative() || checkpointEvery.isZero()) {
      throw new IllegalArgumentException("checkpointEvery must be > 0, got " + checkpointEvery);
    }
    if (mergeEvery.isNegative() || mergeEvery.isZero()) {
      throw new IllegalArgumentException("mergeEvery must be > 0, got " + mergeEvery);
    }
  }

  /** Without what may be secret. */
  @Override
  public String toString() {
    return "HousekeepingConfig[" + graph + ", repository " + repository.location() + "]";
  }
}
