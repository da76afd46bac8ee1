package dev.varve.archive;

import dev.varve.change.Site;
import dev.varve.change.VersionVector;
import java.time.Instant;
import java.util.List;
import java.util.Optional;

/**
 * Transactions that one store committed and nobody captured, set aside beside the chain. Publishing
 * its manifest is what makes a branch exist.
 *
 * @param graph the graph's name
 * @param name {@link #nameOf}
 * @param site whose transactions these are
 * @param store the identity of the store that committed them
 * @param follows the name of the branch whose end this one begins at; absent if it begins where
 *     capture stood
 * @param from what is before it
 * @param to {@code from} and all its transactions
 * @param span which transactions
 * @param committed commit times of its transactions
 * @param counts what is in it
 * @param changes the object that holds the changes, in the order of the log
 * @param transactions lists its transactions, in the same order
 * @param successor what left it behind
 * @param writer who wrote it
 * @param encoding how the two files are packed
 * @param createdAt by the writer's clock; for people
 */
public record Branch(
    String graph,
    String name,
    Site site,
    String store,
    Optional<String> follows,
    VersionVector from,
    VersionVector to,
    Span span,
    Manifest.CommitSpan committed,
    Counts counts,
    Manifest.StoredObject changes,
    Manifest.TransactionsFile transactions,
    Successor successor,
    Manifest.Writer writer,
    Manifest.Encoding encoding,
    Instant createdAt) {

  public Branch {
    if (!name.equals(nameOf(site, span))) {
      throw new IllegalArgumentException(
          "the branch must be named " + nameOf(site, span) + ", got " + name);
    }
    if (!to.includes(from) || !to.covers(site, span.last()) || from.covers(site, span.first())) {
      throw new IllegalArgumentException(
          span + " of " + site + " does not lead from " + from + " to " + to);
    }
  }

  /** {@code neo4j-1-4711-4720}: site, incarnation, first and last transaction. */
  public static String nameOf(Site site, Span span) {
    return site.name() + "-" + site.incarnation() + "-" + span.first() + "-" + span.last();
  }

  /** The key of its manifest. */
  public String key() {
    return Keys.branch(graph, name);
  }

  /** Everything that it vouches for. */
  public List<Manifest.StoredObject> objects() {
    return List.of(changes, transactions.object());
  }

  /** Bytes of both files. */
  public long totalBytes() {
    return changes.bytes() + transactions.object().bytes();
  }

  /**
   * The store's own numbers of transactions, both included; there are gaps between.
   *
   * @param first of the first one that changed something
   * @param last of the last one
   */
  public record Span(long first, long last) {
    public Span {
      if (first < 0 || last < first) {
        throw new IllegalArgumentException(first + " to " + last + " is no span");
      }
    }
  }

  /**
   * How much there is.
   *
   * @param transactions that changed an element, an index or a constraint
   * @param changes of elements, removals and sweeps included
   * @param removals of single elements
   */
  public record Counts(long transactions, long changes, long removals) {}

  /**
   * The store that became the primary instead.
   *
   * @param store its identity
   * @param address where clients reach it, without anything secret
   * @param promotedAt by the clock of whoever promoted it
   */
  public record Successor(String store, String address, Instant promotedAt) {}
}
