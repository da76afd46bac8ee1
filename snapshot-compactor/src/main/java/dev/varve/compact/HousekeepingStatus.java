package dev.varve.compact;

import java.time.Instant;
import java.util.Optional;

/**
 * How housekeeping is doing.
 *
 * @param doing what it does at the moment; absent if it waits
 * @param checkpoints how many it has made since it began
 * @param merges how many it has made since it began
 * @param bytesWritten how much all of these have
 * @param objectsRemoved how many it has removed since it began
 * @param lastRoundAt when it last had done all that was due
 * @param trouble what could not be done and is tried again
 */
public record HousekeepingStatus(
    Optional<String> doing,
    long checkpoints,
    long merges,
    long bytesWritten,
    long objectsRemoved,
    Optional<Instant> lastRoundAt,
    Optional<String> trouble) {

  static final HousekeepingStatus BEGUN =
      new HousekeepingStatus(Optional.empty(), 0, 0, 0, 0, Optional.empty(), Optional.empty());

  HousekeepingStatus doing(String what) {
    return new HousekeepingStatus(
        Optional.of(what), checkpoints, merges, bytesWritten, objectsRemoved, lastRoundAt, trouble);
  }

  HousekeepingStatus madeCheckpoint(long bytes) {
    return new HousekeepingStatus(
        doing, checkpoints + 1, merges, bytesWritten + bytes, objectsRemoved, lastRoundAt, trouble);
  }

  HousekeepingStatus merged(long bytes) {
    return new HousekeepingStatus(
        doing, checkpoints, merges + 1, bytesWritten + bytes, objectsRemoved, lastRoundAt, trouble);
  }

  HousekeepingStatus removed(long objects) {
    return new HousekeepingStatus(
        doing, checkpoints, merges, bytesWritten, objectsRemoved + objects, lastRoundAt, trouble);
  }

  HousekeepingStatus ended(Instant at, Optional<String> problem) {
    return new HousekeepingStatus(
        Optional.empty(),
        checkpoints,
        merges,
        bytesWritten,
        objectsRemoved,
        Optional.of(at),
        problem);
  }
}
