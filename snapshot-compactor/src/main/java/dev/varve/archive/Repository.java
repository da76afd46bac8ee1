package dev.varve.archive;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Path;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;

/**
 * Where objects are kept: immutable, created once, visible all at once or not at all.
 *
 * <p>Keys are relative, parts joined by {@code /}: letters, digits, dot, dash and underscore; no
 * part begins with a dot. Implementations are safe for use by many threads. After an {@link
 * IOException} from {@code create} the outcome is unknown: the object may exist, whole, or not.
 */
public interface Repository extends AutoCloseable {

  /** Keys that begin with the prefix, ascending. */
  default List<String> list(String prefix) throws IOException {
    return list(prefix, "").stream().map(Listed::key).toList();
  }

  /**
   * Objects whose keys begin with the prefix and come after another key, by key ascending. Whoever
   * lists after a {@code create} returned sees what it created.
   *
   * @param after need not be a key that there is; empty for all
   */
  List<Listed> list(String prefix, String after) throws IOException;

  /** The length of an object; empty if there is none of this key. */
  OptionalLong sizeBytes(String key) throws IOException;

  /**
   * Opens an object for reading from a place in it to its end.
   *
   * @throws java.nio.file.NoSuchFileException if there is none of this key
   */
  InputStream read(String key, long offsetBytes) throws IOException;

  /** Creates an object from bytes unless one of this key exists; never overwrites. */
  Creation create(String key, byte[] content) throws IOException;

  /** Creates an object from a file unless one of this key exists; never overwrites. */
  Creation create(String key, Path content) throws IOException;

  /** Removes an object; does nothing if there is none of this key. */
  void delete(String key) throws IOException;

  /** Where this is, for messages to operators; holds no secret. */
  String location();

  /** What new objects are encrypted with; absent if they are not. */
  default Optional<String> keyId() {
    return Optional.empty();
  }

  /**
   * Uploads that began before a moment and have not ended, those of this process left out: what
   * they left takes room, and is no object.
   */
  default List<Upload> uploads(Instant before) throws IOException {
    return List.of();
  }

  /**
   * Gives up {@link #uploads}; objects are not touched.
   *
   * @return which there were
   */
  default List<Upload> abandonUploads(Instant before) throws IOException {
    return List.of();
  }

  /** Lets go of connections. */
  @Override
  default void close() {}

  /**
   * An object, as a list shows it.
   *
   * @param bytes as {@link #sizeBytes} has it
   * @param modifiedAt when it was created, by the clock of whoever keeps it
   */
  record Listed(String key, long bytes, Instant modifiedAt) {}

  /**
   * An upload that has not ended.
   *
   * @param key of the object that it was going to be
   * @param begunAt by the clock of whoever keeps it
   */
  record Upload(String key, Instant begunAt) {}

  /** What became of an attempt to create an object. */
  enum Creation {
    /** It was created and is durable. */
    CREATED,
    /** There is an object of this key; it was left as it is. */
    ALREADY_EXISTS
  }
}
