package dev.varve.restore.target.neo4j;

import dev.varve.fault.ExitCode;
import dev.varve.fault.VarveException;
import dev.varve.graph.StoreSchema;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import org.neo4j.driver.Record;

/** Indexes and constraints of a running Neo4j. */
final class BoltSchema {

  private static final long PAUSE_MS = 100;

  private final BoltSession session;

  BoltSchema(BoltSession session) {
    this.session = session;
  }

  /** What somebody made there: neither the token look-up indexes of every database nor our own. */
  Set<String> names() {
    Set<String> names = new TreeSet<>();
    for (Record row : session.repeatable("SHOW CONSTRAINTS YIELD name", Map.of())) {
      names.add(row.get(0).asString());
    }
    for (Record row :
        session.repeatable(
            "SHOW INDEXES YIELD name, type WHERE type <> 'LOOKUP' RETURN name", Map.of())) {
      names.add(row.get(0).asString());
    }
    names.remove(Bookkeeping.CONSTRAINT);
    names.removeIf(name -> name.startsWith(StandbyMarks.PREFIX));
    return names;
  }

  /** Removes rules by name, those that are there. */
  void drop(Set<String> unwanted) {
    for (Record row : session.repeatable("SHOW CONSTRAINTS YIELD name", Map.of())) {
      if (unwanted.contains(row.get(0).asString())) {
        session.repeatable(
            "DROP CONSTRAINT " + Cypher.name(row.get(0).asString()) + " IF EXISTS", Map.of());
      }
    }
    for (String name : unwanted) {
      session.repeatable("DROP INDEX " + Cypher.name(name) + " IF EXISTS", Map.of());
    }
  }

  /** Removes everything, our own too. */
  void drop() {
    for (Record row : session.repeatable("SHOW CONSTRAINTS YIELD name", Map.of())) {
      session.repeatable(
          "DROP CONSTRAINT " + Cypher.name(row.get(0).asString()) + " IF EXISTS", Map.of());
    }
    for (Record row :
        session.repeatable(
            "SHOW INDEXES YIELD name, type WHERE type <> 'LOOKUP' RETURN name", Map.of())) {
      session.repeatable(
          "DROP INDEX " + Cypher.name(row.get(0).asString()) + " IF EXISTS", Map.of());
    }
  }

  /**
   * Creates every rule that is not there yet and waits until all indexes are filled. Constraints
   * come first: an index of the same columns would be in their way.
   */
  void create(StoreSchema schema) {
    Set<String> there = names();
    List<StoreSchema.Rule> rules = new ArrayList<>(schema.rules());
    rules.sort(Comparator.comparing(rule -> rule.form() == StoreSchema.Form.INDEX ? 1 : 0));
    for (StoreSchema.Rule rule : rules) {
      if (!there.contains(rule.name()) && !rule.type().equals("LOOKUP")) {
        create(rule);
      }
    }
    awaitIndexes();
  }

  private void create(StoreSchema.Rule rule) {
    String statement =
        rule.statement()
            .orElseThrow(
                () ->
                    new VarveException(
                        ExitCode.FAILED,
                        "the chain does not say how to create " + describe(rule),
                        "create it by hand in the source again, or restore to an earlier moment"));
    try {
      session.repeatable(statement, Map.of());
    } catch (VarveException e) {
      if (!names().contains(rule.name())) {
        throw new VarveException(
            ExitCode.FAILED,
            "cannot create " + describe(rule) + ": " + e.getMessage(),
            "an edition that has this kind of rule is needed; the same command goes on where it"
                + " stopped",
            e);
      }
    }
  }

  private static String describe(StoreSchema.Rule rule) {
    return rule.form() == StoreSchema.Form.INDEX
        ? "index '" + rule.name() + "' (" + rule.type() + ")"
        : "constraint '" + rule.name() + "' (" + rule.type() + ")";
  }

  /** Filling an index takes as long as it takes; a failed one ends it. */
  void awaitIndexes() {
    while (true) {
      List<Record> waiting =
          session.repeatable(
              "SHOW INDEXES YIELD name, state WHERE state <> 'ONLINE' RETURN name, state",
              Map.of());
      if (waiting.isEmpty()) {
        return;
      }
      for (Record row : waiting) {
        if (row.get(1).asString().equals("FAILED")) {
          throw new VarveException(
              ExitCode.FAILED,
              "Neo4j could not fill index '" + row.get(0).asString() + "'",
              "see the server's log");
        }
      }
      BoltSession.sleep(PAUSE_MS);
    }
  }
}
