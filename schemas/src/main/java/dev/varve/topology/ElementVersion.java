package dev.varve.topology;

import dev.varve.graph.Element;
import dev.varve.graph.ElementId;
import java.util.Optional;

/**
 * An element's whole state after a change, or the note that it was removed.
 *
 * @param state absent exactly if the header says removed
 */
public record ElementVersion(ElementId id, VersionHeader header, Optional<Element> state) {

  public ElementVersion {
    if (state.isEmpty() != header.removed()) {
      throw new IllegalArgumentException(
          "a version has a state exactly if it has a hash: " + id + " at " + header.dot());
    }
  }
}
