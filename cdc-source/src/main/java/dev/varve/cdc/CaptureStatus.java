package dev.varve.cdc;

import java.time.Instant;
import java.util.Optional;

/**
 * How capture is doing.
 *
 * @param position where it stands, as far as it is committed in Kafka; absent until it is known,
 *     and before the first commit ever
 * @param headSeq the number of the last transaction in the store, as of the last commit
 * @param changes how many changes this process has committed
 * @param kafkaTransactions how many transactions in Kafka it took
 * @param committedAt when the last of them was committed
 * @param restarts how often the engine was started again after a failure
 */
public record CaptureStatus(
    Phase phase,
    Optional<CaptureState> position,
    long headSeq,
    long changes,
    long kafkaTransactions,
    Optional<Instant> committedAt,
    int restarts) {

  /** What capture is at. */
  public enum Phase {
    STARTING,
    /** The graph is being scanned. */
    SCANNING,
    /** What happened during the scan is being read; no watermark yet. */
    CATCHING_UP,
    STREAMING,
    STOPPED,
    FAILED
  }

  /** How many transaction numbers capture is behind the store, as of the last commit. */
  public long lag() {
    return position.map(state -> Math.max(0, headSeq - state.seq())).orElse(0L);
  }
}
