package dev.varve.archive;

import dev.varve.archive.crypt.KeySource;
import dev.varve.archive.s3.S3Options;
import java.net.URI;
import java.nio.file.Path;
import java.util.Optional;
import java.util.OptionalLong;

/**
 * A repository as it is configured; what is only of object stores means nothing for a directory.
 *
 * @param bytesPerSecond how much may go up, and how much may come down; absent: no limit
 * @param key what the repository is encrypted under; absent: it is not
 */
public record RepositoryConfig(
    RepositoryLocation location,
    Store store,
    OptionalLong bytesPerSecond,
    Optional<KeySource> key) {

  /** See {@link S3Options}. */
  public record Store(
      Optional<URI> endpoint,
      Optional<String> region,
      Optional<Boolean> pathStyle,
      Optional<S3Options.Credentials> credentials,
      Optional<Path> caFile,
      long partBytes) {

    /** AWS, credentials from the environment. */
    public static final Store USUAL =
        new Store(
            Optional.empty(),
            Optional.empty(),
            Optional.empty(),
            Optional.empty(),
            Optional.empty(),
            S3Options.Transfer.USUAL.partBytes());

    S3Options options(RepositoryLocation.Bucket bucket) {
      return S3Options.of(bucket.bucket(), bucket.prefix(), endpoint)
          .withRegion(region)
          .withPathStyle(pathStyle.orElse(endpoint.isPresent()))
          .withCredentials(credentials)
          .withCaFile(caFile)
          .withTransfer(S3Options.Transfer.USUAL.withPartBytes(partBytes));
    }
  }

  /** A place without limits, key or settings of its own. */
  public static RepositoryConfig of(RepositoryLocation location) {
    return new RepositoryConfig(location, Store.USUAL, OptionalLong.empty(), Optional.empty());
  }

  /** The same settings for another place. */
  public RepositoryConfig at(RepositoryLocation other) {
    return new RepositoryConfig(other, store, bytesPerSecond, key);
  }

  /** Without keys and secrets. */
  @Override
  public String toString() {
    return location.toString();
  }
}
