// SPDX-License-Identifier: GPL-3.0-only
package dev.varve.neo4j.plugin;

import dev.varve.change.Transaction;
import dev.varve.graph.Edge;
import dev.varve.graph.Element;
import dev.varve.graph.ElementId;
import dev.varve.graph.ElementKind;
import dev.varve.graph.Value;
import dev.varve.graph.Vertex;
import dev.varve.neo4j.plugin.CdcException.Code;
import dev.varve.neo4j.plugin.ElementEvent.Operation;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SortedMap;
import java.util.SortedSet;
import java.util.TreeMap;
import java.util.TreeSet;
import org.neo4j.common.EntityType;
import org.neo4j.kernel.api.database.enrichment.DeltaType;
import org.neo4j.kernel.api.database.enrichment.TxEnrichmentVisitor;
import org.neo4j.kernel.api.database.enrichment.ValuesReader;
import org.neo4j.storageengine.api.enrichment.CaptureMode;
import org.neo4j.storageengine.api.enrichment.Enrichment;
import org.neo4j.storageengine.api.enrichment.TxMetadata;
import org.neo4j.values.AnyValue;

/**
 * Decodes the enrichment of one transaction, any change of it by its number.
 *
 * <p>The layout is Neo4j's, described at {@link TxEnrichmentVisitor}. The entities buffer has for
 * each change the position of an entry in the details buffer, creations first, then updates, then
 * removals. An entry points into the changes buffer, and that into the values buffer. Not
 * thread-safe.
 */
final class EnrichedTransaction {

  // An entry in the details buffer, from its start.
  private static final int TYPE = 8;
  private static final int DELTA = 9;
  private static final int PROPERTY_STATE = 14;
  private static final int PROPERTY_CHANGES = 18;
  private static final int NODE_LABEL_STATE = 22;
  private static final int NODE_LABEL_CHANGES = 26;
  private static final int EDGE_TYPE = 22;
  private static final int EDGE_START = 26;
  private static final int EDGE_END = 30;

  private final Tokens tokens;
  private final TxMetadata metadata;
  private final Optional<ByteBuffer> userMetadata;
  private final int size;
  private final ByteBuffer entities;
  private final ByteBuffer details;
  private final ByteBuffer changes;
  private final ByteBuffer values;

  /**
   * @throws CdcException if the enrichment does not have the whole states
   */
  EnrichedTransaction(long txId, Enrichment.Read enrichment, Tokens tokens) {
    this.metadata = enrichment.metadata();
    if (metadata.captureMode() != CaptureMode.FULL) {
      throw new CdcException(
          Code.UNENRICHED_TRANSACTION,
          "Transaction "
              + txId
              + " was logged in capture mode "
              + metadata.captureMode()
              + ", not FULL.",
          "Set the database's txLogEnrichment to FULL, then have capture scan the store anew.");
    }
    this.tokens = tokens;
    this.userMetadata = enrichment.userMetadata();
    this.size = enrichment.numberOfEntities();
    this.entities = enrichment.entities();
    this.details = enrichment.entityDetails();
    this.changes = enrichment.entityChanges();
    this.values = enrichment.values();
  }

  /** How many elements it changed. */
  int size() {
    return size;
  }

  TxMetadata metadata() {
    return metadata;
  }

  /** What the client attached to the transaction, by key; usually nothing. */
  SortedMap<String, AnyValue> userMetadata() {
    SortedMap<String, AnyValue> result = new TreeMap<>();
    if (userMetadata.isPresent()) {
      ByteBuffer whole = userMetadata.get();
      ByteBuffer in = whole.duplicate().order(whole.order()); // it is read more than once
      int count = in.getInt();
      for (int i = 0; i < count; i++) {
        String key = ValuesReader.readJavaString(in);
        result.put(key, ValuesReader.from(in));
      }
    }
    return result;
  }

  /** Whether the client attached something of this key to the transaction. */
  boolean hasMetadata(String key) {
    return userMetadata.isPresent() && userMetadata().containsKey(key);
  }

  /** The change of a number, from 0, with the state before it too. */
  ElementEvent event(int number) {
    return event(number, true);
  }

