package dev.varve.cdc.age;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.Optional;

/**
 * A replication slot, and what of the write-ahead log the server keeps for it.
 *
 * @param heldBackBytes from the oldest record that the slot still needs to the log's end
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
    long heldBackBytes) {

  /** The log that capture needs has been removed. */
  public boolean lost() {
    return walStatus.equals("lost");
  }

  /** How it is; empty if there is no such slot. */
  public static Optional<SlotStatus> of(Connection connection, String name) throws SQLException {
    try (PreparedStatement query =
        connection.prepareStatement(
            "SELECT coalesce(database, ''), coalesce(plugin, ''), active,"
                + " coalesce(wal_status, 'lost'),"
                + " coalesce(pg_wal_lsn_diff(pg_current_wal_lsn(), restart_lsn), 0)::bigint"
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
                row.getLong(5)));
      }
    }
  }
}
