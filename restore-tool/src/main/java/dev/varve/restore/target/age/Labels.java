package dev.varve.restore.target.age;

import dev.varve.age.Graphid;
import dev.varve.fault.ExitCode;
import dev.varve.fault.VarveException;
import dev.varve.graph.ElementKind;
import java.nio.charset.StandardCharsets;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.sql.Types;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/** The labels of the target graph. Any thread may look; one makes new ones. */
final class Labels {

  private static final int NAME_BYTES_MAX = 63;

  /** What AGE and PostgreSQL say of a name that cannot be a label, or is taken. */
  private static final Set<String> NOT_A_LABEL = Set.of("22023", "3F000", "42602", "42P07");

  private final AgeSession session;
  private final String graph;
  private final Map<Integer, AgeLabel> byId = new ConcurrentHashMap<>();

  Labels(AgeSession session, String graph) {
    this.session = session;
    this.graph = graph;
  }

  /** Reads what is there. */
  void load() {
    List<AgeLabel> found = session.repeatable(connection -> list(connection, graph));
    byId.clear();
    found.forEach(label -> byId.put(label.id(), label));
  }

  static List<AgeLabel> list(Connection connection, String graph) throws SQLException {
    try (PreparedStatement statement =
        connection.prepareStatement(
            "SELECT l.id, l.name, l.kind = 'v' FROM ag_catalog.ag_label l"
                + " JOIN ag_catalog.ag_graph g ON g.graphid = l.graph WHERE g.name = ?"
                + " ORDER BY l.id")) {
      statement.setString(1, graph);
      List<AgeLabel> labels = new ArrayList<>();
      try (ResultSet row = statement.executeQuery()) {
        while (row.next()) {
          labels.add(
              new AgeLabel(
                  row.getInt(1),
                  row.getString(2),
                  row.getBoolean(3) ? ElementKind.VERTEX : ElementKind.EDGE));
        }
      }
      return labels;
    }
  }

  @Nullable AgeLabel byId(int id) {
    return byId.get(id);
  }

  Collection<AgeLabel> all() {
    return byId.values();
  }

  /**
   * Makes the labels that are not there yet, under their own ids: AGE gives the next label the
   * number after the last one, so that is what is set before each. Gaps stay gaps.
   */
  void make(Collection<AgeLabel> wanted) {
    List<AgeLabel> missing =
        wanted.stream()
            .filter(label -> !label.equals(byId.get(label.id())))
            .sorted(Comparator.comparingInt(AgeLabel::id))
            .toList();
    if (missing.isEmpty()) {
      return;
    }
    missing.forEach(Labels::check);
    List<AgeLabel> found =
        session.repeatable(
            connection -> {
              List<AgeLabel> there = list(connection, graph);
              for (AgeLabel label : missing) {
                if (!there.contains(label)) { // an earlier try may have been committed
                  make(connection, label);
                }
              }
              return list(connection, graph);
            });
    found.forEach(label -> byId.put(label.id(), label));
    for (AgeLabel label : missing) {
      AgeLabel made = byId.get(label.id());
      if (!label.equals(made)) {
        throw new VarveException(
            ExitCode.FAILED,
            "the graph " + graph + " has " + made + " where " + label + " was to be",
            "keep others away from the target, and start over with --overwrite");
      }
    }
  }

  /** Refuses what AGE has no room for. */
  static void check(AgeLabel label) {
    if (label.name().getBytes(StandardCharsets.UTF_8).length > NAME_BYTES_MAX) {
      throw new VarveException(
          ExitCode.FAILED,
          "the label '" + label.name() + "' is longer than " + NAME_BYTES_MAX + " bytes",
          "PostgreSQL has no longer names: restore into another kind of store, or into dir:<path>");
    }
    if (label.isDefault() || label.id() > Graphid.LABEL_MAX) {
      throw new VarveException(
          ExitCode.FAILED,
          "AGE has no room for the label '" + label.name() + "' under the number " + label.id(),
          "a graph has at most " + (Graphid.LABEL_MAX - AgeLabel.FIRST + 1) + " labels");
    }
  }

