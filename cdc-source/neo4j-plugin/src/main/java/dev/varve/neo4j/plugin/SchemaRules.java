// SPDX-License-Identifier: GPL-3.0-only
package dev.varve.neo4j.plugin;

import dev.varve.graph.ElementKind;
import dev.varve.graph.StoreSchema;
import dev.varve.neo4j.plugin.CdcException.Code;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.IntFunction;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.neo4j.common.EntityType;
import org.neo4j.internal.recordstorage.Command;
import org.neo4j.internal.recordstorage.Command.Mode;
import org.neo4j.internal.schema.ConstraintDescriptor;
import org.neo4j.internal.schema.IndexDescriptor;
import org.neo4j.internal.schema.IndexType;
import org.neo4j.internal.schema.SchemaDescriptor;
import org.neo4j.internal.schema.SchemaRule;
import org.neo4j.values.AnyValue;
import org.neo4j.values.storable.ArrayValue;
import org.neo4j.values.storable.TextValue;
import org.neo4j.values.storable.Value;

/** Neo4j's indexes and constraints as Varve's schema rules, with the Cypher that creates them. */
final class SchemaRules {

  private final Tokens tokens;

  SchemaRules(Tokens tokens) {
    this.tokens = tokens;
  }

  /** Gathers what one transaction does to the schema. */
  Collector collector() {
    return new Collector();
  }

  final class Collector {

    private final List<StoreSchema.Rule> added = new ArrayList<>();
    private final List<String> dropped = new ArrayList<>();

    void add(Command.SchemaRuleCommand command) {
      @Nullable SchemaRule rule = command.getSchemaRule();
      if (rule == null) {
        throw new CdcException(
            Code.UNSUPPORTED_LOG,
            "The log has a change of the schema rule " + command.getKey() + " without the rule.",
            "Have capture scan the store anew.");
      }
      if (belongsToConstraint(rule)) {
        return;
      }
      if (command.getMode() == Mode.DELETE) {
        dropped.add(rule.getName());
      } else {
        added.add(rule(rule));
      }
    }

    Optional<StoreSchema.Change> change() {
      return added.isEmpty() && dropped.isEmpty()
          ? Optional.empty()
          : Optional.of(new StoreSchema.Change(false, added, dropped));
    }
  }

  /** Whether the rule is an index that a constraint creates and drops. */
  static boolean belongsToConstraint(SchemaRule rule) {
    return rule instanceof IndexDescriptor index
        && (index.isUnique() || index.getOwningConstraintId().isPresent());
  }

  StoreSchema.Rule rule(SchemaRule rule) {
    if (rule instanceof IndexDescriptor index) {
      return index(index);
    } else if (rule instanceof ConstraintDescriptor constraint) {
      return constraint(constraint);
    }
    throw new IllegalArgumentException("neither an index nor a constraint: " + rule);
  }

  private StoreSchema.Rule index(IndexDescriptor index) {
    Subject subject = new Subject(index.schema());
    IndexType type = index.getIndexType();
    String on =
        switch (type) {
          case LOOKUP -> subject.isVertex() ? "EACH labels(n)" : "EACH type(n)";
          case FULLTEXT -> "EACH [" + subject.properties("n.", ", ") + "]";
          case RANGE, TEXT, POINT, VECTOR -> "(" + subject.properties("n.", ", ") + ")";
        };
    String statement =
        "CREATE "
            + type
            + " INDEX "
            + quoted(index.getName())
            + " IF NOT EXISTS FOR "
            + subject.pattern()
            + " ON "
            + on
            + options(index);
    return rule(
        index.getName(), StoreSchema.Form.INDEX, type.name(), subject, Optional.of(statement));
  }

  private StoreSchema.Rule constraint(ConstraintDescriptor constraint) {
    Subject subject = new Subject(constraint.schema());
    String type;
    @Nullable String requirement;
    switch (constraint.type()) {
      case UNIQUE -> {
        type = "UNIQUENESS";
        requirement = "IS UNIQUE";
      }
      case UNIQUE_EXISTS -> {
        type = "KEY";
        requirement = subject.isVertex() ? "IS NODE KEY" : "IS RELATIONSHIP KEY";
      }
      case EXISTS -> {
        type = "PROPERTY_EXISTENCE";
        requirement = "IS NOT NULL";
      }
      case PROPERTY_TYPE -> {
        type = "PROPERTY_TYPE";
        requirement =
            "IS :: " + constraint.asPropertyTypeConstraint().propertyType().userDescription();
      }
      default -> {
        type = constraint.type().name();
        requirement = null;
      }
    }
    Optional<String> statement =
        requirement == null
            ? Optional.empty()
            : Optional.of(
                "CREATE CONSTRAINT "
                    + quoted(constraint.getName())
                    + " IF NOT EXISTS FOR "
                    + subject.pattern()
                    + " REQUIRE ("
                    + subject.properties("n.", ", ")
                    + ") "
                    + requirement);
    return rule(constraint.getName(), StoreSchema.Form.CONSTRAINT, type, subject, statement);
  }

  private static StoreSchema.Rule rule(
      String name,
      StoreSchema.Form form,
      String type,
      Subject subject,
      Optional<String> statement) {
    return new StoreSchema.Rule(
        name,
        form,
        type,
        subject.isVertex() ? ElementKind.VERTEX : ElementKind.EDGE,
        subject.labels,
        subject.keys,
        statement);
  }

  /** What a rule is on. */
  private final class Subject {

    private final EntityType kind;
    private final List<String> labels;
    private final List<String> keys;

    Subject(SchemaDescriptor schema) {
      this.kind = schema.entityType();
      this.labels = names(schema.getEntityTokenIds(), isVertex() ? tokens::label : tokens::type);
      this.keys = names(schema.getPropertyIds(), tokens::key);
    }

    boolean isVertex() {
      return kind == EntityType.NODE;
    }

    String pattern() {
      String label =
          labels.isEmpty()
              ? ""
              : labels.stream().map(SchemaRules::quoted).collect(Collectors.joining("|", ":", ""));
      return isVertex() ? "(n" + label + ")" : "()-[n" + label + "]-()";
    }

    String properties(String prefix, String separator) {
      return keys.stream().map(key -> prefix + quoted(key)).collect(Collectors.joining(separator));
    }
  }

  private static List<String> names(int[] ids, IntFunction<String> name) {
    return Arrays.stream(ids).mapToObj(name).toList();
  }

  private static String options(IndexDescriptor index) {
    Map<String, Value> config = index.getIndexConfig().asMap();
    if (config.isEmpty()) {
      return "";
    }
    return config.entrySet().stream()
        .map(entry -> quoted(entry.getKey()) + ": " + literal(entry.getValue()))
        .collect(Collectors.joining(", ", " OPTIONS {indexConfig: {", "}}"));
  }

  private static String literal(AnyValue value) {
    if (value instanceof TextValue text) {
      return "'" + text.stringValue().replace("\\", "\\\\").replace("'", "\\'") + "'";
    } else if (value instanceof ArrayValue array) {
      return Stream.iterate(0, i -> i < array.intSize(), i -> i + 1)
          .map(i -> literal(array.value(i)))
          .collect(Collectors.joining(", ", "[", "]"));
    }
    return ((Value) value).asObjectCopy().toString();
  }

  private static String quoted(String name) {
    return "`" + name.replace("`", "``") + "`";
  }
}
