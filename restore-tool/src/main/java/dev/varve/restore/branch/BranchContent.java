package dev.varve.restore.branch;

import dev.varve.archive.Branch;
import dev.varve.archive.BranchReader;
import dev.varve.archive.Identities;
import dev.varve.archive.Repository;
import dev.varve.change.Change;
import dev.varve.change.Sweep;
import dev.varve.fault.ExitCode;
import dev.varve.fault.VarveException;
import dev.varve.graph.Edge;
import dev.varve.graph.Element;
import dev.varve.graph.ElementId;
import dev.varve.graph.ElementKind;
import dev.varve.restore.GraphMerge;
import dev.varve.restore.LiveElement;
import dev.varve.restore.LiveElements;
import dev.varve.restore.Moment;
import dev.varve.restore.Progress;
import dev.varve.restore.Restore;
import dev.varve.restore.RestorePlan;
import java.io.IOException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Predicate;

/**
 * A branch, or several each of which goes on from the one before, made ready to be merged: the
 * transactions, what the elements that they touch were where the first left the chain, and what the
 * new primary calls them. In memory: a merge is one transaction of the store, which is bounded by
 * the store's memory already.
 *
 * @param transactions the changes of each, in the order of the log
 * @param before the elements that were there where the branch began; no others were
 * @param ids what the new primary calls the elements; it no longer had one that is missing when it
 *     was promoted
 */
