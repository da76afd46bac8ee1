package dev.varve.topology;

import dev.varve.change.Dot;
import dev.varve.change.VersionVector;
import dev.varve.graph.ElementHash;
import java.util.List;
import java.util.Optional;

/**
 * All of an element version but the state.
 *
 * @param dot the change that made it
 * @param committedAtMicros the source's commit time, microseconds since 1970 UTC
 * @param weight how much its writer had seen, itself included; decides between concurrent versions
 * @param vector everything that the element includes as of this version, of concurrent ones too
 * @param hash of the state; absent if the element is removed
 * @param replaced the hash of the version that this one replaced; absent if there was none alive
 * @param lost whether it lost against a concurrent version when it was folded
 * @param alteredLabels see {@link dev.varve.change.ChangeHeader}
 * @param alteredProperties see {@link dev.varve.change.ChangeHeader}
 */
public record VersionHeader(
    Dot dot,
    long committedAtMicros,
    long weight,
    VersionVector vector,
    Optional<ElementHash> hash,
    Optional<ElementHash> replaced,
    boolean lost,
    List<String> alteredLabels,
    List<String> alteredProperties) {

  public VersionHeader {
    alteredLabels = List.copyOf(alteredLabels);
    alteredProperties = List.copyOf(alteredProperties);
  }

  public boolean removed() {
    return hash.isEmpty();
  }

  /** What the fold has to remember of this version while it is the element's state. */
  public VersionDigest digest() {
    return new VersionDigest(dot, committedAtMicros, weight, vector, hash);
  }
}
