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
import java.util.Set;

/** Indexes and constraints of the target graph. */
final class Rules {

  /** Neo4j's index of labels, which a table for each label is instead. */
  private static final String LOOKUP = "LOOKUP";

  /**
   * Every index and constraint, as a statement that would make it, and whether AGE makes it with
   * every label: a primary key of the two tables that all others inherit from, and since AGE 1.7 of
   * each vertex label, and an index on either end of each edge label.
   */
  private static final String THERE =
      "SELECT c.relname, pg_catalog.pg_get_indexdef(c.oid), pg_catalog.pg_get_indexdef(c.oid) ~ '"
          + " USING btree \\((start_id|end_id)\\)$' AND NOT i.indisunique"
          + " FROM pg_catalog.pg_index i JOIN pg_catalog.pg_class c ON c.oid = i.indexrelid"
          + " JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = ?"
          + " AND NOT EXISTS (SELECT FROM pg_catalog.pg_constraint k WHERE k.conindid = c.oid)"
          + " UNION ALL SELECT k.conname, pg_catalog.format('ALTER TABLE %I.%I ADD CONSTRAINT %I %s',"
          + " n.nspname, t.relname, k.conname, pg_catalog.pg_get_constraintdef(k.oid)),"
          + " k.contype = 'p' AND pg_catalog.pg_get_constraintdef(k.oid) = 'PRIMARY KEY (id)'"
          + " FROM pg_catalog.pg_constraint k JOIN pg_catalog.pg_class t ON t.oid = k.conrelid"
          + " JOIN pg_catalog.pg_namespace n ON n.oid = k.connamespace"
          + " WHERE n.nspname = ? AND k.contype <> 'n'";

  private final AgeSession session;
  private final String graph;

  Rules(AgeSession session, String graph) {
    this.session = session;
    this.graph = graph;
  }

  /** One that is there. */
  private record There(String name, Optional<RuleStatement> statement, boolean ofEveryLabel) {

    /** Whether it does what a statement would do, under whatever name AGE gave it. */
    boolean does(RuleStatement wanted) {
      return statement.isPresent() && statement.get().sameOnAnyGraph(wanted);
    }
  }

  /** What somebody made there beside what every graph has. */
  List<String> names() {
    return session.repeatable(
        connection ->
            there(connection).stream()
                .filter(one -> !one.ofEveryLabel())
                .map(There::name)
                .toList());
  }

  private List<There> there(Connection connection) throws SQLException {
    try (PreparedStatement statement = connection.prepareStatement(THERE)) {
      statement.setString(1, graph);
      statement.setString(2, graph);
      List<There> found = new ArrayList<>();
      try (ResultSet row = statement.executeQuery()) {
        while (row.next()) {
          found.add(
              new There(
                  row.getString(1), RuleStatement.parse(row.getString(2)), row.getBoolean(3)));
        }
      }
      return found;
    }
  }

  /**
   * Drops indexes and constraints that are no more, or are others now.
   *
   * @param before what the graph has
   */
  static void drop(Connection connection, String graph, StoreSchema before, StoreSchema after)
      throws SQLException {
    Set<StoreSchema.Rule> kept = Set.copyOf(after.rules());
    for (StoreSchema.Rule rule : before.rules()) {
      if (kept.contains(rule) || LabelRule.of(rule).isPresent()) {
        continue;
      }
      if (rule.form() == StoreSchema.Form.INDEX) {
        dropIndex(connection, graph, rule.name());
      } else if (!rule.labels().isEmpty()) {
        String label = rule.labels().get(0); // a constraint's name is its table's own
        try (Statement statement = connection.createStatement()) {
          statement.execute(
              "ALTER TABLE IF EXISTS "
                  + Sql.name(graph, label)
                  + " DROP CONSTRAINT IF EXISTS "
                  + Sql.name(rule.name().substring(label.length() + 1)));
        }
      }
    }
  }

  /**
   * Drops an index if it is there. What is of that name and none stays: then the index could not be
   * made.
   *
   * @return whether it was there
   */
  static boolean dropIndex(Connection connection, String graph, String name) throws SQLException {
    try (PreparedStatement statement =
        connection.prepareStatement(
            "SELECT FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n"
                + " ON n.oid = c.relnamespace WHERE n.nspname = ? AND c.relname = ?"
                + " AND c.relkind = 'i'")) {
      statement.setString(1, graph);
      statement.setString(2, name);
      try (ResultSet row = statement.executeQuery()) {
        if (!row.next()) {
          return false;
        }
      }
    }
    try (Statement statement = connection.createStatement()) {
      statement.execute("DROP INDEX " + Sql.name(graph, name));
      return true;
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
          if (there(connection).stream().anyMatch(one -> one.does(statement.get()))) {
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
