package dev.varve.compact;

import dev.varve.change.VersionVector;
import java.time.Instant;
import java.util.Optional;
import java.util.OptionalLong;

/**
 * How a compactor is doing.
 *
 * @param phase what it does
 * @param newestManifest the number of the newest manifest
 * @param laidDown the cut of the newest manifest
 * @param reached the cut that could be laid down now
 * @param pendingVersions versions and transactions read but not laid down
 * @param pendingBytes their size before compression
 * @param spilledBytes how much of them is in files
 * @param manifests how many this compactor has written
 * @param lastPublishedAt when it wrote the last
 * @param trouble what is failing and being tried again
 */
public record CompactStatus(
    Phase phase,
    OptionalLong newestManifest,
    VersionVector laidDown,
    VersionVector reached,
    long pendingVersions,
    long pendingBytes,
    long spilledBytes,
    long manifests,
    Optional<Instant> lastPublishedAt,
    Optional<String> trouble) {

  /** What a compactor does. */
  public enum Phase {
    /** Waits for the topics. */
    STARTING,
    /** Reads the tables for a base; there is nothing to restore from yet. */
    COLLECTING_BASE,
    /** Collects the next delta. */
    TAILING,
    /** Writes a snapshot. */
    LAYING_DOWN,
    /** Has ended. */
    STOPPED
  }
}
