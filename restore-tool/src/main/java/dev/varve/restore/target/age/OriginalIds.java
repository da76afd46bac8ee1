package dev.varve.restore.target.age;

import dev.varve.graph.CanonicalForm;

/** Under which id the chain has a vertex, by its graphid. For many threads. */
interface OriginalIds {

  String original(long graphid);

  /** Adds the original id of a vertex to the canonical form of an element. */
  default void original(long graphid, CanonicalForm form) {
    form.text(original(graphid));
  }
}
