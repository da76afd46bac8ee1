package dev.varve.restore;

import dev.varve.archive.DamagedException;
import dev.varve.archive.Manifest;
import dev.varve.archive.Repository;
import dev.varve.archive.SegmentReader;
import dev.varve.graph.ElementHasher;
import dev.varve.graph.ElementKind;
import dev.varve.topology.ElementVersion;
import dev.varve.topology.Fingerprint;
import dev.varve.topology.VersionHeader;
import java.io.IOException;

/**
 * What the versions of segments add up to.
 *
 * @param sum of the hashes of all that are alive
 * @param moved by how much they move the fingerprint of the graph before them
 */
record SegmentTotals(
    long versions, Fingerprint sum, Fingerprint moved, Count vertices, Count edges) {

  static final SegmentTotals NOTHING =
      new SegmentTotals(0, Fingerprint.EMPTY, Fingerprint.EMPTY, Count.NONE, Count.NONE);

  /**
   * How many there are of a kind.
   *
   * @param alive versions that are no removals
   * @param more elements after them than before
   */
  record Count(long alive, long more) {
    static final Count NONE = new Count(0, 0);

    Count plus(Count other) {
      return new Count(alive + other.alive, more + other.more);
    }
  }

  SegmentTotals plus(SegmentTotals other) {
    return new SegmentTotals(
        versions + other.versions,
        sum.plus(other.sum),
        moved.plus(other.moved),
        vertices.plus(other.vertices),
        edges.plus(other.edges));
  }

  /**
   * Reads a segment to its end and checks every version.
   *
   * @throws DamagedException if it is not what the manifest promises
   */
  static SegmentTotals read(Repository repository, Manifest manifest, Manifest.Segment segment)
      throws IOException {
    ElementHasher hasher = new ElementHasher();
    long versions = 0;
    long tombstones = 0;
    long more = 0;
    Fingerprint sum = Fingerprint.EMPTY;
    Fingerprint moved = Fingerprint.EMPTY;
    try (SegmentReader reader = SegmentReader.open(repository, segment)) {
      while (reader.next()) {
        ElementVersion version = reader.version();
        VersionHeader header = version.header();
        checkPlace(manifest, segment, version);
        if (!reader.makesHashes()) {
          checkHash(segment, version, hasher);
        }
        versions++;
        tombstones += header.removed() ? 1 : 0;
        sum = header.hash().isPresent() ? sum.plus(header.hash().get()) : sum;
        moved = moved.after(header);
        if (!header.lost()) {
          more += (header.removed() ? 0 : 1) - (header.replaced().isPresent() ? 1 : 0);
        }
      }
    }
    if (tombstones != segment.tombstones()) {
      throw new DamagedException(
          segment.object().key(),
          "it has " + tombstones + " tombstones, not " + segment.tombstones(),
          null);
    }
    Count count = new Count(versions - tombstones, more);
    boolean vertex = segment.kind() == ElementKind.VERTEX;
    return new SegmentTotals(
        versions, sum, moved, vertex ? count : Count.NONE, vertex ? Count.NONE : count);
  }

  private static void checkPlace(
      Manifest manifest, Manifest.Segment segment, ElementVersion version) {
    VersionHeader header = version.header();
    if (!manifest.to().covers(header.dot()) || manifest.from().covers(header.dot())) {
      throw new DamagedException(
          segment.object().key(),
          version.id() + " at " + header.dot() + " does not belong to the snapshot",
          null);
    }
  }

  private static void checkHash(
      Manifest.Segment segment, ElementVersion version, ElementHasher hasher) {
    VersionHeader header = version.header();
    if (version.state().isPresent()
        && !hasher.hash(version.id(), version.state().get()).equals(header.hash().orElseThrow())) {
      throw new DamagedException(
          segment.object().key(),
          version.id() + " at " + header.dot() + " does not have the hash that it carries",
          null);
    }
  }
}
