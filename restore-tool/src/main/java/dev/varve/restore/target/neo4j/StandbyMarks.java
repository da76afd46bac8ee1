package dev.varve.restore.target.neo4j;

import dev.varve.fault.ExitCode;
import dev.varve.fault.VarveException;
import dev.varve.graph.ElementId;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import org.neo4j.driver.Record;

/**
 * What a standby has beside its graph, because Neo4j gives ids of its own: every node has the label
 * {@value #NODE} and every node and relationship the property {@value #ID}, the original id. A
 * uniqueness constraint finds nodes by it, an index for each type relationships.
 */
final class StandbyMarks {

  static final String NODE = "__VarveStandby";
  static final String ID = "__varve_id";

  /** What the names of all constraints and indexes begin with. */
  static final String PREFIX = "__varve_standby";

  private static final String INDEX = PREFIX + "_of_";

  private final BoltSession session;
  private final Set<String> types = new TreeSet<>();

  StandbyMarks(BoltSession session) {
    this.session = session;
  }

  /** An original id as it is kept: as a number, which takes the least room. */
  static long number(ElementId element, String id) {
    try {
      long number = Long.parseLong(id);
      if (number >= 0 && Long.toString(number).equals(id)) {
        return number;
      }
    } catch (NumberFormatException e) {
      // said below
    }
    throw new VarveException(
        ExitCode.FAILED,
        element + ": the id '" + id + "' is not a decimal number from 0 to 2^63 - 1",
        "a Neo4j standby follows a graph of Neo4j or Apache AGE");
  }

  static VarveException inUse(ElementId id) {
    return new VarveException(
        ExitCode.FAILED,
        id + " has the label " + NODE + " or the property " + ID + " of its own",
        "the chain was captured from a standby that was not promoted; remove label and property"
            + " from the source first");
  }

  /** Makes what finds nodes. */
  void createForNodes() {
    session.repeatable(
        "CREATE CONSTRAINT `"
            + PREFIX
            + "` IF NOT EXISTS FOR (n:`"
            + NODE
            + "`) REQUIRE n.`"
            + ID
            + "` IS UNIQUE",
        Map.of());
  }

  /** Makes what finds relationships of these types, and waits until it does. */
  void createFor(Set<String> wanted) {
    Set<String> missing = new TreeSet<>(wanted);
    missing.removeAll(types);
    if (missing.isEmpty()) {
      return;
    }
    for (String type : missing) {
      session.repeatable(
          "CREATE INDEX "
              + Cypher.name(INDEX + type)
              + " IF NOT EXISTS FOR ()-[r:"
              + Cypher.name(type)
              + "]-() ON (r.`"
              + ID
              + "`)",
          Map.of());
    }
    new BoltSchema(session).awaitIndexes();
    types.addAll(missing);
  }

  /** The types that relationships can be found of; all that there are. */
  Set<String> types() {
    return types;
  }

  /** Finds out which types have an index. */
  void load() {
    for (Record row :
        session.repeatable(
            "SHOW INDEXES YIELD name, labelsOrTypes WHERE name STARTS WITH $prefix"
                + " RETURN labelsOrTypes",
            Map.of("prefix", INDEX))) {
      types.addAll(row.get(0).asList(org.neo4j.driver.Value::asString));
    }
  }

  /** Removes constraint and indexes. */
  void drop() {
    List<Record> indexes =
        session.repeatable(
            "SHOW INDEXES YIELD name WHERE name STARTS WITH $prefix RETURN name",
            Map.of("prefix", INDEX));
    for (Record row : indexes) {
      session.repeatable(
          "DROP INDEX " + Cypher.name(row.get(0).asString()) + " IF EXISTS", Map.of());
    }
    session.repeatable("DROP CONSTRAINT `" + PREFIX + "` IF EXISTS", Map.of());
    types.clear();
  }
}
