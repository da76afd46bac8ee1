package dev.varve.archive;

import dev.varve.graph.ElementKind;
import dev.varve.topology.ElementVersion;
import dev.varve.wire.AvroOutput;
import dev.varve.wire.VersionCodec;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Optional;
import org.apache.avro.Schema;
import org.jspecify.annotations.Nullable;

/**
 * Writes one segment into a local file: an Avro container of {@code {id, version}} records, all of
 * one kind, by id ({@link dev.varve.graph.ElementId}'s order) and then by version ({@link
 * dev.varve.topology.VersionDigest#ORDER}). {@code docs/format/segment.md} describes it.
 *
 * <p>The caller moves the file into a repository under the key that the segment was given.
 */
public final class SegmentWriter implements AutoCloseable {

  private static final Schema SCHEMA = Schemas.segmentEntry();

  private final ContainerWriter container;
  private final String key;
  private final ElementKind kind;
  private final VersionCodec codec = new VersionCodec();
  private final AvroOutput entry = new AvroOutput();
  private @Nullable String firstId;
  private @Nullable String lastId;
  private long versions;
  private long tombstones;

  /**
   * @param file must not exist
   * @param key where the segment will lie in the repository
   */
  public SegmentWriter(Path file, String key, ElementKind kind) throws IOException {
    this(file, key, kind, ContainerWriter.ZSTD_LEVEL_USUAL);
  }

  /**
   * @param file must not exist
   * @param key where it will lie in the repository
   * @param level of compression, 1 to 19
   */
  public SegmentWriter(Path file, String key, ElementKind kind, int level) throws IOException {
    this.container = new ContainerWriter(file, SCHEMA, level);
    this.key = key;
    this.kind = kind;
  }

  /** Whether, in a segment, one id may come after another (or is the same). */
  static boolean ordered(String before, String after) {
    int byLength = Integer.compare(before.length(), after.length());
    return byLength != 0 ? byLength < 0 : before.compareTo(after) <= 0;
  }

  /**
   * Adds a version that is encoded already.
   *
   * @param id without the letter of the kind
   * @param removed whether it is a tombstone
   * @param source holds the encoded record: the id as a string, then the version
   */
  public void append(String id, boolean removed, byte[] source, int offset, int length)
      throws IOException {
    String previous = lastId;
    if (previous == null) {
      firstId = id;
    } else if (!ordered(previous, id)) {
      throw new IllegalArgumentException(id + " must not come after " + previous + " in " + key);
    }
    lastId = id;
    versions++;
    tombstones += removed ? 1 : 0;
    container.append(source, offset, length);
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
    return new Manifest.Segment(kind, container.finish(key), versions, tombstones, firstId, lastId);
  }

  @Override
  public void close() throws IOException {
    container.close();
  }
}
