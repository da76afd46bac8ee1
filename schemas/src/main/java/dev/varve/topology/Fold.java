package dev.varve.topology;

import dev.varve.change.ChangeHeader;
import dev.varve.change.Dot;
import dev.varve.change.VersionVector;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * The one fold: how a change becomes an element version.
 *
 * <p>The outcome for an element is the greatest of all its changes by {@link VersionDigest#ORDER}.
 * That order never puts a change before one that its writer had seen, and a maximum does not depend
 * on the order of arrival, on repetition, or on how the input was cut into batches.
 */
public final class Fold {

  private Fold() {}

  /** What a change did to its element. */
  public sealed interface Outcome {}

  /** Nothing: the element includes the change already. */
  public record Dropped() implements Outcome {}

  /**
   * The change is the element's new state.
   *
   * @param version what goes into the topology table under the element's key
   * @param beaten the concurrent change that it won against, if there was one
   */
  public record Won(VersionHeader version, Optional<Dot> beaten) implements Outcome {}

  /**
   * A concurrent change stays the element's state.
   *
   * @param version the change as a lost version: history only
   * @param kept what to remember of the element from now on
   */
  public record Lost(VersionHeader version, VersionDigest kept) implements Outcome {}

  private static final Dropped DROPPED = new Dropped();

  /**
   * Folds one change into what is known of its element.
   *
   * @param previous the element so far; null if nothing is known of it
   */
  public static Outcome apply(@Nullable VersionDigest previous, ChangeHeader change) {
    VersionVector own = change.vector();
    VersionDigest candidate =
        new VersionDigest(
            change.dot(), change.committedAtMicros(), own.weight(), own, change.hash());
    if (previous == null) {
      return new Won(version(change, candidate, null, false), Optional.empty());
    }
    if (previous.vector().covers(change.dot())) {
      return DROPPED;
    }
    VersionVector both = own.union(previous.vector());
    VersionDigest merged = candidate.withVector(both);
    boolean seen = own.covers(previous.dot());
    if (seen || VersionDigest.ORDER.compare(candidate, previous) > 0) {
      return new Won(
          version(change, merged, previous, false),
          seen ? Optional.empty() : Optional.of(previous.dot()));
    }
    return new Lost(version(change, merged, null, true), previous.withVector(both));
  }

  private static VersionHeader version(
      ChangeHeader change, VersionDigest digest, @Nullable VersionDigest previous, boolean lost) {
    return new VersionHeader(
        digest.dot(),
        digest.committedAtMicros(),
        digest.weight(),
        digest.vector(),
        digest.hash(),
        previous == null ? Optional.empty() : previous.hash(),
        lost,
        change.alteredLabels(),
        change.alteredProperties());
  }
}
