package dev.varve.archive.crypt;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.varve.archive.DamagedException;
import dev.varve.archive.DirectoryRepository;
import dev.varve.archive.NewerFormatException;
import dev.varve.archive.Repository;
import dev.varve.fault.ExitCode;
import dev.varve.fault.VarveException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.util.Arrays;
import java.util.Random;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class EncryptionTest {

  private static final int CHUNK = ObjectCipher.CHUNK_BYTES;

  @TempDir Path directory;
  private final MasterKey key = newKey();
  private Path root = Path.of("unset");
  private Repository raw = new DirectoryRepository(root);
  private Repository repository = raw;

  @BeforeEach
  void open() throws Exception {
    root = directory.resolve("root");
    raw = new DirectoryRepository(root);
    repository = EncryptedRepository.open(raw, key);
  }

  static MasterKey newKey() {
    return MasterKey.parse(MasterKey.generate(new SecureRandom()), "test");
  }

  @ParameterizedTest
  @ValueSource(ints = {0, 1, CHUNK - 1, CHUNK, CHUNK + 1, 2 * CHUNK - 1, 2 * CHUNK, 3 * CHUNK + 17})
  void everyLengthIsReadBackFromEveryPlace(int length) throws Exception {
    byte[] content = random(length);
    repository.create("g/a", content);
    assertThat(repository.sizeBytes("g/a")).hasValue(length);
    assertThat(repository.list("g/", "").get(0).bytes()).isEqualTo(length);
    assertThat(raw.sizeBytes("g/a")).hasValue(ObjectCipher.sealedBytes(length));
    for (int offset :
        new int[] {0, 1, 100, CHUNK - 1, CHUNK, CHUNK + 1, 2 * CHUNK, length - 1, length, 999999}) {
      if (offset >= 0) {
        assertThat(read("g/a", offset))
            .as("from %d of %d", offset, length)
            .isEqualTo(Arrays.copyOfRange(content, Math.min(offset, length), length));
      }
    }
  }

  @Test
  void lengthsAreAFunctionOfLengthAlone() {
    for (long plain = 0; plain < 3L * CHUNK; plain += 7) {
      assertThat(ObjectCipher.plainBytes(ObjectCipher.sealedBytes(plain))).isEqualTo(plain);
    }
    assertThat(ObjectCipher.plainBytes(ObjectCipher.sealedBytes(1L << 40))).isEqualTo(1L << 40);
    for (long sealed = 0; sealed < 200; sealed++) {
      assertThat(ObjectCipher.plainBytes(sealed)).isNotNegative();
    }
  }

  @Test
  void nothingOfTheContentIsToBeSeen() throws Exception {
    byte[] content = "sediment ".repeat(10_000).getBytes(StandardCharsets.UTF_8);
    repository.create("g/a", content);
    repository.create("g/b", content);
    String a = Files.readString(root.resolve("g/a"), StandardCharsets.ISO_8859_1);
    String b = Files.readString(root.resolve("g/b"), StandardCharsets.ISO_8859_1);
    assertThat(a).doesNotContain("sed");
    assertThat(a.substring(100)).isNotEqualTo(b.substring(100));
  }

  @Test
  void everyAlteredByteIsFound() throws Exception {
    repository.create("g/a", random(50));
    byte[] sealed = Files.readAllBytes(root.resolve("g/a"));
    for (int i = 0; i < sealed.length; i++) {
      byte[] altered = sealed.clone();
      altered[i] ^= (byte) (1 << (i % 8));
      Files.write(root.resolve("g/a"), altered);
      if (i == ObjectCipher.MAGIC.length) {
        assertThatThrownBy(() -> read("g/a", 0)).isInstanceOf(NewerFormatException.class);
      } else {
        damaged(() -> read("g/a", 0), "g/a", "byte " + i);
      }
    }
  }

  @Test
  void everyTruncationIsFound() throws Exception {
    repository.create("g/a", random(3 * CHUNK + 5));
    byte[] sealed = Files.readAllBytes(root.resolve("g/a"));
    for (int chunk = 0; chunk <= 3; chunk++) {
      for (int more : new int[] {-17, -16, -1, 0, 1, 15, 16, 17}) {
        int length = (int) ObjectCipher.sealedOffset(chunk) + more;
        Files.write(root.resolve("g/a"), Arrays.copyOf(sealed, length));
        damaged(() -> read("g/a", 0), "g/a", "cut off at " + length);
        assertThat(repository.sizeBytes("g/a").getAsLong()).isLessThan(3 * CHUNK + 5);
      }
    }
    Files.write(root.resolve("g/a"), new byte[0]);
    damaged(() -> read("g/a", 0), "g/a", "empty");
    Files.write(root.resolve("g/a"), Arrays.copyOf(sealed, sealed.length + 1));
    damaged(() -> read("g/a", 0), "g/a", "longer");
  }

  @Test
  void swappedChunksAreFound() throws Exception {
    repository.create("g/a", random(4 * CHUNK));
    byte[] sealed = Files.readAllBytes(root.resolve("g/a"));
    byte[] swapped = sealed.clone();
    int one = (int) ObjectCipher.sealedOffset(1);
    int two = (int) ObjectCipher.sealedOffset(2);
    System.arraycopy(sealed, one, swapped, two, ObjectCipher.SEALED_CHUNK_BYTES);
    System.arraycopy(sealed, two, swapped, one, ObjectCipher.SEALED_CHUNK_BYTES);
    Files.write(root.resolve("g/a"), swapped);
    damaged(() -> read("g/a", 0), "g/a", "chunks 1 and 2");
    damaged(() -> read("g/a", 2 * CHUNK + 3), "g/a", "chunks 1 and 2, from the middle");
  }

  @Test
  void objectsUnderOthersNamesAreFound() throws Exception {
    repository.create("g/a", random(100));
    repository.create("g/b", random(100));
    byte[] a = Files.readAllBytes(root.resolve("g/a"));
    byte[] b = Files.readAllBytes(root.resolve("g/b"));
    Files.write(root.resolve("g/a"), b);
    damaged(() -> read("g/a", 0), "g/a", "b under the name of a");
    byte[] mixed = b.clone();
    System.arraycopy(a, 0, mixed, 0, ObjectCipher.HEADER_BYTES);
    Files.write(root.resolve("g/a"), mixed);
    damaged(() -> read("g/a", 0), "g/a", "a's header, b's chunks");
  }

  @Test
  void anObjectThatIsNotEncryptedIsFound() throws Exception {
    repository.create("g/a", random(10));
    raw.create("g/b", random(1000));
    raw.create("g/c", new byte[0]);
    damaged(() -> read("g/b", 0), "g/b", "plain");
    damaged(() -> read("g/c", 0), "g/c", "plain and empty");
  }

  @Test
  void anotherKeyIsRefusedAtOnce() throws Exception {
    repository.create("g/a", random(10));
    wrongKey(() -> EncryptedRepository.open(raw, newKey()));
    wrongKey(() -> EncryptedRepository.requirePlain(raw));
  }

  @Test
  void aRepositoryWithPlainObjectsIsNotOpenedWithAKey() throws Exception {
    raw.create("g/a", random(10));
    wrongKey(() -> EncryptedRepository.open(raw, key));
    EncryptedRepository.requirePlain(raw);
  }

  @Test
  void aLostKeyringIsDamage() throws Exception {
    repository.create("g/a", random(10));
    raw.delete(Keyring.key(1));
    damaged(() -> EncryptedRepository.open(raw, key), Keyring.key(1), "no keyring");
  }

  @Test
  void anotherRepositorysKeyringOpensNothing() throws Exception {
    repository.create("g/a", random(10));
    Repository other = new DirectoryRepository(directory.resolve("other"));
    EncryptedRepository.open(other, key).create("g/b", random(10));
    Files.copy(directory.resolve("other").resolve(Keyring.key(1)), root.resolve("keys/copy.json"));
    Files.delete(root.resolve(Keyring.key(1)));
    Files.move(root.resolve("keys/copy.json"), root.resolve(Keyring.key(1)));
    repository = EncryptedRepository.open(raw, key);
    damaged(() -> read("g/a", 0), "g/a", "another repository's keyring");
  }

  @Test
  void everyAlteredByteOfAKeyringIsFound() throws Exception {
    repository.create("g/a", random(10));
    Path file = root.resolve(Keyring.key(1));
    byte[] ring = Files.readAllBytes(file);
    for (int i = 0; i < ring.length; i++) {
      byte[] altered = ring.clone();
      altered[i] ^= 1;
      Files.write(file, altered);
      assertThatThrownBy(() -> EncryptedRepository.open(raw, key))
          .as("byte %d", i)
          .isInstanceOf(VarveException.class);
    }
  }

  @Test
  void aKeyringThatSomebodyElseMadeIsFound() throws Exception {
    repository.create("g/a", random(10));
    Path file = root.resolve(Keyring.key(1));
    Keyring ring = Keyring.read(Keyring.key(1), Files.readAllBytes(file));
    Keyring again = new Keyring(2, ring.masterKeyId(), ring.keys(), ring.createdAt());
    raw.create(again.key(), again.write(newKey()));
    // the true one is still there and is used
    assertThat(EncryptedRepository.open(raw, key).sizeBytes("g/a")).hasValue(10);
    Files.delete(file);
    damaged(() -> EncryptedRepository.open(raw, key), again.key(), "forged");
  }

  @Test
  void keyringsAreNotToBeSeenThroughIt() throws Exception {
    repository.create("g/a", random(10));
    String ring = Keyring.key(1);
    assertThat(repository.list("")).containsExactly("g/a");
    assertThat(repository.sizeBytes(ring)).isEmpty();
    assertThatThrownBy(() -> repository.read(ring, 0)).isInstanceOf(IOException.class);
    assertThatThrownBy(() -> repository.delete(ring)).isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> repository.create(ring, random(3)))
        .isInstanceOf(IllegalArgumentException.class);
  }

  @Test
  void aGraphMayBeCalledKeys() throws Exception {
    repository.create("keys/manifests/00000000000000000001.json", random(10));
    assertThat(EncryptedRepository.open(raw, key).list("")).hasSize(1);
  }

  private byte[] read(String name, long offset) throws IOException {
    try (InputStream in = repository.read(name, offset)) {
      return in.readAllBytes();
    }
  }

  private static byte[] random(int length) {
    byte[] bytes = new byte[length];
    new Random(length).nextBytes(bytes);
    return bytes;
  }

  private static void damaged(ThrowingCallable call, String name, String as) {
    assertThatThrownBy(call)
        .as(as)
        .isInstanceOfSatisfying(
            DamagedException.class,
            e -> {
              assertThat(e.key()).isEqualTo(name);
              assertThat(e.exitCode()).isEqualTo(ExitCode.DAMAGE_FOUND);
            });
  }

  private static void wrongKey(ThrowingCallable call) {
    assertThatThrownBy(call)
        .isInstanceOfSatisfying(
            VarveException.class, e -> assertThat(e.exitCode()).isEqualTo(ExitCode.WRONG_KEY));
  }
}
