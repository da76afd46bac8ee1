package dev.varve.restore.target.age;

import dev.varve.age.Graphid;
import dev.varve.age.LabelRule;
import dev.varve.graph.ElementId;
import dev.varve.graph.ElementKind;
import dev.varve.graph.StoreSchema;
import dev.varve.restore.standby.Advance;
import dev.varve.wire.AvroInput;
import dev.varve.wire.ElementCodec;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Collectors;

/**
 * Writes an advance of a graph of AGE in one transaction: everything that changed is deleted, what
 * is alive is inserted as it is now. So a value that has to be unique may go from one element to
 * another.
 */
final class StandbyRows {

  private final Connection connection;
  private final String graph;
  private final StandbyLabels labels;
  private final Advance advance;

  StandbyRows(Connection connection, String graph, StandbyLabels labels, Advance advance) {
    this.connection = connection;
    this.graph = graph;
    this.labels = labels;
    this.advance = advance;
  }

  void write() throws SQLException {
    Batches.of(advance, ElementKind.EDGE, this::delete);
    Batches.of(advance, ElementKind.VERTEX, this::delete);
    Rules.drop(connection, graph, advance.schemaBefore(), advance.schemaAfter());
    dropLabels();
    makeLabels();
    Batches.of(advance, ElementKind.VERTEX, this::insert);
    Batches.of(advance, ElementKind.EDGE, this::insert);
  }

  /**
   * Sees to it that nothing that is created later gets a number of what was written. One after the
   * other: a sequence is looked at first, and then set for all at once.
   */
  void raise() throws SQLException {
    labels.raise();
  }

  static long graphid(ElementId id) {
    return Numbering.Kept.number(id);
  }

  private static int labelOf(Advance.Changed changed) {
    return Graphid.of(graphid(changed.id())).label();
  }

  private void delete(List<Advance.Changed> batch) throws SQLException {
    Map<Integer, List<Advance.Changed>> byLabel =
        batch.stream().collect(Collectors.groupingBy(StandbyRows::labelOf));
    for (Map.Entry<Integer, List<Advance.Changed>> entry : byLabel.entrySet()) {
      AgeLabel label = labels.byId(entry.getKey());
      if (label == null) {
        continue; // nothing of it is here yet
      }
      Graphids.delete(
          connection,
          graph,
          label,
          entry.getValue().stream().map(changed -> Graphid.of(graphid(changed.id()))).toList());
    }
  }

  private void insert(List<Advance.Changed> batch) throws SQLException {
    Map<Integer, RowBuffer> byLabel = new TreeMap<>();
    for (Advance.Changed changed : batch) {
      if (!changed.removed()) {
        add(byLabel, changed);
      }
    }
    for (Map.Entry<Integer, RowBuffer> entry : byLabel.entrySet()) {
      entry.getValue().end();
      entry.getValue().copy(connection, graph, labels.require(entry.getKey()));
    }
  }

  private void add(Map<Integer, RowBuffer> byLabel, Advance.Changed changed) throws SQLException {
    Graphid graphid = Graphid.of(graphid(changed.id()));
    AvroInput state = new AvroInput(changed.encoded());
    ElementCodec.Called called = ElementCodec.readCalled(state);
    if (labels.byId(graphid.label()) == null) {
      make(new AgeLabel(graphid.label(), called.labels().get(0), called.kind()));
    }
    labels.wrote(graphid);
    RowBuffer rows = byLabel.computeIfAbsent(graphid.label(), missing -> new RowBuffer());
    rows.row(called.kind() == ElementKind.VERTEX ? 2 : 4);
    rows.graphid(graphid.number());
    if (called.kind() == ElementKind.EDGE) {
      rows.graphid(graphid(ElementId.vertex(state.readString())));
      rows.graphid(graphid(ElementId.vertex(state.readString())));
    }
    try {
      rows.properties(state);
    } catch (IllegalArgumentException e) {
      throw Parts.notHeld(changed.id(), e);
    }
  }

  private void dropLabels() throws SQLException {
    Set<Integer> after = labelIds(advance.schemaAfter());
    for (int id : labelIds(advance.schemaBefore())) {
      AgeLabel label = labels.byId(id);
      if (label != null && !after.contains(id) && !label.isDefault()) {
        labels.drop(label);
      }
    }
  }

  private static Set<Integer> labelIds(StoreSchema schema) {
    return schema.rules().stream()
        .flatMap(rule -> LabelRule.of(rule).stream())
        .map(LabelRule::id)
        .collect(Collectors.toSet());
  }

  private void makeLabels() throws SQLException {
    for (StoreSchema.Rule rule : advance.schemaAfter().rules()) {
      LabelRule label = LabelRule.of(rule).orElse(null);
      if (label != null && labels.byId(label.id()) == null) {
        make(new AgeLabel(label.id(), label.name(), label.kind()));
      }
    }
  }

  /**
   * A label may have come and gone between two schemas that were told, and another may be called so
   * now: what it had was deleted with all else.
   */
  private void make(AgeLabel label) throws SQLException {
    Optional<AgeLabel> namesake = labels.namesake(label);
    if (namesake.isPresent()) {
      labels.dropEmpty(namesake.get());
    }
    labels.make(label);
  }
}
