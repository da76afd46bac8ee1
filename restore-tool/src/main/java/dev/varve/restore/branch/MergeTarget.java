package dev.varve.restore.branch;

import java.util.Optional;
import java.util.function.BooleanSupplier;

/**
 * A new primary that a branch is merged into, or several each of which goes on from the one before:
 * all of it, or nothing. It remembers that it was done, until {@link #forget} is called; so it is
 * done once, whatever the network does, and whoever else tries.
 */
public interface MergeTarget extends AutoCloseable {

  /** Whether it remembers that all was merged. */
  boolean isDone();

  /**
   * Merges.
   *
   * @param take whose state wins where there are conflicts; if absent, nothing is written then
   * @param dryRun whether to take everything back
   * @param merged whether the repository says that it was merged
   * @throws dev.varve.fault.VarveException if the store refuses it; nothing was written then
   */
  Merge.Outcome run(
      BranchContent content, Optional<Merge.Take> take, boolean dryRun, BooleanSupplier merged);

  /** Forgets that it was done; the repository says so by now. */
  void forget();

  /** Lets go of connections; never throws. */
  @Override
  void close();
}
