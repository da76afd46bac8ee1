package dev.varve.restore;

import dev.varve.change.VersionVector;

/**
 * By which a target recognises the restore that was interrupted in it: two runs with the same
 * identity write the same elements in the same order, even if the chain was checkpointed between
 * them.
 *
 * @param stores the identities of the stores that the chain was captured from, joined by comma
 */
public record RestoreIdentity(String graph, VersionVector vector, String stores) {

  /**
   * Reads the form that {@link #toString} writes.
   *
   * @throws IllegalArgumentException if the text is not of this form
   */
  public static RestoreIdentity parse(String text) {
    int at = text.indexOf(" at ");
    int of = text.indexOf(" of ", at);
    if (at < 0 || of < 0) {
      throw new IllegalArgumentException("expected <graph> at <vector> of <stores>, got " + text);
    }
    return new RestoreIdentity(
        text.substring(0, at),
        VersionVector.parse(text.substring(at + " at ".length(), of)),
        text.substring(of + " of ".length()));
  }

  /** As it is kept in a target. */
  @Override
  public String toString() {
    return graph + " at " + vector + " of " + stores;
  }
}
