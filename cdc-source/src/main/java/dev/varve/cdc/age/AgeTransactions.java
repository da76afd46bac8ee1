package dev.varve.cdc.age;

import dev.varve.age.Graphid;
import dev.varve.age.MergedMessage;
import dev.varve.age.ReplayedMessage;
import dev.varve.cdc.LogGapException;
import dev.varve.cdc.LogRow;
import dev.varve.cdc.StoreLog.ReadAs;
import dev.varve.cdc.StoreLog.RowReceiver;
import dev.varve.change.InexactSpan;
import dev.varve.change.Transaction;
import dev.varve.graph.ElementKind;
import dev.varve.graph.StoreSchema;
import dev.varve.wire.AvroOutput;
import dev.varve.wire.LogBatch;
import dev.varve.wire.TransactionCodec;
import java.util.Iterator;
import java.util.List;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.TreeSet;
import org.apache.kafka.connect.source.SourceRecord;

/**
 * Makes rows of the events of Debezium. A transaction is gathered until it has been told whole;
 * then its elements follow, each once, in the order of their graphids, so that the same log gives
 * the same changes however often it is read.
 */
final class AgeTransactions implements AutoCloseable {

  private static final String CATALOGUE = "ag_catalog";
  private static final String LABELS = "ag_label";
  private static final String GRAPHS = "ag_graph";

  /** So many looks at the tables ahead of the log are remembered. */
  private static final int LOOKS_MAX = 10_000;

  private final ReadAs as;
  private final long graphOid;
  private final AgeReading reading;
  private final OpenTransaction.LabelTables tables;
  private final TransactionCodec transactions = new TransactionCodec();
  private final AvroOutput body = new AvroOutput();
  private final AvroOutput out = new AvroOutput();
  private final LogBatch.Writer writer = new LogBatch.Writer(out);

  private Position position; // of what has been made into rows or waits in the batch
  private Position told; // of the last row that was handed on
  private boolean unsent;
  private long headSeq;
  private OpenTransaction open;
  private String lastMessage = "";
  private final TreeSet<Long> looks = new TreeSet<>(); // places where every label logged in full

  AgeTransactions(
      ReadAs as,
      Position from,
      long graphOid,
      AgeReading reading,
      OpenTransaction.LabelTables tables) {
    this.tables = tables;
    this.as = as;
    this.position = from;
    this.told = from;
    this.graphOid = graphOid;
    this.reading = reading;
    this.looks.add(from.fullUntil());
    this.open = new OpenTransaction(from.labels(), reading.transactionBytes());
  }

  ReadAs as() {
    return as;
  }

  /** Behind everything that has been looked at. */
  Position position() {
    return position;
  }

  /** Behind the last row that was handed on. */
  Position told() {
    return told;
  }

  /** The newest of our own messages outside transactions. */
  String lastMessage() {
    return lastMessage;
  }

  /** Where the log ended when last looked at. */
  void head(long seq) {
    headSeq = Math.max(headSeq, seq);
  }

  /** Every label's table was seen to log in full here, and may not do so later. */
  void seenFull(long place) {
    if (looks.size() >= LOOKS_MAX) {
      looks.pollLast();
    }
    looks.add(place);
  }

  /** Where that was seen last before a transaction. */
  private long fullBefore(long seq) {
    Long place = looks.lower(seq);
    return place == null ? position.fullUntil() : place;
  }

  /** Takes a record; returns whether more are wanted. */
  boolean add(SourceRecord record, RowReceiver rows) throws InterruptedException {
    LogEvent event = LogEvent.of(record);
    if (event instanceof LogEvent.Message message) {
      message(message);
    } else if (event instanceof LogEvent.RowChanged change) {
      open.timeMicros = Math.max(open.timeMicros, change.timeMicros());
      row(change);
    } else if (event instanceof LogEvent.Truncated truncated) {
      open.timeMicros = Math.max(open.timeMicros, truncated.timeMicros());
      truncated(truncated);
    } else if (event instanceof LogEvent.Committed committed) {
      return committed(committed, rows);
    }
    return true;
  }

  /** Hands on what waits; returns whether more is wanted. */
  boolean flush(RowReceiver rows) throws InterruptedException {
    return !unsent || send(position, rows);
  }

