package dev.varve.archive;

import static org.assertj.core.api.Assertions.assertThat;

import dev.varve.archive.crypt.EncryptedRepository;
import dev.varve.archive.crypt.MasterKey;
import dev.varve.archive.s3.S3Lab;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;

/** Encryption over object storage. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
final class EncryptedS3RepositoryTest extends RepositoryContract {

  private static final MasterKey KEY =
      MasterKey.parse(MasterKey.generate(new SecureRandom()), "test");

  private S3Lab lab;

  @BeforeAll
  void start(@TempDir Path directory) throws Exception {
    lab = S3Lab.start(directory);
  }

  @AfterAll
  void stop() throws Exception {
    lab.close();
  }

  @Override
  Repository repository() {
    try {
      return EncryptedRepository.open(lab.repository(), KEY);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Up in parts, down in ranges. */
  @Test
  void aLargeObjectIsReadBackFromAnywhere() throws Exception {
    byte[] content = new byte[20 << 20];
    new Random(1).nextBytes(content);
    Path file = Files.write(files.resolve("large"), content);
    Repository repository = repository();
    repository.create("g/segments/large.avro", file);
    for (int offset : new int[] {0, 65_535, 65_536, 7 << 20, content.length - 3, content.length}) {
      try (InputStream in = repository.read("g/segments/large.avro", offset)) {
        assertThat(in.readAllBytes())
            .isEqualTo(Arrays.copyOfRange(content, offset, content.length));
      }
    }
  }

  @Override
  boolean decidesLongFiles() throws IOException {
    return lab.decidesCompletion();
  }
}
