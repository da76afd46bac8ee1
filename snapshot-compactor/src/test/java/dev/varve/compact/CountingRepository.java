package dev.varve.compact;

import dev.varve.archive.Keys;
import dev.varve.archive.Repository;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Path;
import java.time.Instant;
import java.util.List;
import java.util.OptionalLong;
import java.util.concurrent.atomic.AtomicInteger;

/** Counts what is asked of a repository. */
final class CountingRepository implements Repository {

  private final Repository inner;
  final AtomicInteger requests = new AtomicInteger();
  final AtomicInteger entriesRead = new AtomicInteger();

  CountingRepository(Repository inner) {
    this.inner = inner;
  }

  void reset() {
    requests.set(0);
    entriesRead.set(0);
  }

  @Override
  public List<Listed> list(String prefix, String after) throws IOException {
    requests.incrementAndGet();
    return inner.list(prefix, after);
  }

  @Override
  public OptionalLong sizeBytes(String key) throws IOException {
    requests.incrementAndGet();
    return inner.sizeBytes(key);
  }

  @Override
  public InputStream read(String key, long offsetBytes) throws IOException {
    requests.incrementAndGet();
    if (Keys.manifestNumber(key).isPresent()) {
      entriesRead.incrementAndGet();
    }
    return inner.read(key, offsetBytes);
  }

  @Override
  public Creation create(String key, byte[] content) throws IOException {
    requests.incrementAndGet();
    return inner.create(key, content);
  }

  @Override
  public Creation create(String key, Path content) throws IOException {
    requests.incrementAndGet();
    return inner.create(key, content);
  }

  @Override
  public void delete(String key) throws IOException {
    requests.incrementAndGet();
    inner.delete(key);
  }

  @Override
  public List<Upload> abandonUploads(Instant before) throws IOException {
    requests.incrementAndGet();
    return inner.abandonUploads(before);
  }

  @Override
  public String location() {
    return inner.location();
  }
}
