package dev.varve.cdc.age;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.Locale;
import java.util.Optional;

/**
 * A replication slot, and what of the write-ahead log the server keeps for it.
 *
 * @param heldBackBytes from the oldest record that the slot still needs to the log's end
 * @param limitBytes how much that may become; absent if nothing limits it
 * @param walStatus {@code reserved}, {@code extended}, {@code unreserved} (about to be given up) or
 *     {@code lost}
 * @param active whether somebody reads from it now
 */
public record SlotStatus(
    String name,
    String database,
    String plugin,
    boolean active,
    String walStatus,
    long heldBackBytes,
    Optional<Long> limitBytes) {

  /** Behind such a part of the limit it is a problem. */
  private static final double NEAR = 0.5;

  private static final double PERCENT = 100;
  private static final int MIB = 20;

  /** The log that capture needs has been removed. */
  public boolean lost() {
    return walStatus.equals("lost");
  }

  /** The same where somebody says how much may be held back, be it less than the server allows. */
  public SlotStatus within(Optional<Long> ownLimitBytes) {
    Optional<Long> limit =
        ownLimitBytes
            .map(own -> Math.min(own, limitBytes.orElse(Long.MAX_VALUE)))
            .or(() -> limitBytes);
    return new SlotStatus(name, database, plugin, active, walStatus, heldBackBytes, limit);
  }

  /** Whether more than half of what may be held back is, or the server is about to give it up. */
  public boolean nearLimit() {
    return walStatus.equals("unreserved")
        || lost()
        || limitBytes.map(limit -> heldBackBytes > limit * NEAR).orElse(false);
  }

  /** How much is held back, for people. */
  public String heldBack() {
    return limitBytes
        .map(
            limit ->
                String.format(
                    Locale.ROOT,
                    "%,d MiB of the log, %.0f %% of the limit of %,d MiB",
                    heldBackBytes >> MIB,
                    heldBackBytes * PERCENT / Math.max(1, limit),
                    limit >> MIB))
        .orElseGet(
            () -> String.format(Locale.ROOT, "%,d MiB of the log, no limit", heldBackBytes >> MIB));
  }

  /** How it is; empty if there is no such slot. */
  public static Optional<SlotStatus> of(Connection connection, String name) throws SQLException {
    try (PreparedStatement query =
        connection.prepareStatement(
            "SELECT coalesce(database, ''), coalesce(plugin, ''), active,"
                + " coalesce(wal_status, 'lost'),"
                + " coalesce(pg_wal_lsn_diff(pg_current_wal_lsn(), restart_lsn), 0)::bigint,"
                + " (SELECT nullif(setting::bigint, -1) FROM pg_settings"
                + " WHERE name = 'max_slot_wal_keep_size')"
                + " FROM pg_replication_slots WHERE slot_name = ?")) {
      query.setString(1, name);
      try (ResultSet row = query.executeQuery()) {
        if (!row.next()) {
          return Optional.empty();
        }
        return Optional.of(
            new SlotStatus(
                name,
                row.getString(1),
                row.getString(2),
                row.getBoolean(3),
                row.getString(4),
                row.getLong(5),
                megabytes(row)));
      }
    }
  }

  private static Optional<Long> megabytes(ResultSet row) throws SQLException {
    long megabytes = row.getLong(6);
    return row.wasNull() ? Optional.empty() : Optional.of(megabytes << MIB);
  }
}
