package dev.varve.archive;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Path;
import java.time.Instant;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;

/**
 * A repository whose entries are read once: for whoever loads the same chain again and again.
 *
 * <p>An entry is never altered, so what was read and proved whole is known for as long as the
 * repository lists an object of the same name, length and time; each load still compares its hash
 * with the one by which the next entry names it. Whatever is not an entry, and whatever is asked of
 * an entry's bytes, goes straight to the repository. An entry that was altered without leaving a
 * trace in the list is noticed by {@code verify}, and by the next process, not by this one.
 *
 * <p>Memory: so many bytes of entries, as they are encoded, as it was given; those that find no
 * room are read each time. Safe for use by many threads.
 */
public final class RememberedEntries implements Repository {

  /** Some four thousand entries; parsed they take two or three times as much. */
  public static final long DEFAULT_BYTES_MAX = 16L << 20;

  private final Repository inner;
  private final long bytesMax;

  // both guarded by this
  private final Map<String, Listed> listed = new HashMap<>();
  private final Map<String, Known> known = new HashMap<>();
  private long bytes;

  /** An entry, and how it was listed when it was read. */
  private record Known(Listed as, Chain.Tip tip) {}

  /**
   * @param bytesMax how much is remembered at most
   */
  public RememberedEntries(Repository inner, long bytesMax) {
    this.inner = inner;
    this.bytesMax = bytesMax;
  }

  /**
   * An entry, from memory if it is the one that was listed last.
   *
   * @throws IOException if it has to be read and cannot
   */
  Chain.Tip entry(String key) throws IOException {
    Listed as;
    synchronized (this) {
      as = listed.get(key);
      Known before = known.get(key);
      if (before != null && before.as().equals(as)) {
        return before.tip();
      }
    }
    byte[] content = Transfer.bytesOf(inner, key);
    Chain.Tip tip = Chain.Tip.of(key, content); // what is not whole is not remembered
    if (as != null && as.bytes() == content.length) {
      remember(new Known(as, tip));
    }
    return tip;
  }

  private synchronized void remember(Known entry) {
    forget(entry.as().key());
    if (bytes + entry.as().bytes() <= bytesMax) {
      known.put(entry.as().key(), entry);
      bytes += entry.as().bytes();
    }
  }

  private void forget(String key) {
    Known before = known.remove(key);
    bytes -= before == null ? 0 : before.as().bytes();
  }

  @Override
  public List<Listed> list(String prefix, String after) throws IOException {
    List<Listed> found = inner.list(prefix, after);
    take(prefix, after, found);
    return found;
  }

  private synchronized void take(String prefix, String after, List<Listed> found) {
    Set<String> there = new HashSet<>();
    for (Listed object : found) {
      if (Keys.manifestNumber(object.key()).isPresent()) {
        there.add(object.key());
        listed.put(object.key(), object);
      }
    }
    listed
        .keySet()
        .removeIf(
            key -> key.startsWith(prefix) && key.compareTo(after) > 0 && !there.contains(key));
    List.copyOf(known.keySet()).stream()
        .filter(key -> !listed.containsKey(key))
        .forEach(this::forget);
  }

  @Override
  public OptionalLong sizeBytes(String key) throws IOException {
    return inner.sizeBytes(key);
  }

  @Override
  public InputStream read(String key, long offsetBytes) throws IOException {
    return inner.read(key, offsetBytes);
  }

  @Override
  public Creation create(String key, byte[] content) throws IOException {
    return inner.create(key, content);
  }

  @Override
  public Creation create(String key, Path content) throws IOException {
    return inner.create(key, content);
  }

  @Override
  public void delete(String key) throws IOException {
    inner.delete(key);
  }

  @Override
  public String location() {
    return inner.location();
  }

  @Override
  public Optional<String> keyId() {
    return inner.keyId();
  }

  @Override
  public List<Upload> uploads(Instant before) throws IOException {
    return inner.uploads(before);
  }

  @Override
  public List<Upload> abandonUploads(Instant before) throws IOException {
    return inner.abandonUploads(before);
  }

  @Override
  public void close() {
    inner.close();
  }
}
