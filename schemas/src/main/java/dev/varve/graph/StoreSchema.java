package dev.varve.graph;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;

/**
 * What a store enforces or speeds up beside the data: its indexes and constraints.
 *
 * @param rules sorted by name
 */
public record StoreSchema(List<Rule> rules) {

  public StoreSchema {
    rules = rules.stream().sorted(Comparator.comparing(Rule::name)).toList();
  }

  /** A schema without rules. */
  public static final StoreSchema EMPTY = new StoreSchema(List.of());

  /** The schema after a transaction changed it. A rule takes the place of one of the same name. */
  public StoreSchema after(Change change) {
    List<Rule> result = new ArrayList<>(change.whole() ? List.of() : rules);
    result.removeIf(
        rule ->
            change.dropped().contains(rule.name())
                || change.added().stream().anyMatch(added -> added.name().equals(rule.name())));
    result.addAll(change.added());
    return new StoreSchema(result);
  }

  /**
   * What a transaction did to the schema.
   *
   * @param whole whether {@code added} is the whole schema, as an initial scan finds it
   * @param added rules created or altered
   * @param dropped names of rules dropped
   */
  public record Change(boolean whole, List<Rule> added, List<String> dropped) {
    public Change {
      added = List.copyOf(added);
      dropped = List.copyOf(dropped);
    }
  }

  /**
   * An index or a constraint.
   *
   * @param name the store's name for it
   * @param form {@code INDEX} or {@code CONSTRAINT}
   * @param type the store's word: RANGE, TEXT, POINT, FULLTEXT, LOOKUP, VECTOR, UNIQUENESS, …
   * @param kind what it is on
   * @param labels labels or edge types; empty for a lookup index
   * @param properties property keys in order
   * @param statement how the store is told to create it again (Neo4j: Cypher); absent if it cannot
   */
  public record Rule(
      String name,
      Form form,
      String type,
      ElementKind kind,
      List<String> labels,
      List<String> properties,
      Optional<String> statement) {
    public Rule {
      labels = List.copyOf(labels);
      properties = List.copyOf(properties);
    }
  }

  public enum Form {
    INDEX,
    CONSTRAINT
  }
}
