package dev.varve.restore.branch;

import dev.varve.archive.Branch;
import dev.varve.archive.BranchReader;
import dev.varve.archive.Identities;
import dev.varve.archive.Repository;
import dev.varve.change.Change;
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
import java.util.Set;

/**
 * A branch, made ready to be merged: its transactions, what the elements that it touches were where
 * it left the chain, and what the new primary calls them. In memory: a merge is one transaction of
 * the store, which is bounded by the store's memory already.
 *
 * @param transactions the changes of each, in the order of the log
 * @param before the elements that were there where the branch began; no others were
 * @param ids what the new primary calls the elements; it no longer had one that is missing when it
 *     was promoted
 */
public record BranchContent(
    Branch branch,
    List<List<Change>> transactions,
    Map<ElementId, Element> before,
    Map<ElementId, Long> ids) {

  /** More changes than this are not merged as one transaction. */
  public static final int CHANGES_MAX = 100_000;

  /**
   * Reads it: the branch, the ids, and one pass over the graph as it was where the branch began.
   *
   * @throws VarveException if it cannot be merged; nothing was written then
   */
  public static BranchContent load(
      Repository repository, Branch branch, Identities identities, Progress progress)
      throws IOException {
    requireMergeable(branch);
    List<List<Change>> transactions = transactions(repository, branch);
    Set<ElementId> touched = new HashSet<>();
    transactions.forEach(
        changes ->
            changes.forEach(
                change -> {
                  touched.add(change.id());
                  if (change.state().orElse(null) instanceof Edge edge) {
                    touched.add(ElementId.vertex(edge.start()));
                    touched.add(ElementId.vertex(edge.end()));
                  }
                }));
    Map<ElementId, Element> before = before(repository, branch, touched, progress);
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
    identities.each(
        repository,
        (original, id) -> {
          if (known.contains(original)) {
            ids.put(original, Long.parseLong(id));
          }
        });
    return new BranchContent(branch, transactions, before, ids);
  }

  private static void requireMergeable(Branch branch) {
    if (branch.follows().isPresent()) {
      throw new VarveException(
          ExitCode.FAILED,
          "branch %s goes on from %s, and such a branch cannot be merged yet"
              .formatted(branch.name(), branch.follows().get()),
          "varve branch export writes it into open files");
    }
    if (branch.counts().changes() > CHANGES_MAX) {
      throw new VarveException(
          ExitCode.FAILED,
          "branch %s has %,d changes, and more than %,d are not merged as one transaction"
              .formatted(branch.name(), branch.counts().changes(), CHANGES_MAX),
          "varve branch export writes it into open files");
    }
  }

  private static List<List<Change>> transactions(Repository repository, Branch branch)
      throws IOException {
    List<List<Change>> transactions = new ArrayList<>();
    long current = -1;
    try (BranchReader reader = BranchReader.open(repository, branch)) {
      for (BranchReader.Entry next = reader.next(); next != null; next = reader.next()) {
        if (!(next instanceof BranchReader.OfElement element)) {
          throw new VarveException(
              ExitCode.FAILED,
              "branch " + branch.name() + " is not of Neo4j, and cannot be merged yet",
              "varve branch export writes it into open files");
        }
        if (transactions.isEmpty() || next.seq() != current) {
          transactions.add(new ArrayList<>());
          current = next.seq();
        }
        transactions.get(transactions.size() - 1).add(element.change());
      }
    }
    return transactions;
  }

  private static Map<ElementId, Element> before(
      Repository repository, Branch branch, Set<ElementId> touched, Progress progress) {
    RestorePlan plan = Restore.plan(repository, branch.graph(), new Moment.AtVector(branch.from()));
    progress.phase("chain", plan.estimate().vertices() + plan.estimate().edges());
    Map<ElementId, Element> before = new HashMap<>();
    try (GraphMerge graph = new GraphMerge(plan, repository)) {
      collect(graph.unhashed().vertices(), touched, before, progress);
      collect(graph.unhashed().edges(), touched, before, progress);
    }
    return before;
  }

  private static void collect(
      LiveElements elements,
      Set<ElementId> touched,
      Map<ElementId, Element> before,
      Progress progress) {
    try (elements) {
      for (LiveElement next = elements.next(); next != null; next = elements.next()) {
        if (touched.contains(next.id())) {
          before.put(next.id(), next.state());
        }
        progress.advance(1);
      }
    }
  }

  /**
   * The ids, of one kind, of elements that were there before and that the branch itself changes.
   */
  public List<ElementId> changed(ElementKind kind) {
    Set<ElementId> changed = new java.util.TreeSet<>();
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
}
