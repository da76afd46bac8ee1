// SPDX-License-Identifier: GPL-3.0-only
package dev.varve.neo4j.plugin;

import dev.varve.graph.Element;
import dev.varve.graph.ElementId;
import java.util.List;
import java.util.Optional;

/**
 * What a transaction did to one element.
 *
 * @param before its state before; absent if it was created, or if it was not asked for
 * @param after its state after; absent if it was removed
 * @param alteredLabels labels added or removed, sorted; empty for a creation or removal
 * @param alteredProperties property keys set or removed, sorted; empty for a creation or removal
 */
record ElementEvent(
    ElementId id,
    Operation operation,
    Optional<Element> before,
    Optional<Element> after,
    List<String> alteredLabels,
    List<String> alteredProperties) {

  enum Operation {
    CREATE("c"),
    UPDATE("u"),
    REMOVE("d");

    private final String code;

    Operation(String code) {
      this.code = code;
    }

    /** The letter that Neo4j's own change events have for it. */
    String code() {
      return code;
    }
  }
}