  /**
   * Goes on to a place between two transactions, behind which there was nothing yet.
   *
   * @param timeMicros the server's time then
   * @param schema the indexes and constraints of then, if they are to be told
   */
  boolean advance(
      long lsn, long timeMicros, Optional<StoreSchema> schema, String digest, RowReceiver rows)
      throws InterruptedException {
    long time = Math.max(position.timeMicros(), timeMicros);
    if (schema.isPresent()) {
      SortedMap<String, String> metadata = new TreeMap<>();
      metadata.put("varve", "schema as it was seen");
      position
          .openSince()
          .ifPresent(since -> putInexact(metadata, new OpenTransaction.Range(since, lsn)));
      write(
          new Transaction(
              as.site(),
              lsn,
              time,
              Optional.empty(),
              metadata,
              List.of(),
              Optional.of(new StoreSchema.Change(true, schema.get().rules(), List.of()))));
    }
    position =
        position.after(lsn, time, position.openSince(), position.labels()).withSchema(digest);
    unsent = true;
    return flush(rows);
  }

  /** Labels whose tables have to be stated again. */
  List<Label> openLabels() {
    return position.labels().open();
  }

  private void message(LogEvent.Message message) {
    if (!message.transactional()) {
      lastMessage = message.text();
      return;
    }
    if (ReplayedMessage.parse(message.text()).filter(m -> m.graphOid() == graphOid).isPresent()) {
      open.replayed = true;
      return;
    }
    MergedMessage.parse(message.text())
        .filter(merged -> merged.graphOid() == graphOid)
        .ifPresent(merged -> open.merged = merged.branch());
    LabelGuard.Stated.parse(message.text())
        .filter(stated -> stated.graphOid() == graphOid)
        .ifPresent(
            stated ->
                open.labels()
                    .byId(stated.labelId())
                    .ifPresent(label -> open.stated(label, stated.fullUntil())));
  }

  private void row(LogEvent.RowChanged change) {
    if (!change.schema().equals(CATALOGUE)) {
      if (!open.replayed) {
        element(change);
      }
    } else if (change.table().equals(LABELS)) {
      label(change);
    } else if (change.table().equals(GRAPHS) && change.operation() == 'd') {
      if (change.before() != null && change.before().number("graphid") == graphOid) {
        open.dropAll();
      }
    }
  }

  private void element(LogEvent.RowChanged change) {
    LogEvent.Row row = change.after() != null ? change.after() : change.before();
    if (row == null) {
      throw new IllegalStateException("an event without a row: " + change);
    }
    Optional<Label> label = open.labelIn(change.table(), tables);
    if (label.isEmpty()) {
      return; // a table that somebody has put into the graph's schema beside the labels'
    }
    if (change.operation() == 'u' && change.before() == null && !label.get().open()) {
      open.foundOpen(label.get());
    }
    ElementKind kind = label.get().kind();
    Graphid id = Graphid.parse(row.needed("id"));
    open.elements.add(
        new Touched(
            id.number(),
            kind,
            change.operation() != 'c',
            image(change.before()),
            image(change.after(), change.before())));
  }

  private static Touched.@org.jspecify.annotations.Nullable Image image(
      LogEvent.@org.jspecify.annotations.Nullable Row row) {
    return row == null ? null : image(row, null);
  }

  private static Touched.@org.jspecify.annotations.Nullable Image image(
      LogEvent.@org.jspecify.annotations.Nullable Row row,
      LogEvent.@org.jspecify.annotations.Nullable Row before) {
    if (row == null) {
      return null;
    }
    String properties = row.text("properties").orElse("{}");
    if (properties.equals(LogEvent.UNAVAILABLE)) {
      if (before == null) {
        return new Touched.Image(properties, null, null); // stands for: not known
      }
      properties = before.needed("properties");
    }
    return new Touched.Image(
        properties, row.text("start_id").orElse(null), row.text("end_id").orElse(null));
  }

  private void label(LogEvent.RowChanged change) {
    LogEvent.Row row = change.after() != null ? change.after() : change.before();
    if (row == null || row.number("graph") != graphOid) {
      return;
    }
    int id = Math.toIntExact(row.number("id"));
    if (change.operation() == 'd') {
      open.labels().byId(id).ifPresent(open::drop);
      return;
    }
    ElementKind kind = ElementKind.ofCode(row.needed("kind").charAt(0));
    String name = row.needed("name");
    Label known = open.labels().byId(id).orElse(null);
    if (known == null) {
      // a replay makes it log in full before it writes the first row
      open.put(new Label(id, kind, name, name, !open.replayed));
    } else {
      boolean renamed = !known.name().equals(name);
      open.put(new Label(id, kind, name, known.table(), renamed || known.open()));
    }
  }

