package dev.varve.restore.branch;

import dev.varve.graph.ElementId;
import java.util.List;

/** The words of a merge. */
public final class Merge {

  private Merge() {}

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
