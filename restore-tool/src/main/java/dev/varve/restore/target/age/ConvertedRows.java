package dev.varve.restore.target.age;

import dev.varve.age.Graphid;
import dev.varve.fault.ExitCode;
import dev.varve.fault.VarveException;
import dev.varve.graph.ElementId;
import dev.varve.graph.ElementKind;
import dev.varve.restore.standby.Advance;
import dev.varve.wire.AvroInput;
import dev.varve.wire.ElementCodec;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * Writes an advance of a graph of another engine in one transaction: everything that changed is
 * deleted, what is alive is inserted as it is now. So a value that has to be unique may go from one
 * element to another.
 *
 * <p>A vertex whose label in AGE changes gets another graphid; the ends of edges that did not
 * change themselves are altered with it. Edges that changed are deleted before, and look their ends
 * up when all vertices are there.
 */
final class ConvertedRows {

  /** How many vertices' graphids are remembered to the end of the transaction. */
  private static final int REMEMBERED_MAX = 100_000;

  private final Connection connection;
  private final String graph;
  private final StandbyLabels labels;
  private final ConvertedIds ids;
  private final Advance advance;

  /** Of vertices that were written in this transaction, or looked up after that, by entry. */
  private final Map<Long, Graphid> remembered = new HashMap<>();

  ConvertedRows(Connection connection, String graph, StandbyLabels labels, Advance advance)
      throws SQLException {
    this.connection = connection;
    this.graph = graph;
    this.labels = labels;
    this.ids = new ConvertedIds(connection, graph, labels);
    this.advance = advance;
  }

  void write() throws SQLException {
    Batches.of(advance, ElementKind.EDGE, batch -> delete(ElementKind.EDGE, batch));
    Batches.of(advance, ElementKind.VERTEX, this::deleteVertices);
    Rules.drop(connection, graph, advance.schemaBefore(), advance.schemaAfter());
    Batches.of(advance, ElementKind.VERTEX, this::insertVertices);
    Batches.of(advance, ElementKind.EDGE, this::insertEdges);
    labels.raise();
  }

  private void deleteVertices(List<Advance.Changed> batch) throws SQLException {
    Map<Long, Graphid> before = delete(ElementKind.VERTEX, batch);
    Map<Graphid, Graphid> moved = new LinkedHashMap<>();
    for (Advance.Changed changed : batch) {
      Graphid old = before.get(ByNumber.entry(changed.id()));
      if (old != null && !changed.removed()) {
        Graphid now = new Graphid(label(changed).id(), old.entry());
        if (!now.equals(old)) {
          moved.put(old, now);
        }
      }
    }
    if (!moved.isEmpty()) {
      moveEnds(moved);
    }
  }

  /**
   * Deletes what the standby has of a batch.
   *
   * @return the graphids that were there, by their entries
   */
  private Map<Long, Graphid> delete(ElementKind kind, List<Advance.Changed> batch)
      throws SQLException {
    Set<Long> entries = new LinkedHashSet<>();
    Map<AgeLabel, List<Long>> likely = new LinkedHashMap<>();
    for (Advance.Changed changed : batch) {
      long entry = ByNumber.entry(changed.id());
      entries.add(entry);
      if (!changed.removed()) {
        labels
            .named(kind, name(changed))
            .ifPresent(
                label -> likely.computeIfAbsent(label, none -> new ArrayList<>()).add(entry));
      }
    }
    Map<Long, Graphid> found = ids.find(kind, entries, likely);
    Map<Integer, List<Graphid>> byLabel =
        found.values().stream().collect(Collectors.groupingBy(Graphid::label));
    for (Map.Entry<Integer, List<Graphid>> entry : byLabel.entrySet()) {
      Graphids.delete(connection, graph, labels.require(entry.getKey()), entry.getValue());
    }
    return found;
  }

  /** What an element is called in AGE; nothing if it has no label. */
  private static String name(Advance.Changed changed) {
    return Parts.label(changed.id(), changed.called().labels());
  }

  /** The label of an element that is alive. */
  private AgeLabel label(Advance.Changed changed) throws SQLException {
    return labels.namedOrMade(changed.id().kind(), name(changed));
  }

  /** Edges that did not change lead to where their ends are now. */
  private void moveEnds(Map<Graphid, Graphid> moved) throws SQLException {
    for (AgeLabel label : labels.all(ElementKind.EDGE)) {
      for (String end : List.of("start_id", "end_id")) {
        String update =
            "UPDATE ONLY %s AS e SET %s = m.now FROM unnest(%s, %s) AS m(old, now) WHERE e.%s = m.old"
                .formatted(Sql.name(graph, label.name()), end, Graphids.ARRAY, Graphids.ARRAY, end);
        try (PreparedStatement statement = connection.prepareStatement(update)) {
          statement.setArray(1, Graphids.array(connection, moved.keySet()));
          statement.setArray(2, Graphids.array(connection, moved.values()));
          statement.executeUpdate();
        }
      }
    }
  }

