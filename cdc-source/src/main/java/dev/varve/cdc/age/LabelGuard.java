package dev.varve.cdc.age;

import dev.varve.cdc.LogGapException;
import dev.varve.cdc.StoreUnavailableException;
import dev.varve.fault.ExitCode;
import dev.varve.fault.VarveException;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.LongSupplier;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Sees to it that each label's table logs removals and updates in full, and makes up for the time
 * when one did not.
 *
 * <p>The table of a label that is made while capture runs logs neither at first. So, in one
 * transaction under the table's exclusive lock: it gets {@code REPLICA IDENTITY FULL}; a message
 * says that the table is stated; each row is written again as it is. In the log this is one
 * transaction, at which the label has exactly the elements that it writes. Whatever went by
 * unlogged before is made up for there, at whatever time and how often the log is read, since the
 * truth stands in the log itself.
 */
final class LabelGuard {

  private static final Logger LOG = LoggerFactory.getLogger(LabelGuard.class);
  private static final String LOCKED = "55P03";
  private static final String NO_TABLE = "42P01";
  private static final String NO_SCHEMA = "3F000";
  private static final String NO_PRIVILEGE = "42501";
  private static final String NO_FUNCTION = "42883";
  private static final long LOCK_FIRST_MS = 1_000;
  private static final long LOCK_MAX_MS = 30_000;
  private static final long EVERY_NANOS = 200_000_000;

  private final AgeSession session;
  private final long graphOid;
  private final LongSupplier nanoClock;
  private final Set<Integer> stated = new HashSet<>(); // whose message is still to be read
  private final Map<Integer, Long> lockMs = new HashMap<>();
  private final Map<Integer, Long> fullAt = new HashMap<>(); // the last place where it was seen
  private long looked;
  private boolean everLooked;

  LabelGuard(AgeSession session, long graphOid, LongSupplier nanoClock) {
    this.session = session;
    this.graphOid = graphOid;
    this.nanoClock = nanoClock;
  }

  /**
   * That a transaction writes each row of a label's table.
   *
   * @param graphOid the graph, in {@code ag_catalog.ag_graph}
   * @param fullUntil the last place in the log at which the table was seen to log in full; absent
   *     if it never was
   */
  record Stated(long graphOid, int labelId, Optional<Long> fullUntil) {

    private static final Pattern TEXT =
        Pattern.compile("stated (\\d{1,10}) (\\d{1,5})(?: since ([0-9A-F]{1,8}/[0-9A-F]{1,8}))?");

    String text() {
      return String.format(Locale.ROOT, "stated %d %d", graphOid, labelId)
          + fullUntil.map(place -> " since " + Lsn.text(place)).orElse("");
    }

    static Optional<Stated> parse(String text) {
      Matcher matcher = TEXT.matcher(text);
      return matcher.matches()
          ? Optional.of(
              new Stated(
                  Long.parseLong(matcher.group(1)),
                  Integer.parseInt(matcher.group(2)),
                  Optional.ofNullable(matcher.group(3)).map(Lsn::parse)))
          : Optional.empty();
    }
  }

  /** Is told what was known where reading begins. */
  void begin(Position from) {
    fullAt.clear();
    from.labels().byId().values().stream()
        .filter(label -> !label.open())
        .forEach(label -> fullAt.put(label.id(), from.fullUntil()));
  }

  /**
   * Looks for tables without full identity, not too often.
   *
   * @return a place in the log at which there was none; absent if there is one, or if it was looked
   *     a moment ago
   */
  Optional<Long> look() {
    long now = nanoClock.getAsLong();
    if (everLooked && now - looked < EVERY_NANOS) {
      return Optional.empty();
    }
    everLooked = true;
    looked = now;
    long here = session.here().lsn(); // before the tables are looked at
    boolean allFull = true;
    for (AgeSession.Table table : session.tables(graphOid)) {
      if (!table.logged()) {
        throw unlogged(table);
      }
      if (table.fullIdentity()) {
        fullAt.put(table.label().id(), here);
      } else {
        allFull = false;
        state(table);
      }
    }
    return allFull ? Optional.of(here) : Optional.empty();
  }

