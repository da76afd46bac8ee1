package dev.varve.cli.drill;

import dev.varve.cli.demo.Content;
import dev.varve.cli.demo.SqlScan;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * A connection to the database of a graph. One thing is done over it at a time; after a failure the
 * next one has another connection.
 */
final class AgeLink implements Link {

  /** No such table, no such schema. */
  private static final Set<String> NOT_THERE = Set.of("42P01", "3F000");

  private final AgeStore store;
  private final ExecutorService writes =
      Executors.newSingleThreadExecutor(
          task -> {
            Thread thread = new Thread(task, "writes-to-postgresql");
            thread.setDaemon(true);
            return thread;
          });
  private volatile @Nullable Connection connection; // made and let go of by who holds this
  private volatile boolean closed;

  AgeLink(AgeStore store) {
    this.store = store;
  }

  /** Work in a transaction of its own, which is committed. */
  interface Work<T> {
    T with(Connection connection) throws SQLException;
  }

  synchronized <T> T in(Work<T> work) {
    boolean done = false;
    try {
      Connection open = opened();
      T result = work.with(open);
      open.commit();
      done = true;
      return result;
    } catch (SQLException e) {
      throw new StoreFailure(e);
    } finally {
      if (!done) {
        letGo();
      }
    }
  }

  /** The same, of what may not be there yet, or not any more. */
  <T> T in(T ifNotThere, Work<T> work) {
    try {
      return in(work);
    } catch (StoreFailure e) {
      if (e.getCause() instanceof SQLException cause
          && NOT_THERE.contains(String.valueOf(cause.getSQLState()))) {
        return ifNotThere;
      }
      throw e;
    }
  }

  /** Does something that may hang, which does not keep anybody. */
  CompletableFuture<?> later(Supplier<?> work) {
    return CompletableFuture.supplyAsync(work, writes);
  }

  private Connection opened() throws SQLException {
    Connection open = connection;
    if (open == null) {
      open = store.open();
      connection = open;
    }
    if (closed) {
      throw new StoreFailure("the connection was closed");
    }
    return open;
  }

  private void letGo() {
    Connection broken = connection;
    connection = null;
    abort(broken);
  }

  private static void abort(@Nullable Connection connection) {
    if (connection != null) {
      try {
        connection.abort(Runnable::run);
      } catch (SQLException e) {
        return; // it is gone anyway
      }
    }
  }

  String graph() {
    return store.uri().graph();
  }

  /** The one number that a query gives; its parameters are texts. */
  static long number(Connection connection, String query, String... parameters)
      throws SQLException {
    try (PreparedStatement statement = connection.prepareStatement(query)) {
      for (int i = 0; i < parameters.length; i++) {
        statement.setString(i + 1, parameters[i]);
      }
      try (ResultSet row = statement.executeQuery()) {
        row.next();
        return row.getLong(1);
      }
    }
  }

  /** As capture knows it: server, database and graph. */
  @Override
  public String identity() {
    return in(
        open -> {
          try (PreparedStatement statement =
              open.prepareStatement(
                  "SELECT pg_catalog.format('age:%s/%s/%s', s.system_identifier,"
                      + " pg_catalog.current_database(), CAST(g.graphid AS int8))"
                      + " FROM ag_catalog.ag_graph g, pg_catalog.pg_control_system() s"
                      + " WHERE g.name = ?")) {
            statement.setString(1, graph());
            try (ResultSet row = statement.executeQuery()) {
              if (row.next()) {
                return row.getString(1);
              }
            }
          }
          throw new StoreFailure("there is no graph '" + graph() + "'");
        });
  }

  @Override
  public boolean isStandby() {
    return cuts("") > 0;
  }

  @Override
  public boolean isConverted() {
    return cuts(" AND pg_catalog.to_jsonb(s) ->> 'crossed' IS NOT NULL") > 0;
  }

  /** How much of this there is: {@code s} is the row that makes the graph a standby. */
  static final String CUT =
      "varve.standby s JOIN ag_catalog.ag_graph g ON g.name = s.graph AND g.graphid = s.graphid"
          + " WHERE s.graph = ?";

  private long cuts(String and) {
    return in(0L, open -> number(open, "SELECT count(*) FROM " + CUT + and, graph()));
  }

  /** A place in the log: it is behind every commit that was acknowledged. */
  @Override
  public long lastTransaction() {
    return in(
        open ->
            number(
                open,
                "SELECT CAST(pg_catalog.pg_current_wal_insert_lsn() - CAST('0/0' AS pg_lsn)"
                    + " AS int8)"));
  }

  @Override
  public Content scan() {
    return in(open -> SqlScan.of(open, graph()));
  }

  /** A copy has the graphids of its source. */
  @Override
  public Content standbyScan() {
    return scan();
  }

  @Override
  public Hand hand(Handwriting names) {
    return new SqlHand(this, names);
  }

  @Override
  public void close() {
    closed = true;
    writes.shutdownNow();
    abort(connection);
  }
}
