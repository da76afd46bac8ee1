package dev.varve.restore;

import dev.varve.archive.Chain;
import dev.varve.archive.Manifest;
import dev.varve.change.VersionVector;
import dev.varve.graph.ElementKind;
import dev.varve.graph.StoreSchema;
import dev.varve.topology.Fingerprint;
import java.time.Instant;
import java.util.List;
import java.util.Optional;

/**
 * What a restore will do: which objects it reads and what has to come out.
 *
 * @param moment what was asked for
 * @param vector what that is: a version belongs to the moment if this covers its dot
 * @param committedAt the latest commit time in it
 * @param whole manifests of which everything belongs to the moment: a base or checkpoint, then
 *     deltas in order
 * @param part manifests of which only some versions do; empty if the moment is a cut
 * @param derivable whether the fingerprint at the moment can be derived from that of the last whole
 *     manifest and the versions in {@code part}: so with one site, not always with several
 * @param schema indexes and constraints at the moment
 * @param stores identities of the stores that the chain was captured from, sorted
 * @param avoided keys of damaged objects that an older way round was taken for
 */
public record RestorePlan(
    String graph,
    Moment moment,
    VersionVector vector,
    Instant committedAt,
    List<Chain.Link> whole,
    List<Chain.Link> part,
    boolean derivable,
    StoreSchema schema,
    List<String> stores,
    List<String> avoided) {

  public RestorePlan {
    whole = List.copyOf(whole);
    part = List.copyOf(part);
    stores = List.copyOf(stores);
    avoided = List.copyOf(avoided);
    if (whole.isEmpty()) {
      throw new IllegalArgumentException("a plan begins with a base or checkpoint");
    }
  }

  /** The same plan for a moment that is the same by another name. */
  RestorePlan forMoment(Moment other) {
    return new RestorePlan(
        graph, other, vector, committedAt, whole, part, derivable, schema, stores, avoided);
  }

  /** The manifest with the latest cut that the moment wholly includes. */
  public Manifest newestWhole() {
    return whole.get(whole.size() - 1).manifest();
  }

  /**
   * The fingerprint at the moment, where it is known before anything is read: at a cut. Elsewhere
   * it is computed while the segments are merged.
   */
  public Optional<Fingerprint> fingerprint() {
    return part.isEmpty() ? Optional.of(newestWhole().fingerprint()) : Optional.empty();
  }

  /** All manifests that are read, in order. */
  public List<Manifest> manifests() {
    return java.util.stream.Stream.concat(whole.stream(), part.stream())
        .map(Chain.Link::manifest)
        .toList();
  }

  /** The segments of one kind: of each manifest those that it has, in the order of the ids. */
  public List<List<Manifest.Segment>> runs(ElementKind kind) {
    return manifests().stream()
        .map(manifest -> manifest.segments(kind))
        .filter(segments -> !segments.isEmpty())
        .toList();
  }

  /** How many segments are read. */
  public int segments() {
    return manifests().stream().mapToInt(manifest -> manifest.segments().size()).sum();
  }

  /** Bytes of the segments that are read. */
  public long bytes() {
    return manifests().stream()
        .flatMap(manifest -> manifest.segments().stream())
        .mapToLong(segment -> segment.object().bytes())
        .sum();
  }

  /** How many versions are read to find the newest of each element. */
  public long versions() {
    return manifests().stream().mapToLong(manifest -> manifest.counts().versions()).sum();
  }

  /** Exact at a cut, else not less than the truth. */
  public LiveGraph.Size estimate() {
    return new LiveGraph.Size(
        newestWhole().counts().vertices() + partVersions(ElementKind.VERTEX),
        newestWhole().counts().edges() + partVersions(ElementKind.EDGE),
        bytes());
  }

  private long partVersions(ElementKind kind) {
    return part.stream()
        .flatMap(link -> link.manifest().segments(kind).stream())
        .mapToLong(segment -> segment.versions() - segment.tombstones())
        .sum();
  }

  public RestoreIdentity identity() {
    return new RestoreIdentity(graph, vector, String.join(",", stores));
  }
}
