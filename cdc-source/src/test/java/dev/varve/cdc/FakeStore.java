package dev.varve.cdc;

import dev.varve.change.Change;
import dev.varve.change.ChangeHeader;
import dev.varve.change.Dot;
import dev.varve.change.Transaction;
import dev.varve.graph.Edge;
import dev.varve.graph.Element;
import dev.varve.graph.ElementHasher;
import dev.varve.graph.ElementId;
import dev.varve.graph.ElementKind;
import dev.varve.graph.StoreSchema;
import dev.varve.graph.Value;
import dev.varve.graph.Vertex;
import dev.varve.wire.AvroOutput;
import dev.varve.wire.ChangeCodec;
import dev.varve.wire.LogBatch;
import dev.varve.wire.TransactionCodec;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;

/** A store in memory with an ordered log: what {@link StoreLog} asks for, and faults on demand. */
final class FakeStore {

  /** Connectors are made by Debezium from a class name, so they find their store by its name. */
  private static final Map<String, FakeStore> BY_NAME = new ConcurrentHashMap<>();

  /** A committed transaction; without changes it only takes up a number. */
  record Committed(long seq, long committedAtMicros, List<Element0> changes) {}

  /** A change: no state means removed. */
  record Element0(ElementId id, Optional<Element> state) {}

  final String name;
  volatile String identity;

  /** Whether a replay writes to it. */
  volatile boolean follows;

  volatile boolean away;
  volatile int scanPageElements = 50;
  volatile int rowChanges = 40;
  volatile int reads;

  /** Whether the log tells the number of its last transaction. */
  volatile boolean seqTold = true;

  /** A transaction that does not tell what it changed. */
  volatile long unreadable = -1;

  /** Is called before each page of a scan, to write beside it or to fail. */
  volatile Runnable beforePage = () -> {};

  private final List<Committed> log = new ArrayList<>();
  private final TreeMap<ElementId, Element> graph = new TreeMap<>();
  private long prunedTo;
  private long lastSeq = 10;
  private long nextId;

  FakeStore(String name) {
    this.name = name;
    this.identity = "fake:" + name;
    BY_NAME.put(name, this);
  }

  static FakeStore named(String name) {
    FakeStore store = BY_NAME.get(name);
    if (store == null) {
      throw new IllegalArgumentException("no store " + name);
    }
    return store;
  }

  /** Commits a transaction of so many random changes. */
  synchronized long commit(Random random, int changes) {
    List<Element0> made = new ArrayList<>();
    Set<ElementId> touched = new java.util.HashSet<>();
    while (made.size() < changes) {
      Element0 change = change(random);
      if (touched.add(change.id())) {
        made.add(change);
        change
            .state()
            .ifPresentOrElse(s -> graph.put(change.id(), s), () -> graph.remove(change.id()));
      }
    }
    lastSeq += 1 + random.nextInt(3);
    log.add(new Committed(lastSeq, 1_700_000_000_000_000L + lastSeq, made));
    return lastSeq;
  }

  /** A transaction that only takes up a number, such as one that creates a token. */
  synchronized long commitNothing() {
    lastSeq++;
    log.add(new Committed(lastSeq, 1_700_000_000_000_000L + lastSeq, List.of()));
    return lastSeq;
  }

  private Element0 change(Random random) {
    int kind = random.nextInt(10);
    if (kind < 4 || nextId == 0) {
      ElementId id = ElementId.vertex(Long.toString(nextId++));
      return new Element0(id, Optional.of(vertex(random)));
    } else if (kind < 6) {
      ElementId id = ElementId.edge(Long.toString(nextId++));
      return new Element0(
          id, Optional.of(Edge.of("KNOWS", "0", Long.toString(random.nextInt(9)), Map.of())));
    } else if (kind < 9) {
      return new Element0(
          ElementId.vertex(Long.toString(random.nextLong(nextId))), Optional.of(vertex(random)));
    }
    return new Element0(ElementId.vertex(Long.toString(random.nextLong(nextId))), Optional.empty());
  }

  private static Vertex vertex(Random random) {
    return Vertex.of(
        random.nextBoolean() ? Set.of("Person") : Set.of("Person", "Actor"),
        Map.of("n", Value.Int.of(random.nextLong())));
  }

  synchronized void prune() {
    prunedTo = lastSeq;
    log.clear();
  }

  synchronized long lastSeq() {
    return lastSeq;
  }

  synchronized List<Committed> since(long seq) {
    return log.stream().filter(t -> t.seq() > seq).toList();
  }

  synchronized TreeMap<ElementId, Element> graph() {
    return new TreeMap<>(graph);
  }

  StoreLog open() {
    requireUp();
    return new Log();
  }

  private void requireUp() {
    if (away) {
      throw new StoreUnavailableException("fake store is away", new IOException("away"));
    }
  }

  /** The source that capture is pointed at. */
  CaptureSource source(Map<String, String> connectorSettings) {
    return new CaptureSource() {
      @Override
      public String connectorClass() {
        return FakeConnector.class.getName();
      }

      @Override
      public Map<String, String> connectorSettings() {
        Map<String, String> all = new java.util.HashMap<>(connectorSettings);
        all.put("fake.store", name);
        return all;
      }

      @Override
      public String check() {
        requireUp();
        return identity;
      }

      @Override
      public StoreLog open() {
        return FakeStore.this.open();
      }
    };
  }

  private final class Log implements StoreLog {

    private final String openedAs = identity;

    @Override
    public String identity() {
      return openedAs;
    }

