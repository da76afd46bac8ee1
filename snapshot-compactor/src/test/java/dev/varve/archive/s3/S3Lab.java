package dev.varve.archive.s3;

import dev.varve.archive.Bandwidth;
import dev.varve.embedded.EmbeddedServer;
import dev.varve.embedded.IsolatedClassPath;
import java.io.Closeable;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;

/**
 * An S3 server that checks signatures, behind a proxy that can do harm; each with one bucket.
 *
 * <p>{@code VARVE_TEST_S3=http://<access key>:<secret key>@<host>:<port>/<bucket>} in the
 * environment names another one that is already there, with a bucket that may be filled.
 */
public final class S3Lab implements AutoCloseable {

  private static final String BUCKET = "varve-test";
  private static final S3Options.Credentials CREDENTIALS =
      new S3Options.Credentials("the-access-key", "the-secret-key");
  static final S3Options.Retry IMPATIENT =
      new S3Options.Retry(5, Duration.ofMillis(5), Duration.ofMillis(10), Duration.ofMillis(200));

  /** So small that ten megabytes make several. */
  static final S3Options.Transfer SMALL =
      new S3Options.Transfer(S3Options.Transfer.LEAST_PART_BYTES, 3, 1 << 20, 3);

  private final Server server;
  private final FaultyProxy proxy;

  /**
   * What stands behind the proxy.
   *
   * @param stopping ends it, if it is ours
   */
  private record Server(
      URI address, String bucket, S3Options.Credentials credentials, Closeable stopping) {}

  private S3Lab(Server server, FaultyProxy proxy) {
    this.server = server;
    this.proxy = proxy;
  }

  /** Starts both. */
  public static S3Lab start(Path directory) throws IOException {
    String other = System.getenv("VARVE_TEST_S3");
    Server server = other == null ? own(directory) : other(URI.create(other));
    return new S3Lab(server, FaultyProxy.start(server.address()));
  }

  private static Server own(Path directory) throws IOException {
    IsolatedClassPath classPath =
        IsolatedClassPath.of(Path.of("../cli/embedded-s3/target/class-path"));
    EmbeddedServer.Running running =
        classPath
            .load(EmbeddedServer.class)
            .start(
                directory,
                Map.of(
                    "accessKey",
                    CREDENTIALS.accessKey(),
                    "secretKey",
                    CREDENTIALS.secretKey(),
                    "bucket",
                    BUCKET));
    return new Server(
        URI.create(running.address()),
        BUCKET,
        CREDENTIALS,
        () -> {
          running.close();
          classPath.close();
        });
  }

  private static Server other(URI given) {
    String[] keys = given.getUserInfo().split(":", 2);
    return new Server(
        URI.create("http://" + given.getHost() + ":" + given.getPort()),
        given.getPath().substring(1),
        new S3Options.Credentials(keys[0], keys[1]),
        () -> {});
  }

  FaultyProxy proxy() {
    return proxy;
  }

  /** The server itself. */
  URI server() {
    return server.address();
  }

  /** Not every server honours a condition on completing an upload in parts. */
  public boolean decidesCompletion() throws IOException {
    S3Repository repository = repository();
    repository.create("tried", new byte[1]);
    return repository.tryConditionalCompletion("tried", new byte[2])
        == S3Repository.Completion.HONOURED;
  }

  String accessKey() {
    return server.credentials().accessKey();
  }

  /** Settings for an empty place in the bucket, through the proxy. */
  S3Options options() {
    return options(proxy.address());
  }

  S3Options options(URI endpoint) {
    return S3Options.of(server.bucket(), "test/" + UUID.randomUUID(), Optional.of(endpoint))
        .withCredentials(Optional.of(server.credentials()))
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
    server.stopping().close();
  }
}
