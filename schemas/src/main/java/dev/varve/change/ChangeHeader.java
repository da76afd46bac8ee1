package dev.varve.change;

import dev.varve.graph.ElementHash;
import java.util.List;
import java.util.Optional;

/**
 * All of a change but the element's state.
 *
 * @param dot which change of which transaction
 * @param committedAtMicros the source's commit time, microseconds since 1970 UTC
 * @param seen what the writer had seen of <em>other</em> sites; of its own it had seen everything
 *     before {@code dot.seq}
 * @param hash of the state that follows; absent if the element was removed
 * @param alteredLabels labels added or removed, sorted; empty for a creation or removal
 * @param alteredProperties property keys set or removed, sorted; empty for a creation or removal
 */
public record ChangeHeader(
    Dot dot,
    long committedAtMicros,
    VersionVector seen,
    Optional<ElementHash> hash,
    List<String> alteredLabels,
    List<String> alteredProperties) {

  public ChangeHeader {
    alteredLabels = List.copyOf(alteredLabels);
    alteredProperties = List.copyOf(alteredProperties);
  }

  public boolean removed() {
    return hash.isEmpty();
  }

  /** Everything the element's new version includes: what was seen, and the change itself. */
  public VersionVector vector() {
    return seen.with(dot.site(), dot.seq());
  }
}