  private void truncated(LogEvent.Truncated truncated) {
    if (truncated.schema().equals(CATALOGUE)) {
      throw new LogGapException(
          LogGapException.Reason.UNREADABLE,
          "somebody truncated " + CATALOGUE + "." + truncated.table(),
          null);
    }
    if (!open.replayed) {
      open.labelIn(truncated.table(), tables).ifPresent(open::sweep);
    }
  }

  private boolean committed(LogEvent.Committed committed, RowReceiver rows)
      throws InterruptedException {
    OpenTransaction done = open;
    if (committed.end() <= position.end()) { // told before
      begin(position.labels());
      return true;
    }
    long time = Math.max(position.timeMicros(), Math.max(done.timeMicros, committed.timeMicros()));
    boolean more = true;
    if (!done.isNothing()) {
      more = emit(done, committed, time, rows);
    } else {
      position = position.past(committed.end(), time, done.labels());
    }
    begin(done.labels());
    return more;
  }

  private void begin(Labels labels) {
    open.close();
    open = new OpenTransaction(labels, reading.transactionBytes());
  }

  private boolean emit(
      OpenTransaction done, LogEvent.Committed committed, long time, RowReceiver rows)
      throws InterruptedException {
    long seq = committed.end();
    long skip = position.inside().filter(inside -> inside == seq).isPresent() ? position.done() : 0;
    ElementChanges changes = new ElementChanges(as, seq, time);
    Counts counts = new Counts();
    Iterator<Touched> elements = done.elements.iterator();
    long index = 0;
    while (elements.hasNext()) {
      Touched touched = elements.next();
      if (touched.isNothing()
          || (touched.after() != null
              && touched.after().properties().equals(LogEvent.UNAVAILABLE))) {
        continue;
      }
      Label label = done.label(touched);
      counts.add(touched, label);
      if (index >= skip) {
        changes.write(touched, label, index, body.clear());
        writer.change(changes.id(touched), body);
        unsent = true;
        if (out.length() >= reading.rowBytes()
            && elements.hasNext()
            && !send(position.within(seq, index + 1), rows)) {
          return false;
        }
      }
      index++;
    }
    int sweeps = 0;
    for (Label swept : done.swept.values()) {
      changes.sweep(swept, sweeps++, body.clear());
      writer.sweep(body);
    }
    SortedMap<String, String> metadata = new TreeMap<>();
    metadata.put("xid", committed.transaction());
    if (!done.merged.isEmpty()) {
      metadata.put(MergedMessage.METADATA, done.merged);
    }
    Optional<OpenTransaction.Range> inexact =
        done.inexact(seq, position.openSince(), fullBefore(seq));
    inexact.ifPresent(range -> putInexact(metadata, range));
    write(
        new Transaction(
            as.site(), seq, time, Optional.empty(), metadata, counts.list(), done.schemaChange()));
    position =
        position.after(
            seq,
            time,
            inexact.filter(range -> range.last() == seq).map(OpenTransaction.Range::first),
            done.labels());
    return out.length() < reading.rowBytes() || send(position, rows);
  }

  private void putInexact(SortedMap<String, String> metadata, OpenTransaction.Range range) {
    InexactSpan span = new InexactSpan(as.site(), range.first(), range.last());
    metadata.put(InexactSpan.METADATA, span.text());
  }

  private void write(Transaction transaction) {
    transactions.write(transaction, body.clear());
    writer.transaction(transaction.seq(), body);
    unsent = true;
  }

  private boolean send(Position reached, RowReceiver rows) throws InterruptedException {
    Position at = reached.seenFullUntil(fullBefore(reached.end() + 1));
    looks.headSet(at.fullUntil()).clear();
    long seq = at.inside().orElse(at.end());
    LogRow row =
        new LogRow(
            at.text(),
            at.whole(),
            seq,
            at.timeMicros(),
            Math.max(headSeq, seq),
            at.labels().open().isEmpty(),
            out.toByteArray());
    out.clear();
    unsent = false;
    position = at;
    told = at;
    return rows.accept(row);
  }

  @Override
  public void close() {
    open.close();
  }
}
