package dev.varve.restore.branch;

import dev.varve.fault.ExitCode;
import dev.varve.fault.VarveException;
import dev.varve.graph.ElementId;
import java.util.Collection;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;

/** The words of a merge. */
public final class Merge {

  private Merge() {}

  /** A constraint of the primary that the branch's elements do not meet. */
  public static VarveException constraintInTheWay(String branch, String what, Throwable cause) {
    return new VarveException(
        ExitCode.FAILED,
        "a constraint of the primary forbids what branch %s has: %s; nothing of it was written"
            .formatted(branch, what),
        "both may have created the same thing: look at 'varve log --branch "
            + branch
            + "', and change or remove the primary's element first",
        cause);
  }

  /**
   * Whether all was merged before, as the store remembers.
   *
   * @throws VarveException if that is so of some of the branches alone
   */
  public static boolean isDone(Collection<String> branches, Set<String> done) {
    if (done.isEmpty() || done.containsAll(branches)) {
      return !done.isEmpty();
    }
    throw new VarveException(
        ExitCode.FAILED,
        String.join(", ", new TreeSet<>(done)) + " was merged before; nothing was written now",
        "varve branch merge of that notes it in the repository, and does nothing else");
  }

  /** Whose state an element has afterwards that both sides have changed. */
  public enum Take {
    BRANCH,
    PRIMARY
  }

  /**
   * An element about which the branch and the new primary do not agree.
   *
   * @param id the branch's own
   * @param what stands in the way
   */
  public record Conflict(ElementId id, String what) {}

  /** What became of it. */
  public enum State {
    /** All was written. */
    MERGED,
    /** It had been written before; nothing was done. */
    ALREADY_MERGED,
    /** There are conflicts, and nobody has said whose state wins; nothing was written. */
    CONFLICTS,
    /** Nothing was to be written. */
    TRIED
  }

  /**
   * How it ended.
   *
   * @param written changes that were, or would be
   * @param leftOut changes that the primary's state stood in the way of
   */
  public record Outcome(State state, List<Conflict> conflicts, long written, long leftOut) {
    public Outcome {
      conflicts = List.copyOf(conflicts);
    }
  }
}
