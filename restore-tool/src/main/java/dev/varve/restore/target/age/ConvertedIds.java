package dev.varve.restore.target.age;

import dev.varve.age.Graphid;
import dev.varve.graph.ElementKind;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * Finds which graphids the elements of another engine have at the moment: an element's entry says
 * which it is, its label may have been another when it was written. An entry is under one label of
 * its kind at most.
 *
 * <p>The tables of the labels themselves are asked, by their indexes of graphids: the likely one
 * first, then those of the others that have had so high an entry. A table that maps entries to
 * labels would answer at once, but has to be as long as the graph, written with every element of
 * it, and filled when the standby is begun; and it could be wrong. What is looked up in many tables
 * is mostly new, and a new id is mostly higher than those before it, so that few are asked.
 */
final class ConvertedIds {

  private static final int TABLES_A_QUERY = 100;

  private final Connection connection;
  private final String graph;
  private final StandbyLabels labels;

  /** No row of a label that is here had a higher entry when the transaction began. */
  private final Map<Integer, Long> highest;

  ConvertedIds(Connection connection, String graph, StandbyLabels labels) throws SQLException {
    this.connection = connection;
    this.graph = graph;
    this.labels = labels;
    this.highest = highest();
  }

  /**
   * Where the sequences stand: they are raised with what is written, in the same transaction, and
   * stay if that is rolled back. One that may not be seen is not here.
   */
  private Map<Integer, Long> highest() throws SQLException {
    Map<Integer, Long> found = new HashMap<>();
    try (PreparedStatement statement =
        connection.prepareStatement(
            "SELECT l.id, COALESCE(s.last_value, 0) FROM ag_catalog.ag_label l"
                + " JOIN ag_catalog.ag_graph g ON g.graphid = l.graph"
                + " JOIN pg_catalog.pg_sequences s"
                + " ON s.schemaname = g.name AND s.sequencename = l.seq_name"
                + " WHERE g.name = ? AND pg_catalog.has_sequence_privilege("
                + "pg_catalog.format('%I.%I', s.schemaname, s.sequencename), 'SELECT')")) {
      statement.setString(1, graph);
      try (ResultSet row = statement.executeQuery()) {
        while (row.next()) {
          found.put(row.getInt(1), row.getLong(2));
        }
      }
    }
    return found;
  }

  /**
   * Looks entries of a kind up.
   *
   * @param likely under which label they are if they have not changed it; of some of them
   * @return the graphids of those that are there, by their entries
   */
  Map<Long, Graphid> find(
      ElementKind kind, Collection<Long> entries, Map<AgeLabel, List<Long>> likely)
      throws SQLException {
    Map<Long, Graphid> found = new HashMap<>();
    ask(likely, found);
    List<Long> missing = entries.stream().filter(entry -> !found.containsKey(entry)).toList();
    Map<AgeLabel, List<Long>> rest = new LinkedHashMap<>();
    for (AgeLabel label : labels.all(kind)) {
      Set<Long> asked = Set.copyOf(likely.getOrDefault(label, List.of()));
      List<Long> wanted =
          missing.stream()
              .filter(entry -> entry <= highest(label) && !asked.contains(entry))
              .toList();
      if (!wanted.isEmpty()) {
        rest.put(label, wanted);
      }
    }
    ask(rest, found);
    return found;
  }

  private long highest(AgeLabel label) {
    return Math.max(highest.getOrDefault(label.id(), Graphid.ENTRY_MAX), labels.highest(label));
  }

  private void ask(Map<AgeLabel, List<Long>> wanted, Map<Long, Graphid> found) throws SQLException {
    List<AgeLabel> all = List.copyOf(wanted.keySet());
    for (int from = 0; from < all.size(); from += TABLES_A_QUERY) {
      List<AgeLabel> some = all.subList(from, Math.min(all.size(), from + TABLES_A_QUERY));
      List<String> queries = new ArrayList<>();
      for (AgeLabel label : some) {
        queries.add(
            "SELECT id FROM ONLY " + Sql.name(graph, label.name()) + " WHERE id = " + Graphids.ANY);
      }
      try (PreparedStatement statement =
          connection.prepareStatement(String.join(" UNION ALL ", queries))) {
        int parameter = 1;
        for (AgeLabel label : some) {
          List<Graphid> ids =
              wanted.getOrDefault(label, List.of()).stream()
                  .map(entry -> new Graphid(label.id(), entry))
                  .toList();
          statement.setArray(parameter++, Graphids.array(connection, ids));
        }
        try (ResultSet row = statement.executeQuery()) {
          while (row.next()) {
            Graphid graphid = Graphid.parse(row.getString(1));
            found.put(graphid.entry(), graphid);
          }
        }
      }
    }
  }
}
