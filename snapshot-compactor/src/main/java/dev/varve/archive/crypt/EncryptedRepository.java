package dev.varve.archive.crypt;

import dev.varve.archive.DamagedException;
import dev.varve.archive.Keys;
import dev.varve.archive.Repository;
import dev.varve.fault.ExitCode;
import dev.varve.fault.VarveException;
import java.io.BufferedOutputStream;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.security.SecureRandom;
import java.time.Clock;
import java.time.Instant;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * A repository whose objects are encrypted before they leave this process. Whoever looks through it
 * sees plain objects with plain lengths; whoever looks behind it sees names, lengths and times.
 *
 * <p>Every object has a data key of its own, wrapped by a repository key; the repository keys lie
 * in a {@link Keyring}, wrapped by the master key. Keyrings are not to be seen through this. An
 * object that is not encrypted, or not under its own name, is damage.
 *
 * <p>The same content encrypted twice gives other bytes: after an unknown outcome compare what is
 * read back, not what was sent.
 */
public final class EncryptedRepository implements Repository {

  private final Repository raw;
  private final MasterKey master;
  private final SecureRandom random;
  private final Keyrings keyrings;

  /** A repository that is empty gets this key with its first object. */
  private final String firstId;

  private final byte[] firstKey;

  private volatile @Nullable RepositoryKeys keys;

  private EncryptedRepository(
      Repository raw, MasterKey master, SecureRandom random, Keyrings keyrings) {
    this.raw = raw;
    this.master = master;
    this.random = random;
    this.keyrings = keyrings;
    this.firstId = Keyrings.newKeyId(random);
    this.firstKey = Keyrings.newKey(random);
  }

  /**
   * Opens a repository, which must be empty or encrypted under this key. Writes nothing.
   *
   * @throws VarveException with {@link ExitCode#WRONG_KEY} if it is encrypted under another, or not
   *     encrypted
   * @throws DamagedException if its keyring is damaged or lost
   */
  public static EncryptedRepository open(Repository raw, MasterKey master) throws IOException {
    return open(raw, master, new SecureRandom(), Clock.systemUTC());
  }

  static EncryptedRepository open(
      Repository raw, MasterKey master, SecureRandom random, Clock clock) throws IOException {
    Keyrings keyrings = new Keyrings(raw, random, clock);
    EncryptedRepository repository = new EncryptedRepository(raw, master, random, keyrings);
    Optional<RepositoryKeys> found = keyrings.load(master);
    if (found.isPresent()) {
      repository.keys = found.get();
    } else {
      requireEmpty(raw);
    }
    return repository;
  }

  /**
   * Lets a repository pass that is not encrypted.
   *
   * @throws VarveException with {@link ExitCode#WRONG_KEY} if it is
   */
  public static void requirePlain(Repository raw) throws IOException {
    if (Keyrings.arePresent(raw)) {
      throw new VarveException(
          ExitCode.WRONG_KEY,
          raw.location() + " is encrypted and no key was given",
          "set repository.keyFile, repository.keyCommand or VARVE_REPOSITORY_KEY");
    }
  }

  private static void requireEmpty(Repository raw) throws IOException {
    List<String> objects =
        raw.list("").stream().filter(key -> !key.startsWith(Keys.PROBES)).toList();
    if (objects.isEmpty()) {
      return;
    }
    String first = objects.get(0);
    try (InputStream in = raw.read(first, 0)) {
      byte[] magic = in.readNBytes(ObjectCipher.MAGIC.length);
      if (Arrays.equals(magic, ObjectCipher.MAGIC)) {
        throw new DamagedException(
            Keyring.key(1),
            "there is no keyring any more, and without it nothing in "
                + raw.location()
                + " can be decrypted",
            null);
      }
    }
    throw new VarveException(
        ExitCode.WRONG_KEY,
        "a key was given, but "
            + raw.location()
            + " holds objects that are not encrypted, such as "
            + first,
        "'varve copy' the chain into a new, encrypted repository; or use this one without a key");
  }

  @Override
  public List<Listed> list(String prefix, String after) throws IOException {
    return raw.list(prefix, after).stream()
        .filter(listed -> !isKeyring(listed.key()))
        .map(
            listed ->
                new Listed(
                    listed.key(), ObjectCipher.plainBytes(listed.bytes()), listed.modifiedAt()))
        .toList();
  }

  @Override
  public OptionalLong sizeBytes(String key) throws IOException {
    OptionalLong sealed = isKeyring(key) ? OptionalLong.empty() : raw.sizeBytes(key);
    return sealed.isPresent()
        ? OptionalLong.of(ObjectCipher.plainBytes(sealed.getAsLong()))
        : OptionalLong.empty();
  }

