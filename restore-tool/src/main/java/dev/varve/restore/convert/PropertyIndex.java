package dev.varve.restore.convert;

import dev.varve.age.Agtype;
import dev.varve.graph.ElementKind;
import dev.varve.graph.StoreSchema;
import dev.varve.graph.Value;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/**
 * What both engines have in the same sense: an ordered index of properties of one label or type,
 * and that no two elements have the same values of them. In Neo4j a range index or a uniqueness
 * constraint; in AGE a btree, unique or not, of {@code agtype_access_operator(properties, key)}.
 *
 * @param label or type
 * @param keys in order
 */
record PropertyIndex(
    String name, ElementKind kind, String label, List<String> keys, boolean unique) {

  private static final String QUOTED = "\"(?:[^\"]|\"\")+\"|[a-z_][a-z0-9_$]*";

  /** As {@code pg_get_indexdef} writes it; whatever else it has to say is not the same any more. */
  private static final Pattern AGE =
      Pattern.compile(
          "CREATE (UNIQUE )?INDEX (?:"
              + QUOTED
              + ") ON (?:"
              + QUOTED
              + ")\\.(?:"
              + QUOTED
              + ") USING btree \\((.*)\\)",
          Pattern.DOTALL);

  private static final Pattern COLUMN =
      Pattern.compile(
          "(?:ag_catalog\\.)?agtype_access_operator\\(VARIADIC ARRAY\\[properties,"
              + " '((?:[^']|'')*)'::(?:ag_catalog\\.)?agtype\\]\\)(, |$)",
          Pattern.DOTALL);

  PropertyIndex {
    keys = List.copyOf(keys);
  }

  /** What a rule of an engine is; empty if it is something that the other one has not. */
  static Optional<PropertyIndex> of(Engine engine, StoreSchema.Rule rule) {
    if (rule.labels().size() != 1) {
      return Optional.empty();
    }
    return switch (engine) {
      case NEO4J -> ofNeo4j(rule);
      case AGE -> ofAge(rule);
      case OTHER -> Optional.empty();
    };
  }

  private static Optional<PropertyIndex> ofNeo4j(StoreSchema.Rule rule) {
    boolean unique = rule.form() == StoreSchema.Form.CONSTRAINT && rule.type().equals("UNIQUENESS");
    boolean range = rule.form() == StoreSchema.Form.INDEX && rule.type().equals("RANGE");
    return (unique || range) && !rule.properties().isEmpty()
        ? Optional.of(
            new PropertyIndex(
                rule.name(), rule.kind(), rule.labels().get(0), rule.properties(), unique))
        : Optional.empty();
  }

  private static Optional<PropertyIndex> ofAge(StoreSchema.Rule rule) {
    Matcher index = AGE.matcher(rule.statement().orElse(""));
    if (rule.form() != StoreSchema.Form.INDEX || !index.matches()) {
      return Optional.empty();
    }
    List<String> keys = new ArrayList<>();
    Matcher column = COLUMN.matcher(index.group(2));
    int at = 0;
    while (at < index.group(2).length()) {
      if (!column.find(at) || column.start() != at) {
        return Optional.empty();
      }
      Optional<String> key = key(column.group(1).replace("''", "'"));
      if (key.isEmpty()) {
        return Optional.empty();
      }
      keys.add(key.get());
      at = column.end();
    }
    boolean unique = index.group(1) != null;
    return Optional.of(
        new PropertyIndex(rule.name(), rule.kind(), rule.labels().get(0), keys, unique));
  }

  private static Optional<String> key(String agtype) {
    try {
      return Agtype.parse(agtype) instanceof Value.Text text
          ? Optional.of(text.value())
          : Optional.empty();
    } catch (IllegalArgumentException e) {
      return Optional.empty();
    }
  }

  /** On what it is: Neo4j has one of these only. */
  List<Object> subject() {
    return List.of(kind, label, keys);
  }

  /** As a rule of an engine; empty if its name is none there. */
  Optional<StoreSchema.Rule> rule(Engine engine) {
    return switch (engine) {
      case NEO4J -> Optional.of(neo4j());
      case AGE -> age();
      case OTHER -> Optional.empty();
    };
  }

  private StoreSchema.Rule neo4j() {
    String pattern =
        kind == ElementKind.VERTEX
            ? "(n:" + backTicked(label) + ")"
            : "()-[n:" + backTicked(label) + "]-()";
    String properties =
        keys.stream()
            .map(key -> "n." + backTicked(key))
            .collect(Collectors.joining(", ", "(", ")"));
    String statement =
        unique
            ? "CREATE CONSTRAINT "
                + backTicked(name)
                + " IF NOT EXISTS FOR "
                + pattern
                + " REQUIRE "
                + properties
                + " IS UNIQUE"
            : "CREATE RANGE INDEX "
                + backTicked(name)
                + " IF NOT EXISTS FOR "
                + pattern
                + " ON "
                + properties;
    return new StoreSchema.Rule(
        name,
        unique ? StoreSchema.Form.CONSTRAINT : StoreSchema.Form.INDEX,
        unique ? "UNIQUENESS" : "RANGE",
        kind,
        List.of(label),
        keys,
        Optional.of(statement));
  }

  private Optional<StoreSchema.Rule> age() {
    if (name.getBytes(StandardCharsets.UTF_8).length > AgeNames.BYTES_MAX
        || name.indexOf('\0') >= 0
        || keys.stream().anyMatch(key -> key.indexOf('\0') >= 0)) {
      return Optional.empty();
    }
    String columns =
        keys.stream()
            .map(
                key ->
                    "ag_catalog.agtype_access_operator(VARIADIC ARRAY[properties, '"
                        + agtype(key).replace("'", "''")
                        + "'::ag_catalog.agtype])")
            .collect(Collectors.joining(", "));
    String statement =
        "CREATE %sINDEX %s ON graph.%s USING btree (%s)"
            .formatted(unique ? "UNIQUE " : "", quoted(name), quoted(label), columns);
    return Optional.of(
        new StoreSchema.Rule(
            name,
            StoreSchema.Form.INDEX,
            "BTREE",
            kind,
            List.of(label),
            List.of(),
            Optional.of(statement)));
  }

  private static String agtype(String key) {
    StringBuilder text = new StringBuilder();
    Agtype.write(Value.Text.of(key), text);
    return text.toString();
  }

  private static String quoted(String sql) {
    return "\"" + sql.replace("\"", "\"\"") + "\"";
  }

  /** Neo4j reads a back-slash and a code point as a character anywhere in a statement. */
  private static String backTicked(String cypher) {
    return "`" + cypher.replace("\\", "\\u005C").replace("`", "``") + "`";
  }
}
