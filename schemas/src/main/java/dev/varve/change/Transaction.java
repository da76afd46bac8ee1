package dev.varve.change;

import dev.varve.graph.ElementKind;
import dev.varve.graph.StoreSchema;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * What is known of one committed transaction beside its changes.
 *
 * @param committedAtMicros microseconds since 1970 UTC, from the source
 * @param user who committed it, where the log has it
 * @param metadata what else the log has of it, as text
 * @param counts how many elements it created, updated and removed, by kind and label or type
 * @param schema what it did to the store's schema; the transaction that stands for the initial scan
 *     has the whole of it
 */
public record Transaction(
    Site site,
    long seq,
    long committedAtMicros,
    Optional<String> user,
    SortedMap<String, String> metadata,
    List<Count> counts,
    Optional<StoreSchema.Change> schema) {

  /**
   * The key of a store transaction's metadata which says that a replay wrote it. It is not
   * captured: its changes are the graph's already.
   */
  public static final String REPLAYED = "varve";

  public Transaction {
    metadata = Collections.unmodifiableSortedMap(new TreeMap<>(metadata));
    counts = List.copyOf(counts);
  }

  /** Transactions, of this site, behind which the graph is not known exactly, as this one says. */
  public Optional<InexactSpan> inexact() {
    return Optional.ofNullable(metadata.get(InexactSpan.METADATA))
        .flatMap(text -> InexactSpan.parse(site, text));
  }

  /**
   * How many elements of one kind and label.
   *
   * @param label a vertex's labels joined by {@code :} in sorted order, empty if it has none; an
   *     edge's type
   */
  public record Count(ElementKind kind, String label, long created, long updated, long removed) {}
}
