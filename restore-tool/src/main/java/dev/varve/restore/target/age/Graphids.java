package dev.varve.restore.target.age;

import dev.varve.age.Graphid;
import java.sql.Array;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.util.Collection;

/** Many graphids in one statement. */
final class Graphids {

  /** A parameter as an array of graphids. */
  static final String ARRAY = "CAST(CAST(? AS text[]) AS ag_catalog.graphid[])";

  /** Equal to one of a parameter's. */
  static final String ANY = "ANY (" + ARRAY + ")";

  private Graphids() {}

  /** The value of such a parameter. */
  static Array array(Connection connection, Collection<Graphid> ids) throws SQLException {
    return connection.createArrayOf("text", ids.stream().map(Graphid::toString).toArray());
  }

  /** Deletes rows of one label. */
  static void delete(Connection connection, String graph, AgeLabel label, Collection<Graphid> ids)
      throws SQLException {
    try (PreparedStatement statement =
        connection.prepareStatement(
            "DELETE FROM ONLY " + Sql.name(graph, label.name()) + " WHERE id = " + ANY)) {
      statement.setArray(1, array(connection, ids));
      statement.executeUpdate();
    }
  }
}
