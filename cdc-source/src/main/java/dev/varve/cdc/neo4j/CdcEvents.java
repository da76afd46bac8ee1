package dev.varve.cdc.neo4j;

import dev.varve.cdc.LogRow;
import dev.varve.cdc.StoreLog.ReadAs;
import dev.varve.cdc.StoreLog.RowReceiver;
import dev.varve.change.Change;
import dev.varve.change.ChangeHeader;
import dev.varve.change.Dot;
import dev.varve.change.Transaction;
import dev.varve.fault.ExitCode;
import dev.varve.fault.VarveException;
import dev.varve.graph.Edge;
import dev.varve.graph.Element;
import dev.varve.graph.ElementHasher;
import dev.varve.graph.ElementId;
import dev.varve.graph.ElementKind;
import dev.varve.graph.Vertex;
import dev.varve.wire.AvroOutput;
import dev.varve.wire.ChangeCodec;
import dev.varve.wire.LogBatch;
import dev.varve.wire.TransactionCodec;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;
import org.neo4j.driver.Record;
import org.neo4j.driver.Value;

/**
 * Makes rows of the events of {@code db.cdc.query}. A transaction ends where the next one begins or
 * the query ends; only then is it known, so its last event waits in the batch until then. One that
 * a replay wrote leaves no trace but the position.
 */
final class CdcEvents {

  private final ReadAs as;
  private final int rowBytes;
  private final ElementHasher hasher = new ElementHasher();
  private final ChangeCodec changes = new ChangeCodec();
  private final TransactionCodec transactions = new TransactionCodec();
  private final AvroOutput body = new AvroOutput();
  private final AvroOutput out = new AvroOutput();
  private final LogBatch.Writer writer = new LogBatch.Writer(out);

  private String wholeId; // after the last whole transaction
  private long toSkip;
  private @Nullable Open open;
  private long lastSeq;
  private long lastCommittedAtMicros;
  private boolean unsent;

  /** The transaction whose events are coming. */
  private static final class Open {
    final long seq;
    final long committedAtMicros;
    final Value metadata;
    final boolean replayed;
    final Map<String, long[]> counts = new HashMap<>();
    String lastId = "";
    long events;

    Open(long seq, Value metadata) {
      this.seq = seq;
      this.metadata = metadata;
      this.replayed =
          !metadata.get("txMetadata").isNull()
              && metadata.get("txMetadata").containsKey(Transaction.REPLAYED);
      this.committedAtMicros =
          metadata.get("txCommitTime").asZonedDateTime().toInstant().toEpochMilli() * 1_000;
    }
  }

  CdcEvents(ReadAs as, int rowBytes, String from, long done) {
    this.as = as;
    this.rowBytes = rowBytes;
    this.wholeId = from;
    this.toSkip = done;
  }

  /** Takes an event; returns whether more are wanted. */
  boolean add(Record row, RowReceiver rows) throws InterruptedException {
    long seq = row.get("txId").asLong();
    Open current = open;
    if (current != null && current.seq != seq) {
      close(current);
      current = null;
      if (out.length() >= rowBytes && !send(rows)) {
        return false;
      }
    }
    if (current == null) {
      current = new Open(seq, row.get("metadata"));
      requireFull(current.metadata);
      open = current;
    }
    current.lastId = row.get("id").asString();
    long index = current.events++;
    if (!current.replayed) {
      change(current, row.get("event"), index);
    }
    return out.length() < rowBytes || send(rows);
  }

  /** The query has ended: the last transaction is whole. Returns whether more are wanted. */
  boolean end(RowReceiver rows) throws InterruptedException {
    if (open != null) {
      close(open);
    }
    return !unsent || send(rows);
  }

  private void close(Open done) {
    if (!done.replayed) {
      transaction(done);
    }
    wholeId = done.lastId;
    lastSeq = done.seq;
    lastCommittedAtMicros = done.committedAtMicros;
    toSkip = 0;
    open = null;
    unsent = true;
  }

  private void transaction(Open done) {
    Value metadata = done.metadata;
    transactions.write(
        new Transaction(
            as.site(),
            done.seq,
            done.committedAtMicros,
            Optional.of(text(metadata.get("executingUser"))).filter(user -> !user.isEmpty()),
            metadata(metadata),
            counts(done),
            Optional.empty()),
        body.clear());
    writer.transaction(done.seq, body);
  }

  private boolean send(RowReceiver rows) throws InterruptedException {
    Open current = open;
    LogRow row =
        current == null
            ? new LogRow(wholeId, true, lastSeq, lastCommittedAtMicros, lastSeq, out.toByteArray())
            : new LogRow(
                wholeId + "#" + current.events,
                false,
                current.seq,
                current.committedAtMicros,
                current.seq,
                out.toByteArray());
    out.clear();
    unsent = false;
    return rows.accept(row);
  }

