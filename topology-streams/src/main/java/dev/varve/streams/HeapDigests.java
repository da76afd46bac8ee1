package dev.varve.streams;

import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import java.util.function.BiConsumer;
import org.apache.kafka.common.utils.Bytes;
import org.jspecify.annotations.Nullable;

/** Digests on the heap; gone when closed. */
final class HeapDigests implements Digests {

  private final Map<Bytes, byte[]> digests = new HashMap<>();

  @Override
  public void open(Path directory) {}

  @Override
  public byte @Nullable [] get(Bytes key) {
    return digests.get(key);
  }

  @Override
  public void put(Bytes key, byte[] digest) {
    digests.put(key, digest);
  }

  @Override
  public void remove(Bytes key) {
    digests.remove(key);
  }

  @Override
  public void forEach(BiConsumer<Bytes, byte[]> visitor) {
    // a put under a key that is there does not disturb the iteration
    digests.forEach(
        (key, digest) -> {
          if (!key.equals(NOTE)) {
            visitor.accept(key, digest);
          }
        });
  }

  @Override
  public void flush() {}

  @Override
  public void close() {
    digests.clear();
  }
}
