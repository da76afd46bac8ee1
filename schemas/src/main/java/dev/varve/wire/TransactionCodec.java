package dev.varve.wire;

import dev.varve.change.Site;
import dev.varve.change.Transaction;
import dev.varve.graph.ElementKind;
import dev.varve.graph.StoreSchema;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;

/** Transactions as {@code dev.varve.wire.Transaction}. Not thread-safe. */
public final class TransactionCodec {

  private final HeaderCodec headers = new HeaderCodec();

  public void write(Transaction transaction, AvroOutput out) {
    out.writeString(transaction.site().toString()).writeLong(transaction.seq());
    out.writeLong(transaction.committedAtMicros());
    HeaderCodec.writeOptional(transaction.user(), out);
    writeMetadata(transaction.metadata(), out);
    writeCounts(transaction.counts(), out);
    if (transaction.schema().isEmpty()) {
      out.writeInt(0);
    } else {
      out.writeInt(1);
      writeSchema(transaction.schema().get(), out);
    }
  }

  /**
   * Reads what {@link #write} writes.
   *
   * @throws MalformedRecordException if the bytes are not a transaction
   */
  public Transaction read(AvroInput in) {
    Site site = headers.readSite(in);
    long seq = in.readLong();
    long committedAtMicros = in.readLong();
    Optional<String> user = HeaderCodec.readOptional(in);
    SortedMap<String, String> metadata = readMetadata(in);
    List<Transaction.Count> counts = readCounts(in);
    Optional<StoreSchema.Change> schema =
        in.readBranch(2) == 0 ? Optional.empty() : Optional.of(readSchema(in));
    in.expectEnd();
    return new Transaction(site, seq, committedAtMicros, user, metadata, counts, schema);
  }

  private static void writeMetadata(SortedMap<String, String> metadata, AvroOutput out) {
    if (!metadata.isEmpty()) {
      out.writeInt(metadata.size());
      for (Map.Entry<String, String> entry : metadata.entrySet()) {
        out.writeString(entry.getKey()).writeString(entry.getValue());
      }
    }
    out.writeInt(0);
  }

  private static SortedMap<String, String> readMetadata(AvroInput in) {
    SortedMap<String, String> metadata = new TreeMap<>();
    for (int n = in.readBlockCount(); n > 0; n = in.readBlockCount()) {
      for (int i = 0; i < n; i++) {
        String key = in.readString();
        metadata.put(key, in.readString());
      }
    }
    return metadata;
  }

  private static void writeCounts(List<Transaction.Count> counts, AvroOutput out) {
    if (!counts.isEmpty()) {
      out.writeInt(counts.size());
      for (Transaction.Count count : counts) {
        out.writeInt(count.kind().ordinal()).writeString(count.label());
        out.writeLong(count.created()).writeLong(count.updated()).writeLong(count.removed());
      }
    }
    out.writeInt(0);
  }

  private static List<Transaction.Count> readCounts(AvroInput in) {
    List<Transaction.Count> counts = new ArrayList<>();
    for (int n = in.readBlockCount(); n > 0; n = in.readBlockCount()) {
      for (int i = 0; i < n; i++) {
        counts.add(
            new Transaction.Count(
                readKind(in), in.readString(), in.readLong(), in.readLong(), in.readLong()));
      }
    }
    return counts;
  }

  private static void writeSchema(StoreSchema.Change change, AvroOutput out) {
    out.writeBoolean(change.whole());
    if (!change.added().isEmpty()) {
      out.writeInt(change.added().size());
      for (StoreSchema.Rule rule : change.added()) {
        out.writeString(rule.name()).writeInt(rule.form().ordinal()).writeString(rule.type());
        out.writeInt(rule.kind().ordinal());
        ElementCodec.writeStrings(rule.labels(), out);
        ElementCodec.writeStrings(rule.properties(), out);
        HeaderCodec.writeOptional(rule.statement(), out);
      }
    }
    out.writeInt(0);
    ElementCodec.writeStrings(change.dropped(), out);
  }

  private static StoreSchema.Change readSchema(AvroInput in) {
    boolean whole = in.readBoolean();
    List<StoreSchema.Rule> added = new ArrayList<>();
    for (int n = in.readBlockCount(); n > 0; n = in.readBlockCount()) {
      for (int i = 0; i < n; i++) {
        added.add(
            new StoreSchema.Rule(
                in.readString(),
                StoreSchema.Form.values()[in.readBranch(StoreSchema.Form.values().length)],
                in.readString(),
                readKind(in),
                HeaderCodec.readStrings(in),
                HeaderCodec.readStrings(in),
                HeaderCodec.readOptional(in)));
      }
    }
    return new StoreSchema.Change(whole, added, HeaderCodec.readStrings(in));
  }

  private static ElementKind readKind(AvroInput in) {
    return ElementKind.values()[in.readBranch(ElementKind.values().length)];
  }
}
