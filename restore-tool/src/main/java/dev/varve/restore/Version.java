package dev.varve.restore;

import dev.varve.archive.HeldVersion;

/**
 * An element version as it is merged.
 *
 * @param id without the letter of the kind
 */
record Version(String id, HeldVersion held) {

  /** The order of {@link dev.varve.graph.ElementId} among ids of one kind. */
  static int compareIds(String a, String b) {
    int byLength = Integer.compare(a.length(), b.length());
    return byLength != 0 ? byLength : a.compareTo(b);
  }
}