  private void change(Open current, Value event, long index) {
    ElementKind kind =
        event.get("eventType").asString().equals("n") ? ElementKind.VERTEX : ElementKind.EDGE;
    ElementId id = new ElementId(kind, internalId(event.get("elementId").asString()));
    Optional<Element> before = state(kind, event, event.get("state").get("before"));
    Optional<Element> after = state(kind, event, event.get("state").get("after"));
    count(current, kind, after.or(() -> before).orElseThrow(), event.get("operation").asString());
    if (index < toSkip) {
      return;
    }
    boolean update = before.isPresent() && after.isPresent();
    ChangeHeader header =
        new ChangeHeader(
            new Dot(as.site(), current.seq, index),
            current.committedAtMicros,
            as.seen(),
            after.map(element -> hasher.hash(id, element)),
            update ? alteredLabels(before.get(), after.get()) : List.of(),
            update ? alteredProperties(before.get(), after.get()) : List.of());
    changes.write(new Change(id, header, after), body.clear());
    writer.change(id, body);
    unsent = true;
  }

  private static Optional<Element> state(ElementKind kind, Value event, Value state) {
    if (state.isNull()) {
      return Optional.empty();
    }
    Map<String, String> types = new HashMap<>();
    if (!state.get("storedTypes").isNull()) {
      types.putAll(state.get("storedTypes").asMap(Value::asString));
    }
    SortedMap<String, dev.varve.graph.Value> properties =
        Neo4jValues.properties(state.get("properties"), types);
    return Optional.of(
        kind == ElementKind.VERTEX
            ? Vertex.of(Set.copyOf(state.get("labels").asList(Value::asString)), properties)
            : Edge.of(
                event.get("type").asString(),
                internalId(event.get("start").get("elementId").asString()),
                internalId(event.get("end").get("elementId").asString()),
                properties));
  }

  /** The last part of {@code 4:<database>:<id>}. */
  private static String internalId(String elementId) {
    return elementId.substring(elementId.lastIndexOf(':') + 1);
  }

  private static void count(Open current, ElementKind kind, Element element, String operation) {
    String label =
        element instanceof Vertex vertex
            ? String.join(":", vertex.labels())
            : ((Edge) element).type();
    long[] counts = current.counts.computeIfAbsent(kind.code() + label, key -> new long[3]);
    switch (operation) {
      case "c" -> counts[0]++;
      case "u" -> counts[1]++;
      case "d" -> counts[2]++;
      default -> throw new IllegalStateException("unknown operation '" + operation + "'");
    }
  }

  private static List<Transaction.Count> counts(Open done) {
    List<Transaction.Count> counts = new ArrayList<>();
    new TreeMap<>(done.counts)
        .forEach(
            (key, n) ->
                counts.add(
                    new Transaction.Count(
                        ElementKind.ofCode(key.charAt(0)), key.substring(1), n[0], n[1], n[2])));
    return counts;
  }

  private static List<String> alteredLabels(Element before, Element after) {
    if (before instanceof Vertex old && after instanceof Vertex now) {
      Set<String> altered = new TreeSet<>(old.labels());
      altered.addAll(now.labels());
      altered.removeIf(label -> old.labels().contains(label) && now.labels().contains(label));
      return List.copyOf(altered);
    }
    return List.of();
  }

  private static List<String> alteredProperties(Element before, Element after) {
    Set<String> keys = new TreeSet<>(before.properties().keySet());
    keys.addAll(after.properties().keySet());
    keys.removeIf(key -> Objects.equals(before.properties().get(key), after.properties().get(key)));
    return List.copyOf(keys);
  }

  private static SortedMap<String, String> metadata(Value metadata) {
    SortedMap<String, String> texts = new TreeMap<>();
    for (String key :
        List.of(
            "authenticatedUser",
            "connectionType",
            "connectionClient",
            "connectionServer",
            "serverId")) {
      String text = text(metadata.get(key));
      if (!text.isEmpty()) {
        texts.put(key, text);
      }
    }
    Value own = metadata.get("txMetadata");
    if (!own.isNull()) {
      own.asMap(Neo4jValues::display).forEach((key, text) -> texts.put("txMetadata." + key, text));
    }
    return texts;
  }

  private static String text(Value value) {
    return value.isNull() ? "" : value.asString();
  }

  private static void requireFull(Value metadata) {
    String mode = text(metadata.get("captureMode"));
    if (!mode.isEmpty() && !mode.equals("FULL")) {
      throw new VarveException(
          ExitCode.FAILED,
          "Neo4j captures changes in mode " + mode + ", which does not hold whole elements",
          "ALTER DATABASE … SET OPTION txLogEnrichment 'FULL', then let capture begin a new"
              + " incarnation");
    }
  }
}
