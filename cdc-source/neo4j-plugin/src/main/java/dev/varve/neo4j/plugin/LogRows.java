// SPDX-License-Identifier: GPL-3.0-only
package dev.varve.neo4j.plugin;

import dev.varve.change.Dot;
import dev.varve.change.Site;
import dev.varve.change.Transaction;
import java.util.List;
import java.util.SortedMap;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;
import org.neo4j.kernel.impl.transaction.CommittedCommandBatchRepresentation;
import org.neo4j.procedure.TerminationGuard;
import org.neo4j.storageengine.api.enrichment.TxMetadata;
import org.neo4j.values.AnyValue;
import org.neo4j.values.storable.TextValue;

/**
 * Makes rows of log batches from a place in the log to the newest transaction closed at the start.
 *
 * <p>A row ends when it has reached its size, inside a transaction too. What is held is one row and
 * the transaction that Neo4j's cursor stands at. A transaction that neither changed data nor schema
 * (it created a token), or that a replay wrote, leaves no trace but the row's position.
 */
final class LogRows implements RowSource<LogRow> {

  private final TransactionLog log;
  private final TransactionLog.Cursor cursor;
  private final Tokens tokens;
  private final SchemaRules rules;
  private final String store;
  private final Site site;
  private final int maxBytes;
  private final Batch batch;

  private @Nullable LoggedTransaction transaction;
  private boolean replayed;
  private int nextIndex;
  private LogPlace place;
  private long lastTxId;
  private long committedAtMicros;
  private long rowsLeft;

  LogRows(
      TransactionLog log, Tokens tokens, LogPlace from, Options options, TerminationGuard guard) {
    this.log = log;
    this.tokens = tokens;
    this.rules = new SchemaRules(tokens);
    this.store = from.store();
    this.site = options.site();
    this.batch = new Batch(options.seen());
    this.maxBytes = options.maxBytes();
    this.rowsLeft = options.maxRows();
    this.nextIndex = from.nextIndex();
    this.place = from;
    this.lastTxId = from.isInsideTransaction() ? from.txId() - 1 : from.txId();
    this.cursor = log.open(from, guard);
  }

  @Override
  public @Nullable LogRow next() {
    if (rowsLeft-- <= 0) {
      return null;
    }
    LogPlace start = place;
    long transactions = 0;
    long changes = 0;
    while (batch.lengthBytes() < maxBytes) {
      LoggedTransaction current = transaction == null ? advance() : transaction;
      if (current == null) {
        break;
      }
      if (!replayed && nextIndex < current.changes()) {
        change(current, nextIndex++);
        changes++;
        place = current.place(store, nextIndex);
        committedAtMicros = micros(current);
      } else {
        transactions += finish(current);
      }
    }
    if (place.equals(start)) {
      return null;
    }
    return new LogRow(
        place.toString(),
        batch.take(),
        transactions,
        changes,
        lastTxId,
        committedAtMicros,
        log.lastClosed().id());
  }

  private @Nullable LoggedTransaction advance() {
    CommittedCommandBatchRepresentation next = cursor.next();
    if (next != null) {
      LoggedTransaction logged = LoggedTransaction.of(next, tokens, rules);
      transaction = logged;
      replayed = logged.data().map(data -> data.hasMetadata(Transaction.REPLAYED)).orElse(false);
    }
    return transaction;
  }

  private void change(LoggedTransaction current, int index) {
    ElementEvent event = current.data().orElseThrow().outcome(index);
    batch.change(
        event.id(),
        new Dot(site, current.txId(), index),
        micros(current),
        event.after(),
        event.alteredLabels(),
        event.alteredProperties());
  }

  /** Closes a transaction; tells how many frames that made. */
  private int finish(LoggedTransaction done) {
    transaction = null;
    nextIndex = 0;
    place = done.place(store, 0);
    lastTxId = done.txId();
    committedAtMicros = micros(done);
    if (replayed || (done.data().isEmpty() && done.schema().isEmpty())) {
      return 0;
    }
    batch.transaction(
        done.appendIndex(),
        new Transaction(
            site,
            done.txId(),
            micros(done),
            done.data()
                .map(data -> data.metadata().subject().executingUser())
                .filter(u -> !u.isEmpty()),
            done.data().map(LogRows::metadata).orElseGet(TreeMap::new),
            done.data().map(EnrichedTransaction::counts).orElse(List.of()),
            done.schema()));
    return 1;
  }

  private static SortedMap<String, String> metadata(EnrichedTransaction data) {
    TxMetadata logged = data.metadata();
    SortedMap<String, String> metadata = new TreeMap<>();
    put(metadata, "authenticatedUser", logged.subject().authenticatedUser());
    put(metadata, "connectionType", logged.connectionInfo().protocol());
    put(metadata, "connectionClient", logged.connectionInfo().clientAddress());
    put(metadata, "connectionServer", logged.connectionInfo().requestURI());
    put(metadata, "serverId", logged.serverId());
    for (var entry : data.userMetadata().entrySet()) {
      metadata.put("txMetadata." + entry.getKey(), text(entry.getValue()));
    }
    return metadata;
  }

  private static void put(SortedMap<String, String> metadata, String key, @Nullable String value) {
    if (value != null && !value.isEmpty()) {
      metadata.put(key, value);
    }
  }

  private static String text(AnyValue value) {
    return value instanceof TextValue text ? text.stringValue() : value.toString();
  }

  private static long micros(LoggedTransaction transaction) {
    return Math.multiplyExact(transaction.committedAtMillis(), 1000L);
  }

  @Override
  public void close() {
    cursor.close();
  }
}
