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
