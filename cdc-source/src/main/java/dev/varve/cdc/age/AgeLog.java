package dev.varve.cdc.age;

import dev.varve.cdc.LogHead;
import dev.varve.cdc.ScanPage;
import dev.varve.cdc.StoreLog;
import dev.varve.graph.ElementKind;
import dev.varve.graph.StoreSchema;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.atomic.AtomicLong;
import org.apache.kafka.connect.source.SourceRecord;
import org.jspecify.annotations.Nullable;

/**
 * The log of one graph of Apache AGE, through a replication slot of PostgreSQL.
 *
 * <p>A transaction's number is the place where its commit ends in the log. The stream is kept open
 * from one reading to the next, as long as each goes on where the one before ended. The log's end
 * is found by putting a message of our own there and reading until it comes.
 */
final class AgeLog implements StoreLog {

  /** How often a place is published behind which there is nothing of the graph. */
  private static final long IDLE_ADVANCE_NANOS = 10_000_000_000L;

  /** When nothing has been written for so long, that is published at once: somebody may wait. */
  private static final long STILL_NANOS = 1_000_000_000L;

  /** After so long without a word it is seen whether anybody is speaking. */
  private static final long SILENCE_NANOS = 10_000_000_000L;

  /** How long to wait for what makes up for a new label's first moments. */
  private static final long OPEN_WAIT_MS = 20;

  private final AgeReading reading;
  private final boolean captures;
  private final AgeSession session;
  private final AgeSession.Store store;
  private final AgeSlot slot;
  private final LabelGuard guard;
  private final AtomicLong acknowledged = new AtomicLong();
  private @Nullable Open open;
  private long passedOn; // acknowledged to the stream
  private long knownEnd; // nothing was behind it when last looked at
  private long knownEndMicros; // the server's time before that
  private long knownEndAt;
  private long advancedAt = System.nanoTime();
  private long heardAt;

  /**
   * A stream, and what has been made of it.
   *
   * @param polled what is still to be looked at
   */
  private record Open(
      DebeziumStream stream, AgeTransactions transactions, Deque<SourceRecord> polled) {}

  private AgeLog(AgeReading reading, boolean captures, AgeSession session, AgeSession.Store store) {
    this.reading = reading;
    this.captures = captures;
    this.session = session;
    this.store = store;
    this.slot = new AgeSlot(session, store);
    this.guard = new LabelGuard(session, store.graphOid(), System::nanoTime);
  }

  static AgeLog open(AgeReading reading) {
    return open(reading, true);
  }

  /**
   * To look at, beside or after capture: alters no table, and tells what the log itself holds and
   * no more, so that the same log tells the same.
   */
  static AgeLog looking(AgeReading reading) {
    return open(reading, false);
  }

  private static AgeLog open(AgeReading reading, boolean captures) {
    AgeSession session = AgeSession.open(reading.settings());
    try {
      return new AgeLog(reading, captures, session, session.store());
    } catch (RuntimeException e) {
      session.close();
      throw e;
    }
  }

  @Override
  public String identity() {
    return store.identity(reading.settings().database());
  }

  @Override
  public LogHead head() {
    AgeSession.Here here = session.here();
    return new LogHead(
        position(here, here.lsn()).text(), Optional.of(here.lsn()), here.timeMicros());
  }

  @Override
  public LogHead begin() {
    long before = session.here().lsn();
    guard.prepare();
    AgeSession.Here here = slot.begin();
    return new LogHead(position(here, before).text(), Optional.of(here.lsn()), here.timeMicros());
  }

  private Position position(AgeSession.Here here, long fullUntil) {
    return new Position(
        here.lsn(),
        Optional.empty(),
        0,
        store.timeline(),
        here.timeMicros(),
        "",
        Optional.empty(),
        fullUntil,
        Labels.of(session.tables(store.graphOid()).stream().map(AgeSession.Table::label).toList()));
  }

  @Override
  public ScanPage scan(ElementKind kind, Optional<String> cursor, ScanAs as) {
    return new AgeScan(session, store.graphOid(), reading.rowBytes()).page(kind, cursor, as);
  }

  @Override
  public StoreSchema schema() {
    return AgeSchema.read(session, store.graphOid());
  }

  @Override
  public boolean follows() {
    return AgeSchema.follows(session, store.graphOid());
  }

  @Override
  public boolean read(String from, ReadAs as, RowReceiver rows) throws InterruptedException {
    boolean done = false;
    try {
      boolean ended = read(opened(Position.parse(from), as), rows);
      done = true;
      return ended;
    } finally {
      if (!done) {
        closeStream();
      }
    }
  }

