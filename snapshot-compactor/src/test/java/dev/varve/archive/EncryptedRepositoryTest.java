package dev.varve.archive;

import static org.assertj.core.api.Assertions.assertThat;

import dev.varve.archive.crypt.EncryptedRepository;
import dev.varve.archive.crypt.MasterKey;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** An encrypted repository does what every repository does. */
class EncryptedRepositoryTest extends RepositoryContract {

  private static final MasterKey KEY =
      MasterKey.parse(MasterKey.generate(new SecureRandom()), "test");

  @TempDir Path directory;

  @Override
  Repository repository() {
    try {
      return EncryptedRepository.open(new DirectoryRepository(directory.resolve("root")), KEY);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  @Test
  void anotherProcessReadsWhatOneWrote() throws Exception {
    repository().create("g/a", bytes("sediment"));
    assertThat(read(repository(), "g/a", 3)).isEqualTo("iment");
    assertThat(repository().list("")).containsExactly("g/a");
    assertThat(repository().keyId()).isPresent().isEqualTo(repository().keyId());
  }

  @Test
  void openingWritesNothing() {
    assertThat(repository().keyId()).isPresent();
    assertThat(directory.resolve("root")).doesNotExist();
  }

  @Test
  void noTemporaryFileStaysBehind() throws Exception {
    Repository repository = repository();
    Path file = Files.writeString(files.resolve("local"), "sediment");
    repository.create("g/a", file);
    repository.create("g/a", file);
    try (Stream<Path> all = Files.walk(directory)) {
      assertThat(all.filter(Files::isRegularFile)).hasSize(2); // with the keyring
    }
    try (Stream<Path> all = Files.walk(files)) {
      assertThat(all.filter(Files::isRegularFile)).hasSize(1);
    }
  }
}
