// SPDX-License-Identifier: GPL-3.0-only
package dev.varve.neo4j.plugin;

import dev.varve.graph.Edge;
import dev.varve.graph.Element;
import dev.varve.graph.ElementKind;
import dev.varve.graph.Vertex;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SortedSet;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;
import org.neo4j.kernel.impl.transaction.CommittedCommandBatchRepresentation;
import org.neo4j.procedure.TerminationGuard;
import org.neo4j.storageengine.api.enrichment.TxMetadata;
import org.neo4j.values.ElementIdMapper;

/** Makes one row of each event in the log, in the shape of Neo4j's own change events. */
final class EventRows implements RowSource<EventRow> {

  private final TransactionLog.Cursor cursor;
  private final Tokens tokens;
  private final SchemaRules rules;
  private final ElementIdMapper elementIds;
  private final String store;
  private final String databaseId;
  private final List<EventSelector> selectors;

  private @Nullable LoggedTransaction transaction;
  private Map<String, Object> metadata = Map.of();
  private int nextIndex;

  EventRows(
      TransactionLog log,
      Tokens tokens,
      ElementIdMapper elementIds,
      String databaseId,
      LogPlace from,
      List<EventSelector> selectors,
      TerminationGuard guard) {
    this.tokens = tokens;
    this.rules = new SchemaRules(tokens);
    this.elementIds = elementIds;
    this.databaseId = databaseId;
    this.store = from.store();
    this.selectors = selectors;
    this.nextIndex = from.nextIndex();
    this.cursor = log.open(from, guard);
  }

  @Override
  public @Nullable EventRow next() {
    while (true) {
      LoggedTransaction current = transaction;
      if (current == null) {
        CommittedCommandBatchRepresentation batch = cursor.next();
        if (batch == null) {
          return null;
        }
        current = LoggedTransaction.of(batch, tokens, rules);
        transaction = current;
        metadata = metadata(batch, current);
      }
      int index = nextIndex++;
      if (index >= current.changes()) {
        transaction = null;
        nextIndex = 0;
        continue;
      }
      EventRow row = row(current, index);
      if (selectors.isEmpty() || selectors.stream().anyMatch(each -> each.selects(row.event))) {
        return row;
      }
    }
  }

  private EventRow row(LoggedTransaction current, int index) {
    EnrichedTransaction data = current.data().orElseThrow();
    ElementEvent event = data.event(index);
    int after = index + 1 < current.changes() ? index + 1 : 0;
    return new EventRow(
        current.place(store, after).toString(),
        current.txId(),
        index,
        metadata,
        event.id().kind() == ElementKind.VERTEX ? node(event) : relationship(event, data, index));
  }

  private Map<String, Object> node(ElementEvent event) {
    Map<String, Object> result = new TreeMap<>();
    Vertex state = (Vertex) event.before().or(event::after).orElseThrow();
    result.put("elementId", elementIds.nodeElementId(Long.parseLong(event.id().id())));
    result.put("eventType", "n");
    result.put("operation", event.operation().code());
    result.put("labels", List.copyOf(state.labels()));
    result.put("keys", Map.of());
    result.put("state", states(event));
    return result;
  }

  private Map<String, Object> relationship(
      ElementEvent event, EnrichedTransaction data, int index) {
    Map<String, Object> result = new TreeMap<>();
    Edge state = (Edge) event.before().or(event::after).orElseThrow();
    result.put("elementId", elementIds.relationshipElementId(Long.parseLong(event.id().id())));
    result.put("eventType", "r");
    result.put("operation", event.operation().code());
    result.put("type", state.type());
    result.put("start", end(state.start(), data.startLabels(index)));
    result.put("end", end(state.end(), data.endLabels(index)));
    result.put("keys", List.of());
    result.put("state", states(event));
    return result;
  }

  /** Keys are those of key constraints, which Community does not have. */
  private Map<String, Object> end(String id, SortedSet<String> labels) {
    return Map.of(
        "elementId",
        elementIds.nodeElementId(Long.parseLong(id)),
        "labels",
        List.copyOf(labels),
        "keys",
        Map.of());
  }

  private static Map<String, Object> states(ElementEvent event) {
    Map<String, Object> states = new LinkedHashMap<>();
    states.put("before", event.before().map(EventRows::state).orElse(null));
    states.put("after", event.after().map(EventRows::state).orElse(null));
    return states;
  }

  private static Map<String, Object> state(Element element) {
    Map<String, Object> state = new TreeMap<>();
    if (element instanceof Vertex vertex) {
      state.put("labels", List.copyOf(vertex.labels()));
    }
    state.put("properties", BoltValues.of(element.properties()));
    state.put("storedTypes", BoltValues.storedTypes(element.properties()));
    return state;
  }

  private Map<String, Object> metadata(
      CommittedCommandBatchRepresentation batch, LoggedTransaction current) {
    if (current.data().isEmpty()) {
      return Map.of();
    }
    EnrichedTransaction data = current.data().get();
    TxMetadata logged = data.metadata();
    Map<String, Object> result = new LinkedHashMap<>();
    result.put("executingUser", logged.subject().executingUser());
    result.put("authenticatedUser", optional(logged.subject().authenticatedUser()));
    result.put("captureMode", logged.captureMode().name());
    result.put("serverId", logged.serverId());
    result.put("databaseId", databaseId);
    result.put("connectionType", logged.connectionInfo().protocol());
    result.put("connectionClient", optional(logged.connectionInfo().clientAddress()));
    result.put("connectionServer", optional(logged.connectionInfo().requestURI()));
    result.put("txStartTime", time(batch.commandBatch().getTimeStarted()));
    result.put("txCommitTime", time(batch.timeWritten()));
    result.put("txMetadata", new TreeMap<String, Object>(data.userMetadata()));
    return result;
  }

  private static Object optional(@Nullable String text) {
    return Optional.ofNullable(text).orElse("");
  }

  private static Object time(long millis) {
    return Instant.ofEpochMilli(millis).atZone(ZoneOffset.UTC);
  }

  @Override
  public void close() {
    cursor.close();
  }
}
