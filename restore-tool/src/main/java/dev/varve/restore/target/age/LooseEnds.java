package dev.varve.restore.target.age;

import dev.varve.graph.ElementKind;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;

/**
 * Edges that lead to a graphid that no vertex has. Under the original ids they look as they should
 * where the vertex is there under another label.
 */
final class LooseEnds {

  private LooseEnds() {}

  /** How many ends of edges lead nowhere. */
  static long count(Connection connection, String graph) throws SQLException {
    String vertices = Sql.name(graph, AgeLabel.VERTICES.name()); // and all that inherit from it
    long count = 0;
    try (Statement statement = connection.createStatement()) {
      for (AgeLabel label : Labels.list(connection, graph)) {
        if (label.kind() != ElementKind.EDGE) {
          continue;
        }
        for (String end : new String[] {"start_id", "end_id"}) {
          String query =
              "SELECT count(*) FROM ONLY %s e WHERE NOT EXISTS (SELECT FROM %s v WHERE v.id = e.%s)"
                  .formatted(Sql.name(graph, label.name()), vertices, end);
          try (ResultSet row = statement.executeQuery(query)) {
            row.next();
            count += row.getLong(1);
          }
        }
      }
    }
    return count;
  }
}
