package dev.varve.archive;

import dev.varve.archive.s3.S3Lab;
import java.io.IOException;
import java.nio.file.Path;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;

@TestInstance(TestInstance.Lifecycle.PER_CLASS)
final class S3RepositoryTest extends RepositoryContract {

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
    return lab.repository();
  }

  @Override
  boolean decidesLongFiles() throws IOException {
    return lab.decidesCompletion();
  }
}
