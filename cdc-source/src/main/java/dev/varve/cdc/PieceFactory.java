package dev.varve.cdc;

import dev.varve.cdc.CaptureState.Scan;
import dev.varve.change.Site;
import dev.varve.change.Sweep;
import dev.varve.change.Transaction;
import dev.varve.change.Watermark;
import dev.varve.graph.ElementId;
import dev.varve.graph.ElementKind;
import dev.varve.graph.StoreSchema;
import dev.varve.wire.AvroInput;
import dev.varve.wire.AvroOutput;
import dev.varve.wire.ChangeCodec;
import dev.varve.wire.ElementCodec;
import dev.varve.wire.LogBatch;
import dev.varve.wire.RecordKind;
import dev.varve.wire.SweepCodec;
import dev.varve.wire.Topics;
import dev.varve.wire.TransactionCodec;
import dev.varve.wire.WatermarkCodec;
import dev.varve.wire.Wire;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;
import org.apache.kafka.common.utils.Utils;

/**
 * Makes the records of rows and scan pages, and keeps the rule of the watermarks: one stands after
 * every change up to its transaction and before any later one, and none before the graph is
 * consistent. Holds no state but its buffers; not thread-safe.
 */
public final class PieceFactory {

  /** Of how many labels the scan's counts are kept apart; what comes after is counted together. */
  private static final int SCAN_LABELS_MAX = 1_000;

  private static final String OTHER_LABELS = "…";

  private final Topics topics;
  private final int partitions;
  private final Wire wire;
  private final ChangeCodec changes = new ChangeCodec();
  private final SweepCodec sweeps = new SweepCodec();
  private final TransactionCodec transactions = new TransactionCodec();
  private final WatermarkCodec watermarks = new WatermarkCodec();
  private final AvroOutput out = new AvroOutput();

  /**
   * @param partitions how many the changes topic has
   */
  public PieceFactory(Topics topics, int partitions, Wire wire) {
    this.topics = topics;
    this.partitions = partitions;
    this.wire = wire;
  }

  /** The next page of the scan. */
  public Piece scanPage(CaptureState before, ScanPage page) {
    Scan progress =
        before.scan().orElseThrow(() -> new IllegalStateException("no scan: " + before));
    Frames frames = new Frames(before.transactions());
    frames.labels = new TreeMap<>(progress.counts());
    LogBatch.read(page.batch(), frames);
    if (frames.lastTransaction != null) {
      throw new IllegalStateException("a scan page holds a transaction");
    }
    Optional<ElementKind> kind = progress.kind();
    if (page.next().isEmpty()) {
      kind = kind.filter(ElementKind.VERTEX::equals).map(vertex -> ElementKind.EDGE);
    }
    CaptureState after = before.scanned(new Scan(kind, page.next(), frames.labels));
    return new Piece(
        frames.open,
        Optional.empty(),
        List.of(),
        after,
        frames.changes,
        before.seq(),
        frames.bytes);
  }

  /**
   * The scan's own transaction, after the last page.
   *
   * @param end the log's end as it is now
   */
  public Piece scanEnd(CaptureState before, LogHead end, StoreSchema schema) {
    Scan progress =
        before.scan().orElseThrow(() -> new IllegalStateException("no scan: " + before));
    Transaction whole =
        new Transaction(
            before.site(),
            before.seq(),
            before.committedAtMicros(),
            Optional.empty(),
            new TreeMap<>(Map.of("varve", "initial scan")),
            counts(progress),
            Optional.of(new StoreSchema.Change(true, schema.rules(), List.of())));
    transactions.write(whole, out.clear());
    Outgoing record = transaction(before.site(), out.array(), 0, out.length(), whole);
    return new Piece(
        List.of(record),
        Optional.empty(),
        List.of(),
        before.scanEnded(end),
        0,
        end.scanSeq(),
        record.value().length);
  }

  /** The next row of the log. */
  public Piece row(CaptureState before, LogRow row) {
    Frames frames = new Frames(before.transactions());
    LogBatch.read(row.batch(), frames);
    long seq = before.seq();
    long committedAtMicros = before.committedAtMicros();
    if (frames.lastTransaction != null) {
      seq = frames.lastTransaction.seq();
      committedAtMicros = frames.lastTransaction.committedAtMicros();
    }
    if (row.whole()) {
      if (!frames.open.isEmpty()) {
        throw new IllegalStateException(
            "the row up to " + row.position() + " ends inside a transaction and says it does not");
      }
      if (row.seq() > seq) { // transactions without changes
        seq = row.seq();
        committedAtMicros = row.committedAtMicros();
      }
    }
    if (seq < before.seq()) {
      throw new IllegalStateException(
          "the log goes backwards: after "
              + before.seq()
              + " comes "
              + seq
              + " at "
              + row.position());
    }
    CaptureState after =
        before.read(
            row.position(),
            seq,
            committedAtMicros,
            Math.max(before.reached(), Math.max(seq, row.seq())),
            frames.transactions);
    Optional<Watermark> watermark =
        seq > before.seq() && row.consistent() ? watermark(after) : Optional.empty();
    return new Piece(
        frames.closed,
        watermark,
        frames.open,
        watermark.isPresent() ? after.consistent() : after,
        frames.changes,
        Math.max(row.headSeq(), seq),
        frames.bytes);
  }

