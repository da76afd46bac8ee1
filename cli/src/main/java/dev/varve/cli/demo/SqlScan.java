package dev.varve.cli.demo;

import dev.varve.age.Agtype;
import dev.varve.age.LabelRule;
import dev.varve.graph.Edge;
import dev.varve.graph.ElementHasher;
import dev.varve.graph.ElementId;
import dev.varve.graph.Vertex;
import dev.varve.topology.Fingerprint;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;

/**
 * What a graph of Apache AGE holds, read with nothing but queries. As {@link BoltScan} it shares
 * with capture and restore only what the fingerprint is defined by, and what agtype's text means.
 */
public final class SqlScan {

  private static final int FETCH_ROWS = 1_000;

  private SqlScan() {}

  /**
   * A label.
   *
   * @param shown empty for the elements without one
   * @param table quoted, with its schema
   */
  private record Label(String shown, boolean ofEdges, String table) {}

  /**
   * Reads the whole of a graph in one transaction, which is at an end then. A standby of AGE has
   * beside the graph that it holds a copy of nothing that is read here.
   *
   * @param connection which is in no transaction
   */
  public static Content of(Connection connection, String graph) throws SQLException {
    boolean autoCommit = connection.getAutoCommit();
    connection.setAutoCommit(false);
    try (Statement statement = connection.createStatement()) {
      statement.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY");
      statement.setFetchSize(FETCH_ROWS);
      Sum sum = new Sum();
      for (Label label : labels(connection, graph)) {
        sum.add(label, statement);
      }
      return new Content(sum.vertices, sum.edges, sum.fingerprint);
    } finally {
      if (!connection.isClosed()) {
        connection.rollback();
        connection.setAutoCommit(autoCommit);
      }
    }
  }

  private static List<Label> labels(Connection connection, String graph) throws SQLException {
    List<Label> labels = new ArrayList<>();
    try (PreparedStatement statement =
        connection.prepareStatement(
            "SELECT l.name, l.kind, pg_catalog.format('%I.%I', n.nspname, c.relname)"
                + " FROM ag_catalog.ag_label l"
                + " JOIN ag_catalog.ag_graph g ON g.graphid = l.graph"
                + " JOIN pg_catalog.pg_class c ON c.oid = l.relation"
                + " JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace"
                + " WHERE g.name = ? ORDER BY l.id")) {
      statement.setString(1, graph);
      try (ResultSet row = statement.executeQuery()) {
        while (row.next()) {
          labels.add(
              new Label(shown(row.getString(1)), row.getString(2).equals("e"), row.getString(3)));
        }
      }
    }
    return labels;
  }

  private static String shown(String name) {
    return name.equals(LabelRule.NO_VERTEX_LABEL) || name.equals(LabelRule.NO_EDGE_LABEL)
        ? ""
        : name;
  }

  /** Adds up what labels have. */
  private static final class Sum {

    private final ElementHasher hasher = new ElementHasher();
    private Fingerprint fingerprint = Fingerprint.EMPTY;
    private long vertices;
    private long edges;

    /** Without the labels that inherit from it: these come by themselves. */
    void add(Label label, Statement statement) throws SQLException {
      String ends = label.ofEdges() ? ", start_id, end_id" : "";
      try (ResultSet row =
          statement.executeQuery("SELECT id, properties" + ends + " FROM ONLY " + label.table())) {
        while (row.next()) {
          if (label.ofEdges()) {
            edge(label, row);
          } else {
            vertex(label, row);
          }
        }
      }
    }

    private void vertex(Label label, ResultSet row) throws SQLException {
      Set<String> labels = label.shown().isEmpty() ? Set.of() : Set.of(label.shown());
      Vertex vertex = Vertex.of(labels, Agtype.properties(row.getString(2)));
      fingerprint = fingerprint.plus(hasher.hash(ElementId.vertex(row.getString(1)), vertex));
      vertices++;
    }

    private void edge(Label label, ResultSet row) throws SQLException {
      Edge edge =
          Edge.of(
              label.shown(),
              row.getString(3),
              row.getString(4),
              Agtype.properties(row.getString(2)));
      fingerprint = fingerprint.plus(hasher.hash(ElementId.edge(row.getString(1)), edge));
      edges++;
    }
  }
}
