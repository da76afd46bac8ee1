package dev.varve.restore.target.age;

import dev.varve.age.Graphid;
import dev.varve.fault.ExitCode;
import dev.varve.fault.VarveException;
import dev.varve.graph.ElementKind;
import dev.varve.restore.standby.Advance;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Savepoint;
import java.sql.Statement;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The labels of a standby as a transaction sees and makes them. */
final class StandbyLabels {

  private static final Logger LOG = LoggerFactory.getLogger(StandbyLabels.class);

  private final Connection connection;
  private final String graph;
  private final Labels labels;
  private final boolean converted;
  private final TreeMap<Integer, AgeLabel> byId = new TreeMap<>();
  private final Map<ElementKind, Map<String, AgeLabel>> byName = new EnumMap<>(ElementKind.class);

  /** The highest entry that was written under each label. */
  private final Map<Integer, Long> highest = new HashMap<>();

  /**
   * @param converted whether the graph is one of another engine: its edges are looked for by their
   *     ends, and its indexes may have names that labels have in AGE
   */
  StandbyLabels(Connection connection, String graph, Labels labels, boolean converted)
      throws SQLException {
    this.connection = connection;
    this.graph = graph;
    this.labels = labels;
    this.converted = converted;
    Labels.list(connection, graph).forEach(this::put);
  }

  private void put(AgeLabel label) {
    byId.put(label.id(), label);
    names(label.kind()).put(label.shown(), label);
  }

  private Map<String, AgeLabel> names(ElementKind kind) {
    return byName.computeIfAbsent(kind, none -> new HashMap<>());
  }

  @Nullable AgeLabel byId(int id) {
    return byId.get(id);
  }

  AgeLabel require(int id) {
    AgeLabel label = byId.get(id);
    if (label == null) {
      throw new IllegalStateException("no label " + id);
    }
    return label;
  }

  /** In the order of their numbers. */
  List<AgeLabel> all(ElementKind kind) {
    return byId.values().stream().filter(label -> label.kind() == kind).toList();
  }

  /**
   * Under which label elements go that are called so.
   *
   * @param name nothing for those without a label
   */
  Optional<AgeLabel> named(ElementKind kind, String name) {
    return Optional.ofNullable(names(kind).get(name));
  }

  /** That label, made under the next number if it is not there yet. */
  AgeLabel namedOrMade(ElementKind kind, String name) throws SQLException {
    Optional<AgeLabel> there = named(kind, name);
    if (there.isPresent()) {
      return there.get();
    }
    AgeLabel next = new AgeLabel(byId.lastKey() + 1, name, kind);
    make(next);
    return next;
  }

  /**
   * Sees to it that no label has to be made for an advance.
   *
   * @throws IllegalStateException if one has to be
   */
  void requireAll(Advance advance) {
    for (ElementKind kind : ElementKind.values()) {
      advance.each(
          kind,
          changed -> {
            if (!changed.removed()) {
              require(Graphid.of(StandbyRows.graphid(changed.id())).label());
            }
          });
    }
  }

  void make(AgeLabel label) throws SQLException {
    Labels.check(label);
    if (converted && Rules.dropIndex(connection, graph, label.name())) {
      LOG.warn("the standby lacks index '{}' from now on: a label is called so", label.name());
    }
    labels.make(connection, label);
    new StandbyIndexes(connection, graph).make(label, converted);
    put(label);
    if (!Labels.list(connection, graph).contains(label)) {
      throw new VarveException(
          ExitCode.FAILED,
          "the graph " + graph + " has no room for " + label + "; nothing was applied",
          "somebody made labels in the standby: restore it anew with --overwrite");
    }
  }

  /** Which other label has the name of one that is to be made, of vertices or of edges. */
  Optional<AgeLabel> namesake(AgeLabel label) {
    return byId.values().stream()
        .filter(other -> other.id() != label.id() && other.name().equals(label.name()))
        .findFirst();
  }

  /** Drops a label; one that has rows stays, and nobody else can be called so. */
  void dropEmpty(AgeLabel label) throws SQLException {
    try (Statement statement = connection.createStatement();
        ResultSet row =
            statement.executeQuery(
                "SELECT 1 FROM ONLY " + Sql.name(graph, label.name()) + " LIMIT 1")) {
      if (row.next()) {
        return;
      }
    }
    drop(label);
  }

  /**
   * Drops a label with its rows and indexes. AGE lets only superusers do that, whoever the table
   * belongs to: for others it stays, empty.
   */
  void drop(AgeLabel label) throws SQLException {
    Savepoint before = connection.setSavepoint();
    try (PreparedStatement statement =
        connection.prepareStatement(
            "SELECT ag_catalog.drop_label(CAST(? AS name), CAST(? AS name))")) {
      statement.setString(1, graph);
      statement.setString(2, label.name());
      statement.execute();
    } catch (SQLException e) {
      if (!String.valueOf(e.getMessage()).contains(NOT_A_SUPERUSER)) {
        throw e;
      }
      connection.rollback(before);
      empty(label);
      return;
    }
    connection.releaseSavepoint(before);
    byId.remove(label.id());
    names(label.kind()).remove(label.shown());
    highest.remove(label.id());
  }

  /** What AGE 1.5 to 1.8 answer to anybody else who drops a label. */
  private static final String NOT_A_SUPERUSER = "unrecognized class ID";

  private void empty(AgeLabel label) throws SQLException {
    try (Statement statement = connection.createStatement()) {
      statement.execute("DELETE FROM ONLY " + Sql.name(graph, label.name()));
    }
    LOG.warn(
        "the label '{}' is gone in the source and stays in the standby, empty: AGE lets only"
            + " superusers drop labels",
        label.name());
  }

  /** A row was written. */
  void wrote(Graphid graphid) {
    highest.merge(graphid.label(), graphid.entry(), Math::max);
  }

  /** The highest entry that this transaction wrote under a label; 0 if it wrote none. */
  long highest(AgeLabel label) {
    return highest.getOrDefault(label.id(), 0L);
  }

  /** Sees to it that nothing that is created later gets a number of what was written. */
  void raise() throws SQLException {
    labels.raise(connection, byId, highest);
  }
}
