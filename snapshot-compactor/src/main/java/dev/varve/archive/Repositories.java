package dev.varve.archive;

import dev.varve.archive.crypt.EncryptedRepository;
import dev.varve.archive.s3.S3Repository;
import java.io.IOException;

/** Opens repositories. */
public final class Repositories {

  private Repositories() {}

  /**
   * Opens a repository as it is configured. Writes nothing.
   *
   * @throws dev.varve.fault.VarveException if it cannot be used so, such as with a wrong key
   * @throws IOException if it cannot be reached now
   */
  public static Repository open(RepositoryConfig config) throws IOException {
    Repository raw = openRaw(config);
    boolean opened = false;
    try {
      Repository repository = raw;
      if (config.key().isPresent()) {
        repository = EncryptedRepository.open(raw, config.key().get().load());
      } else {
        EncryptedRepository.requirePlain(raw);
      }
      opened = true;
      return repository;
    } finally {
      if (!opened) {
        raw.close();
      }
    }
  }

  /** Opens what lies below encryption. Asks nothing of it yet. */
  public static Repository openRaw(RepositoryConfig config) {
    Bandwidth bandwidth =
        config.bytesPerSecond().isPresent()
            ? Bandwidth.of(config.bytesPerSecond().getAsLong())
            : Bandwidth.UNLIMITED;
    if (config.location() instanceof RepositoryLocation.Bucket bucket) {
      return S3Repository.open(config.store().options(bucket), bandwidth);
    }
    return new DirectoryRepository(
        ((RepositoryLocation.Directory) config.location()).path(), bandwidth);
  }
}
