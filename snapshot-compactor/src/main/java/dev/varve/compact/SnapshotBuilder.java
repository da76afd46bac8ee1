package dev.varve.compact;

import dev.varve.archive.Keys;
import dev.varve.archive.Manifest;
import dev.varve.archive.SegmentFormat;
import dev.varve.archive.SegmentWriter;
import dev.varve.archive.StateMismatchException;
import dev.varve.archive.TransactionsWriter;
import dev.varve.change.InexactSpan;
import dev.varve.change.Transaction;
import dev.varve.fault.VarveException;
import dev.varve.graph.ElementId;
import dev.varve.graph.ElementKind;
import dev.varve.graph.StoreSchema;
import dev.varve.tail.Cut;
import dev.varve.topology.Fingerprint;
import dev.varve.topology.VersionHeader;
import dev.varve.wire.AvroOutput;
import dev.varve.wire.MalformedRecordException;
import dev.varve.wire.TransactionCodec;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Writes the files of one snapshot and keeps the figures that its manifest will give. Vertices come
 * first, then edges, each in order, then transactions.
 *
 * <p>A file goes to the repository as soon as it is complete, so that not more than one is in the
 * work directory. The versions of an element are never in two segments.
 */
final class SnapshotBuilder implements AutoCloseable {

  private final Workbench bench;
  private final String graph;
  private final long number;
  private final String letter;
  private final SegmentFormat format;
  private final List<Manifest.Segment> segments = new ArrayList<>();
  private List<InexactSpan> inexact = List.of();
  private final TransactionCodec transactionCodec = new TransactionCodec();
  private final AvroOutput transactionRecord = new AvroOutput();
  private @Nullable Open open;
  private @Nullable TransactionsWriter transactionsWriter;
  private @Nullable Path transactionsFile;
  private Optional<Manifest.TransactionsFile> transactions = Optional.empty();
  private Fingerprint fingerprint;
  private StoreSchema schema;
  private long vertices;
  private long edges;
  private long versions;
  private long tombstones;
  private long firstMicros = Long.MAX_VALUE;
  private long lastMicros = Long.MIN_VALUE;

  /** A segment that is being written. */
  private record Open(SegmentWriter writer, Path file, String key, ElementKind kind) {}

  /**
   * @param number that the manifest is going to have
   * @param basis the snapshot that this one is counted from; absent for a base or checkpoint
   */
  SnapshotBuilder(
      Workbench bench,
      String graph,
      long number,
      Manifest.Kind kind,
      Optional<Manifest> basis,
      StoreSchema schema) {
    this.bench = bench;
    this.graph = graph;
    this.number = number;
    this.letter = kind.head() ? "" : kind == Manifest.Kind.CHECKPOINT ? "c" : "m";
    this.format = SegmentFormat.of(kind);
    this.schema = schema;
    this.fingerprint = basis.map(Manifest::fingerprint).orElse(Fingerprint.EMPTY);
    this.vertices = basis.map(m -> m.counts().vertices()).orElse(0L);
    this.edges = basis.map(m -> m.counts().edges()).orElse(0L);
  }

  /**
   * Adds the one version of an element that a base or checkpoint has.
   *
   * @throws VarveException if its state does not have the hash that the version carries
   */
  void addNewest(
      ElementKind kind, String id, VersionHeader header, Datum datum, Provenance provenance)
      throws IOException {
    if (header.hash().isPresent()) {
      fingerprint = fingerprint.plus(header.hash().get());
      countAlive(kind, 1);
    }
    SegmentWriter writer = next(kind, id, header);
    try {
      if (provenance.checked()) {
        writer.appendUnchecked(id, header.removed(), datum.bytes(), datum.offset(), datum.length());
      } else {
        writer.append(id, header.removed(), datum.bytes(), datum.offset(), datum.length());
      }
    } catch (StateMismatchException | MalformedRecordException e) {
      throw damaged(provenance, new ElementId(kind, id), header, e);
    }
  }

  private static VarveException damaged(
      Provenance provenance, ElementId id, VersionHeader header, RuntimeException cause) {
    String what =
        cause instanceof StateMismatchException
            ? id + " at " + header.dot() + " does not have the hash that it carries"
            : id + " at " + header.dot() + " cannot be read: " + cause.getMessage();
    return provenance.damaged(what, cause);
  }

  /** Adds a version to a delta. */
  void addVersion(ElementKind kind, String id, VersionHeader header, Datum datum)
      throws IOException {
    fingerprint = fingerprint.after(header);
    if (!header.lost()) {
      countAlive(
          kind, (header.hash().isPresent() ? 1 : 0) - (header.replaced().isPresent() ? 1 : 0));
    }
    next(kind, id, header)
        .append(id, header.removed(), datum.bytes(), datum.offset(), datum.length());
  }