  /**
   * Opens an object. Reading throws {@link DamagedException} where it is not what was created under
   * this key.
   */
  @Override
  public InputStream read(String key, long offsetBytes) throws IOException {
    if (offsetBytes < 0) {
      throw new IllegalArgumentException("offsetBytes must be >= 0, got " + offsetBytes);
    }
    if (isKeyring(key)) {
      throw new NoSuchFileException(key);
    }
    InputStream in = raw.read(key, 0);
    try {
      ObjectCipher cipher =
          ObjectCipher.of(key, in.readNBytes(ObjectCipher.HEADER_BYTES), this::key);
      if (offsetBytes < ObjectCipher.CHUNK_BYTES) {
        return skipped(cipher.decrypt(in, 0), offsetBytes);
      }
      in.close();
      long size = sizeBytes(key).orElseThrow(() -> new NoSuchFileException(key));
      long chunk = Math.max(0, Math.min(offsetBytes, size) - 1) / ObjectCipher.CHUNK_BYTES;
      in = raw.read(key, ObjectCipher.sealedOffset(chunk));
      return skipped(
          cipher.decrypt(in, chunk),
          Math.min(offsetBytes, size) - chunk * ObjectCipher.CHUNK_BYTES);
    } catch (IOException | RuntimeException e) {
      in.close();
      throw e;
    }
  }

  /** Past the end there is nothing. */
  private static InputStream skipped(InputStream in, long count) throws IOException {
    byte[] buffer = new byte[(int) Math.min(count, ObjectCipher.CHUNK_BYTES)];
    in.readNBytes(buffer, 0, buffer.length);
    return in;
  }

  @Override
  public Creation create(String key, byte[] content) throws IOException {
    refuseKeyring(key);
    ByteArrayOutputStream sealed =
        new ByteArrayOutputStream((int) ObjectCipher.sealedBytes(content.length));
    encrypt(key, new ByteArrayInputStream(content), sealed);
    return raw.create(key, sealed.toByteArray());
  }

  /** Needs as much room again beside the file for a while. */
  @Override
  public Creation create(String key, Path content) throws IOException {
    refuseKeyring(key);
    if (raw.sizeBytes(key).isPresent()) {
      return Creation.ALREADY_EXISTS; // spares the encryption
    }
    Path sealed =
        content.resolveSibling(
            "." + content.getFileName() + "." + UUID.randomUUID() + ".encrypted");
    try {
      try (InputStream in = Files.newInputStream(content);
          OutputStream out =
              new BufferedOutputStream(
                  Files.newOutputStream(
                      sealed, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE),
                  ObjectCipher.SEALED_CHUNK_BYTES)) {
        encrypt(key, in, out);
      }
      return raw.create(key, sealed);
    } finally {
      Files.deleteIfExists(sealed);
    }
  }

  @Override
  public void delete(String key) throws IOException {
    refuseKeyring(key);
    raw.delete(key);
  }

  @Override
  public List<Upload> uploads(Instant before) throws IOException {
    return raw.uploads(before);
  }

  @Override
  public List<Upload> abandonUploads(Instant before) throws IOException {
    return raw.abandonUploads(before);
  }

  @Override
  public String location() {
    return raw.location();
  }

  @Override
  public Optional<String> keyId() {
    RepositoryKeys known = keys;
    return Optional.of(known == null ? firstId : known.currentId());
  }

  @Override
  public void close() {
    raw.close();
  }

  private void encrypt(String key, InputStream in, OutputStream out) throws IOException {
    RepositoryKeys current = keysForWriting();
    String id = current.currentId();
    ObjectCipher.encrypt(key, id, current.key(id).orElseThrow(), random, in, out);
  }

  private RepositoryKeys keysForWriting() throws IOException {
    RepositoryKeys known = keys;
    if (known != null) {
      return known;
    }
    synchronized (this) {
      known = keys;
      if (known == null) {
        known = keyrings.begin(master, firstId, firstKey);
        keys = known;
      }
      return known;
    }
  }

  /** A key that is not known may have been added since. */
  private Optional<byte[]> key(String id) throws IOException {
    RepositoryKeys known = keys;
    if (known == null || known.key(id).isEmpty()) {
      known = keyrings.load(master).orElse(null);
      if (known == null) {
        return Optional.empty();
      }
      keys = known;
    }
    if (known.key(id).isEmpty()) {
      refuseNewerKey(id);
    }
    return known.key(id);
  }

  private void refuseNewerKey(String id) throws IOException {
    boolean newer =
        keyrings.list().stream()
            .flatMap(found -> found.ring().stream())
            .anyMatch(ring -> ring.keys().stream().anyMatch(each -> each.id().equals(id)));
    if (newer) {
      throw new VarveException(
          ExitCode.WRONG_KEY,
          "an object in "
              + raw.location()
              + " is encrypted with repository key "
              + id
              + ", which was made under a newer master key than the one given ("
              + master.id()
              + ")",
          "give the new master key");
    }
  }

  private static boolean isKeyring(String key) {
    return Keyring.numberOf(key).isPresent();
  }

  private static void refuseKeyring(String key) {
    if (isKeyring(key)) {
      throw new IllegalArgumentException("keyrings are not made or removed as objects: " + key);
    }
  }
}
