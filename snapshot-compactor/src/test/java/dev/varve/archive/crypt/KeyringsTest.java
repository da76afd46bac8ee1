package dev.varve.archive.crypt;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.varve.archive.DirectoryRepository;
import dev.varve.archive.Repository;
import dev.varve.fault.ExitCode;
import dev.varve.fault.VarveException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.time.Clock;
import java.util.List;
import java.util.OptionalLong;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class KeyringsTest {

  @TempDir Path directory;
  private final MasterKey old = EncryptionTest.newKey();
  private final MasterKey next = EncryptionTest.newKey();
  private Repository raw = new DirectoryRepository(Path.of("unset"));

  @BeforeEach
  void anEncryptedRepository() throws Exception {
    raw = new DirectoryRepository(directory.resolve("root"));
    open(old).create("g/a", text("before"));
  }

  @Test
  void afterARotationBothKeysOpenIt() throws Exception {
    Keyrings.Rotated rotated = keyrings(raw).rotate(old, next, false, false);
    assertThat(rotated.created()).isTrue();
    assertThat(rotated.left()).containsExactly(Keyring.key(1));
    assertThat(read(open(old))).isEqualTo("before");
    assertThat(read(open(next))).isEqualTo("before");
    assertThat(open(next).keyId()).isEqualTo(open(old).keyId());
    assertThat(raw.list("g/")).containsExactly("g/a");
  }

  @Test
  void afterRetiringTheOldKeyOpensNothing() throws Exception {
    Repository running = open(old);
    Keyrings.Rotated rotated = keyrings(raw).rotate(old, next, false, true);
    assertThat(rotated.removed()).containsExactly(Keyring.key(1));
    assertThat(read(open(next))).isEqualTo("before");
    wrongKey(() -> open(old));
    // who has opened it before goes on
    running.create("g/b", text("during"));
    assertThat(open(next).sizeBytes("g/b")).hasValue(6);
    assertThat(read(running)).isEqualTo("before");
  }

  @Test
  void retiringMayComeLater() throws Exception {
    keyrings(raw).rotate(old, next, false, false);
    Keyrings.Rotated rotated = keyrings(raw).rotate(old, next, false, true);
    assertThat(rotated.created()).isFalse();
    assertThat(rotated.removed()).containsExactly(Keyring.key(1));
    // and with the new key alone
    assertThat(keyrings(raw).rotate(next, next, false, true).removed()).isEmpty();
  }

  @Test
  void aNewRepositoryKeyIsForNewObjects() throws Exception {
    Repository running = open(old);
    keyrings(raw).rotate(old, next, true, false);
    Repository now = open(next);
    assertThat(now.keyId()).isNotEqualTo(running.keyId());
    assertThat(read(now)).isEqualTo("before");
    now.create("g/b", text("after"));
    // neither old nor running ones can read that, and they say why
    wrongKey(() -> running.read("g/b", 0));
    wrongKey(() -> open(old).read("g/b", 0));
    assertThat(read(open(old))).isEqualTo("before");
  }

  @Test
  void aRunningProcessLearnsOfANewRepositoryKey() throws Exception {
    Repository running = open(old);
    keyrings(raw).rotate(old, old, true, false);
    open(old).create("g/b", text("after"));
    try (InputStream in = running.read("g/b", 0)) {
      assertThat(in.readAllBytes()).isEqualTo(text("after"));
    }
  }

  @Test
  void onlyWhoHasTheKeyMayRotate() throws Exception {
    wrongKey(() -> keyrings(raw).rotate(EncryptionTest.newKey(), next, false, true));
    keyrings(raw).rotate(old, next, false, true);
    wrongKey(() -> keyrings(raw).rotate(old, EncryptionTest.newKey(), false, true));
    assertThat(read(open(next))).isEqualTo("before");
  }

  @Test
  void theSameKeyIsRefused() {
    assertThatThrownBy(() -> keyrings(raw).rotate(old, old, false, false))
        .hasMessageContaining("is the old one");
  }

  /** Dies before or after every call; whatever was done, the right key opens everything. */
  @Test
  void aRotationMayBeKilledAtEveryCall() throws Exception {
    int deaths = 0;
    for (boolean after : new boolean[] {false, true}) {
      for (int call = 1; ; call++) {
        raw = new DirectoryRepository(directory.resolve("killed-" + after + "-" + call));
        open(old).create("g/a", text("before"));
        Repository running = open(old);
        Dying dying = new Dying(raw, call, after);
        boolean died = false;
        try {
          keyrings(dying).rotate(old, next, true, true);
        } catch (Died e) {
          died = true;
        }
        assertThat(read(running)).isEqualTo("before");
        running.create("g/during", text("during"));
        assertThat(opensWith(old) || opensWith(next)).isTrue();
        Keyrings.Rotated rotated = keyrings(raw).rotate(old, next, true, true);
        assertThat(rotated.ring().keys()).hasSize(2);
        assertThat(raw.list("keys/")).containsExactly(Keyring.key(2));
        assertThat(read(open(next))).isEqualTo("before");
        assertThat(open(next).sizeBytes("g/during")).hasValue(6);
        wrongKey(() -> open(old));
        if (!died) {
          break;
        }
        deaths++;
      }
    }
    assertThat(deaths).isGreaterThanOrEqualTo(10);
  }

  @Test
  void ofTwoWhoRotateAtOnceNoneLosesAKey() throws Exception {
    MasterKey other = EncryptionTest.newKey();
    // the other rotates at the moment of our create
    Repository racing =
        new Dying(raw, Integer.MAX_VALUE, false) {
          @Override
          public Creation create(String key, byte[] content) throws IOException {
            keyrings(raw).rotate(old, other, true, false);
            return super.create(key, content);
          }
        };
    wrongKey(() -> keyrings(racing).rotate(old, next, true, true));
    assertThat(read(open(other))).isEqualTo("before");
  }

  private boolean opensWith(MasterKey key) throws IOException {
    try {
      return read(open(key)).equals("before");
    } catch (VarveException e) {
      assertThat(e.exitCode()).isEqualTo(ExitCode.WRONG_KEY);
      return false;
    }
  }

  private static Keyrings keyrings(Repository raw) {
    return new Keyrings(raw, new SecureRandom(), Clock.systemUTC());
  }

  private Repository open(MasterKey key) throws IOException {
    return EncryptedRepository.open(raw, key);
  }

  private static String read(Repository repository) throws IOException {
    try (InputStream in = repository.read("g/a", 0)) {
      return new String(in.readAllBytes(), StandardCharsets.UTF_8);
    }
  }

  private static byte[] text(String text) {
    return text.getBytes(StandardCharsets.UTF_8);
  }

  private static void wrongKey(ThrowingCallable call) {
    assertThatThrownBy(call)
        .isInstanceOfSatisfying(
            VarveException.class, e -> assertThat(e.exitCode()).isEqualTo(ExitCode.WRONG_KEY));
  }

  /** Stands for the end of the process. */
  private static final class Died extends RuntimeException {}

  /** Dies at one call, before or after its effect. */
  private static class Dying implements Repository {
    private final Repository inner;
    private final int dieAt;
    private final boolean after;
    private int calls;

    Dying(Repository inner, int dieAt, boolean after) {
      this.inner = inner;
      this.dieAt = dieAt;
      this.after = after;
    }

    private interface Step<T> {
      T run() throws IOException;
    }

    private <T> T run(Step<T> step) throws IOException {
      boolean dies = ++calls == dieAt;
      if (dies && !after) {
        throw new Died();
      }
      T result = step.run();
      if (dies) {
        throw new Died();
      }
      return result;
    }

    @Override
    public List<Listed> list(String prefix, String after) throws IOException {
      return run(() -> inner.list(prefix, after));
    }

    @Override
    public OptionalLong sizeBytes(String key) throws IOException {
      return run(() -> inner.sizeBytes(key));
    }

    @Override
    public InputStream read(String key, long offsetBytes) throws IOException {
      return run(() -> inner.read(key, offsetBytes));
    }

    @Override
    public Creation create(String key, byte[] content) throws IOException {
      return run(() -> inner.create(key, content));
    }

    @Override
    public Creation create(String key, Path content) throws IOException {
      return run(() -> inner.create(key, content));
    }

    @Override
    public void delete(String key) throws IOException {
      run(
          () -> {
            inner.delete(key);
            return key;
          });
    }

    @Override
    public String location() {
      return inner.location();
    }
  }
}
