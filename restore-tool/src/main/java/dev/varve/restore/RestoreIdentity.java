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

  /** As it is kept in a target. */
  @Override
  public String toString() {
    return graph + " at " + vector + " of " + stores;
  }
}