    @Override
    public LogHead head() {
      requireUp();
      long seq = lastSeq();
      return new LogHead(
          seq + ":0", seqTold ? Optional.of(seq) : Optional.empty(), 1_700_000_000_000_000L + seq);
    }

    @Override
    public ScanPage scan(ElementKind kind, Optional<String> cursor, ScanAs as) {
      beforePage.run();
      requireUp();
      AvroOutput out = new AvroOutput();
      LogBatch.Writer writer = new LogBatch.Writer(out);
      Encoder encoder = new Encoder(as.site(), as.seen());
      int n = 0;
      for (Map.Entry<ElementId, Element> e : graph().entrySet()) {
        long id = Long.parseLong(e.getKey().id());
        if (e.getKey().kind() != kind || id < Long.parseLong(cursor.orElse("0"))) {
          continue;
        }
        if (n++ == scanPageElements) {
          return new ScanPage(Optional.of(e.getKey().id()), out.toByteArray());
        }
        long index = id * 2 + (kind == ElementKind.EDGE ? 1 : 0);
        encoder.change(
            writer,
            as.seq(),
            index,
            as.committedAtMicros(),
            new Element0(e.getKey(), Optional.of(e.getValue())));
      }
      return new ScanPage(Optional.empty(), out.toByteArray());
    }

    @Override
    public boolean follows() {
      return follows;
    }

    @Override
    public StoreSchema schema() {
      return new StoreSchema(
          List.of(
              new StoreSchema.Rule(
                  "by_n",
                  StoreSchema.Form.INDEX,
                  "RANGE",
                  ElementKind.VERTEX,
                  List.of("Person"),
                  List.of("n"),
                  Optional.of("CREATE INDEX by_n"))));
    }

    @Override
    public boolean read(String from, ReadAs as, RowReceiver rows) throws InterruptedException {
      reads++;
      requireUp();
      long seq = Long.parseLong(from.substring(0, from.indexOf(':')));
      int index = Integer.parseInt(from.substring(from.indexOf(':') + 1));
      long head;
      List<Committed> todo;
      synchronized (FakeStore.this) {
        if (seq < prunedTo) {
          throw new LogGapException(
              LogGapException.Reason.PRUNED, "VARVE-LOG-PRUNED: pruned to " + prunedTo, null);
        }
        head = lastSeq;
        todo = since(index > 0 ? seq - 1 : seq);
      }
      return new Reader(new Encoder(as.site(), as.seen()), head, rows).read(todo, index);
    }

    @Override
    public void close() {}
  }

  private static final class Encoder {
    private final dev.varve.change.Site site;
    private final dev.varve.change.VersionVector seen;
    private final ElementHasher hasher = new ElementHasher();
    private final ChangeCodec changes = new ChangeCodec();
    private final AvroOutput body = new AvroOutput();

    Encoder(dev.varve.change.Site site, dev.varve.change.VersionVector seen) {
      this.site = site;
      this.seen = seen;
    }

    void change(LogBatch.Writer writer, long seq, long index, long at, Element0 change) {
      ChangeHeader header =
          new ChangeHeader(
              new Dot(site, seq, index),
              at,
              seen,
              change.state().map(s -> hasher.hash(change.id(), s)),
              List.of(),
              List.of());
      changes.write(new Change(change.id(), header, change.state()), body.clear());
      writer.change(change.id(), body);
    }
  }

  /** Cuts the log into rows, inside transactions too. */
  private final class Reader {
    private final Encoder encoder;
    private final long head;
    private final StoreLog.RowReceiver rows;
    private AvroOutput out = new AvroOutput();
    private LogBatch.Writer writer = new LogBatch.Writer(out);
    private int inRow;

    Reader(Encoder encoder, long head, StoreLog.RowReceiver rows) {
      this.encoder = encoder;
      this.head = head;
      this.rows = rows;
    }

    boolean read(List<Committed> todo, int firstIndex) throws InterruptedException {
      int index = firstIndex;
      Committed last = null;
      boolean unsent = false;
      for (Committed tx : todo) {
        if (tx.seq() == unreadable) {
          throw new LogGapException(
              LogGapException.Reason.UNREADABLE, "VARVE-UNENRICHED-TRANSACTION: " + tx.seq(), null);
        }
        for (; index < tx.changes().size(); index++) {
          if (inRow >= rowChanges) {
            String at = index == 0 && last != null ? last.seq() + ":0" : tx.seq() + ":" + index;
            boolean whole = index == 0;
            Committed upTo = whole && last != null ? last : tx;
            if (!send(at, whole, upTo)) {
              return false;
            }
          }
          encoder.change(writer, tx.seq(), index, tx.committedAtMicros(), tx.changes().get(index));
          inRow++;
        }
        index = 0;
        if (!tx.changes().isEmpty()) {
          AvroOutput body = new AvroOutput();
          new TransactionCodec()
              .write(
                  new Transaction(
                      encoder.site,
                      tx.seq(),
                      tx.committedAtMicros(),
                      Optional.of("user"),
                      new TreeMap<>(),
                      List.of(),
                      Optional.empty()),
                  body);
          writer.transaction(tx.seq(), body);
        }
        last = tx;
        unsent = true;
      }
      return !unsent || last == null || send(last.seq() + ":0", true, last);
    }

    private boolean send(String position, boolean whole, Committed upTo)
        throws InterruptedException {
      requireUp();
      LogRow row =
          new LogRow(
              position, whole, upTo.seq(), upTo.committedAtMicros(), head, out.toByteArray());
      out = new AvroOutput();
      writer = new LogBatch.Writer(out);
      inRow = 0;
      return rows.accept(row);
    }
  }
}
