// SPDX-License-Identifier: GPL-3.0-only
package dev.varve.neo4j.plugin;

import static org.assertj.core.api.Assertions.assertThat;

import dev.varve.change.Transaction;
import dev.varve.graph.ElementKind;
import dev.varve.graph.StoreSchema;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Indexes and constraints: found in the log, listed, and created again from their statements. */
class CdcSchemaTest {

  private static final List<String> EVERY_RULE =
      List.of(
          "CREATE INDEX `a range` FOR (n:Person) ON (n.name)",
          "CREATE INDEX composite FOR (n:`odd``label`) ON (n.`a b`, n.c)",
          "CREATE INDEX edges FOR ()-[r:KNOWS]-() ON (r.since, r.until)",
          "CREATE TEXT INDEX texts FOR (n:Person) ON (n.bio)",
          "CREATE TEXT INDEX edge_texts FOR ()-[r:KNOWS]-() ON (r.why)",
          "CREATE POINT INDEX points FOR (n:Place) ON (n.at) OPTIONS {indexConfig:"
              + " {`spatial.cartesian.min`: [-100.0, -80.0], `spatial.cartesian.max`: [100.0, 80.0]}}",
          "CREATE FULLTEXT INDEX words FOR (n:Person|Place) ON EACH [n.name, n.bio] OPTIONS"
              + " {indexConfig: {`fulltext.analyzer`: 'english',"
              + " `fulltext.eventually_consistent`: true}}",
          "CREATE FULLTEXT INDEX edge_words FOR ()-[r:KNOWS|LIKES]-() ON EACH [r.why]",
          "CREATE VECTOR INDEX vectors FOR (n:Place) ON (n.embedding) OPTIONS {indexConfig:"
              + " {`vector.dimensions`: 3, `vector.similarity_function`: 'cosine'}}",
          "CREATE CONSTRAINT one FOR (n:Person) REQUIRE n.email IS UNIQUE",
          "CREATE CONSTRAINT two FOR (n:Person) REQUIRE (n.a, n.b) IS UNIQUE",
          "CREATE CONSTRAINT edge_one FOR ()-[r:KNOWS]-() REQUIRE r.id IS UNIQUE");

  @Test
  void theLogHasEveryRuleAndItsStatementCreatesItElsewhere(
      @TempDir Path home, @TempDir Path otherHome) {
    List<StoreSchema.Rule> rules;
    try (TestDatabase database = TestDatabase.start(home)) {
      String from = database.current();
      StoreSchema before = listed(database);
      EVERY_RULE.forEach(database::run);
      StoreSchema after = listed(database);

      assertThat(after.rules()).hasSize(before.rules().size() + EVERY_RULE.size());
      assertThat(folded(before, database.transactions(from))).isEqualTo(after);
      assertThat(folded(StoreSchema.EMPTY, database.transactions(database.earliest())))
          .isEqualTo(after);
      rules = after.rules();

      String middle = database.current();
      database.run("DROP CONSTRAINT one");
      database.run("DROP INDEX words");
      database.run("DROP INDEX composite");
      StoreSchema.Change dropped = merged(database.transactions(middle));
      assertThat(dropped.dropped()).containsExactly("one", "words", "composite");
      assertThat(dropped.added()).isEmpty();
      assertThat(folded(after, database.transactions(middle))).isEqualTo(listed(database));
    }
    try (TestDatabase other = TestDatabase.start(otherHome)) {
      listed(other).rules().forEach(rule -> other.run("DROP INDEX `" + rule.name() + "`"));
      assertThat(listed(other)).isEqualTo(StoreSchema.EMPTY);
      for (StoreSchema.Rule rule : rules) {
        other.run(rule.statement().orElseThrow());
        other.run(rule.statement().orElseThrow());
      }
      assertThat(listed(other).rules()).isEqualTo(rules);
    }
  }

  @Test
  void aRuleIsNamedInFull(@TempDir Path home) {
    try (TestDatabase database = TestDatabase.start(home)) {
      String from = database.current();
      database.run("CREATE CONSTRAINT one FOR (n:Person) REQUIRE n.email IS UNIQUE");

      assertThat(merged(database.transactions(from)).added())
          .containsOnly(
              new StoreSchema.Rule(
                  "one",
                  StoreSchema.Form.CONSTRAINT,
                  "UNIQUENESS",
                  ElementKind.VERTEX,
                  List.of("Person"),
                  List.of("email"),
                  Optional.of(
                      "CREATE CONSTRAINT `one` IF NOT EXISTS FOR (n:`Person`) REQUIRE (n.`email`)"
                          + " IS UNIQUE")));
    }
  }

  private static StoreSchema folded(StoreSchema before, List<Transaction> transactions) {
    StoreSchema schema = before;
    for (Transaction transaction : transactions) {
      schema = transaction.schema().map(schema::after).orElse(schema);
    }
    return schema;
  }

  private static StoreSchema.Change merged(List<Transaction> transactions) {
    List<StoreSchema.Rule> added = new ArrayList<>();
    List<String> dropped = new ArrayList<>();
    for (Transaction transaction : transactions) {
      transaction.schema().ifPresent(change -> added.addAll(change.added()));
      transaction.schema().ifPresent(change -> dropped.addAll(change.dropped()));
    }
    return new StoreSchema.Change(false, added, dropped);
  }

  @SuppressWarnings("unchecked")
  private static StoreSchema listed(TestDatabase database) {
    List<StoreSchema.Rule> rules = new ArrayList<>();
    for (Map<String, Object> row : database.run("CALL varve.cdc.schema()")) {
      rules.add(
          new StoreSchema.Rule(
              TestDatabase.text(row, "name"),
              StoreSchema.Form.valueOf(TestDatabase.text(row, "form")),
              TestDatabase.text(row, "type"),
              ElementKind.valueOf(TestDatabase.text(row, "kind")),
              (List<String>) Objects.requireNonNull(row.get("labels")),
              (List<String>) Objects.requireNonNull(row.get("properties")),
              Optional.ofNullable((String) row.get("statement"))));
    }
    return new StoreSchema(rules);
  }
}