  private void insertVertices(List<Advance.Changed> batch) throws SQLException {
    Map<AgeLabel, RowBuffer> byLabel = new LinkedHashMap<>();
    for (Advance.Changed changed : batch) {
      if (!changed.removed()) {
        AgeLabel label = label(changed);
        Graphid graphid = graphid(changed, label);
        AvroInput state = new AvroInput(changed.encoded());
        ElementCodec.readCalled(state);
        RowBuffer rows = rows(byLabel, label);
        rows.row(2);
        rows.graphid(graphid.number());
        properties(changed, rows, state);
        if (remembered.size() < REMEMBERED_MAX) {
          remembered.put(graphid.entry(), graphid);
        }
      }
    }
    copy(byLabel);
  }

  private Graphid graphid(Advance.Changed changed, AgeLabel label) {
    Graphid graphid = new Graphid(label.id(), ByNumber.entry(changed.id()));
    labels.wrote(graphid);
    return graphid;
  }

  private static RowBuffer rows(Map<AgeLabel, RowBuffer> byLabel, AgeLabel label) {
    return byLabel.computeIfAbsent(label, missing -> new RowBuffer());
  }

  private static void properties(Advance.Changed changed, RowBuffer rows, AvroInput state) {
    try {
      rows.properties(state);
    } catch (IllegalArgumentException e) {
      throw Parts.notHeld(changed.id(), e);
    }
  }

  private void copy(Map<AgeLabel, RowBuffer> byLabel) throws SQLException {
    for (Map.Entry<AgeLabel, RowBuffer> entry : byLabel.entrySet()) {
      entry.getValue().end();
      entry.getValue().copy(connection, graph, entry.getKey());
    }
  }

  /**
   * An edge and its ends.
   *
   * @param state read up to the properties
   */
  private record Ended(Advance.Changed changed, ElementId start, ElementId end, AvroInput state) {}

  private void insertEdges(List<Advance.Changed> batch) throws SQLException {
    List<Ended> edges = new ArrayList<>();
    for (Advance.Changed changed : batch) {
      if (!changed.removed()) {
        AvroInput state = new AvroInput(changed.encoded());
        ElementCodec.readCalled(state);
        ElementId start = ElementId.vertex(state.readString());
        ElementId end = ElementId.vertex(state.readString());
        edges.add(new Ended(changed, start, end, state));
      }
    }
    Map<Long, Graphid> ends = ends(edges);
    Map<AgeLabel, RowBuffer> byLabel = new LinkedHashMap<>();
    for (Ended edge : edges) {
      AgeLabel label = label(edge.changed());
      RowBuffer rows = rows(byLabel, label);
      rows.row(4);
      rows.graphid(graphid(edge.changed(), label).number());
      rows.graphid(end(edge, edge.start(), ends).number());
      rows.graphid(end(edge, edge.end(), ends).number());
      properties(edge.changed(), rows, edge.state());
    }
    copy(byLabel);
  }

  /** Where the ends of edges are, by their entries. */
  private Map<Long, Graphid> ends(Collection<Ended> edges) throws SQLException {
    Map<Long, Graphid> ends = new HashMap<>();
    Set<Long> unknown = new LinkedHashSet<>();
    for (Ended edge : edges) {
      for (ElementId id : List.of(edge.start(), edge.end())) {
        long entry = ByNumber.entry(id);
        Graphid known = remembered.get(entry);
        if (known == null) {
          unknown.add(entry);
        } else {
          ends.put(entry, known);
        }
      }
    }
    Map<Long, Graphid> found = ids.find(ElementKind.VERTEX, unknown, Map.of());
    if (remembered.size() + found.size() <= REMEMBERED_MAX) {
      remembered.putAll(found);
    }
    ends.putAll(found);
    return ends;
  }

  private static Graphid end(Ended edge, ElementId id, Map<Long, Graphid> ends) {
    Graphid end = ends.get(ByNumber.entry(id));
    if (end == null) {
      throw new VarveException(
          ExitCode.DAMAGE_FOUND,
          "%s has %s at an end, which is not in the standby; nothing was applied"
              .formatted(edge.changed().id(), id),
          "somebody wrote to the standby: restore it anew with --overwrite");
    }
    return end;
  }
}
