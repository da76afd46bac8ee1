package dev.varve.restore.target.age;

import dev.varve.graph.ElementKind;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.List;

/**
 * The indexes that a standby has beside its graph: of each label one that finds rows by graphid. A
 * standby of another engine has two more for each label of edges, by which the edges of a vertex
 * are found whose graphid changes.
 */
final class StandbyIndexes {

  private static final String PREFIX = "__varve_standby_";

  private final Connection connection;
  private final String graph;

  StandbyIndexes(Connection connection, String graph) {
    this.connection = connection;
    this.graph = graph;
  }

  /**
   * An index.
   *
   * @param name without the schema
   */
  private record Index(String name, String column) {}

  private static List<Index> of(AgeLabel label) {
    return List.of(
        new Index(PREFIX + label.id(), "id"),
        new Index(PREFIX + label.id() + "_start", "start_id"),
        new Index(PREFIX + label.id() + "_end", "end_id"));
  }

  /**
   * Makes what finds the rows of a label, and has its table log removals in full: a table that is
   * captured takes no {@code DELETE} otherwise.
   *
   * @param byEnds whether edges are looked for by their ends, too
   */
  void make(AgeLabel label, boolean byEnds) throws SQLException {
    String table = Sql.name(graph, label.name());
    int count = byEnds && label.kind() == ElementKind.EDGE ? 3 : 1;
    try (Statement statement = connection.createStatement()) {
      for (Index index : of(label).subList(0, count)) {
        statement.execute(
            "CREATE INDEX IF NOT EXISTS %s ON %s (%s)"
                .formatted(Sql.name(index.name()), table, index.column()));
      }
      try (ResultSet full =
          statement.executeQuery(
              "SELECT relreplident = 'f' FROM pg_catalog.pg_class WHERE oid = CAST("
                  + Sql.text(table)
                  + " AS regclass)")) {
        full.next();
        if (full.getBoolean(1)) {
          return; // altering it would wait for all who read
        }
      }
      statement.execute("ALTER TABLE ONLY " + table + " REPLICA IDENTITY FULL");
    }
  }

  void drop(AgeLabel label) throws SQLException {
    try (Statement statement = connection.createStatement()) {
      for (Index index : of(label)) {
        statement.execute("DROP INDEX IF EXISTS " + Sql.name(graph, index.name()));
      }
    }
  }
}
