package dev.varve.restore.standby;

import dev.varve.archive.Reached;
import dev.varve.change.VersionVector;
import dev.varve.graph.ElementId;
import dev.varve.restore.GraphTarget;
import dev.varve.restore.Progress;
import dev.varve.restore.ReadBack;
import dev.varve.restore.convert.Crossed;
import java.util.Optional;
import java.util.Set;
import java.util.function.BiConsumer;
import java.util.function.Supplier;

/**
 * The seam to a store that follows a graph. The store itself keeps how far it has come, and alters
 * it only together with its elements, in one transaction of its own; so whoever reads the store
 * sees whole transactions of the source, and whoever goes on after a crash goes on from there.
 *
 * <p>Used by one thread, but for {@link Draft}s. Every error is a {@link
 * dev.varve.fault.VarveException}.
 */
public interface Standby extends AutoCloseable {

  /** What is in the store; alters nothing. */
  Condition inspect();

  /**
   * The store as the target of the restore that it begins with. When that is finished, the store
   * stands at the cut and has what {@link #apply} needs.
   *
   * @param first the cut that is restored
   * @param crossed what a standby of another engine keeps with it; asked once the graph was
   *     surveyed, absent for one of the same
   */
  GraphTarget bootstrap(Reached first, Supplier<Optional<Crossed>> crossed);

  /**
   * Becomes the one who applies. Whoever was it before fails at its next step.
   *
   * @return how far the standby has come
   */
  Condition.At claim(String owner);

  /**
   * Applies a whole number of transactions and notes the cut, all in one transaction of the store;
   * indexes and constraints follow behind.
   *
   * @throws dev.varve.fault.VarveException with {@link dev.varve.fault.ExitCode#FENCED} if somebody
   *     else has become the one who applies
   */
  void apply(Advance advance);

  /**
   * Begins what {@link #apply} does, so that it can be written beside others: in a transaction that
   * nobody sees before it is published.
   *
   * @param later elements that others touch which are published before: they are written then
   * @return absent if the advance has to be applied alone
   */
  default Optional<Draft> draft(Advance advance, Set<ElementId> later) {
    return Optional.empty();
  }

  /**
   * An advance that is written before its turn has come. Whatever goes wrong with it, {@link
   * #apply} does the same once more and says why.
   */
  interface Draft {

    /** Writes what is not left for later; on any thread, beside others that touch nothing of it. */
    void write();

    /**
     * Writes the rest, notes the cut and commits; on the thread that applies, when everything
     * before it is visible.
     */
    void publish();

    /** Drops what was written; on any thread, after {@link #write} has ended. */
    void discard();
  }

  /** Reads the whole of the store again, under the original ids and without what Varve added. */
  ReadBack readBack(Progress progress);

  /** Whether the store gives ids of its own, which {@link #identities} tells. */
  default boolean namesElements() {
    return false;
  }

  /** Hands out the original id of each element, and what it is called in the store. */
  default void identities(BiConsumer<ElementId, String> receiver) {
    throw new UnsupportedOperationException("the store keeps the original ids");
  }

  /**
   * Notes that everything is applied that was captured of the old primary: the store may be
   * captured, even before it is stripped. A store that is stripped quickly need not.
   */
  default void promoted() {}

  /**
   * Removes all that Varve has added to the graph, the cut last, a batch at a time: the store may
   * be in use already. What was removed is not there any more if it is called again.
   */
  void strip(Progress progress);

  /** Lets go of connections; never throws. */
  @Override
  void close();

  /** What is in a store. */
  sealed interface Condition {

    /** Nothing that a restore into it would have to remove, or something that is not ours. */
    record NoStandby() implements Condition {}

    /** The restore that it begins with was interrupted. */
    record Unfinished(VersionVector vector) implements Condition {}

    /**
     * A standby.
     *
     * @param crossed from which other engine its graph comes, and what was seen of it on the way;
     *     absent if it comes from one like itself
     */
    record At(Reached reached, Optional<Crossed> crossed) implements Condition {}
  }
}
