package dev.varve.archive;

import dev.varve.graph.ElementKind;
import dev.varve.topology.ElementVersion;
import dev.varve.wire.AvroInput;
import dev.varve.wire.AvroOutput;
import dev.varve.wire.VersionCodec;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Writes one segment into a local file: an Avro container of versions, all of one kind, by id
 * ({@link dev.varve.graph.ElementId}'s order) and then by version ({@link
 * dev.varve.topology.VersionDigest#ORDER}). {@code docs/format/segment.md} describes it.
 *
 * <p>Versions are given to it as the topology tables have them, whatever the segment's format is. A
 * hash that the format leaves out is compared with the state first: what is made of the state later
 * is then what was captured.
 *
 * <p>The caller moves the file into a repository under the key that the segment was given.
 */
public final class SegmentWriter implements AutoCloseable {

  private final ContainerWriter container;
  private final SegmentFormat format;
  private final String key;
  private final ElementKind kind;
  private final VersionCodec codec = new VersionCodec();
  private final ElementBlockWriter elements;
  private final AvroOutput entry = new AvroOutput();
  private final AvroOutput block = new AvroOutput();
  private @Nullable String firstId;
  private @Nullable String lastId;
  private long versions;
  private long tombstones;

  /**
   * A segment of {@link SegmentFormat#VERSIONS}.
   *
   * @param file must not exist
   * @param key where the segment will lie in the repository
   */
  public SegmentWriter(Path file, String key, ElementKind kind) throws IOException {
    this(file, key, kind, SegmentFormat.VERSIONS, ContainerWriter.ZSTD_LEVEL_USUAL);
  }

  /**
   * @param file must not exist
   * @param key where it will lie in the repository
   * @param level of compression, 1 to 19
   */
  public SegmentWriter(Path file, String key, ElementKind kind, SegmentFormat format, int level)
      throws IOException {
    this.container = new ContainerWriter(file, Schemas.segment(format), format.number(), level);
    this.key = key;
    this.kind = kind;
    this.format = format;
    this.elements = new ElementBlockWriter(kind);
  }

  /** Whether, in a segment of this format, one id may come after another. */
  static boolean ordered(SegmentFormat format, String before, String after) {
    int byLength = Integer.compare(before.length(), after.length());
    int order = byLength != 0 ? byLength : before.compareTo(after);
    return order < 0 || (order == 0 && format == SegmentFormat.VERSIONS);
  }

  /**
   * Adds a version that is encoded already.
   *
   * @param id without the letter of the kind
   * @param removed whether it is a tombstone
   * @param source holds the encoded record: the id as a string, then the version
   * @throws StateMismatchException if the format leaves out the hash, and the state does not have
   *     the one that the version carries
   * @throws dev.varve.wire.MalformedRecordException if the format leaves out the hash, and the
   *     record cannot be read
   */
  public void append(String id, boolean removed, byte[] source, int offset, int length)
      throws IOException {
    append(id, removed, source, offset, length, true);
  }

  /** Adds a version whose hash was made of its state ({@link SegmentReader#makesHashes}). */
  public void appendUnchecked(String id, boolean removed, byte[] source, int offset, int length)
      throws IOException {
    append(id, removed, source, offset, length, false);
  }

  private void append(
      String id, boolean removed, byte[] source, int offset, int length, boolean check)
      throws IOException {
    String previous = lastId;
    if (previous != null && !ordered(format, previous, id)) {
      throw new IllegalArgumentException(id + " must not come after " + previous + " in " + key);
    }
    if (format == SegmentFormat.VERSIONS) {
      container.append(source, offset, length);
    } else {
      elements.add(id, new AvroInput(source, offset, length), check);
      if (elements.length() >= ContainerWriter.BLOCK_BYTES) {
        flushElements();
      }
    }
    firstId = previous == null ? id : firstId;
    lastId = id;
    versions++;
    tombstones += removed ? 1 : 0;
  }

  private void flushElements() throws IOException {
    block.clear();
    elements.flush(block);
    container.append(block.array(), 0, block.length());
  }

  /** Adds a version. */
  public void append(ElementVersion version) throws IOException {
    if (version.id().kind() != kind) {
      throw new IllegalArgumentException(version.id() + " does not belong among " + kind);
    }
    entry.clear().writeString(version.id().id());
    codec.write(version, entry);
    append(version.id().id(), version.header().removed(), entry.array(), 0, entry.length());
  }

  /** The length of the file so far, without what is still buffered. */
  public long writtenBytes() {
    return container.writtenBytes();
  }

  /** How many versions were added. */
  public long versions() {
    return versions;
  }

  /** The id that was added last. */
  public Optional<String> lastId() {
    return Optional.ofNullable(lastId);
  }

  /** Ends the file. */
  public Manifest.Segment finish() throws IOException {
    if (firstId == null || lastId == null) {
      throw new IllegalStateException("a segment is never empty: " + key);
    }
    if (!elements.isEmpty()) {
      flushElements();
    }
    return new Manifest.Segment(kind, container.finish(key), versions, tombstones, firstId, lastId);
  }

  @Override
  public void close() throws IOException {
    container.close();
  }
}