  void make(Connection connection, AgeLabel label) throws SQLException {
    setSequence(connection, "_label_id_seq", label.id() - 1L);
    String function = label.kind() == ElementKind.VERTEX ? "create_vlabel" : "create_elabel";
    try (PreparedStatement statement =
        connection.prepareStatement("SELECT ag_catalog." + function + "(?, ?)")) {
      // of no type: these are names for AGE up to 1.6, and C strings since
      statement.setObject(1, graph, Types.OTHER);
      statement.setObject(2, label.name(), Types.OTHER);
      statement.execute();
    } catch (SQLException e) {
      if (NOT_A_LABEL.contains(String.valueOf(e.getSQLState()))) {
        throw refused(label, e);
      }
      throw e;
    }
  }

  private static VarveException refused(AgeLabel label, SQLException e) {
    return new VarveException(
        ExitCode.FAILED,
        "AGE does not take '" + label.name() + "' as a label: " + e.getMessage(),
        "its labels are letters, digits and _, not a digit first, and a name is used once for"
            + " vertices and edges together; restore into another kind of store, or into"
            + " dir:<path>",
        e);
  }

  /**
   * Sees to it that what is created from now on gets numbers of its own.
   *
   * @param highest the highest entry ever seen of each label; labels without one are left alone
   */
  void setSequences(Map<Integer, Long> highest) {
    session.repeatable(
        connection -> {
          for (Map.Entry<Integer, Long> entry : highest.entrySet()) {
            AgeLabel label = byId.get(entry.getKey());
            if (label != null && entry.getValue() > 0) {
              setSequence(connection, sequence(connection, label), entry.getValue());
            }
          }
          int last = AgeLabel.EDGES.id();
          for (int id : byId.keySet()) {
            last = Math.max(last, id);
          }
          for (int id : highest.keySet()) {
            last = Math.max(last, id);
          }
          setSequence(connection, "_label_id_seq", last);
          return last;
        });
  }

  /** As {@link #setSequences}, where they are behind, in the transaction that writes the rows. */
  void raise(Connection connection, Map<Integer, AgeLabel> there, Map<Integer, Long> highest)
      throws SQLException {
    for (Map.Entry<Integer, Long> entry : highest.entrySet()) {
      AgeLabel label = there.get(entry.getKey());
      if (label != null) {
        raise(connection, sequence(connection, label), entry.getValue());
      }
    }
    long last = there.keySet().stream().mapToLong(id -> id).max().orElse(AgeLabel.EDGES.id());
    raise(connection, "_label_id_seq", last);
  }

  /**
   * Sees to it that a sequence goes on behind a number. One that was never asked stands at the
   * number that it will give first.
   */
  void raise(Connection connection, String sequence, long least) throws SQLException {
    String name = Sql.name(graph, sequence);
    try (PreparedStatement statement =
        connection.prepareStatement(
            "SELECT pg_catalog.setval(CAST(? AS regclass), ?) FROM "
                + name
                + " WHERE last_value < ? OR last_value = ? AND NOT is_called")) {
      statement.setString(1, name);
      statement.setLong(2, least);
      statement.setLong(3, least);
      statement.setLong(4, least);
      statement.execute();
    }
  }

  /** The name of the sequence that gives a label's elements their entries. */
  String sequence(Connection connection, AgeLabel label) throws SQLException {
    try (PreparedStatement statement =
        connection.prepareStatement(
            "SELECT l.seq_name FROM ag_catalog.ag_label l JOIN ag_catalog.ag_graph g"
                + " ON g.graphid = l.graph WHERE g.name = ? AND l.id = ?")) {
      statement.setString(1, graph);
      statement.setInt(2, label.id());
      try (ResultSet row = statement.executeQuery()) {
        if (!row.next()) {
          throw new VarveException(
              ExitCode.FAILED,
              "the label '" + label.name() + "' went away while the target was written",
              "keep others away from the target, and start over with --overwrite");
        }
        return row.getString(1);
      }
    }
  }

  private void setSequence(Connection connection, String sequence, long last) throws SQLException {
    try (PreparedStatement statement =
        connection.prepareStatement("SELECT pg_catalog.setval(CAST(? AS regclass), ?)")) {
      statement.setString(1, Sql.name(graph, sequence));
      statement.setLong(2, last);
      statement.execute();
    }
  }

  /**
   * What a planner wants to know of a table, from a small sample: enough for good plans from the
   * first query on. The usual sample would take half as long as the whole load; the server's own
   * autovacuum takes it later.
   */
  static void analyze(Connection connection, String graph, AgeLabel label) throws SQLException {
    try (Statement statement = connection.createStatement()) {
      statement.execute("SET LOCAL default_statistics_target = 10");
      statement.execute("ANALYZE " + Sql.name(graph, label.name()));
    }
  }
}
