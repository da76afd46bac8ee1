package dev.varve.archive.s3;

import dev.varve.archive.Bandwidth;
import dev.varve.embedded.EmbeddedServer;
import dev.varve.embedded.IsolatedClassPath;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;

/** An S3 server that checks signatures, behind a proxy that can do harm; each with one bucket. */
public final class S3Lab implements AutoCloseable {

  static final String BUCKET = "varve-test";
  static final String ACCESS_KEY = "the-access-key";
  static final String SECRET_KEY = "the-secret-key";
  static final S3Options.Retry IMPATIENT =
      new S3Options.Retry(5, Duration.ofMillis(5), Duration.ofMillis(10), Duration.ofMillis(200));

  /** So small that ten megabytes make several. */
  static final S3Options.Transfer SMALL =
      new S3Options.Transfer(S3Options.Transfer.LEAST_PART_BYTES, 3, 1 << 20, 3);

  private final IsolatedClassPath classPath;
  private final EmbeddedServer.Running server;
  private final FaultyProxy proxy;

  private S3Lab(IsolatedClassPath classPath, EmbeddedServer.Running server, FaultyProxy proxy) {
    this.classPath = classPath;
    this.server = server;
    this.proxy = proxy;
  }

  /** Starts both. */
  public static S3Lab start(Path directory) throws IOException {
    IsolatedClassPath classPath =
        IsolatedClassPath.of(Path.of("../cli/embedded-s3/target/class-path"));
    EmbeddedServer.Running server =
        classPath
            .load(EmbeddedServer.class)
            .start(
                directory,
                Map.of("accessKey", ACCESS_KEY, "secretKey", SECRET_KEY, "bucket", BUCKET));
    return new S3Lab(classPath, server, FaultyProxy.start(URI.create(server.address())));
  }

  FaultyProxy proxy() {
    return proxy;
  }

  /** The server itself. */
  URI server() {
    return URI.create(server.address());
  }

  /** Settings for an empty place in the bucket, through the proxy. */
  S3Options options() {
    return options(proxy.address());
  }

  S3Options options(URI endpoint) {
    return S3Options.of(BUCKET, "test/" + UUID.randomUUID(), Optional.of(endpoint))
        .withCredentials(Optional.of(new S3Options.Credentials(ACCESS_KEY, SECRET_KEY)))
        .withTransfer(SMALL)
        .withRetry(IMPATIENT);
  }

  /** An empty repository. */
  public S3Repository repository() {
    return S3Repository.open(options(), Bandwidth.UNLIMITED);
  }

  @Override
  public void close() throws IOException {
    proxy.close();
    server.close();
    classPath.close();
  }
}
