package dev.varve.restore.target.age;

import dev.varve.restore.RestoreIdentity;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.HashSet;
import java.util.Optional;
import java.util.Set;

/**
 * What an unfinished restore keeps in its target, in the schema {@value #SCHEMA}: a row that says
 * which restore it is, and one for each part, written in the part's own transaction. So no part is
 * written twice; the key of the parts makes sure of it even when the outcome of a commit is not
 * known.
 *
 * <p>All of it is removed when the restore is finished.
 */
final class Bookkeeping {

  static final String SCHEMA = "varve";
  static final String PART_KEY = "restore_part_key";

  private static final String RESTORES = SCHEMA + ".restore";
  private static final String PARTS = SCHEMA + ".restore_part";

  /** Only one at a time makes and removes the tables. */
  static final String LOCK_TABLES =
      "SELECT pg_catalog.pg_advisory_xact_lock(pg_catalog.hashtext('varve.restore'))";

  private static final String SCHEMA_IS_OURS_AND_EMPTY =
      "SELECT 1 FROM pg_catalog.pg_namespace n WHERE n.nspname = '"
          + SCHEMA
          + "' AND pg_catalog.pg_has_role(n.nspowner, 'USAGE') AND NOT EXISTS (SELECT 1 FROM"
          + " pg_catalog.pg_depend d WHERE d.refclassid = 'pg_catalog.pg_namespace'::regclass"
          + " AND d.refobjid = n.oid)";

  private final AgeSession session;
  private final String graph;

  Bookkeeping(AgeSession session, String graph) {
    this.session = session;
    this.graph = graph;
  }

  /** How far an unfinished restore got. */
  enum State {
    WRITING,
    /** Compared and good. */
    GOOD,
    /** Compared and not equal. */
    DIFFERENT
  }

  /**
   * The restore that is at work in the target.
   *
   * @param partElements see {@link AgeSettings}
   * @param partBytes see {@link AgeSettings}
   * @param there whether the graph that it writes to still is the one that it began with
   */
  record Root(String restore, State state, int partElements, int partBytes, boolean there) {}

  Optional<Root> root() {
    return session.repeatable(
        connection -> isThere(connection) ? root(connection) : Optional.empty());
  }

  private static boolean isThere(Connection connection) throws SQLException {
    try (Statement statement = connection.createStatement();
        ResultSet found =
            statement.executeQuery(
                "SELECT pg_catalog.to_regclass('" + RESTORES + "') IS NOT NULL")) {
      found.next();
      return found.getBoolean(1);
    }
  }

  private Optional<Root> root(Connection connection) throws SQLException {
    try (PreparedStatement statement =
        connection.prepareStatement(
            "SELECT r.restore, r.state, r.part_elements, r.part_bytes, g.name IS NOT NULL FROM "
                + RESTORES
                + " r LEFT JOIN ag_catalog.ag_graph g"
                + " ON g.name = r.graph AND g.graphid = r.graphid WHERE r.graph = ?")) {
      statement.setString(1, graph);
      try (ResultSet row = statement.executeQuery()) {
        return row.next()
            ? Optional.of(
                new Root(
                    row.getString(1),
                    State.valueOf(row.getString(2)),
                    row.getInt(3),
                    row.getInt(4),
                    row.getBoolean(5)))
            : Optional.empty();
      }
    }
  }

