package dev.varve.observe;

import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.concurrent.Callable;
import java.util.concurrent.Executor;

/** A PostgreSQL database: up if it answers a query. */
public final class JdbcProbe implements Probe {

  /** Breaking a connection off waits for nobody. */
  private static final Executor AT_ONCE = Runnable::run;

  private final Connection connection;

  private JdbcProbe(Connection connection) {
    this.connection = connection;
  }

  /**
   * Connects.
   *
   * @param connect makes a connection that the probe closes
   */
  public static JdbcProbe of(Callable<Connection> connect) throws Exception {
    return new JdbcProbe(connect.call());
  }

  @Override
  public void look(Duration timeout) throws SQLException {
    try (Statement statement = connection.createStatement()) {
      statement.execute("SELECT 1");
    }
  }

  @Override
  public void close() {
    try {
      connection.abort(AT_ONCE);
    } catch (SQLException e) {
      // it is gone already
    }
  }
}
