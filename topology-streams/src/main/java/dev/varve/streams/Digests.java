package dev.varve.streams;

import java.nio.file.Path;
import java.util.function.BiConsumer;
import org.apache.kafka.common.utils.Bytes;
import org.jspecify.annotations.Nullable;

/**
 * Where the digests of one partition of one table are kept, as bytes under the element's key. Used
 * by one thread at a time.
 */
interface Digests extends AutoCloseable {

  /** The key of what is no element's: no element has an empty key. */
  Bytes NOTE = Bytes.wrap(new byte[0]);

  /**
   * @param directory this store's own, not made yet; what was flushed there before is there again
   */
  void open(Path directory);

  byte @Nullable [] get(Bytes key);

  void put(Bytes key, byte[] digest);

  void remove(Bytes key);

  /**
   * Visits every element; the visitor may put new digests for those it is shown, and does not see
   * them.
   */
  void forEach(BiConsumer<Bytes, byte[]> visitor);

  /** Everything put so far is on disk, if this kind is on disk at all. */
  void flush();

  @Override
  void close();
}
