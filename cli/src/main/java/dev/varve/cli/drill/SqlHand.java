package dev.varve.cli.drill;

import dev.varve.age.Agtype;
import dev.varve.graph.Value;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.sql.Types;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.concurrent.CompletableFuture;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Writes in SQL into the tables of AGE's labels, which is in the log as what is written in Cypher:
 * so a row can be locked before it is looked at, and a session need not load AGE.
 *
 * <p>The half on side {@code a} keeps the graphid of the last vertex, as its property {@code last}:
 * so the one before is found without an index.
 */
record SqlHand(AgeLink link, Handwriting names) implements Hand {

  private static final Logger LOG = LoggerFactory.getLogger(SqlHand.class);
  private static final String SIDE =
      "ag_catalog.agtype_access_operator(properties, CAST('\"side\"' AS agtype)) = CAST('\"%s\"' AS"
          + " agtype)";
  private static final String NUMBER =
      "CAST(ag_catalog.agtype_access_operator(properties, CAST('\"i\"' AS agtype)) AS int8)";

  /** Labels that log removals in full from the start, so that nothing has to be made up for. */
  @Override
  public void prepare() {
    link.in(
        open -> {
          List<String> there = there(open);
          for (String label : names.vertices()) {
            make(open, there, "create_vlabel", label);
          }
          for (String type : names.edges()) {
            make(open, there, "create_elabel", type);
          }
          String a = vertex(open, names.half(), "{\"side\": \"a\", \"i\": -1}");
          String b = vertex(open, names.half(), "{\"side\": \"b\", \"i\": -1}");
          edge(open, names.same(), a, b, "{\"i\": -1}");
          return true;
        });
  }

  private void make(Connection open, List<String> there, String function, String label)
      throws SQLException {
    if (!there.contains(label)) {
      catalogue(open, function, label);
      try (Statement statement = open.createStatement()) {
        statement.execute("ALTER TABLE ONLY " + table(label) + " REPLICA IDENTITY FULL");
      }
    }
  }

  /** Which labels of it the graph has. */
  private List<String> there(Connection open) throws SQLException {
    List<String> there = new ArrayList<>();
    try (PreparedStatement statement =
        open.prepareStatement(
            "SELECT l.name FROM ag_catalog.ag_label l JOIN ag_catalog.ag_graph g"
                + " ON g.graphid = l.graph WHERE g.name = ? AND l.name = ANY (?)")) {
      statement.setString(1, link.graph());
      statement.setArray(2, open.createArrayOf("text", labels(names).toArray()));
      try (ResultSet row = statement.executeQuery()) {
        while (row.next()) {
          there.add(row.getString(1));
        }
      }
    }
    return there;
  }

  /** Edges first. */
  private static List<String> labels(Handwriting names) {
    return Stream.concat(names.edges().stream(), names.vertices().stream()).toList();
  }

  private void catalogue(Connection open, String function, String label) throws SQLException {
    try (PreparedStatement statement =
        open.prepareStatement(
            "SELECT ag_catalog." + function + "(CAST(? AS name), CAST(? AS name))")) {
      statement.setString(1, link.graph());
      statement.setString(2, label);
      statement.execute();
    }
  }

  @Override
  public CompletableFuture<?> write(long number, String text) {
    return link.later(() -> link.in(open -> write(open, number, text)));
  }

  private boolean write(Connection open, long number, String text) throws SQLException {
    SortedMap<String, Value> half = locked(open);
    long before = half.get("i") instanceof Value.Int i ? i.value() : -1;
    if (before >= number) {
      return false; // it was committed, though nobody said so
    }
    String vertex =
        vertex(open, names.written(), "{\"i\": %d, \"text\": \"%s\"}".formatted(number, text));
    if (before == number - 1 && half.get("last") instanceof Value.Int last) {
      edge(open, names.after(), vertex, Long.toString(last.value()), "{}");
    }
    update(
        open,
        names.half(),
        SIDE.formatted("a"),
        "{\"side\": \"a\", \"i\": %d, \"last\": %s}".formatted(number, vertex));
    update(
        open, names.half(), SIDE.formatted("b"), "{\"side\": \"b\", \"i\": %d}".formatted(number));
    update(open, names.same(), "true", "{\"i\": %d}".formatted(number));
    return true;
  }