  private boolean read(Open current, RowReceiver rows) throws InterruptedException {
    look(current);
    AgeSession.Here here = session.here();
    current.transactions().head(here.lsn());
    if (here.lsn() == knownEnd) {
      if (passAcknowledgement(current)) {
        poll(current); // takes it along
      }
      return tellStill(current, rows);
    }
    String token = "end " + UUID.randomUUID();
    AgeSession.Here end = session.message(token, store.version());
    while (!current.transactions().lastMessage().equals(token)) {
      if (!readSome(current, token, rows)) {
        closeStream(); // what the receiver did not take is read again
        return false;
      }
    }
    if (!captures) {
      knownEnd = end.lsn();
      return true;
    }
    guard.close(current.transactions().openLabels());
    if (!tellEnd(current.transactions(), end, false, rows)) {
      closeStream();
      return false;
    }
    if (!current.transactions().openLabels().isEmpty()) {
      Thread.sleep(OPEN_WAIT_MS);
      return false; // the log is about to say more of them
    }
    knownEnd = end.lsn();
    knownEndMicros = end.timeMicros();
    knownEndAt = System.nanoTime();
    return true;
  }

  /** Nothing has been written since the end was found. */
  private boolean tellStill(Open current, RowReceiver rows) throws InterruptedException {
    boolean told = current.transactions().position().end() >= knownEnd;
    if (!captures || told || System.nanoTime() - knownEndAt < STILL_NANOS) {
      return true;
    }
    AgeSession.Here end = new AgeSession.Here(knownEnd, knownEndMicros);
    if (tellEnd(current.transactions(), end, true, rows)) {
      return true;
    }
    closeStream();
    return false;
  }

  /** Reads on, but not past the message that stands at the end. */
  private boolean readSome(Open current, String end, RowReceiver rows) throws InterruptedException {
    Deque<SourceRecord> polled = current.polled();
    if (polled.isEmpty()) {
      passAcknowledgement(current);
      look(current);
      poll(current);
    }
    while (!polled.isEmpty() && !current.transactions().lastMessage().equals(end)) {
      if (!current.transactions().add(polled.remove(), rows)) {
        return false;
      }
    }
    return current.transactions().flush(rows);
  }

  private void look(Open current) {
    if (captures) {
      guard.look().ifPresent(current.transactions()::seenFull);
    }
  }

  private void poll(Open current) throws InterruptedException {
    List<SourceRecord> records;
    try {
      records = current.stream().poll();
    } catch (RuntimeException e) {
      throw AgeErrors.ofStream(e, reading.settings());
    }
    current.polled().addAll(records);
    long now = System.nanoTime();
    if (!records.isEmpty()) {
      heardAt = now;
    } else if (now - heardAt > SILENCE_NANOS) {
      heardAt = now;
      slot.requireActive(); // the server may be busy with a large transaction
    }
  }

  /**
   * Tells that there was nothing more, not too often, so that an idle graph lets go of the log of
   * its neighbours too; and the schema, if it is another one than was told last. That of a standby
   * is the primary's to tell.
   *
   * @param still whether to tell it at once
   */
  private boolean tellEnd(
      AgeTransactions transactions, AgeSession.Here end, boolean still, RowReceiver rows)
      throws InterruptedException {
    StoreSchema schema = schema();
    String digest = AgeSchema.digest(schema);
    boolean altered = !digest.equals(transactions.position().schema()) && !follows();
    long now = System.nanoTime();
    if (!altered && !still && now - advancedAt < IDLE_ADVANCE_NANOS) {
      return true;
    }
    advancedAt = now;
    return transactions.advance(
        end.lsn(),
        end.timeMicros(),
        altered ? Optional.of(schema) : Optional.empty(),
        altered ? digest : transactions.position().schema(),
        rows);
  }

  private Open opened(Position from, ReadAs as) {
    Open current = open;
    if (current != null
        && current.transactions().told().equals(from)
        && current.transactions().as().equals(as)) {
      return current;
    }
    closeStream();
    slot.requireReaches(from);
    if (!captures) {
      slot.requireFree();
    }
    DebeziumStream stream;
    try {
      stream = DebeziumStream.open(reading.settings(), from.end());
    } catch (RuntimeException e) {
      throw AgeErrors.ofStream(e, reading.settings());
    }
    current =
        new Open(
            stream,
            new AgeTransactions(as, from, store.graphOid(), reading, this::labelIn),
            new ArrayDeque<>());
    open = current;
    guard.begin(from);
    passedOn = 0;
    knownEnd = 0;
    heardAt = System.nanoTime();
    return current;
  }

  private Optional<Integer> labelIn(String table) {
    return session.tables(store.graphOid()).stream()
        .map(AgeSession.Table::label)
        .filter(label -> label.table().equals(table))
        .map(Label::id)
        .findFirst();
  }

  /** Only what was committed in Kafka: a crash before that is read again. */
  @Override
  public void acknowledge(String position) {
    acknowledged.accumulateAndGet(Position.parse(position).end(), Math::max);
  }

  /** Returns whether there was one. */
  private boolean passAcknowledgement(Open current) throws InterruptedException {
    long lsn = acknowledged.get();
    if (lsn <= passedOn) {
      return false;
    }
    passedOn = lsn;
    current.stream().acknowledge(lsn);
    return true;
  }

  private void closeStream() {
    Open current = open;
    open = null;
    if (current != null) {
      current.transactions().close();
      current.stream().close();
    }
  }

  @Override
  public void close() {
    closeStream();
    session.close();
  }
}
