package dev.varve.cdc.age;

import dev.varve.fault.ExitCode;
import dev.varve.fault.VarveException;
import dev.varve.graph.ElementKind;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** A connection to the graph's database, and what is asked over it. Not thread-safe. */
final class AgeSession implements AutoCloseable {

  private static final int NETWORK_TIMEOUT_MS = 700_000;
  private static final int WITH_FLUSH = 170_000; // pg_logical_emit_message takes it from 17 on

  private final AgeSettings settings;
  private final Connection connection;

  private AgeSession(AgeSettings settings, Connection connection) {
    this.settings = settings;
    this.connection = connection;
  }

  static AgeSession open(AgeSettings settings) {
    try {
      Connection connection = settings.connect();
      connection.setNetworkTimeout(Runnable::run, NETWORK_TIMEOUT_MS);
      return new AgeSession(settings, connection);
    } catch (SQLException e) {
      throw AgeErrors.of(e, settings);
    }
  }

  /** Something done over the connection. */
  interface Work<T> {
    T with(Connection connection) throws SQLException;
  }

  /** Something done with each row. */
  interface EachRow<T> {
    T of(ResultSet row) throws SQLException;
  }

  AgeSettings settings() {
    return settings;
  }

  <T> T work(Work<T> work) {
    try {
      return work.with(connection);
    } catch (SQLException e) {
      throw AgeErrors.of(e, settings);
    }
  }

  <T> List<T> all(String sql, EachRow<T> each, Object... parameters) {
    return work(
        open -> {
          try (PreparedStatement statement = open.prepareStatement(sql)) {
            for (int i = 0; i < parameters.length; i++) {
              statement.setObject(i + 1, parameters[i]);
            }
            List<T> rows = new ArrayList<>();
            try (ResultSet row = statement.executeQuery()) {
              while (row.next()) {
                rows.add(each.of(row));
              }
            }
            return rows;
          }
        });
  }

  <T> Optional<T> first(String sql, EachRow<T> each, Object... parameters) {
    return all(sql, each, parameters).stream().findFirst();
  }

  <T> T one(String sql, EachRow<T> each, Object... parameters) {
    return first(sql, each, parameters)
        .orElseThrow(() -> new IllegalStateException("no row from: " + sql));
  }

  /**
   * The server and the graph in it.
   *
   * @param system differs between clusters, the same in all copies of one
   * @param timeline changes when a copy becomes the server
   */
  record Store(String system, int timeline, int version, long graphOid) {
    String identity(String database) {
      return "age:" + system + "/" + database + "/" + graphOid;
    }
  }

  Store store() {
    return first(
            "SELECT (SELECT system_identifier::text FROM pg_control_system()),"
                + " substr(pg_walfile_name(pg_current_wal_insert_lsn()), 1, 8),"
                + " current_setting('server_version_num')::int, g.graphid::int8"
                + " FROM ag_catalog.ag_graph g WHERE g.name = ?",
            row ->
                new Store(
                    row.getString(1),
                    Integer.parseInt(row.getString(2), 16),
                    row.getInt(3),
                    row.getLong(4)),
            settings.graph())
        .orElseThrow(
            () ->
                new VarveException(
                    ExitCode.FAILED,
                    "there is no graph '" + settings.graph() + "' in " + settings,
                    "name the graph in source.graph; SELECT name FROM ag_catalog.ag_graph lists"
                        + " those there are"));
  }

  /** A place in the log, and the server's time from before it. */
  record Here(long lsn, long timeMicros) {}

  /** Where the next record of the log will be. */
  Here here() {
    return one(
        "SELECT pg_current_wal_insert_lsn()::text, " + MICROS + " FROM (SELECT 1) AS once",
        row -> new Here(Lsn.parse(row.getString(1)), row.getLong(2)));
  }

  static final String MICROS = "(extract(epoch FROM clock_timestamp()) * 1000000)::int8";

  /**
   * Puts a message of ours into the log, outside any transaction, and has it written at once.
   *
   * @return where it ends
   */
  Here message(String text, int version) {
    String flush = version >= WITH_FLUSH ? ", true" : "";
    return one(
        "WITH before AS MATERIALIZED (SELECT "
            + MICROS
            + " AS time) SELECT pg_logical_emit_message(false, ?, ?"
            + flush
            + ")::text, time FROM before",
        row -> new Here(Lsn.parse(row.getString(1)), row.getLong(2)),
        AgeSetup.MESSAGE_PREFIX,
        text);
  }

  /** A label's table as the catalogue has it now. */
  record Table(
      Label label,
      String schema,
      long oid,
      boolean fullIdentity,
      boolean logged,
      boolean readable) {
    String quoted() {
      return Sql.name(schema, label.table());
    }
  }

  /** The tables of all labels, in the order of their labels' ids. */
  List<Table> tables(long graphOid) {
    return all(
        "SELECT l.id, l.kind, l.name, c.relname, n.nspname, c.oid::int8, c.relreplident = 'f',"
            + " c.relpersistence = 'p', has_table_privilege(c.oid, 'SELECT')"
            + " FROM ag_catalog.ag_label l"
            + " JOIN pg_class c ON c.oid = l.relation"
            + " JOIN pg_namespace n ON n.oid = c.relnamespace"
            + " WHERE l.graph::int8 = ? ORDER BY l.id",
        row ->
            new Table(
                new Label(
                    row.getInt(1),
                    ElementKind.ofCode(row.getString(2).charAt(0)),
                    row.getString(3),
                    row.getString(4),
                    false),
                row.getString(5),
                row.getLong(6),
                row.getBoolean(7),
                row.getBoolean(8),
                row.getBoolean(9)),
        graphOid);
  }

  boolean isOpen() {
    try {
      return !connection.isClosed();
    } catch (SQLException e) {
      return false;
    }
  }

  @Override
  public void close() {
    try {
      connection.close();
    } catch (SQLException e) {
      return; // it is gone anyway
    }
  }
}
