package dev.varve.restore.target.age;

import dev.varve.archive.Reached;
import dev.varve.fault.ExitCode;
import dev.varve.fault.VarveException;
import dev.varve.restore.convert.Crossed;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.Optional;

/**
 * The table in which a standby keeps how far it has come, one row a graph. A row is altered only in
 * the transaction that brings the standby there, by the owner alone, and each time counts a step:
 * so an owner who does not know whether a commit came through looks at the step, and one who was
 * followed by another does no harm.
 */
final class StandbyTable {

  private static final String TABLE = Bookkeeping.SCHEMA + ".standby";

  private final AgeSession session;
  private final String graph;

  StandbyTable(AgeSession session, String graph) {
    this.session = session;
    this.graph = graph;
  }

  /**
   * What the row says.
   *
   * @param rulesDone whether indexes and constraints are those of the cut
   * @param crossed what is kept of a graph that comes from another engine
   */
  record Found(
      Reached reached, String owner, long step, boolean rulesDone, Optional<Crossed> crossed) {}

  /** Absent if the graph is no standby; a row of a graph that was dropped since does not count. */
  Optional<Found> read() {
    return session.repeatable(
        connection -> {
          try (Statement statement = connection.createStatement();
              ResultSet found =
                  statement.executeQuery(
                      "SELECT pg_catalog.to_regclass('" + TABLE + "') IS NOT NULL")) {
            found.next();
            if (!found.getBoolean(1)) {
              return Optional.empty();
            }
          }
          return row(connection, "");
        });
  }

  private Optional<Found> row(Connection connection, String lock) throws SQLException {
    try (PreparedStatement statement =
        connection.prepareStatement(
            "SELECT s.reached, s.owner, s.step, s.rules_done,"
                // a table that an earlier version made has no such column
                + " pg_catalog.to_jsonb(s) ->> 'crossed' FROM "
                + TABLE
                + " s JOIN ag_catalog.ag_graph g ON g.name = s.graph AND g.graphid = s.graphid"
                + " WHERE s.graph = ?"
                + lock)) {
      statement.setString(1, graph);
      try (ResultSet row = statement.executeQuery()) {
        return row.next()
            ? Optional.of(
                new Found(
                    Reached.parse(row.getString(1)),
                    row.getString(2),
                    row.getLong(3),
                    row.getBoolean(4),
                    Optional.ofNullable(row.getString(5)).map(Crossed::parse)))
            : Optional.empty();
      }
    }
  }

  /** Makes the row: the graph is a standby from now on. */
  void begin(Reached first, Optional<Crossed> crossed) {
    session.repeatable(
        connection -> {
          try (Statement statement = connection.createStatement()) {
            statement.execute("CREATE SCHEMA IF NOT EXISTS " + Bookkeeping.SCHEMA);
            statement.execute(
                "CREATE TABLE IF NOT EXISTS "
                    + TABLE
                    + " (graph text PRIMARY KEY, graphid oid NOT NULL, reached text NOT NULL,"
                    + " owner text NOT NULL, step bigint NOT NULL, rules_done boolean NOT NULL,"
                    + " crossed text)");
          }
          if (crossed.isPresent()) {
            addColumn(connection);
          }
          forgetDropped(connection);
          try (PreparedStatement statement =
              connection.prepareStatement(
                  "INSERT INTO "
                      + TABLE
                      + " SELECT ?, graphid, ?, '', 0, true FROM ag_catalog.ag_graph"
                      + " WHERE name = ? ON CONFLICT (graph) DO NOTHING")) {
            statement.setString(1, graph);
            statement.setString(2, first.toString());
            statement.setString(3, graph);
            statement.executeUpdate();
          }
          if (crossed.isPresent()) {
            update(
                connection,
                "crossed = ?",
                statement -> statement.setString(1, crossed.get().toString()),
                2);
          }
          return true;
        });
  }

