package dev.varve.restore.target.age;

import dev.varve.fault.ExitCode;
import dev.varve.fault.VarveException;
import dev.varve.restore.TargetUri;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** What has to be so in a database before a graph is restored into it. */
final class AgeDatabase implements AutoCloseable {

  private static final int LOCK_TRIES = 50;
  private static final long LOCK_PAUSE_MS = 200;

  private final AgeSession session;
  private final TargetUri.Age uri;
  private @Nullable Connection lock;

  AgeDatabase(AgeSession session, TargetUri.Age uri) {
    this.session = session;
    this.uri = uri;
  }

  /** Sees that the database has the extension AGE, and creates it where that is allowed. */
  void requireExtension() {
    boolean there =
        session.repeatable(
            connection ->
                exists(connection, "SELECT 1 FROM pg_catalog.pg_extension WHERE extname = 'age'"));
    if (there) {
      return;
    }
    boolean available =
        session.repeatable(
            connection ->
                exists(
                    connection,
                    "SELECT 1 FROM pg_catalog.pg_available_extensions WHERE name = 'age'"));
    if (!available) {
      throw new VarveException(
          ExitCode.FAILED,
          "PostgreSQL at " + uri + " does not have the extension age",
          "install Apache AGE on the server, for its version of PostgreSQL");
    }
    session.repeatable(
        connection -> {
          try (Statement statement = connection.createStatement()) {
            statement.execute("CREATE EXTENSION IF NOT EXISTS age");
            return true;
          } catch (SQLException e) {
            if ("42501".equals(e.getSQLState()) || "25006".equals(e.getSQLState())) {
              throw new VarveException(
                  ExitCode.FAILED,
                  "the database at "
                      + uri
                      + " does not have the extension age, and it cannot be created: "
                      + e.getMessage(),
                  "as a superuser, in that database: CREATE EXTENSION age",
                  e);
            }
            throw e;
          }
        });
  }

  /** What a role needs to restore into a database that has the extension; for the hint. */
  static List<String> grants(String database, String role) {
    return List.of(
        "GRANT CREATE ON DATABASE " + Sql.name(database) + " TO " + Sql.name(role),
        "GRANT USAGE ON SCHEMA ag_catalog TO " + Sql.name(role),
        "GRANT SELECT, INSERT, UPDATE, DELETE ON ag_catalog.ag_graph, ag_catalog.ag_label TO "
            + Sql.name(role));
  }

  private static boolean exists(Connection connection, String query) throws SQLException {
    try (Statement statement = connection.createStatement();
        ResultSet row = statement.executeQuery(query)) {
      return row.next();
    }
  }

  /**
   * Keeps a second restore away from the graph as long as this one is connected. An earlier one
   * that was killed may not have been noticed yet, so it is waited for a little.
   */
  void lock(String graph) {
    try {
      Connection connection = session.open();
      lock = connection;
      connection.setAutoCommit(true);
      for (int i = 0; i < LOCK_TRIES; i++) {
        if (tryLock(connection, graph)) {
          return;
        }
        Thread.sleep(LOCK_PAUSE_MS);
      }
    } catch (SQLException e) {
      throw session.translated(e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException("interrupted while waiting for another restore", e);
    }
    throw new VarveException(
        ExitCode.FENCED, "another restore is at work in " + uri, "let it finish first, or end it");
  }

  private static boolean tryLock(Connection connection, String graph) throws SQLException {
    try (PreparedStatement statement =
        connection.prepareStatement(
            "SELECT pg_catalog.pg_try_advisory_lock(pg_catalog.hashtext('varve.restore'),"
                + " pg_catalog.hashtext(?))")) {
      statement.setString(1, graph);
      try (ResultSet row = statement.executeQuery()) {
        row.next();
        return row.getBoolean(1);
      }
    }
  }

  boolean hasRows(String graph, AgeLabel label) {
    return session.repeatable(
        connection ->
            exists(connection, "SELECT 1 FROM " + Sql.name(graph, label.name()) + " LIMIT 1"));
  }

  /**
   * Makes the graph if it is not there.
   *
   * @param anew whether one that is there is dropped first, with all that is in it
   * @return whether it was made
   */
  boolean makeGraph(Connection connection, String graph, boolean anew) throws SQLException {
    boolean there = isThere(connection, graph);
    if (there && !anew) {
      return false;
    }
    if (there) {
      dropGraph(connection, graph);
    }
    try {
      call(connection, "SELECT ag_catalog.create_graph(CAST(? AS name))", graph);
      return true;
    } catch (SQLException e) {
      if ("22023".equals(e.getSQLState())) {
        throw new VarveException(
            ExitCode.FAILED,
            "AGE does not take '" + graph + "' as the name of a graph: " + e.getMessage(),
            "name it with three letters or more; digits, _, - and . may follow the first",
            e);
      }
      if ("42P06".equals(e.getSQLState())) {
        throw new VarveException(
            ExitCode.FAILED,
            "the database has a schema '" + graph + "' that is not a graph",
            "restore under another name",
            e);
      }
      throw e;
    }
  }

  void dropGraph(Connection connection, String graph) throws SQLException {
    call(connection, "SELECT ag_catalog.drop_graph(CAST(? AS name), true)", graph);
  }

  private static boolean isThere(Connection connection, String graph) throws SQLException {
    try (PreparedStatement statement =
        connection.prepareStatement("SELECT 1 FROM ag_catalog.ag_graph WHERE name = ?")) {
      statement.setString(1, graph);
      try (ResultSet row = statement.executeQuery()) {
        return row.next();
      }
    }
  }

  private static void call(Connection connection, String statement, String graph)
      throws SQLException {
    try (PreparedStatement call = connection.prepareStatement(statement)) {
      call.setString(1, graph);
      call.execute();
    }
  }

  @Override
  public void close() {
    if (lock != null) {
      AgeSession.discard(lock);
    }
  }
}