  /**
   * The first watermark, when the log's end has been reached by a reading that began after the scan
   * ended and there was nothing more to publish.
   */
  public Piece caughtUp(CaptureState before) {
    CaptureState.Until until =
        before.until().orElseThrow(() -> new IllegalStateException("not catching up: " + before));
    CaptureState after = before;
    long seq = until.seq().orElse(0L);
    if (seq > before.seq()) {
      after =
          before.read(
              before.position(),
              seq,
              until.committedAtMicros(),
              Math.max(before.reached(), seq),
              before.transactions());
    }
    Optional<Watermark> first = Optional.of(watermarkAt(after));
    return new Piece(List.of(), first, List.of(), after.consistent(), 0, after.seq(), 0);
  }

  /** The records of a watermark: one in every partition of changes, one among the transactions. */
  public List<Outgoing> records(Watermark watermark) {
    byte[] key = utf8("w" + watermark.site());
    long timestampMs = millis(watermark.committedAtMicros());
    List<Outgoing> records = new ArrayList<>(partitions + 1);
    byte[] value = frame(watermark.withVersions(0));
    for (int partition = 0; partition < partitions; partition++) {
      records.add(new Outgoing(topics.changes(), partition, key, value, timestampMs));
    }
    records.add(new Outgoing(topics.transactions(), 0, key, frame(watermark), timestampMs));
    return records;
  }

  private byte[] frame(Watermark watermark) {
    watermarks.write(watermark, out.clear());
    return wire.frame(RecordKind.WATERMARK, out);
  }

  /** The watermark after a state, unless the graph is not consistent there yet. */
  private static Optional<Watermark> watermark(CaptureState after) {
    if (after.until().isPresent()
        && after.until().get().seq().filter(seq -> after.seq() >= seq).isEmpty()) {
      return Optional.empty();
    }
    return Optional.of(watermarkAt(after));
  }

  private static Watermark watermarkAt(CaptureState after) {
    return new Watermark(
        after.site(),
        after.seq(),
        after.committedAtMicros(),
        after.transactions(),
        after.store(),
        after.replaces());
  }

  private Outgoing transaction(Site site, byte[] body, int offset, int count, Transaction read) {
    return new Outgoing(
        topics.transactions(),
        0,
        utf8("t" + site),
        wire.frame(RecordKind.TRANSACTION, body, offset, count),
        millis(read.committedAtMicros()));
  }

  private static List<Transaction.Count> counts(Scan progress) {
    List<Transaction.Count> counts = new ArrayList<>();
    progress
        .counts()
        .forEach(
            (label, count) ->
                counts.add(
                    new Transaction.Count(
                        ElementKind.ofCode(label.charAt(0)), label.substring(2), count, 0, 0)));
    return counts;
  }

  private static byte[] utf8(String text) {
    return text.getBytes(StandardCharsets.UTF_8);
  }

  private static long millis(long micros) {
    return Math.max(0, Math.floorDiv(micros, 1_000));
  }

  /** Turns the frames of one batch into records. */
  private final class Frames implements LogBatch.Visitor {

    final List<Outgoing> closed = new ArrayList<>();
    List<Outgoing> open = new ArrayList<>();
    long transactions;
    @org.jspecify.annotations.Nullable Transaction lastTransaction;
    @org.jspecify.annotations.Nullable SortedMap<String, Long> labels; // of a scan page
    int changes;
    long bytes;

    Frames(long transactions) {
      this.transactions = transactions;
    }

    @Override
    public void change(String key, AvroInput body) {
      int start = body.position();
      int length = body.remaining();
      byte[] keyBytes = utf8(key);
      int partition = Utils.toPositive(Utils.murmur2(keyBytes)) % partitions;
      long timestampMs = millis(committedAtMicros(key, body, start, length));
      byte[] value = wire.frame(RecordKind.CHANGE, body.array(), start, length);
      open.add(new Outgoing(topics.changes(), partition, keyBytes, value, timestampMs));
      changes++;
      bytes += keyBytes.length + value.length;
    }

    /** Into every partition, since the elements of the range are in all of them. */
    @Override
    public void sweep(AvroInput body) {
      int start = body.position();
      int length = body.remaining();
      Sweep read = sweeps.read(body);
      byte[] key = utf8("s" + read.site());
      byte[] value = wire.frame(RecordKind.SWEEP, body.array(), start, length);
      long timestampMs = millis(read.committedAtMicros());
      for (int partition = 0; partition < partitions; partition++) {
        open.add(new Outgoing(topics.changes(), partition, key, value, timestampMs));
      }
      bytes += (long) partitions * (key.length + value.length);
    }

    @Override
    public void transaction(long logPosition, AvroInput body) {
      int start = body.position();
      int length = body.remaining();
      Transaction read = PieceFactory.this.transactions.read(body);
      closed.addAll(open);
      open = new ArrayList<>();
      Outgoing record =
          PieceFactory.this.transaction(read.site(), body.array(), start, length, read);
      closed.add(record);
      bytes += record.value().length;
      lastTransaction = read;
      transactions++;
    }

    /** Reads no more of a change than is needed: site, seq, index, committedAt come first. */
    private long committedAtMicros(String key, AvroInput body, int start, int length) {
      if (labels != null) {
        AvroInput whole = new AvroInput(body.array(), start, length);
        long committedAt = PieceFactory.this.changes.readHeader(whole).committedAtMicros();
        count(labels, ElementId.parse(key).kind(), ElementCodec.readLabel(whole).orElse(""));
        return committedAt;
      }
      body.skip((int) body.readLong());
      body.readLong();
      body.readLong();
      return body.readLong();
    }

    private static void count(SortedMap<String, Long> labels, ElementKind kind, String label) {
      String name = kind.code() + ":" + label;
      if (!labels.containsKey(name) && labels.size() >= SCAN_LABELS_MAX) {
        name = kind.code() + ":" + OTHER_LABELS;
      }
      labels.merge(name, 1L, Long::sum);
    }
  }
}
