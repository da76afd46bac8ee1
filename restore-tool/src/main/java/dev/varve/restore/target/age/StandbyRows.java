package dev.varve.restore.target.age;

import dev.varve.age.Graphid;
import dev.varve.age.LabelRule;
import dev.varve.age.ReplayedMessage;
import dev.varve.fault.ExitCode;
import dev.varve.fault.VarveException;
import dev.varve.graph.ElementId;
import dev.varve.graph.ElementKind;
import dev.varve.graph.StoreSchema;
import dev.varve.restore.standby.Advance;
import dev.varve.wire.AvroInput;
import dev.varve.wire.ElementCodec;
import java.sql.Array;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.postgresql.PGConnection;
import org.postgresql.copy.CopyIn;

/**
 * Writes an advance in one transaction: everything that changed is deleted, what is alive is
 * inserted as it is now. So a value that has to be unique may go from one element to another.
 */
final class StandbyRows {

  /** What the names of the indexes begin with that find rows by graphid. */
  static final String INDEX = "__varve_standby_";

  private static final int ROWS = 2_000;

  private final Connection connection;
  private final String graph;
  private final Labels labels;
  private final Advance advance;
  private final Map<Integer, Long> highest = new TreeMap<>();

  StandbyRows(Connection connection, String graph, Labels labels, Advance advance) {
    this.connection = connection;
    this.graph = graph;
    this.labels = labels;
    this.advance = advance;
  }

  void write() throws SQLException {
    sayReplayed();
    Map<Integer, AgeLabel> there = new HashMap<>();
    Labels.list(connection, graph).forEach(label -> there.put(label.id(), label));
    for (ElementKind kind : List.of(ElementKind.EDGE, ElementKind.VERTEX)) {
      batches(kind, batch -> delete(there, batch));
    }
    dropRules();
    dropLabels(there);
    makeLabels(there);
    for (ElementKind kind : List.of(ElementKind.VERTEX, ElementKind.EDGE)) {
      batches(kind, batch -> insert(there, batch));
    }
    labels.raise(connection, there, highest);
  }

  /** Capture passes a transaction over that begins so. */
  private void sayReplayed() throws SQLException {
    long oid;
    try (PreparedStatement statement =
        connection.prepareStatement(
            "SELECT CAST(graphid AS int8) FROM ag_catalog.ag_graph WHERE name = ?")) {
      statement.setString(1, graph);
      try (ResultSet row = statement.executeQuery()) {
        row.next(); // the row of the standby's table is of this graph
        oid = row.getLong(1);
      }
    }
    try (PreparedStatement statement =
        connection.prepareStatement("SELECT pg_catalog.pg_logical_emit_message(true, ?, ?)")) {
      statement.setString(1, ReplayedMessage.PREFIX);
      statement.setString(2, new ReplayedMessage(oid).text());
      statement.execute();
    }
  }

  private interface Batch {
    void write(List<Advance.Changed> batch) throws SQLException;
  }

  /** Carries an error of the server through the walk over what changed. */
  private static final class Broken extends RuntimeException {
    private final SQLException cause;

    Broken(SQLException cause) {
      super(cause);
      this.cause = cause;
    }
  }

  private void batches(ElementKind kind, Batch write) throws SQLException {
    List<Advance.Changed> batch = new ArrayList<>();
    try {
      advance.each(
          kind,
          changed -> {
            batch.add(changed);
            if (batch.size() == ROWS) {
              flush(batch, write);
            }
          });
    } catch (Broken e) {
      throw e.cause;
    }
    write.write(batch);
  }

  private static void flush(List<Advance.Changed> batch, Batch write) {
    try {
      write.write(batch);
      batch.clear();
    } catch (SQLException e) {
      throw new Broken(e);
    }
  }

  private static long graphid(ElementId id) {
    return Numbering.Kept.number(id);
  }

  private static int labelOf(Advance.Changed changed) {
    return Graphid.of(graphid(changed.id())).label();
  }

  private void delete(Map<Integer, AgeLabel> there, List<Advance.Changed> batch)
      throws SQLException {
    Map<Integer, List<Advance.Changed>> byLabel =
        batch.stream().collect(Collectors.groupingBy(StandbyRows::labelOf));
    for (Map.Entry<Integer, List<Advance.Changed>> entry : byLabel.entrySet()) {
      AgeLabel label = there.get(entry.getKey());
      if (label == null) {
        continue; // nothing of it is here yet
      }
      String[] ids =
          entry.getValue().stream()
              .map(changed -> Long.toString(graphid(changed.id())))
              .toArray(String[]::new);
      Array array = connection.createArrayOf("text", ids);
      try (PreparedStatement statement =
          connection.prepareStatement(
              "DELETE FROM ONLY "
                  + Sql.name(graph, label.name())
                  + " WHERE id = ANY (CAST(CAST(? AS text[]) AS ag_catalog.graphid[]))")) {
        statement.setArray(1, array);
        statement.executeUpdate();
      }
    }
  }

