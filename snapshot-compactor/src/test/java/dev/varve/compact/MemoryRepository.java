package dev.varve.compact;

import dev.varve.archive.Keys;
import dev.varve.archive.Repository;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.NavigableMap;
import java.util.OptionalLong;
import java.util.TreeMap;

/** A repository on the heap, with a clock of its own. */
final class MemoryRepository implements Repository {

  private final NavigableMap<String, Stored> objects = new TreeMap<>();

  /** By this clock objects are dated. */
  Instant now = Instant.parse("2026-01-01T00:00:00Z");

  @SuppressWarnings("ArrayRecordComponent") // never changed
  private record Stored(byte[] bytes, Instant modifiedAt) {}

  synchronized MemoryRepository copy() {
    MemoryRepository copy = new MemoryRepository();
    copy.objects.putAll(objects);
    copy.now = now;
    return copy;
  }

  void advance(Duration by) {
    now = now.plus(by);
  }

  /** Alters an object; nobody else can. */
  synchronized void flip(String key) {
    Stored stored = objects.get(key);
    if (stored == null) {
      throw new IllegalArgumentException(key);
    }
    byte[] bytes = stored.bytes().clone();
    bytes[bytes.length / 2] ^= 1;
    objects.put(key, new Stored(bytes, stored.modifiedAt()));
  }

  @Override
  public synchronized List<Listed> list(String prefix, String after) {
    List<Listed> listed = new ArrayList<>();
    objects.forEach(
        (key, stored) -> {
          if (key.startsWith(prefix) && key.compareTo(after) > 0) {
            listed.add(new Listed(key, stored.bytes().length, stored.modifiedAt()));
          }
        });
    return listed;
  }

  @Override
  public synchronized OptionalLong sizeBytes(String key) {
    Stored stored = objects.get(key);
    return stored == null ? OptionalLong.empty() : OptionalLong.of(stored.bytes().length);
  }

  @Override
  public synchronized InputStream read(String key, long offsetBytes) throws IOException {
    Stored stored = objects.get(key);
    if (stored == null) {
      throw new NoSuchFileException(key);
    }
    InputStream in = new ByteArrayInputStream(stored.bytes());
    in.skipNBytes(Math.min(offsetBytes, stored.bytes().length));
    return in;
  }

  @Override
  public synchronized Creation create(String key, byte[] content) {
    Stored stored = new Stored(content.clone(), now);
    return objects.putIfAbsent(Keys.requireKey(key), stored) == null
        ? Creation.CREATED
        : Creation.ALREADY_EXISTS;
  }

  @Override
  public Creation create(String key, Path content) throws IOException {
    return create(key, Files.readAllBytes(content));
  }

  @Override
  public synchronized void delete(String key) {
    objects.remove(key);
  }

  @Override
  public String location() {
    return "memory";
  }
}