  /** The change of a number, from 0, without the state before it. */
  ElementEvent outcome(int number) {
    return event(number, false);
  }

  /** The labels of the vertex that an edge's change leaves, as the log has them beside it. */
  SortedSet<String> startLabels(int number) {
    return labelState(details.getInt(entry(number) + EDGE_START));
  }

  /** The labels of the vertex that an edge's change enters, as the log has them beside it. */
  SortedSet<String> endLabels(int number) {
    return labelState(details.getInt(entry(number) + EDGE_END));
  }

  private ElementEvent event(int number, boolean withBefore) {
    int entry = entry(number);
    Operation operation = operation(entry);
    boolean vertex = isVertex(entry);
    ElementId id = id(entry, vertex);
    if (operation == Operation.REMOVE && !withBefore) {
      return new ElementEvent(
          id, operation, Optional.empty(), Optional.empty(), List.of(), List.of());
    }
    SortedMap<String, Value> properties = propertyState(details.getInt(entry + PROPERTY_STATE));
    SortedSet<String> labels = vertex ? labelState(entry) : new TreeSet<>();
    Optional<Element> state =
        operation == Operation.UPDATE && !withBefore
            ? Optional.empty()
            : Optional.of(element(entry, vertex, labels, properties));
    return switch (operation) {
      case CREATE -> new ElementEvent(id, operation, Optional.empty(), state, List.of(), List.of());
      case REMOVE -> new ElementEvent(id, operation, state, Optional.empty(), List.of(), List.of());
      case UPDATE -> {
        List<String> alteredLabels = vertex ? alterLabels(entry, labels) : List.of();
        List<String> alteredProperties = alterProperties(entry, properties);
        Element after = element(entry, vertex, labels, properties);
        yield new ElementEvent(
            id, operation, state, Optional.of(after), alteredLabels, alteredProperties);
      }
    };
  }

  /** How many elements of each label or type were created, updated and removed. */
  List<Transaction.Count> counts() {
    Map<CountKey, long[]> sums = new HashMap<>();
    for (int number = 0; number < size; number++) {
      int entry = entry(number);
      boolean vertex = isVertex(entry);
      Operation operation = operation(entry);
      String label;
      if (vertex) {
        SortedSet<String> labels = labelState(entry);
        if (operation == Operation.UPDATE) {
          alterLabels(entry, labels);
        }
        label = String.join(":", labels);
      } else {
        label = tokens.type(details.getInt(entry + EDGE_TYPE));
      }
      CountKey key = new CountKey(vertex ? ElementKind.VERTEX : ElementKind.EDGE, label);
      sums.computeIfAbsent(key, absent -> new long[Operation.values().length])[
          operation.ordinal()]++;
    }
    return sums.entrySet().stream()
        .sorted(
            Map.Entry.comparingByKey(
                Comparator.comparing(CountKey::kind).thenComparing(CountKey::label)))
        .map(
            sum ->
                new Transaction.Count(
                    sum.getKey().kind(),
                    sum.getKey().label(),
                    sum.getValue()[Operation.CREATE.ordinal()],
                    sum.getValue()[Operation.UPDATE.ordinal()],
                    sum.getValue()[Operation.REMOVE.ordinal()]))
        .toList();
  }

  private record CountKey(ElementKind kind, String label) {}

  private int entry(int number) {
    return entities.getInt(number * Integer.BYTES);
  }

  private boolean isVertex(int entry) {
    return details.get(entry + TYPE) == EntityType.NODE.id();
  }

  private ElementId id(int entry, boolean vertex) {
    String id = Long.toString(details.getLong(entry));
    return vertex ? ElementId.vertex(id) : ElementId.edge(id);
  }

  private Operation operation(int entry) {
    byte code = details.get(entry + DELTA);
    DeltaType delta = DeltaType.BY_ID.get(code);
    if (delta == DeltaType.ADDED) {
      return Operation.CREATE;
    } else if (delta == DeltaType.MODIFIED) {
      return Operation.UPDATE;
    } else if (delta == DeltaType.DELETED) {
      return Operation.REMOVE;
    }
    throw new CdcException(
        Code.UNSUPPORTED_LOG,
        "The log has a change of the kind " + code + ", which this plugin does not know.",
        "Install the plugin that belongs to this version of Neo4j.");
  }

