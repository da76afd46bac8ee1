// SPDX-License-Identifier: GPL-3.0-only
package dev.varve.neo4j.plugin;

import dev.varve.neo4j.plugin.CdcException.Code;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/**
 * Which events a client wants: those for which every field given holds.
 *
 * <p>Fields: {@code select} ({@code e} any, {@code n}, {@code r}), {@code operation} ({@code c},
 * {@code u}, {@code d}), {@code elementId}, {@code labels} (has all of these), {@code type}.
 */
final class EventSelector {

  private static final Set<String> FIELDS =
      Set.of("select", "operation", "elementId", "labels", "type");

  private final Map<String, Object> fields;

  /**
   * @throws CdcException if a field is unknown
   */
  EventSelector(Map<String, Object> fields) {
    this.fields = fields;
    for (String field : fields.keySet()) {
      if (!FIELDS.contains(field)) {
        throw new CdcException(
            Code.BAD_OPTION,
            "A selector has no field '" + field + "'; it has " + new TreeSet<>(FIELDS) + ".",
            "Select by these, or leave selectors out.");
      }
    }
  }

  boolean selects(Map<String, Object> event) {
    @Nullable Object kind = fields.get("select");
    return (kind == null || kind.equals("e") || kind.equals(event.get("eventType")))
        && isOrIsAny("operation", event)
        && isOrIsAny("elementId", event)
        && isOrIsAny("type", event)
        && (!(fields.get("labels") instanceof Collection<?> wanted)
            || event.getOrDefault("labels", List.of()) instanceof Collection<?> labels
                && labels.containsAll(wanted));
  }

  private boolean isOrIsAny(String field, Map<String, Object> event) {
    @Nullable Object wanted = fields.get(field);
    return wanted == null || wanted.equals(event.get(field));
  }
}
