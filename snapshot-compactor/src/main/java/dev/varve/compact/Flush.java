package dev.varve.compact;

import dev.varve.compact.SnapshotBuilder.Datum;
import dev.varve.graph.ElementKind;
import dev.varve.graph.StoreSchema;
import dev.varve.tail.Cut;
import dev.varve.tail.SortEntry;
import dev.varve.tail.VersionSorter;
import dev.varve.topology.VersionHeader;
import dev.varve.wire.AvroInput;
import dev.varve.wire.Topics;
import dev.varve.wire.TransactionCodec;
import dev.varve.wire.VersionCodec;
import java.io.IOException;
import org.jspecify.annotations.Nullable;

/**
 * One pass over what has been collected: what the cut covers goes into a snapshot, the rest stays.
 */
final class Flush {

  private final VersionSorter.Merge merge;
  private final SnapshotBuilder builder;
  private final Cut cut;
  private final boolean base;
  private final boolean forgetsTombstones;
  private final SortEntry.@Nullable Origin[] firstUncovered;
  private final Provenance vertices;
  private final Provenance edges;
  private final VersionCodec versions = new VersionCodec();
  private final TransactionCodec transactions = new TransactionCodec();
  private boolean wholeSchema;

  // the newest version so far of the element at which a base stands
  private byte[] newest = new byte[512];
  private boolean hasNewest;

  /**
   * @param topics of the tables that it was collected from
   * @param base whether only the newest version of each element is wanted
   * @param forgetsTombstones whether a base may leave out elements that are removed
   * @param places how many partitions there are
   */
  Flush(
      VersionSorter.Merge merge,
      SnapshotBuilder builder,
      Cut cut,
      Topics topics,
      boolean base,
      boolean forgetsTombstones,
      int places) {
    this.merge = merge;
    this.builder = builder;
    this.cut = cut;
    this.vertices = new Provenance.OfTable(topics.vertices());
    this.edges = new Provenance.OfTable(topics.edges());
    this.base = base;
    this.forgetsTombstones = forgetsTombstones;
    this.firstUncovered = new SortEntry.Origin[places];
  }

  /** Does the pass. */
  void run() throws IOException {
    while (merge.next()) {
      byte[] bytes = merge.bytes();
      int at = merge.at();
      if (SortEntry.kind(bytes, at) == SortEntry.TRANSACTION) {
        passTransaction(bytes, at);
      } else {
        passVersion(bytes, at);
      }
    }
    emitNewest();
    builder.finish();
  }

  /** The first record of each place that the cut does not cover. */
  SortEntry.@Nullable Origin firstUncovered(int place) {
    return firstUncovered[place];
  }

  /** Whether a transaction was met that told the store's whole schema. */
  boolean wholeSchema() {
    return wholeSchema;
  }

  private void passVersion(byte[] bytes, int at) throws IOException {
    VersionHeader header = versions.readHeader(SortEntry.body(bytes, at));
    if (!cut.vector().covers(header.dot())) {
      keep(bytes, at);
    } else if (!base) {
      builder.addVersion(kind(bytes, at), SortEntry.id(bytes, at), header, datum(bytes, at));
    } else {
      if (hasNewest && !SortEntry.sameElement(newest, 0, bytes, at)) {
        emitNewest();
      }
      int length = SortEntry.totalLength(bytes, at);
      if (newest.length < length) {
        newest = new byte[length * 2];
      }
      System.arraycopy(bytes, at, newest, 0, length);
      hasNewest = true;
    }
  }

  private void passTransaction(byte[] bytes, int at) throws IOException {
    emitNewest();
    AvroInput body = SortEntry.body(bytes, at);
    dev.varve.change.Transaction transaction = transactions.read(body);
    if (!cut.vector().covers(transaction.site(), transaction.seq())) {
      keep(bytes, at);
      return;
    }
    wholeSchema |= transaction.schema().map(StoreSchema.Change::whole).orElse(false);
    builder.addTransaction(transaction, datum(bytes, at));
  }

  private void emitNewest() throws IOException {
    if (hasNewest) {
      VersionHeader header = versions.readHeader(SortEntry.body(newest, 0));
      if (!header.removed() || !forgetsTombstones) {
        ElementKind kind = kind(newest, 0);
        builder.addNewest(
            kind,
            SortEntry.id(newest, 0),
            header,
            datum(newest, 0),
            kind == ElementKind.VERTEX ? vertices : edges);
      }
      hasNewest = false;
    }
  }

  private void keep(byte[] bytes, int at) throws IOException {
    SortEntry.Origin origin = SortEntry.origin(bytes, at);
    SortEntry.Origin known = firstUncovered[origin.place()];
    if (known == null || origin.offset() < known.offset()) {
      firstUncovered[origin.place()] = origin;
    }
    merge.keep();
  }

  private static ElementKind kind(byte[] bytes, int at) {
    return SortEntry.kind(bytes, at) == SortEntry.VERTEX ? ElementKind.VERTEX : ElementKind.EDGE;
  }

  private static Datum datum(byte[] bytes, int at) {
    return new Datum(bytes, at + SortEntry.HEADER_BYTES, SortEntry.datumLength(bytes, at));
  }
}
