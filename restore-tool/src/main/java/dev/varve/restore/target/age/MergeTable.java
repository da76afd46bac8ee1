package dev.varve.restore.target.age;

import java.sql.Array;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * The table in which a merge says that it was done, one row a graph and branch, written in the
 * transaction of the merge itself. Of two merges at the same time one waits for the other. The
 * table is there as long as a merge is not known to the repository.
 */
final class MergeTable {

  private static final String TABLE = Bookkeeping.SCHEMA + ".merge";

  private final AgeSession session;
  private final String graph;
  private final List<String> branches;

  MergeTable(AgeSession session, String graph, List<String> branches) {
    this.session = session;
    this.graph = graph;
    this.branches = branches;
  }

  private static boolean isThere(Connection connection) throws SQLException {
    return holds(connection, "pg_catalog.to_regclass('" + TABLE + "') IS NOT NULL");
  }

  private static boolean holds(Connection connection, String condition) throws SQLException {
    try (Statement statement = connection.createStatement();
        ResultSet found = statement.executeQuery("SELECT " + condition)) {
      found.next();
      return found.getBoolean(1);
    }
  }

  /** Which of the branches were merged into the graph as it is there now, and by which run. */
  Map<String, String> done(Connection connection) throws SQLException {
    if (!isThere(connection)) {
      return Map.of();
    }
    try (PreparedStatement statement =
        connection.prepareStatement(
            "SELECT m.branch, m.run FROM "
                + TABLE
                + " m JOIN ag_catalog.ag_graph g ON g.name = m.graph AND g.graphid = m.graphid"
                + " WHERE m.graph = ? AND m.branch = ANY (?)")) {
      statement.setString(1, graph);
      statement.setArray(2, names(connection));
      Map<String, String> done = new HashMap<>();
      try (ResultSet row = statement.executeQuery()) {
        while (row.next()) {
          done.put(row.getString(1), row.getString(2));
        }
      }
      return done;
    }
  }

  private Array names(Connection connection) throws SQLException {
    return connection.createArrayOf("text", branches.toArray());
  }

  /**
   * Says in this transaction that the branches are merged. Waits for another one that does so.
   *
   * @return those that were merged before; then nothing is said
   */
  Set<String> note(Connection connection, String run) throws SQLException {
    try (Statement statement = connection.createStatement()) {
      statement.execute(Bookkeeping.LOCK_TABLES);
      if (holds(connection, "pg_catalog.to_regnamespace('" + Bookkeeping.SCHEMA + "') IS NULL")) {
        statement.execute("CREATE SCHEMA " + Bookkeeping.SCHEMA);
      }
      if (!isThere(connection)) {
        statement.execute(
            "CREATE TABLE "
                + TABLE
                + " (graph text NOT NULL, graphid oid NOT NULL, branch text NOT NULL,"
                + " run text NOT NULL, PRIMARY KEY (graph, branch))");
      }
    }
    Set<String> before = done(connection).keySet();
    if (before.isEmpty()) {
      delete(connection); // of a graph that was dropped
      insert(connection, run);
    }
    return before;
  }

  private void insert(Connection connection, String run) throws SQLException {
    try (PreparedStatement statement =
        connection.prepareStatement(
            "INSERT INTO "
                + TABLE
                + " (graph, graphid, branch, run) SELECT g.name, g.graphid, b, ? FROM"
                + " ag_catalog.ag_graph g, unnest(?) AS b WHERE g.name = ?")) {
      statement.setString(1, run);
      statement.setArray(2, names(connection));
      statement.setString(3, graph);
      statement.executeUpdate();
    }
  }

  /** Removes the rows, the table with the last one, and the schema with the last table. */
  void forget() {
    session.repeatable(
        connection -> {
          try (Statement statement = connection.createStatement()) {
            statement.execute(Bookkeeping.LOCK_TABLES);
            if (!isThere(connection)) {
              return false;
            }
            delete(connection);
            if (holds(connection, "EXISTS (SELECT 1 FROM " + TABLE + ")")) {
              return true;
            }
            statement.execute("DROP TABLE " + TABLE);
            Bookkeeping.dropEmptySchema(statement);
            return true;
          }
        });
  }

  private void delete(Connection connection) throws SQLException {
    try (PreparedStatement statement =
        connection.prepareStatement(
            "DELETE FROM " + TABLE + " WHERE graph = ? AND branch = ANY (?)")) {
      statement.setString(1, graph);
      statement.setArray(2, names(connection));
      statement.executeUpdate();
    }
  }
}
