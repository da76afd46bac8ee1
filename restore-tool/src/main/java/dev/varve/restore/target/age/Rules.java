package dev.varve.restore.target.age;

import dev.varve.age.LabelRule;
import dev.varve.graph.StoreSchema;
import dev.varve.restore.Progress;
import dev.varve.restore.target.Dispatcher;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Optional;

/** Indexes and constraints of the target graph. */
final class Rules {

  /** Neo4j's index of labels, which a table for each label is instead. */
  private static final String LOOKUP = "LOOKUP";

  private static final String NAMES =
      "SELECT c.relname FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n"
          + " ON n.oid = c.relnamespace WHERE n.nspname = ? AND c.relkind = 'i'"
          + " UNION SELECT c.conname FROM pg_catalog.pg_constraint c JOIN pg_catalog.pg_namespace n"
          + " ON n.oid = c.connamespace WHERE n.nspname = ? AND c.contype <> 'n'";

  private final AgeSession session;
  private final String graph;

  Rules(AgeSession session, String graph) {
    this.session = session;
    this.graph = graph;
  }

  /** What somebody made there beside what every graph has. */
  List<String> names() {
    return session.repeatable(
        connection -> {
          List<String> names = names(connection);
          names.removeIf(
              name -> name.equals("_ag_label_vertex_pkey") || name.equals("_ag_label_edge_pkey"));
          return names;
        });
  }

  private List<String> names(Connection connection) throws SQLException {
    try (PreparedStatement statement = connection.prepareStatement(NAMES)) {
      statement.setString(1, graph);
      statement.setString(2, graph);
      List<String> names = new ArrayList<>();
      try (ResultSet row = statement.executeQuery()) {
        while (row.next()) {
          names.add(row.getString(1));
        }
      }
      return names;
    }
  }

  /**
   * Creates every index and constraint that is not there yet, several at a time; constraints come
   * first.
   *
   * @return what could not be created, and why
   */
  List<String> create(StoreSchema schema, Dispatcher dispatcher, Progress progress) {
    List<String> problems = Collections.synchronizedList(new ArrayList<>());
    for (StoreSchema.Form form : List.of(StoreSchema.Form.CONSTRAINT, StoreSchema.Form.INDEX)) {
      for (StoreSchema.Rule rule : schema.rules()) {
        if (rule.form() == form && !rule.type().equals(LOOKUP) && LabelRule.of(rule).isEmpty()) {
          dispatcher.submit(
              new Dispatcher.Task(
                  0,
                  () -> {
                    create(rule).ifPresent(problems::add);
                    progress.advance(1);
                  }));
        }
      }
      dispatcher.drain();
    }
    return problems.stream().sorted().toList();
  }

  /** Creates one; the problem if it cannot be. */
  private Optional<String> create(StoreSchema.Rule rule) {
    Optional<RuleStatement> statement = rule.statement().flatMap(RuleStatement::parse);
    if (statement.isEmpty()) {
      return Optional.of(
          describe(rule)
              + ": the chain has no statement for it that makes an index or a constraint in AGE");
    }
    return session.repeatable(
        connection -> {
          if (names(connection).contains(rule.name())) {
            return Optional.empty();
          }
          try (Statement create = connection.createStatement()) {
            create.execute(statement.get().on(graph));
            return Optional.empty();
          } catch (SQLException e) {
            if (AgeSession.worthRetrying(e)) {
              throw e;
            }
            connection.rollback();
            return Optional.of(describe(rule) + ": " + e.getMessage());
          }
        });
  }

  private static String describe(StoreSchema.Rule rule) {
    return (rule.form() == StoreSchema.Form.INDEX ? "index '" : "constraint '") + rule.name() + "'";
  }
}
