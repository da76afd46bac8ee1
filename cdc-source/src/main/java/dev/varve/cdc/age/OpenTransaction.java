package dev.varve.cdc.age;

import dev.varve.age.Graphid;
import dev.varve.graph.StoreSchema;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;

/** What is known so far of a transaction that is being told. */
final class OpenTransaction implements AutoCloseable {

  private final Labels before;

  private Labels labels; // as they are after what has been told
  private final Map<String, Optional<Label>> byTable = new HashMap<>(); // of these

  final TouchedElements elements;

  /** Labels all of whose elements of before were removed, unless they are among the touched. */
  final SortedMap<Integer, Label> swept = new TreeMap<>();

  long timeMicros;

  /** Whether a replay wrote it: nothing of it is told, but labels come and go with it. */
  boolean replayed;

  /** The branch that a merge writes with it; empty if it is no merge. */
  String merged = "";

  /** Up to here in the log, labels that it states again had logged in full; absent if not said. */
  private Optional<Long> fullUntil = Optional.empty();

  /** Whether it updates elements of a label that was believed to log in full, and did not. */
  private boolean surprising;

  OpenTransaction(Labels before, long bytesMax) {
    this.before = before;
    this.labels = before;
    this.elements = new TouchedElements(bytesMax);
  }

  Labels labels() {
    return labels;
  }

  /**
   * The label that is kept in a table; absent for a table that belongs to none.
   *
   * @param tables asked where no label is known to be in a table of that name
   */
  Optional<Label> labelIn(String table, LabelTables tables) {
    Optional<Label> known = byTable.get(table);
    if (known == null) {
      known = labels.byTable(table);
      if (known.isEmpty()) {
        Optional<Label> renamed =
            tables.labelIn(table).flatMap(labels::byId).map(label -> label.keptIn(table));
        renamed.ifPresent(this::put);
        known = renamed;
      }
      byTable.put(table, known);
    }
    return known;
  }

  /** Which label is kept in a table, as the catalogue knows it now. */
  interface LabelTables {
    Optional<Integer> labelIn(String table);
  }

  private void set(Labels then) {
    labels = then;
    byTable.clear();
  }

  /** The label's table was emptied. */
  void sweep(Label label) {
    elements.drop(label.first(), label.last());
    swept.put(label.id(), label);
  }

  void drop(Label label) {
    sweep(label);
    set(labels.without(label.id()));
  }

  void dropAll() {
    List.copyOf(labels.byId().values()).forEach(this::drop);
  }

  /**
   * The transaction writes each row of the label's table again: what it does not write is gone. So
   * the rows stay among the touched.
   */
  void stated(Label label, Optional<Long> hadBeenFullUntil) {
    swept.put(label.id(), label);
    set(labels.with(label.closed()));
    hadBeenFullUntil.ifPresent(
        place -> fullUntil = Optional.of(Math.min(place, fullUntil.orElse(place))));
  }

  /** The log lacks what its update was before: removals go by unlogged too, and have perhaps. */
  void foundOpen(Label label) {
    surprising = true;
    put(label.opened());
  }

  /**
   * Behind which transactions the graph is not known exactly, as far as is known at the end of this
   * one.
   *
   * @param seq its own number
   * @param openSince from which on labels were open before it
   * @param fullBefore the last place before it at which every label was seen to log in full
   */
  Optional<Range> inexact(long seq, Optional<Long> openSince, long fullBefore) {
    boolean open = !labels.open().isEmpty();
    long first = Math.min(openSince.orElse(seq), fullUntil.map(place -> place + 1).orElse(seq));
    if (surprising) {
      first = Math.min(first, fullBefore + 1);
    }
    long last = open ? seq : seq - 1;
    return first > last ? Optional.empty() : Optional.of(new Range(first, last));
  }

  /** Numbers of transactions, both included. */
  record Range(long first, long last) {}

  void put(Label label) {
    set(labels.with(label));
  }

  /** The label of an element, as it is after the transaction. */
  Label label(Touched touched) {
    int id = Graphid.of(touched.id()).label();
    return labels
        .byId(id)
        .or(() -> before.byId(id))
        .orElseThrow(() -> new IllegalStateException("no label has the number " + id));
  }

  boolean isNothing() {
    return replayed || (elements.isEmpty() && swept.isEmpty() && schemaChange().isEmpty());
  }

  /** Labels made, dropped, or called otherwise. */
  Optional<StoreSchema.Change> schemaChange() {
    List<StoreSchema.Rule> added = new ArrayList<>();
    List<String> dropped = new ArrayList<>();
    for (Label label : labels.byId().values()) {
      boolean same =
          before.byId(label.id()).filter(old -> old.name().equals(label.name())).isPresent();
      if (!same && !label.isDefault()) {
        added.add(label.rule().rule());
      }
    }
    for (Label old : before.byId().values()) {
      boolean same =
          labels.byId(old.id()).filter(label -> label.name().equals(old.name())).isPresent();
      if (!same && !old.isDefault()) {
        dropped.add(old.name());
      }
    }
    return added.isEmpty() && dropped.isEmpty()
        ? Optional.empty()
        : Optional.of(new StoreSchema.Change(false, added, dropped));
  }

  @Override
  public void close() {
    elements.close();
  }
}