  /**
   * Notes that a restore begins, in the transaction that makes its graph; what an earlier one left
   * is forgotten.
   */
  void begin(Connection connection, RestoreIdentity restore, AgeSettings settings)
      throws SQLException {
    try (Statement statement = connection.createStatement()) {
      statement.execute(LOCK_TABLES);
      statement.execute("CREATE SCHEMA IF NOT EXISTS " + SCHEMA);
      statement.execute(
          "CREATE TABLE IF NOT EXISTS "
              + RESTORES
              + " (graph text PRIMARY KEY, graphid oid NOT NULL, restore text NOT NULL,"
              + " state text NOT NULL, part_elements int NOT NULL, part_bytes int NOT NULL,"
              + " begun timestamptz NOT NULL DEFAULT now())");
      statement.execute(
          "CREATE TABLE IF NOT EXISTS "
              + PARTS
              + " (graph text NOT NULL, part text NOT NULL, CONSTRAINT "
              + PART_KEY
              + " PRIMARY KEY (graph, part))");
    }
    forget(connection);
    try (PreparedStatement statement =
        connection.prepareStatement(
            "INSERT INTO "
                + RESTORES
                + " (graph, graphid, restore, state, part_elements, part_bytes)"
                + " SELECT ?, graphid, ?, ?, ?, ? FROM ag_catalog.ag_graph WHERE name = ?")) {
      statement.setString(1, graph);
      statement.setString(2, restore.toString());
      statement.setString(3, State.WRITING.name());
      statement.setInt(4, settings.partElements());
      statement.setInt(5, settings.partBytes());
      statement.setString(6, graph);
      statement.executeUpdate();
    }
  }

  private void forget(Connection connection) throws SQLException {
    for (String table : new String[] {PARTS, RESTORES}) {
      try (PreparedStatement statement =
          connection.prepareStatement("DELETE FROM " + table + " WHERE graph = ?")) {
        statement.setString(1, graph);
        statement.executeUpdate();
      }
    }
  }

  void mark(State state) {
    session.repeatable(
        connection -> {
          try (PreparedStatement statement =
              connection.prepareStatement(
                  "UPDATE " + RESTORES + " SET state = ? WHERE graph = ?")) {
            statement.setString(1, state.name());
            statement.setString(2, graph);
            return statement.executeUpdate();
          }
        });
  }

  /** The keys of all parts that were committed. */
  Set<String> done() {
    return session.repeatable(
        connection -> {
          Set<String> keys = new HashSet<>();
          try (PreparedStatement statement =
              connection.prepareStatement("SELECT part FROM " + PARTS + " WHERE graph = ?")) {
            statement.setString(1, graph);
            try (ResultSet row = statement.executeQuery()) {
              while (row.next()) {
                keys.add(row.getString(1));
              }
            }
          }
          return keys;
        });
  }

  boolean done(Connection connection, String key) throws SQLException {
    try (PreparedStatement statement =
        connection.prepareStatement("SELECT 1 FROM " + PARTS + " WHERE graph = ? AND part = ?")) {
      statement.setString(1, graph);
      statement.setString(2, key);
      try (ResultSet row = statement.executeQuery()) {
        return row.next();
      }
    }
  }

  /** Notes in its own transaction that a part is written. */
  void note(Connection connection, String key) throws SQLException {
    try (PreparedStatement statement =
        connection.prepareStatement("INSERT INTO " + PARTS + " (graph, part) VALUES (?, ?)")) {
      statement.setString(1, graph);
      statement.setString(2, key);
      statement.executeUpdate();
    }
  }

  /** Removes what is of this graph, and the tables with the last one. */
  void remove() {
    session.repeatable(
        connection -> {
          try (Statement statement = connection.createStatement()) {
            statement.execute(LOCK_TABLES);
            if (!isThere(connection)) {
              return false;
            }
            forget(connection);
            try (ResultSet row = statement.executeQuery("SELECT 1 FROM " + RESTORES + " LIMIT 1")) {
              if (row.next()) {
                return false;
              }
            }
            statement.execute("DROP TABLE " + PARTS + ", " + RESTORES);
            dropEmptySchema(statement);
            return true;
          }
        });
  }

  /** Removes the schema with the last table in it, if it is ours. */
  static void dropEmptySchema(Statement statement) throws SQLException {
    try (ResultSet row = statement.executeQuery(SCHEMA_IS_OURS_AND_EMPTY)) {
      if (!row.next()) {
        return;
      }
    }
    statement.execute("DROP SCHEMA " + SCHEMA);
  }
}
