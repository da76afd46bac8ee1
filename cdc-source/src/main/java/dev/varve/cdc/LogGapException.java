package dev.varve.cdc;

import dev.varve.fault.ExitCode;
import dev.varve.fault.VarveException;
import org.jspecify.annotations.Nullable;

/**
 * The log cannot be read on from where capture stands: what has been captured is safe, what came
 * after cannot be had as transactions any more. Only a new incarnation of the site goes on from
 * here.
 */
public final class LogGapException extends VarveException {

  /** Why. */
  public enum Reason {
    /** The store has another identity than the one that was captured. */
    OTHER_STORE,
    /** Kafka, which says where capture stands, was lost; something is laid down elsewhere. */
    KAFKA_LOST,
    /** The store has removed the part of its log that comes next. */
    PRUNED,
    /** A transaction does not tell what it changed, or the log is damaged. */
    UNREADABLE
  }

  private final Reason reason;

  public LogGapException(Reason reason, String message, @Nullable Throwable cause) {
    super(ExitCode.FAILED, message, hint(reason), cause);
    this.reason = reason;
  }

  /** The store is not the one that was captured. */
  public static LogGapException otherStore(String captured, String found) {
    return new LogGapException(
        Reason.OTHER_STORE,
        "the store is now " + found + ", captured was " + captured + "; nothing of it was read",
        null);
  }

  /**
   * Kafka knows nothing of the site.
   *
   * @param laidDown what is known elsewhere
   */
  public static LogGapException kafkaLost(CaptureState laidDown) {
    return new LogGapException(
        Reason.KAFKA_LOST,
        "Kafka knows nothing of the site %s, but %s is laid down up to transaction %d; nothing was captured"
            .formatted(laidDown.site().name(), laidDown.site(), laidDown.seq()),
        null);
  }

  public Reason reason() {
    return reason;
  }

  /** What is not in the log any more does not come back: whether to begin anew is for somebody. */
  @Override
  public boolean mayPass() {
    return false;
  }

  private static String hint(Reason reason) {
    return switch (reason) {
      case OTHER_STORE ->
          "if the store was restored or imported on purpose, start capture with --new-incarnation:"
              + " it scans the store afresh, and what was captured before stays restorable;"
              + " otherwise point source.uri back to the store";
      case KAFKA_LOST ->
          "if Kafka was lost, 'varve up --new-incarnation --start-over' scans the store afresh, and"
              + " the chain goes on with a new base; otherwise correct kafka.bootstrap or, if Kafka"
              + " is embedded, the data directory";
      case PRUNED ->
          "start capture with --new-incarnation: it scans the store afresh; and let the store keep"
              + " its log for longer than capture may be down (Neo4j:"
              + " db.tx_log.rotation.retention_policy; PostgreSQL: max_slot_wal_keep_size)";
      case UNREADABLE ->
          "see that what makes the store log every change in full is in place whenever it runs"
              + " (varve doctor says), then start capture with --new-incarnation: it scans the store"
              + " afresh";
    };
  }
}
