package dev.varve.replay;

import dev.varve.change.VersionVector;
import java.time.Instant;
import java.util.Optional;
import java.util.SortedMap;

/**
 * How a replay is doing.
 *
 * @param phase what it is at
 * @param applied the standby's cut
 * @param appliedAt the commit time of the cut
 * @param behindTransactions how many transactions were read and are not applied
 * @param behindSeconds how long ago the first of them was committed; 0 if there is none
 * @param transactions applied by this run
 * @param elements put or removed by this run
 * @param steps transactions of the standby by this run
 * @param converted how often each rule of a conversion was used by this run, by its name; the
 *     restore that the standby began with is not counted
 * @param trouble what is wrong at the moment
 */
public record ReplayStatus(
    Phase phase,
    VersionVector applied,
    Optional<Instant> appliedAt,
    long behindTransactions,
    double behindSeconds,
    long transactions,
    long elements,
    long steps,
    SortedMap<String, Long> converted,
    Optional<String> trouble) {

  /** What a replay is at. */
  public enum Phase {
    STARTING,
    RESTORING,
    /** Applies what the topology tables hold. */
    FOLLOWING,
    /** Kafka does not answer, or no longer holds what follows: applies what the chain holds. */
    FROM_CHAIN,
    /** All is applied that was to be applied. */
    DONE,
    STOPPED
  }
}
