package dev.varve.change;

import dev.varve.graph.Element;
import dev.varve.graph.ElementId;
import java.util.Optional;

/**
 * One element's whole state after a transaction, or its removal. A transaction changes an element
 * at most once.
 *
 * @param state absent exactly if the header says removed
 */
public record Change(ElementId id, ChangeHeader header, Optional<Element> state) {

  public Change {
    if (state.isEmpty() != header.removed()) {
      throw new IllegalArgumentException(
          "a change has a state exactly if it has a hash: " + id + " at " + header.dot());
    }
    if (state.isPresent() && state.get().kind() != id.kind()) {
      throw new IllegalArgumentException(id + " cannot have the state of a " + state.get().kind());
    }
  }
}