  /**
   * Before a scan: what lacks full identity gets it, so that what the scan leaves out is in the
   * log.
   */
  void prepare() {
    for (AgeSession.Table table : session.tables(graphOid)) {
      if (!table.logged()) {
        throw unlogged(table);
      }
      if ((!table.fullIdentity() || !table.readable()) && !state(table)) {
        throw new StoreUnavailableException(
            "the table of the label '" + table.label().name() + "' is in use and cannot be altered",
            new IllegalStateException("locked"));
      }
    }
    stated.clear();
  }

  /** Makes up for what is open where the log ends. */
  void close(List<Label> open) {
    stated.removeIf(id -> open.stream().noneMatch(label -> label.id() == id));
    if (open.isEmpty()) {
      return;
    }
    for (AgeSession.Table table : session.tables(graphOid)) {
      int id = table.label().id();
      if (!stated.contains(id) && open.stream().anyMatch(label -> label.id() == id)) {
        state(table);
      }
    }
  }

  private static LogGapException unlogged(AgeSession.Table table) {
    return new LogGapException(
        LogGapException.Reason.UNREADABLE,
        "the table " + table.quoted() + " is UNLOGGED: what is written to it is not in the log",
        null);
  }

  /** Returns whether it could be done. */
  private boolean state(AgeSession.Table table) {
    int id = table.label().id();
    long waitMs = lockMs.getOrDefault(id, LOCK_FIRST_MS);
    return session.work(
        connection -> {
          connection.setAutoCommit(false);
          try {
            state(connection, table, waitMs);
            connection.commit();
            stated.add(id);
            lockMs.remove(id);
            LOG.info("the label '{}' now logs every change in full", table.label().name());
            return true;
          } catch (SQLException e) {
            rollback(connection, e);
            refused(table, waitMs, e);
            return false;
          } finally {
            if (!connection.isClosed()) {
              connection.setAutoCommit(true);
            }
          }
        });
  }

  private void state(Connection connection, AgeSession.Table table, long waitMs)
      throws SQLException {
    try (Statement statement = connection.createStatement()) {
      statement.execute("SET LOCAL lock_timeout = " + waitMs);
    }
    AgeSetup.prepareLabel(
        connection,
        table.schema(),
        table.label().table(),
        new Stated(
                graphOid, table.label().id(), Optional.ofNullable(fullAt.get(table.label().id())))
            .text());
  }

  private static void rollback(Connection connection, SQLException reason) {
    try {
      connection.rollback();
    } catch (SQLException e) {
      reason.addSuppressed(e);
    }
  }

  private void refused(AgeSession.Table table, long waitMs, SQLException e) throws SQLException {
    String state = String.valueOf(e.getSQLState());
    if (state.equals(LOCKED)) {
      lockMs.put(table.label().id(), Math.min(LOCK_MAX_MS, waitMs * 2));
      LOG.warn(
          "the table of the label '{}' is in use, so it could not be altered in {} ms; trying"
              + " again",
          table.label().name(),
          waitMs);
      return;
    }
    if (state.equals(NO_TABLE) || state.equals(NO_SCHEMA)) {
      return; // dropped or renamed since: the next look sees it as it is
    }
    if (state.equals(NO_PRIVILEGE) || state.equals(NO_FUNCTION)) {
      throw new VarveException(
          ExitCode.FAILED,
          "the role may not prepare the new label '"
              + table.label().name()
              + "', so its removals would be lost: "
              + e.getMessage(),
          AgeCheck.SETUP + "; capture then goes on from where it was",
          e);
    }
    RuntimeException error = AgeErrors.of(e, session.settings());
    if (error instanceof StoreUnavailableException) {
      throw error;
    }
    throw e;
  }
}
