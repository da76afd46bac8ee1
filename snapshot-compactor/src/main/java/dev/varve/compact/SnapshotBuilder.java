package dev.varve.compact;

import dev.varve.archive.Keys;
import dev.varve.archive.Manifest;
import dev.varve.archive.SegmentWriter;
import dev.varve.archive.TransactionsWriter;
import dev.varve.change.Transaction;
import dev.varve.graph.ElementKind;
import dev.varve.graph.StoreSchema;
import dev.varve.topology.Fingerprint;
import dev.varve.topology.VersionHeader;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;

/**
 * Writes the files of one snapshot and keeps the figures that its manifest will give. Vertices come
 * first, then edges, each in order, then transactions.
 *
 * <p>A file goes to the repository as soon as it is complete, so that not more than one is in the
 * work directory. The versions of an element are never in two segments.
 */
final class SnapshotBuilder implements AutoCloseable {

  private final String graph;
  private final long number;
  private final long segmentBytes;
  private final Path directory;
  private final Publisher publisher;
  private final RandomGenerator random;
  private final List<Manifest.Segment> segments = new ArrayList<>();
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
   * @param basis the snapshot that this one is counted from; absent for a base or checkpoint
   * @param directory for files that are being written
   */
  SnapshotBuilder(
      String graph,
      long number,
      Optional<Manifest> basis,
      StoreSchema schema,
      long segmentBytes,
      Path directory,
      Publisher publisher,
      RandomGenerator random) {
    this.graph = graph;
    this.number = number;
    this.segmentBytes = segmentBytes;
    this.directory = directory;
    this.publisher = publisher;
    this.random = random;
    this.schema = schema;
    this.fingerprint = basis.map(Manifest::fingerprint).orElse(Fingerprint.EMPTY);
    this.vertices = basis.map(m -> m.counts().vertices()).orElse(0L);
    this.edges = basis.map(m -> m.counts().edges()).orElse(0L);
  }

  /** Adds the one version of an element that a base or checkpoint has. */
  void addNewest(ElementKind kind, String id, VersionHeader header, Datum datum)
      throws IOException {
    if (header.hash().isPresent()) {
      fingerprint = fingerprint.plus(header.hash().get());
      countAlive(kind, 1);
    }
    write(kind, id, header, datum);
  }

  /** Adds a version to a delta. */
  void addVersion(ElementKind kind, String id, VersionHeader header, Datum datum)
      throws IOException {
    fingerprint = fingerprint.after(header);
    if (!header.lost()) {
      countAlive(
          kind, (header.hash().isPresent() ? 1 : 0) - (header.replaced().isPresent() ? 1 : 0));
    }
    write(kind, id, header, datum);
  }

  /** Adds a transaction, in the order in which capture published them. */
  void addTransaction(Transaction transaction, Datum datum) throws IOException {
    span(transaction.committedAtMicros());
    if (transaction.schema().isPresent()) {
      schema = schema.after(transaction.schema().get());
    }
    TransactionsWriter writer = transactionsWriter;
    if (writer == null) {
      finishSegment();
      Path file = newFile();
      transactionsFile = file;
      writer = new TransactionsWriter(file, newKey("t"), publisher.compressionLevel());
      transactionsWriter = writer;
    }
    writer.append(datum.bytes(), datum.offset(), datum.length());
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
      publisher.put(finished.object().key(), file);
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

  private void write(ElementKind kind, String id, VersionHeader header, Datum datum)
      throws IOException {
    span(header.committedAtMicros());
    versions++;
    tombstones += header.removed() ? 1 : 0;
    Open current = open;
    if (current != null
        && (current.kind() != kind
            || (current.writer().writtenBytes() >= segmentBytes
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
              new SegmentWriter(file, key, kind, publisher.compressionLevel()), file, key, kind);
      open = current;
    }
    current.writer().append(id, header.removed(), datum.bytes(), datum.offset(), datum.length());
  }

  private void finishSegment() throws IOException {
    Open current = open;
    if (current != null) {
      Manifest.Segment segment = current.writer().finish();
      current.writer().close();
      publisher.put(current.key(), current.file());
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
    return Keys.part(graph, number, part, random.nextInt());
  }

  private Path newFile() {
    return directory.resolve(
        "file-" + Integer.toHexString(random.nextInt()) + "-" + segments.size());
  }
}