  /** The half on side a; who writes the same transaction waits. */
  private SortedMap<String, Value> locked(Connection open) throws SQLException {
    try (Statement statement = open.createStatement();
        ResultSet row =
            statement.executeQuery(
                "SELECT properties FROM ONLY %s WHERE %s FOR UPDATE"
                    .formatted(table(names.half()), SIDE.formatted("a")))) {
      if (!row.next()) {
        throw new StoreFailure("the vertices :" + names.half() + " are gone");
      }
      return Agtype.properties(row.getString(1));
    }
  }

  /** Returns its graphid, which is the label's next. */
  private String vertex(Connection open, String label, String properties) throws SQLException {
    try (PreparedStatement statement =
        open.prepareStatement(
            "INSERT INTO "
                + table(label)
                + " (properties) VALUES (CAST(? AS agtype)) RETURNING id")) {
      statement.setObject(1, properties, Types.OTHER);
      try (ResultSet row = statement.executeQuery()) {
        row.next();
        return row.getString(1);
      }
    }
  }

  private void edge(Connection open, String type, String from, String to, String properties)
      throws SQLException {
    try (PreparedStatement statement =
        open.prepareStatement(
            "INSERT INTO "
                + table(type)
                + " (start_id, end_id, properties)"
                + " VALUES (CAST(? AS graphid), CAST(? AS graphid), CAST(? AS agtype))")) {
      statement.setObject(1, from, Types.OTHER);
      statement.setObject(2, to, Types.OTHER);
      statement.setObject(3, properties, Types.OTHER);
      statement.executeUpdate();
    }
  }

  private void update(Connection open, String label, String where, String properties)
      throws SQLException {
    try (PreparedStatement statement =
        open.prepareStatement(
            "UPDATE ONLY " + table(label) + " SET properties = CAST(? AS agtype) WHERE " + where)) {
      statement.setObject(1, properties, Types.OTHER);
      statement.executeUpdate();
    }
  }

  @Override
  public Map<Long, Long> times() {
    String query =
        "SELECT %s, count(*) FROM ONLY %s GROUP BY 1".formatted(NUMBER, table(names.written()));
    return link.in(
        Map.of(),
        open -> {
          Map<Long, Long> times = new HashMap<>();
          try (Statement statement = open.createStatement();
              ResultSet row = statement.executeQuery(query)) {
            while (row.next()) {
              times.put(row.getLong(1), row.getLong(2));
            }
          }
          return times;
        });
  }

  @Override
  public long vertices() {
    return names.vertices().stream()
        .mapToLong(label -> link.in(0L, open -> count(open, label)))
        .sum();
  }

  private long count(Connection open, String label) throws SQLException {
    return AgeLink.number(open, "SELECT count(*) FROM ONLY " + table(label));
  }

  @Override
  public long inStandby() {
    String query =
        "SELECT count(*) FROM ONLY %s w, %s".formatted(table(names.written()), AgeLink.CUT);
    return link.in(0L, open -> AgeLink.number(open, query, link.graph()));
  }

  /**
   * Labels and all, in one transaction. AGE lets nobody but superusers drop a label, not even its
   * owner: then its elements go, and the next drill finds it empty.
   */
  @Override
  public long remove() {
    long removed = vertices();
    try {
      each((open, label) -> catalogue(open, "drop_label", label));
    } catch (StoreFailure e) {
      LOG.info("the labels of the drill stay, without elements: {}", e.getMessage());
      each((open, label) -> delete(open, label));
    }
    return removed;
  }

  /** What is done with a label. */
  private interface Each {
    void label(Connection open, String label) throws SQLException;
  }

  /** In one transaction, edges first. */
  private void each(Each each) {
    link.in(
        open -> {
          List<String> there = there(open);
          for (String label : labels(names)) {
            if (there.contains(label)) {
              each.label(open, label);
            }
          }
          return true;
        });
  }

  private void delete(Connection open, String label) throws SQLException {
    try (Statement statement = open.createStatement()) {
      statement.executeUpdate("DELETE FROM ONLY " + table(label));
    }
  }

  /** How superusers take it away. */
  static String removal(String graph, Handwriting names) {
    return labels(names).stream()
        .map(
            label ->
                "SELECT ag_catalog.drop_label('%s', '%s')"
                    .formatted(graph.replace("'", "''"), label))
        .collect(Collectors.joining("; "));
  }

  private String table(String label) {
    return quoted(link.graph()) + "." + quoted(label);
  }

  private static String quoted(String name) {
    return '"' + name.replace("\"", "\"\"") + '"';
  }
}
