package dev.varve.archive;

import dev.varve.change.VersionVector;
import dev.varve.graph.ElementHash;
import dev.varve.graph.ElementId;
import dev.varve.topology.ElementVersion;
import dev.varve.topology.VersionHeader;
import dev.varve.wire.AvroInput;
import dev.varve.wire.AvroOutput;
import dev.varve.wire.MalformedRecordException;
import dev.varve.wire.VersionCodec;
import java.io.IOException;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Reads one segment from its first version to its last, and checks it against its manifest on the
 * way: blocks and the order of ids as they come, counts, ids, length and sha256 at the end.
 *
 * <p>Stands before the first version at first; {@link #next} moves on. What is decoded of a version
 * is up to the caller: nothing but the id, the header, or all of it. Memory: one block.
 *
 * <p>Versions are given as the topology tables have them, whatever the segment's format is. Where
 * that has no hashes they are made of the states, and nothing is known of what was replaced.
 */
public final class SegmentReader implements AutoCloseable {

  private static final BinarySkipper VERSION =
      BinarySkipper.of(Schemas.VERSIONS.schema().getField("version").schema());

  private final ContainerReader container;
  private final Manifest.Segment segment;
  private final SegmentFormat format;
  private final ElementBlockReader elements;
  private final StateHashes hashes;
  private final AvroOutput unpacked = new AvroOutput();
  private final VersionCodec codec = new VersionCodec();
  private AvroInput block = new AvroInput(new byte[0]);
  private long leftInBlock;
  private long versions;
  private @Nullable String id;
  private @Nullable VersionHeader header;
  private @Nullable PackedVersion packed;

  // the record of the version; of a packed one only once it was asked for
  private boolean unfolded;
  private byte[] array = new byte[0];
  private int entryStart;
  private int versionStart;
  private int versionEnd;

  private SegmentReader(ContainerReader container, Manifest.Segment segment) {
    this.container = container;
    this.segment = segment;
    this.format =
        container.schema() == Schemas.ELEMENTS.schema()
            ? SegmentFormat.ELEMENTS
            : SegmentFormat.VERSIONS;
    this.elements = new ElementBlockReader(segment.kind(), Schemas.ELEMENTS.schema());
    this.hashes = new StateHashes(segment.kind());
  }

  /**
   * Opens a segment that a manifest names.
   *
   * @throws DamagedException if it is missing or does not begin as it should
   * @throws IOException if the repository cannot be read
   */
  public static SegmentReader open(Repository repository, Manifest.Segment segment)
      throws IOException {
    return new SegmentReader(
        ContainerReader.open(
            repository, segment.object(), List.of(Schemas.VERSIONS, Schemas.ELEMENTS)),
        segment);
  }

  /**
   * Moves to the next version. What was returned of the one before stays valid, but for {@link
   * #array}.
   *
   * @return false at the end, when the whole segment has been found to be as its manifest says
   * @throws DamagedException if it is not
   * @throws IOException if the repository cannot be read
   */
  public boolean next() throws IOException {
    try {
      if (!(format == SegmentFormat.VERSIONS ? readVersion() : readElement())) {
        checkEnd();
        return false;
      }
    } catch (MalformedRecordException e) {
      throw container.damaged(
          "version " + (versions + 1) + ", before offset " + container.offset(), e);
    }
    header = null;
    versions++;
    return true;
  }

  public Manifest.Segment segment() {
    return segment;
  }

  /** The id of the element, without the letter of its kind. */
  public String id() {
    if (id == null) {
      throw new IllegalStateException("next() comes first");
    }
    return id;
  }

  public ElementId elementId() {
    return new ElementId(segment.kind(), id());
  }

  /** All of the version but the state. */
  public VersionHeader header() {
    VersionHeader known = header;
    if (known == null) {
      known = decode(() -> codec.readHeader(versionBytes()));
      header = known;
    }
    return known;
  }

  /** Whether a vector covers the version. */
  public boolean coveredBy(VersionVector vector) {
    return packed == null ? vector.covers(header().dot()) : elements.coveredBy(vector);
  }

  /**
   * The version, to be kept.
   *
   * @param hashed whether its hash will be asked for: where it has to be made, that is done now
   * @throws DamagedException if it has to be, and cannot
   */
  public HeldVersion held(boolean hashed) {
    PackedVersion version = packed;
    if (version != null) {
      if (hashed) {
        decode(() -> version.hash(hashes));
      }
      return version;
    }
    AvroInput in = versionBytes();
    VersionHeader known = decode(() -> codec.readHeader(in));
    header = known;
    return new TableVersion(known, array, in.position(), in.remaining());
  }

  /** The whole version. */
  public ElementVersion version() {
    return decode(() -> codec.read(elementId(), versionBytes()));
  }

  /** Whether each version's hash was made of its state just now, so that the two agree. */
  public boolean makesHashes() {
    return format == SegmentFormat.ELEMENTS;
  }

  /**
   * Compares the state with the hash that the version carries.
   *
   * @throws DamagedException if they do not agree
   */
  public void checkState() {
    if (!makesHashes()) {
      try {
        hashes.check(id(), versionBytes());
      } catch (StateMismatchException | MalformedRecordException e) {
        throw container.damaged(String.valueOf(e.getMessage()), e);
      }
    }
  }

  /** The buffer that holds the encoded record; valid until {@link #next}. */
  public byte[] array() {
    unfold();
    return array;
  }

  /** Where in {@link #array} the record begins: the id as a string, then the version. */
  public int entryOffset() {
    unfold();
    return entryStart;
  }

  public int entryLength() {
    unfold();
    return versionEnd - entryStart;
  }

  /** A cursor over the encoded version, without the id. */
  public AvroInput versionBytes() {
    unfold();
    return new AvroInput(array, versionStart, versionEnd - versionStart);
  }

  @Override
  public void close() throws IOException {
    container.close();
  }

  private boolean readVersion() throws IOException {
    if (!hasDatum()) {
      return false;
    }
    leftInBlock--;
    array = block.array();
    entryStart = block.position();
    String next = block.readString();
    versionStart = block.position();
    VERSION.skip(block);
    versionEnd = block.position();
    accept(next);
    return true;
  }

  private boolean readElement() throws IOException {
    while (!elements.more()) {
      if (!hasDatum()) {
        return false;
      }
      leftInBlock--;
      elements.begin(block);
    }
    String next = elements.nextId();
    accept(next);
    packed = elements.nextVersion(next);
    unfolded = false;
    return true;
  }

  /** Makes the record that a packed version stands for. */
  private void unfold() {
    PackedVersion version = packed;
    if (unfolded || version == null) {
      return;
    }
    unfolded = true;
    unpacked.clear().writeString(id());
    entryStart = 0;
    versionStart = unpacked.length();
    decode(
        () -> {
          version.hash(hashes);
          version.write(unpacked);
          return unpacked;
        });
    versionEnd = unpacked.length();
    array = unpacked.array();
  }

  /** Whether there is a datum left, in this block of the container or in the next. */
  private boolean hasDatum() throws IOException {
    while (leftInBlock == 0) {
      if (block.remaining() > 0) {
        throw container.damaged(
            block.remaining() + " bytes left over before offset " + container.offset(), null);
      }
      ContainerReader.Block next = container.next();
      if (next == null) {
        return false;
      }
      block = next.data();
      leftInBlock = next.count();
    }
    return true;
  }

  private void accept(String next) {
    String previous = id;
    if (previous == null
        ? !next.equals(segment.firstId())
        : !SegmentWriter.ordered(format, previous, next)) {
      throw container.damaged(
          "id " + next + " out of order, before offset " + container.offset(), null);
    }
    if (!next.equals(previous)) {
      id = next;
    }
  }

  private void checkEnd() {
    if (versions != segment.versions() || !segment.lastId().equals(id)) {
      throw container.damaged(
          "it has "
              + versions
              + " versions up to "
              + id
              + ", not "
              + segment.versions()
              + " up to "
              + segment.lastId(),
          null);
    }
  }

  /** A version in the form of the tables. */
  @SuppressWarnings("ArrayRecordComponent") // is never compared
  private record TableVersion(VersionHeader header, byte[] array, int stateAt, int stateBytes)
      implements HeldVersion {
    @Override
    public boolean removed() {
      return header.removed();
    }

    @Override
    public Optional<ElementHash> hash() {
      return header.hash();
    }

    @Override
    public AvroInput state() {
      return new AvroInput(array, stateAt, stateBytes);
    }
  }

  private <T> T decode(java.util.function.Supplier<T> decoder) {
    try {
      return decoder.get();
    } catch (MalformedRecordException e) {
      throw container.damaged("version " + versions + ", of " + id, e);
    }
  }
}
