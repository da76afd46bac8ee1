package dev.varve.archive;

import dev.varve.change.Site;
import dev.varve.change.Transaction;
import java.io.IOException;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * The transactions of a chain or a branch, newest first. Of what several snapshots hold each is
 * told once. Not more are in memory than were asked for.
 */
public final class History {

  /** Snapshots that reach furthest first; of these the one with the smallest span. */
  private static final Comparator<Manifest> NEWEST_FIRST =
      Comparator.comparingLong((Manifest manifest) -> manifest.to().weight())
          .thenComparingLong(manifest -> manifest.from().weight())
          .reversed();

  private History() {}

  /**
   * The newest transactions of a chain.
   *
   * @param limit how many at most, > 0
   * @throws DamagedException if a list on the way is damaged
   * @throws IOException if the repository cannot be read
   */
  public static List<Transaction> of(Chain chain, Repository repository, int limit)
      throws IOException {
    List<Manifest> manifests =
        chain.links().stream()
            .map(Chain.Link::manifest)
            .filter(manifest -> manifest.transactions().isPresent())
            .sorted(NEWEST_FIRST)
            .toList();
    List<Transaction> result = new ArrayList<>();
    Map<Site, Long> told = new HashMap<>(); // all from this number on
    for (Manifest manifest : manifests) {
      if (result.size() == limit) {
        break;
      }
      List<Transaction> found =
          newest(repository, manifest.transactions().orElseThrow(), limit - result.size(), told);
      found.forEach(transaction -> told.merge(transaction.site(), transaction.seq(), Math::min));
      result.addAll(found);
    }
    return result;
  }

  /**
   * The newest transactions of a branch.
   *
   * @param limit how many at most, > 0
   * @throws DamagedException if their list is damaged
   * @throws IOException if the repository cannot be read
   */
  public static List<Transaction> of(Branch branch, Repository repository, int limit)
      throws IOException {
    return newest(repository, branch.transactions(), limit, Map.of());
  }

  private static List<Transaction> newest(
      Repository repository, Manifest.TransactionsFile file, int limit, Map<Site, Long> told)
      throws IOException {
    Deque<Transaction> newest = new ArrayDeque<>();
    try (TransactionsReader reader = TransactionsReader.open(repository, file)) {
      for (Transaction next = reader.next(); next != null; next = reader.next()) {
        if (next.seq() < told.getOrDefault(next.site(), Long.MAX_VALUE)) {
          newest.addFirst(next);
          if (newest.size() > limit) {
            newest.removeLast();
          }
        }
      }
    }
    return List.copyOf(newest);
  }
}