  /** Adds a transaction, in the order in which capture published them. */
  void addTransaction(Transaction transaction, Datum datum) throws IOException {
    span(transaction.committedAtMicros());
    if (transaction.schema().isPresent()) {
      schema = schema.after(transaction.schema().get());
    }
    transaction.inexact().ifPresent(this::addInexact);
    TransactionsWriter writer = transactionsWriter;
    if (writer == null) {
      finishSegment();
      Path file = newFile();
      transactionsFile = file;
      writer = new TransactionsWriter(file, newKey("t"), bench.publisher().compressionLevel());
      transactionsWriter = writer;
    }
    writer.append(datum.bytes(), datum.offset(), datum.length());
  }

  private void addInexact(InexactSpan span) {
    List<InexactSpan> more = new ArrayList<>(inexact);
    more.add(span);
    inexact = InexactSpan.joined(more);
  }

  /** Adds a transaction that was read from another snapshot. */
  void addTransaction(Transaction transaction) throws IOException {
    transactionRecord.clear();
    transactionCodec.write(transaction, transactionRecord);
    addTransaction(
        transaction, new Datum(transactionRecord.array(), 0, transactionRecord.length()));
  }

  /** An encoded record inside an array. */
  @SuppressWarnings("ArrayRecordComponent") // a view that lives for one call
  record Datum(byte[] bytes, int offset, int length) {}

  /** Completes the last files. */
  void finish() throws IOException {
    finishSegment();
    TransactionsWriter writer = transactionsWriter;
    Path file = transactionsFile;
    if (writer != null && file != null) {
      Manifest.TransactionsFile finished = writer.finish();
      bench.publisher().put(finished.object().key(), file);
      transactions = Optional.of(finished);
      transactionsWriter = null;
      Files.delete(file);
    }
  }

  Fingerprint fingerprint() {
    return fingerprint;
  }

  StoreSchema schema() {
    return schema;
  }

  List<Manifest.Segment> segments() {
    return segments;
  }

  Optional<Manifest.TransactionsFile> transactions() {
    return transactions;
  }

  /** What the transactions say that were added. */
  List<InexactSpan> inexact() {
    return inexact;
  }

  Manifest.Counts counts() {
    return new Manifest.Counts(
        vertices,
        edges,
        versions,
        tombstones,
        transactions.map(Manifest.TransactionsFile::transactions).orElse(0L));
  }

  /** Commit times of everything added and of the cut. */
  Manifest.CommitSpan span(Cut cut) {
    span(cut.committedAtMicros());
    return new Manifest.CommitSpan(firstMicros, lastMicros);
  }

  /** Lets go of files that are not complete. */
  @Override
  public void close() throws IOException {
    Open unfinished = open;
    if (unfinished != null) {
      unfinished.writer().close();
      Files.deleteIfExists(unfinished.file());
    }
    if (transactionsWriter != null) {
      transactionsWriter.close();
    }
    if (transactionsFile != null) {
      Files.deleteIfExists(transactionsFile);
    }
  }

  /** Counts a version, and gives the segment that it goes into. */
  private SegmentWriter next(ElementKind kind, String id, VersionHeader header) throws IOException {
    span(header.committedAtMicros());
    versions++;
    tombstones += header.removed() ? 1 : 0;
    Open current = open;
    if (current != null
        && (current.kind() != kind
            || (current.writer().writtenBytes() >= bench.segmentBytes()
                && !current.writer().lastId().equals(Optional.of(id))))) {
      finishSegment();
      current = null;
    }
    if (current == null) {
      long ofKind = segments.stream().filter(s -> s.kind() == kind).count();
      String key = newKey("%c%03d".formatted(kind.code(), ofKind));
      Path file = newFile();
      current =
          new Open(
              new SegmentWriter(file, key, kind, format, bench.publisher().compressionLevel()),
              file,
              key,
              kind);
      open = current;
    }
    return current.writer();
  }

  private void finishSegment() throws IOException {
    Open current = open;
    if (current != null) {
      Manifest.Segment segment = current.writer().finish();
      current.writer().close();
      bench.publisher().put(current.key(), current.file());
      segments.add(segment);
      open = null;
      Files.delete(current.file());
    }
  }

  private void countAlive(ElementKind kind, int change) {
    if (kind == ElementKind.VERTEX) {
      vertices += change;
    } else {
      edges += change;
    }
  }

  private void span(long micros) {
    firstMicros = Math.min(firstMicros, micros);
    lastMicros = Math.max(lastMicros, micros);
  }

  private String newKey(String part) {
    return Keys.part(graph, number, letter + part, bench.random().nextInt());
  }

  private Path newFile() {
    return bench
        .directory()
        .resolve("file-" + Integer.toHexString(bench.random().nextInt()) + "-" + segments.size());
  }
}
