package dev.varve.archive;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class DirectoryRepositoryTest extends RepositoryContract {

  @TempDir Path directory;

  @Override
  Repository repository() {
    return new DirectoryRepository(directory.resolve("deep/root"));
  }

  @Test
  void noTemporaryFileStaysBehind() throws Exception {
    Repository repository = repository();
    repository.create("g/a", bytes("a"));
    repository.create("g/a", bytes("b"));
    try (Stream<Path> all = Files.walk(directory)) {
      assertThat(all.filter(Files::isRegularFile)).hasSize(1);
    }
  }

  @Test
  void aTemporaryFileThatAKilledWriterLeftIsNotListed() throws Exception {
    Repository repository = repository();
    repository.create("g/a", bytes("a"));
    Files.writeString(directory.resolve("deep/root/g/.b.1234.tmp"), "half of");
    assertThat(repository.list("")).containsExactly("g/a");
  }

  @Test
  void aRootThatIsAFileIsAnError() throws Exception {
    Files.writeString(directory.resolve("file"), "");
    Repository repository = new DirectoryRepository(directory.resolve("file"));
    assertThatThrownBy(() -> repository.create("g/a", bytes("a"))).isInstanceOf(IOException.class);
  }
}