  private void insert(Map<Integer, AgeLabel> there, List<Advance.Changed> batch)
      throws SQLException {
    Map<Integer, RowBuffer> byLabel = new TreeMap<>();
    for (Advance.Changed changed : batch) {
      if (!changed.removed()) {
        add(there, byLabel, changed);
      }
    }
    for (Map.Entry<Integer, RowBuffer> entry : byLabel.entrySet()) {
      AgeLabel label = label(there, entry.getKey());
      RowBuffer rows = entry.getValue();
      rows.end();
      CopyIn copy =
          connection
              .unwrap(PGConnection.class)
              .getCopyAPI()
              .copyIn(
                  "COPY "
                      + Sql.name(graph, label.name())
                      + (label.kind() == ElementKind.VERTEX
                          ? " (id, properties)"
                          : " (id, start_id, end_id, properties)")
                      + " FROM STDIN (FORMAT binary)");
      copy.writeToCopy(rows.array(), 0, rows.length());
      copy.endCopy();
    }
  }

  private void add(
      Map<Integer, AgeLabel> there, Map<Integer, RowBuffer> byLabel, Advance.Changed changed)
      throws SQLException {
    Graphid graphid = Graphid.of(graphid(changed.id()));
    AvroInput state = new AvroInput(changed.encoded());
    ElementCodec.Called called = ElementCodec.readCalled(state);
    if (there.get(graphid.label()) == null) {
      make(there, new AgeLabel(graphid.label(), called.labels().get(0), called.kind()));
    }
    highest.merge(graphid.label(), graphid.entry(), Math::max);
    RowBuffer rows = byLabel.computeIfAbsent(graphid.label(), missing -> new RowBuffer());
    rows.row(called.kind() == ElementKind.VERTEX ? 2 : 4);
    rows.graphid(graphid.number());
    if (called.kind() == ElementKind.EDGE) {
      rows.graphid(graphid(ElementId.vertex(state.readString())));
      rows.graphid(graphid(ElementId.vertex(state.readString())));
    }
    try {
      rows.properties(state);
    } catch (IllegalArgumentException e) {
      throw Parts.notHeld(changed.id(), e);
    }
  }

  private static AgeLabel label(Map<Integer, AgeLabel> there, int id) {
    @Nullable AgeLabel label = there.get(id);
    if (label == null) {
      throw new IllegalStateException("no label " + id);
    }
    return label;
  }

  /** Indexes and constraints that are no more, or are others now. */
  private void dropRules() throws SQLException {
    Set<StoreSchema.Rule> after = Set.copyOf(advance.schemaAfter().rules());
    try (Statement statement = connection.createStatement()) {
      for (StoreSchema.Rule rule : advance.schemaBefore().rules()) {
        if (after.contains(rule) || LabelRule.of(rule).isPresent()) {
          continue;
        }
        if (rule.form() == StoreSchema.Form.INDEX) {
          statement.execute("DROP INDEX IF EXISTS " + Sql.name(graph, rule.name()));
        } else if (!rule.labels().isEmpty()) {
          String label = rule.labels().get(0); // a constraint's name is its table's own
          statement.execute(
              "ALTER TABLE IF EXISTS "
                  + Sql.name(graph, label)
                  + " DROP CONSTRAINT IF EXISTS "
                  + Sql.name(rule.name().substring(label.length() + 1)));
        }
      }
    }
  }

  private void dropLabels(Map<Integer, AgeLabel> there) throws SQLException {
    Set<Integer> after = labelIds(advance.schemaAfter());
    for (int id : labelIds(advance.schemaBefore())) {
      AgeLabel label = there.get(id);
      if (label != null && !after.contains(id) && !label.isDefault()) {
        try (PreparedStatement statement =
            connection.prepareStatement(
                "SELECT ag_catalog.drop_label(CAST(? AS name), CAST(? AS name))")) {
          statement.setString(1, graph);
          statement.setString(2, label.name());
          statement.execute();
        }
        there.remove(id);
      }
    }
  }

  private static Set<Integer> labelIds(StoreSchema schema) {
    return schema.rules().stream()
        .flatMap(rule -> LabelRule.of(rule).stream())
        .map(LabelRule::id)
        .collect(Collectors.toSet());
  }

  private void makeLabels(Map<Integer, AgeLabel> there) throws SQLException {
    for (StoreSchema.Rule rule : advance.schemaAfter().rules()) {
      LabelRule label = LabelRule.of(rule).orElse(null);
      if (label != null && !there.containsKey(label.id())) {
        make(there, new AgeLabel(label.id(), label.name(), label.kind()));
      }
    }
  }

  private void make(Map<Integer, AgeLabel> there, AgeLabel label) throws SQLException {
    labels.make(connection, label);
    prepare(connection, graph, label);
    there.put(label.id(), label);
    Map<Integer, AgeLabel> found = new HashMap<>();
    Labels.list(connection, graph).forEach(made -> found.put(made.id(), made));
    if (!label.equals(found.get(label.id()))) {
      throw new VarveException(
          ExitCode.FAILED,
          "the graph " + graph + " has no room for " + label + "; nothing was applied",
          "somebody made labels in the standby: restore it anew with --overwrite");
    }
  }

  /**
   * Makes what finds the rows of a label, and has its table log removals in full: a table that is
   * captured takes no {@code DELETE} otherwise.
   */
  static void prepare(Connection connection, String graph, AgeLabel label) throws SQLException {
    String table = Sql.name(graph, label.name());
    try (Statement statement = connection.createStatement()) {
      statement.execute(
          "CREATE INDEX IF NOT EXISTS " + Sql.name(INDEX + label.id()) + " ON " + table + " (id)");
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
}
