package dev.varve.compact;

import dev.varve.archive.Manifest;
import dev.varve.archive.Repository;
import dev.varve.archive.SegmentReader;
import dev.varve.compact.SnapshotBuilder.Datum;
import dev.varve.graph.ElementId;
import dev.varve.graph.ElementKind;
import dev.varve.tail.SortEntry;
import dev.varve.tail.VersionSorter;
import dev.varve.topology.VersionDigest;
import dev.varve.topology.VersionHeader;
import dev.varve.wire.AvroInput;
import dev.varve.wire.VersionCodec;
import java.io.IOException;
import java.util.Comparator;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Goes through versions in order: vertices, then edges, by id, and of one element by version.
 * Stands before the first one at first.
 */
interface VersionRun extends AutoCloseable {

  /** The order of versions in a run. */
  Comparator<VersionRun> ORDER =
      (a, b) -> {
        int byElement = compareElements(a, b);
        return byElement != 0
            ? byElement
            : VersionDigest.ORDER.compare(a.header().digest(), b.header().digest());
      };

  /** Moves to the next version; false at the end. */
  boolean next() throws IOException;

  ElementKind kind();

  /** Without the letter of the kind. */
  String id();

  VersionHeader header();

  /** The encoded record, id first; valid until {@link #next}. */
  Datum datum();

  /** Where the version comes from. */
  Provenance provenance();

  @Override
  void close() throws IOException;

  /** As {@link ElementId} compares them. */
  static int compareElements(VersionRun a, VersionRun b) {
    int byKind = a.kind().compareTo(b.kind());
    return byKind != 0 ? byKind : compareIds(a.id(), b.id());
  }

  private static int compareIds(String a, String b) {
    int byLength = Integer.compare(a.length(), b.length());
    return byLength != 0 ? byLength : a.compareTo(b);
  }

  /** The versions of a snapshot; one segment is open at a time. */
  final class OfSnapshot implements VersionRun {
    private final Repository repository;
    private final List<Manifest.Segment> segments;
    private int nextSegment;
    private @Nullable SegmentReader reader;
    private @Nullable Provenance provenance;

    OfSnapshot(Repository repository, Manifest manifest) {
      this.repository = repository;
      this.segments = manifest.segments();
    }

    @Override
    public boolean next() throws IOException {
      while (true) {
        SegmentReader current = reader;
        if (current != null) {
          if (current.next()) {
            return true;
          }
          current.close();
          reader = null;
        }
        if (nextSegment == segments.size()) {
          return false;
        }
        SegmentReader next = SegmentReader.open(repository, segments.get(nextSegment++));
        reader = next;
        provenance = new Provenance.OfSegment(next.segment().object().key(), next.makesHashes());
      }
    }

    @Override
    public ElementKind kind() {
      return reader().segment().kind();
    }

    @Override
    public String id() {
      return reader().id();
    }

    @Override
    public VersionHeader header() {
      return reader().header();
    }

    @Override
    public Datum datum() {
      return new Datum(reader().array(), reader().entryOffset(), reader().entryLength());
    }

    @Override
    public Provenance provenance() {
      Provenance known = provenance;
      if (known == null) {
        throw new IllegalStateException("next() comes first");
      }
      return known;
    }

    @Override
    public void close() throws IOException {
      if (reader != null) {
        reader.close();
      }
    }

    private SegmentReader reader() {
      SegmentReader current = reader;
      if (current == null) {
        throw new IllegalStateException("next() comes first");
      }
      return current;
    }
  }

  /** What a sorter holds of segments of which all states have been checked. */
  final class OfSorter implements VersionRun {
    private static final Provenance CHECKED = new Provenance.OfSegment("what was sorted", true);

    private final VersionSorter.Merge merge;
    private final VersionCodec codec = new VersionCodec();
    private String id = "";
    private @Nullable VersionHeader header;

    OfSorter(VersionSorter.Merge merge) {
      this.merge = merge;
    }

    @Override
    public boolean next() throws IOException {
      header = null;
      boolean there = merge.next();
      if (there) {
        id = SortEntry.id(merge.bytes(), merge.at());
      }
      return there;
    }

    @Override
    public ElementKind kind() {
      return SortEntry.kind(merge.bytes(), merge.at()) == SortEntry.VERTEX
          ? ElementKind.VERTEX
          : ElementKind.EDGE;
    }

    @Override
    public String id() {
      return id;
    }

    @Override
    public VersionHeader header() {
      VersionHeader known = header;
      if (known == null) {
        AvroInput body = SortEntry.body(merge.bytes(), merge.at());
        known = codec.readHeader(body);
        header = known;
      }
      return known;
    }

    @Override
    public Datum datum() {
      return new Datum(
          merge.bytes(),
          merge.at() + SortEntry.HEADER_BYTES,
          SortEntry.datumLength(merge.bytes(), merge.at()));
    }

    @Override
    public Provenance provenance() {
      return CHECKED;
    }

    @Override
    public void close() throws IOException {
      merge.close();
    }
  }
}