  /** The row of a graph of that name that is no more, with all that it says. */
  private void forgetDropped(Connection connection) throws SQLException {
    try (PreparedStatement statement =
        connection.prepareStatement(
            "DELETE FROM "
                + TABLE
                + " s USING ag_catalog.ag_graph g WHERE s.graph = ? AND g.name = s.graph"
                + " AND s.graphid <> g.graphid")) {
      statement.setString(1, graph);
      statement.executeUpdate();
    }
  }

  /** Only where it is missing: it waits for all who use the table. */
  private static void addColumn(Connection connection) throws SQLException {
    try (Statement statement = connection.createStatement();
        ResultSet found =
            statement.executeQuery(
                "SELECT FROM pg_catalog.pg_attribute WHERE attrelid = CAST('"
                    + TABLE
                    + "' AS regclass) AND attname = 'crossed' AND NOT attisdropped")) {
      if (!found.next()) {
        statement.execute("ALTER TABLE " + TABLE + " ADD COLUMN crossed text");
      }
    }
  }

  /** Becomes the owner. */
  Found claim(String owner) {
    return session.repeatable(
        connection -> {
          update(connection, "owner = ?", statement -> statement.setString(1, owner), 2);
          return row(connection, "").orElseThrow(StandbyTable::gone);
        });
  }

  void rulesDone() {
    session.repeatable(
        connection -> {
          update(connection, "rules_done = true", statement -> {}, 1);
          return true;
        });
  }

  /**
   * Takes the row for this transaction; others wait.
   *
   * @return the step at which it stands
   */
  long lock(Connection connection, String owner) throws SQLException {
    Found found = row(connection, " FOR UPDATE OF s").orElseThrow(StandbyTable::gone);
    if (!found.owner().equals(owner)) {
      throw new VarveException(
          ExitCode.FENCED,
          "another replay has taken this standby over; what was applied is whole",
          "let one of them run; the one that was started last goes on");
    }
    return found.step();
  }

  /** Notes the cut that the transaction brings the standby to. */
  void advance(
      Connection connection, Reached to, Optional<Crossed> crossed, long step, boolean rulesDone)
      throws SQLException {
    if (crossed.isPresent()) {
      update(
          connection,
          "crossed = ?",
          statement -> statement.setString(1, crossed.get().toString()),
          2);
    }
    update(
        connection,
        "reached = ?, step = ?, rules_done = ?",
        statement -> {
          statement.setString(1, to.toString());
          statement.setLong(2, step);
          statement.setBoolean(3, rulesDone);
        },
        4);
  }

  private interface Parameters {
    void set(PreparedStatement statement) throws SQLException;
  }

  private void update(Connection connection, String what, Parameters parameters, int graphAt)
      throws SQLException {
    try (PreparedStatement statement =
        connection.prepareStatement("UPDATE " + TABLE + " SET " + what + " WHERE graph = ?")) {
      parameters.set(statement);
      statement.setString(graphAt, graph);
      if (statement.executeUpdate() != 1) {
        throw gone();
      }
    }
  }

  /** Removes the row, and the table with the last one. */
  void remove() {
    session.repeatable(
        connection -> {
          try (PreparedStatement statement =
              connection.prepareStatement("DELETE FROM " + TABLE + " WHERE graph = ?")) {
            statement.setString(1, graph);
            statement.executeUpdate();
          }
          try (Statement statement = connection.createStatement()) {
            statement.execute("LOCK TABLE " + TABLE);
            try (ResultSet row = statement.executeQuery("SELECT 1 FROM " + TABLE + " LIMIT 1")) {
              if (row.next()) {
                return false;
              }
            }
            statement.execute("DROP TABLE " + TABLE);
            return true;
          }
        });
  }

  private static VarveException gone() {
    return new VarveException(
        ExitCode.FAILED,
        "the graph is not a standby any more: the row that says how far it has come is gone",
        "if it was promoted all is well, else restore it anew with --overwrite");
  }
}