  private Element element(
      int entry, boolean vertex, SortedSet<String> labels, SortedMap<String, Value> properties) {
    if (vertex) {
      return new Vertex(labels, properties);
    }
    return new Edge(
        tokens.type(details.getInt(entry + EDGE_TYPE)),
        Long.toString(details.getLong(details.getInt(entry + EDGE_START))),
        Long.toString(details.getLong(details.getInt(entry + EDGE_END))),
        properties);
  }

  private SortedSet<String> labelState(int entry) {
    SortedSet<String> labels = new TreeSet<>();
    int at = details.getInt(entry + NODE_LABEL_STATE);
    if (at != TxEnrichmentVisitor.UNKNOWN_POSITION) {
      labels.addAll(labelList(at));
    }
    return labels;
  }

  /** Applies the changes of labels, and tells which they were. */
  private List<String> alterLabels(int entry, SortedSet<String> labels) {
    int at = details.getInt(entry + NODE_LABEL_CHANGES);
    if (at == TxEnrichmentVisitor.UNKNOWN_POSITION) {
      return List.of();
    }
    List<String> added = labelList(at);
    List<String> removed = labelList(at + Integer.BYTES * (1 + added.size()));
    labels.addAll(added);
    removed.forEach(labels::remove);
    SortedSet<String> altered = new TreeSet<>(added);
    altered.addAll(removed);
    return List.copyOf(altered);
  }

  private List<String> labelList(int at) {
    int count = changes.getInt(at);
    List<String> labels = new ArrayList<>(count);
    for (int i = 1; i <= count; i++) {
      labels.add(tokens.label(changes.getInt(at + i * Integer.BYTES)));
    }
    return labels;
  }

  private SortedMap<String, Value> propertyState(int at) {
    SortedMap<String, Value> properties = new TreeMap<>();
    if (at != TxEnrichmentVisitor.UNKNOWN_POSITION) {
      changes.position(at);
      int key = changes.getInt();
      while (key != TxEnrichmentVisitor.NO_MORE_PROPERTIES) {
        properties.put(tokens.key(key), value(changes.getInt()));
        key = changes.getInt();
      }
    }
    return properties;
  }

  /** Applies the changes of properties, and tells which they were. */
  private List<String> alterProperties(int entry, SortedMap<String, Value> properties) {
    int at = details.getInt(entry + PROPERTY_CHANGES);
    if (at == TxEnrichmentVisitor.UNKNOWN_POSITION) {
      return List.of();
    }
    changes.position(at);
    byte sections = changes.get();
    SortedSet<String> altered = new TreeSet<>();
    if ((sections & TxEnrichmentVisitor.ADDED_MARKER) != 0) {
      for (int key = nextKey(); key != TxEnrichmentVisitor.NO_MORE_PROPERTIES; key = nextKey()) {
        set(key, changes.getInt(), properties, altered);
      }
    }
    if ((sections & TxEnrichmentVisitor.MODIFIED_MARKER) != 0) {
      for (int key = nextKey(); key != TxEnrichmentVisitor.NO_MORE_PROPERTIES; key = nextKey()) {
        changes.getInt(); // the value before
        set(key, changes.getInt(), properties, altered);
      }
    }
    if ((sections & TxEnrichmentVisitor.DELETED_MARKER) != 0) {
      for (int key = nextKey(); key != TxEnrichmentVisitor.NO_MORE_PROPERTIES; key = nextKey()) {
        changes.getInt(); // the value before
        String name = tokens.key(key);
        properties.remove(name);
        altered.add(name);
      }
    }
    return List.copyOf(altered);
  }

  private int nextKey() {
    return changes.getInt();
  }

  private void set(
      int key, int valueAt, SortedMap<String, Value> properties, SortedSet<String> altered) {
    String name = tokens.key(key);
    properties.put(name, value(valueAt));
    altered.add(name);
  }

  private Value value(int at) {
    return StoredValues.of(ValuesReader.from(values.position(at)));
  }
}