public record BranchContent(
    List<List<Change>> transactions, Map<ElementId, Element> before, Map<ElementId, Long> ids) {

  /** More changes than this are not merged as one transaction, unless somebody says so. */
  public static final int CHANGES_MAX = 100_000;

  /** An edge and its ends. */
  private static final int TOUCHED_A_CHANGE = 3;

  /**
   * Reads it: the branches, the ids, and one pass over the graph as it was where the first began.
   *
   * @param line each but the first goes on from the one before
   * @param changesMax how many changes there may be
   * @param identities what the new primary calls the elements; the same as the old one if absent
   * @throws VarveException if it cannot be merged; nothing was written then
   */
  public static BranchContent load(
      Repository repository,
      List<Branch> line,
      int changesMax,
      Optional<Identities> identities,
      Progress progress)
      throws IOException {
    Branch first = line.get(0);
    requireFromChain(first);
    requireBounded(line.stream().mapToLong(branch -> branch.counts().changes()).sum(), changesMax);
    List<Touching> touching = new ArrayList<>();
    for (Branch branch : line) {
      touching.addAll(touching(repository, branch));
    }
    Set<ElementId> touched = new HashSet<>();
    List<Sweep> sweeps = new ArrayList<>();
    touching.forEach(
        transaction -> {
          sweeps.addAll(transaction.sweeps());
          transaction
              .changes()
              .forEach(
                  change -> {
                    touched.add(change.id());
                    if (change.state().orElse(null) instanceof Edge edge) {
                      touched.add(ElementId.vertex(edge.start()));
                      touched.add(ElementId.vertex(edge.end()));
                    }
                  });
        });
    Predicate<ElementId> wanted =
        id -> touched.contains(id) || sweeps.stream().anyMatch(sweep -> sweep.includes(id));
    Map<ElementId, Element> before = before(repository, first, wanted, changesMax, progress);
    List<List<Change>> transactions = Swept.named(touching, before);
    requireBounded(transactions.stream().mapToLong(List::size).sum(), changesMax);
    return new BranchContent(transactions, before, ids(repository, identities, before));
  }

  /** What a branch calls that one before it made is known where that was merged, if it was. */
  private static void requireFromChain(Branch first) {
    if (first.follows().isPresent()) {
      throw new VarveException(
          ExitCode.FAILED,
          "branch %s goes on from %s, which was merged without it, and what the elements are called that %s has made is not known any more"
              .formatted(first.name(), first.follows().get(), first.follows().get()),
          "varve branch export writes it into open files");
    }
  }

  private static void requireBounded(long changes, int changesMax) {
    if (changes > changesMax) {
      throw new VarveException(
          ExitCode.FAILED,
          "there are %,d changes, and more than %,d are not merged as one transaction"
              .formatted(changes, changesMax),
          "it is held in memory: --changes-max lets more through where there is enough, here and in"
              + " the store; varve branch export writes them into open files");
    }
  }

  /** A transaction as the log has it: what it removes without naming it comes last. */
  record Touching(List<Change> changes, List<Sweep> sweeps) {}

  private static List<Touching> touching(Repository repository, Branch branch) throws IOException {
    List<Touching> transactions = new ArrayList<>();
    long current = -1;
    try (BranchReader reader = BranchReader.open(repository, branch)) {
      for (BranchReader.Entry next = reader.next(); next != null; next = reader.next()) {
        if (transactions.isEmpty() || next.seq() != current) {
          transactions.add(new Touching(new ArrayList<>(), new ArrayList<>()));
          current = next.seq();
        }
        Touching transaction = transactions.get(transactions.size() - 1);
        if (next instanceof BranchReader.OfElement element) {
          transaction.changes().add(element.change());
        } else if (next instanceof BranchReader.OfRange range) {
          transaction.sweeps().add(range.sweep());
        }
      }
    }
    return transactions;
  }

  private static Map<ElementId, Element> before(
      Repository repository,
      Branch branch,
      Predicate<ElementId> wanted,
      int changesMax,
      Progress progress) {
    RestorePlan plan = Restore.plan(repository, branch.graph(), new Moment.AtVector(branch.from()));
    progress.phase("chain", plan.estimate().vertices() + plan.estimate().edges());
    Map<ElementId, Element> before = new HashMap<>();
    try (GraphMerge graph = new GraphMerge(plan, repository)) {
      collect(graph.unhashed().vertices(), wanted, changesMax, before, progress);
      collect(graph.unhashed().edges(), wanted, changesMax, before, progress);
    }
    return before;
  }

  private static void collect(
      LiveElements elements,
      Predicate<ElementId> wanted,
      int changesMax,
      Map<ElementId, Element> before,
      Progress progress) {
    try (elements) {
      for (LiveElement next = elements.next(); next != null; next = elements.next()) {
        if (wanted.test(next.id())) {
          before.put(next.id(), next.state());
          requireBounded(before.size() / TOUCHED_A_CHANGE, changesMax);
        }
        progress.advance(1);
      }
    }
  }

  /** What the new primary calls the elements that were there, and their ends. */
  private static Map<ElementId, Long> ids(
      Repository repository, Optional<Identities> identities, Map<ElementId, Element> before)
      throws IOException {
    Set<ElementId> known = new HashSet<>(before.keySet());
    before
        .values()
        .forEach(
            element -> {
              if (element instanceof Edge edge) {
                known.add(ElementId.vertex(edge.start()));
                known.add(ElementId.vertex(edge.end()));
              }
            });
    Map<ElementId, Long> ids = new HashMap<>();
    if (identities.isEmpty()) {
      known.forEach(id -> ids.put(id, Long.parseLong(id.id())));
      return ids;
    }
    identities
        .get()
        .each(
            repository,
            (original, id) -> {
              if (known.contains(original)) {
                ids.put(original, Long.parseLong(id));
              }
            });
    return ids;
  }

  /**
   * The ids, of one kind, of elements that were there before and that the branch itself changes.
   */
  public List<ElementId> changed(ElementKind kind) {
    Set<ElementId> changed = new TreeSet<>();
    transactions.forEach(
        changes ->
            changes.forEach(
                change -> {
                  if (change.id().kind() == kind && before.containsKey(change.id())) {
                    changed.add(change.id());
                  }
                }));
    return List.copyOf(changed);
  }

  /** The ids of all elements that the branch removes. */
  public Set<ElementId> removed() {
    Set<ElementId> removed = new HashSet<>();
    transactions.forEach(
        changes ->
            changes.stream()
                .filter(change -> change.state().isEmpty())
                .forEach(change -> removed.add(change.id())));
    return removed;
  }
}
