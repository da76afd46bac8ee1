package dev.varve.archive;

import dev.varve.graph.ElementId;

/**
 * The state of a version does not have the hash that the version carries, so one of the two is not
 * what was captured. Whoever knows where the version came from says so to the operator.
 */
public final class StateMismatchException extends RuntimeException {

  private final ElementId element;

  StateMismatchException(ElementId element) {
    super(element + " does not have the hash that it carries");
    this.element = element;
  }

  public ElementId element() {
    return element;
  }
}
