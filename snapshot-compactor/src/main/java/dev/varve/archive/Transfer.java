package dev.varve.archive;

import dev.varve.archive.Manifest.StoredObject;
import dev.varve.archive.Repository.Creation;
import java.io.IOException;
import java.io.InputStream;
import java.io.InterruptedIOException;
import java.io.OutputStream;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.security.DigestOutputStream;
import java.security.MessageDigest;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicLong;

/**
 * Brings objects from one repository to another, each compared with what its manifest says before
 * it is created. Safe for use by many threads. Memory: an object if it is small, else a buffer.
 */
final class Transfer {

  private static final int IN_MEMORY_BYTES_MAX = 1 << 20;
  private static final int BUFFER_BYTES = 64 * 1024;
  private static final int ATTEMPTS_MAX = 6;
  private static final Duration FIRST_PAUSE = Duration.ofMillis(200);

  private final Repository source;
  private final Repository destination;
  private final Path scratch;
  private final AtomicLong names = new AtomicLong();

  /**
   * @param scratch a directory for objects on their way, of this transfer alone
   */
  Transfer(Repository source, Repository destination, Path scratch) {
    this.source = source;
    this.destination = destination;
    this.scratch = scratch;
  }

  /** Makes the directory, and removes from it what a killed process left. */
  void begin() throws IOException {
    Files.createDirectories(scratch);
    clear();
  }

  void close() {
    try {
      clear();
      Files.deleteIfExists(scratch);
    } catch (IOException e) {
      // the next one clears it
    }
  }

  private void clear() throws IOException {
    try (DirectoryStream<Path> files = Files.newDirectoryStream(scratch, "{copy-*,.copy-*}")) {
      for (Path file : files) {
        Files.deleteIfExists(file);
      }
    }
  }

  /** Creates an object; returns what is wrong with it in the source, if it was not created. */
  Optional<Damage> run(StoredObject object) throws IOException {
    return run(object, false);
  }

  /** As {@link #run}, in place of what is there, which is removed once the other was compared. */
  Optional<Damage> replace(StoredObject object) throws IOException {
    return run(object, true);
  }

  private Optional<Damage> run(StoredObject object, boolean replace) throws IOException {
    if (object.bytes() <= IN_MEMORY_BYTES_MAX) {
      byte[] content;
      try {
        content = bytesOf(source, object.key());
      } catch (NoSuchFileException e) {
        return Optional.of(new Damage.Missing(object.key()));
      } catch (DamagedException e) {
        return Optional.of(new Damage.Unreadable(object.key(), String.valueOf(e.getMessage())));
      }
      Optional<Damage> damage = compare(object, content.length, Digests.sha256Of(content));
      if (damage.isEmpty()) {
        create(object, replace, () -> destination.create(object.key(), content));
      }
      return damage;
    }
    Path file = scratch.resolve("copy-" + names.incrementAndGet());
    try {
      Optional<Damage> damage = download(object, file);
      if (damage.isEmpty()) {
        create(object, replace, () -> destination.create(object.key(), file));
      }
      return damage;
    } finally {
      Files.deleteIfExists(file);
    }
  }

  private Optional<Damage> download(StoredObject object, Path file) throws IOException {
    MessageDigest digest = Digests.sha256();
    long length = 0;
    try (OutputStream out = new DigestOutputStream(Files.newOutputStream(file), digest);
        InputStream in = source.read(object.key(), 0)) {
      byte[] buffer = new byte[BUFFER_BYTES];
      for (int count = in.read(buffer); count >= 0; count = in.read(buffer)) {
        out.write(buffer, 0, count);
        length += count;
      }
    } catch (NoSuchFileException e) {
      return Optional.of(new Damage.Missing(object.key()));
    } catch (DamagedException e) {
      return Optional.of(new Damage.Unreadable(object.key(), String.valueOf(e.getMessage())));
    }
    return compare(object, length, Digests.hex(digest));
  }

  private static Optional<Damage> compare(StoredObject object, long length, String sha256) {
    if (length != object.bytes()) {
      return Optional.of(new Damage.WrongLength(object.key(), object.bytes(), length));
    }
    return sha256.equals(object.sha256())
        ? Optional.empty()
        : Optional.of(new Damage.Altered(object.key(), object.sha256(), sha256));
  }

  private void create(StoredObject object, boolean replace, Attempt<Creation> creation)
      throws IOException {
    if (replace) {
      destination.delete(object.key());
    }
    if (creation.run() == Creation.ALREADY_EXISTS) {
      OptionalLong size = destination.sizeBytes(object.key());
      if (size.isEmpty() || size.getAsLong() != object.bytes()) {
        throw new IOException(object.key() + " exists with another length: " + size);
      }
    }
  }

  static List<StoredObject> objectsOf(Manifest manifest) {
    List<StoredObject> objects = new ArrayList<>();
    manifest.segments().forEach(segment -> objects.add(segment.object()));
    manifest.transactions().ifPresent(file -> objects.add(file.object()));
    return objects;
  }

  static byte[] bytesOf(Repository repository, String key) throws IOException {
    try (InputStream in = repository.read(key, 0)) {
      return in.readAllBytes();
    }
  }

  /** Something that may fail for a while and does no harm if it is done again. */
  interface Attempt<T> {
    T run() throws IOException;
  }

  static <T> T insist(String what, Attempt<T> attempt) throws IOException {
    Duration pause = FIRST_PAUSE;
    for (int failures = 1; ; failures++) {
      try {
        return attempt.run();
      } catch (NoSuchFileException | InterruptedIOException | RepositoryUnavailableException e) {
        throw e;
      } catch (IOException e) {
        if (failures >= ATTEMPTS_MAX) {
          throw new IOException(
              "cannot " + what + ", tried " + failures + " times: " + e.getMessage(), e);
        }
        pause(pause);
        pause = pause.multipliedBy(2);
      }
    }
  }

  private static void pause(Duration pause) throws InterruptedIOException {
    try {
      Thread.sleep(pause.toMillis());
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new InterruptedIOException("stopped");
    }
  }

  static <T> T await(Future<T> future) throws IOException {
    try {
      return future.get();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new InterruptedIOException("stopped");
    } catch (ExecutionException e) {
      Throwable cause = e.getCause();
      if (cause instanceof IOException unreachable) {
        throw unreachable;
      }
      if (cause instanceof RuntimeException known) {
        throw known;
      }
      throw new IllegalStateException(cause);
    }
  }
}
