package dev.varve.cdc.age;

import dev.varve.cdc.LogGapException;
import dev.varve.cdc.LogGapException.Reason;
import dev.varve.cdc.LogInUseException;
import dev.varve.cdc.StoreUnavailableException;
import dev.varve.fault.ExitCode;
import dev.varve.fault.VarveException;
import java.sql.Statement;
import java.util.Locale;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The replication slot: made or taken over before a scan, checked before the log is read. */
final class AgeSlot {

  private static final Logger LOG = LoggerFactory.getLogger(AgeSlot.class);

  /** How long transactions that run when a scan begins are waited for. */
  private static final int WAIT_S = 600;

  private static final long WAIT_STEP_MS = 50;
  private static final int WITH_REASON = 170_000;

  private final AgeSession session;
  private final AgeSession.Store store;

  AgeSlot(AgeSession session, AgeSession.Store store) {
    this.session = session;
    this.store = store;
  }

  /**
   * The slot, as far as it decides what can be read.
   *
   * @param confirmedLsn what is before it is not given again; 0 if nothing was ever given
   * @param reason why it is lost, as the server says
   */
  record Found(boolean active, boolean lost, String reason, long confirmedLsn) {}

  private Optional<Found> found() {
    String invalidation = store.version() >= WITH_REASON ? "invalidation_reason" : "NULL";
    return session.first(
        "SELECT active, coalesce(wal_status, 'lost'), confirmed_flush_lsn::text, "
            + invalidation
            + " FROM pg_replication_slots WHERE slot_name = ? AND database = current_database()",
        row -> {
          boolean lost = row.getString(2).equals("lost") || row.getString(4) != null;
          String reason = row.getString(4) == null ? "" : ", " + row.getString(4);
          return new Found(
              row.getBoolean(1),
              lost,
              "wal_status " + row.getString(2) + reason,
              row.getString(3) == null ? 0 : Lsn.parse(row.getString(3)));
        },
        name());
  }

  private String name() {
    return session.settings().slot();
  }

  /**
   * Sees to it that the slot gives everything that is committed from now on, and that whoever reads
   * a table from now on sees everything that was committed before.
   *
   * @return where it begins, and the server's time from before that
   */
  AgeSession.Here begin() {
    Optional<Found> found = requireFree();
    if (found.isPresent() && found.get().lost()) {
      LOG.warn("the slot '{}' has lost its log; making it anew", name());
      session.one("SELECT pg_drop_replication_slot(?)::text", row -> "", name());
      found = Optional.empty();
    }
    long time = session.here().timeMicros();
    long from = found.isPresent() ? advance() : create();
    return new AgeSession.Here(from, time);
  }

  /**
   * Sees that nobody reads from the slot.
   *
   * @return the slot, if it is there
   * @throws LogInUseException if somebody does
   */
  Optional<Found> requireFree() {
    Optional<Found> found = found();
    if (found.isPresent() && found.get().active()) {
      throw new LogInUseException(
          "the replication slot '" + name() + "' is in use by another capture",
          new IllegalStateException("active"));
    }
    return found;
  }

  /**
   * Makes the slot. PostgreSQL waits for every transaction that is running, so that none that is
   * before it is still on its way into sight.
   */
  private long create() {
    LOG.info("making the replication slot '{}'; waiting for running transactions", name());
    return Lsn.parse(
        limited(
            "SELECT lsn::text FROM pg_create_logical_replication_slot("
                + Sql.text(name())
                + ", 'pgoutput')"));
  }

  /** Skips what a slot that is there already has held for nobody. */
  private long advance() {
    long from =
        Lsn.parse(
            limited(
                "SELECT end_lsn::text FROM pg_replication_slot_advance("
                    + Sql.text(name())
                    + ", pg_current_wal_flush_lsn())"));
    String running =
        session.one(
            "SELECT pg_snapshot_xmax(pg_current_snapshot())::text", row -> row.getString(1));
    long steps = WAIT_S * 1_000L / WAIT_STEP_MS;
    for (long i = 0; i < steps; i++) {
      boolean over =
          session.one(
              "SELECT pg_snapshot_xmin(pg_current_snapshot()) >= CAST(? AS xid8)",
              row -> row.getBoolean(1),
              running);
      if (over) {
        return from;
      }
      pause();
    }
    throw tooLong(null);
  }

  private String limited(String sql) {
    try {
      return session.work(
          connection -> {
            try (Statement statement = connection.createStatement()) {
              statement.setQueryTimeout(WAIT_S);
              try (var row = statement.executeQuery(sql)) {
                if (!row.next()) {
                  throw new IllegalStateException("no row from: " + sql);
                }
                return row.getString(1);
              }
            }
          });
    } catch (StoreUnavailableException e) {
      if (String.valueOf(e.getMessage()).contains("canceling statement")) {
        throw tooLong(e);
      }
      throw e;
    }
  }

  private VarveException tooLong(@org.jspecify.annotations.Nullable Throwable cause) {
    return new VarveException(
        ExitCode.FAILED,
        "transactions that ran when the scan was to begin have not ended in "
            + WAIT_S
            + " s; nothing was scanned",
        "end them: SELECT pid, xact_start, query FROM pg_stat_activity WHERE backend_xid IS NOT"
            + " NULL, and SELECT * FROM pg_prepared_xacts; then start capture again",
        cause);
  }

  /**
   * Sees whether the server still has somebody who reads.
   *
   * @throws StoreUnavailableException if not
   */
  void requireActive() {
    if (found().filter(Found::active).isEmpty()) {
      throw new StoreUnavailableException(
          "nobody reads from the replication slot '" + name() + "' any more",
          new IllegalStateException("inactive"));
    }
  }

  /**
   * Sees whether everything behind a position is still to be had.
   *
   * @throws LogGapException if not
   */
  void requireReaches(Position from) {
    if (from.timeline() != store.timeline()) {
      throw new LogGapException(
          Reason.OTHER_STORE,
          String.format(
              Locale.ROOT,
              "the server is now on timeline %d, captured was timeline %d: it is a promoted standby"
                  + " or a restored copy, whose log need not be the one that was read",
              store.timeline(),
              from.timeline()),
          null);
    }
    Found found =
        found()
            .orElseThrow(
                () -> AgeErrors.lost(session.settings(), "it is not there any more", null));
    if (found.lost()) {
      throw AgeErrors.lost(
          session.settings(), "the server has removed what it held (" + found.reason() + ")", null);
    }
    if (found.confirmedLsn() > from.end()) {
      throw AgeErrors.lost(
          session.settings(),
          "it was moved on to "
              + Lsn.text(found.confirmedLsn())
              + " by somebody else, captured is up to "
              + Lsn.text(from.end()),
          null);
    }
    if (session.here().lsn() < from.end()) {
      throw new LogGapException(
          Reason.OTHER_STORE,
          "the server's log ends at "
              + Lsn.text(session.here().lsn())
              + ", before "
              + Lsn.text(from.end())
              + ", up to where it was captured: it was put back to an earlier state",
          null);
    }
  }

  private static void pause() {
    try {
      Thread.sleep(WAIT_STEP_MS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new StoreUnavailableException("stopping", e);
    }
  }
}
