package dev.varve.embedded.s3;

import dev.varve.embedded.EmbeddedServer;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import org.gaul.s3proxy.S3Proxy;
import org.gaul.s3proxy.auth.AuthenticationType;
import org.gaul.s3proxy.blobstore.BlobStore;
import org.gaul.s3proxy.nio2blob.FilesystemNio2BlobStore;
import software.amazon.awssdk.services.s3.model.BucketAlreadyOwnedByYouException;

/**
 * S3Proxy on loopback, over HTTP, keeping objects in files: it checks signatures and honours
 * conditional writes.
 *
 * <p>Settings: {@code accessKey}, {@code secretKey}, {@code bucket}, which is made, and {@code
 * port} (absent or 0: a free one). A second start in the same home goes on with its objects.
 */
public final class S3Server implements EmbeddedServer {

  @Override
  public String name() {
    return "s3";
  }

  @Override
  public Running start(Path home, Map<String, String> settings) {
    try {
      BlobStore store = new FilesystemNio2BlobStore(Files.createDirectories(home).toString());
      makeBucket(store, settings.getOrDefault("bucket", "varve"));
      S3Proxy proxy =
          S3Proxy.builder()
              .blobStore(store)
              .awsAuthentication(
                  AuthenticationType.AWS_V2_OR_V4,
                  settings.getOrDefault("accessKey", "varve"),
                  settings.getOrDefault("secretKey", "secret"))
              .endpoint(URI.create("http://127.0.0.1:" + settings.getOrDefault("port", "0")))
              .ignoreUnknownHeaders(false)
              .stopTimeout(0)
              .build();
      proxy.start();
      return new Node(proxy, store);
    } catch (Exception e) {
      throw new IllegalStateException("the S3 server does not start in " + home + ": " + e, e);
    }
  }

  private static void makeBucket(BlobStore store, String bucket) {
    try {
      store.createContainer(bucket);
    } catch (BucketAlreadyOwnedByYouException e) {
      // it was made at an earlier start in the same home
    }
  }

  /**
   * Runs it in a process of its own until standard input ends or the process is told to stop; says
   * {@code READY <address>} on standard output when it serves.
   *
   * @param arguments the home, then settings as {@code key=value}
   */
  public static void main(String[] arguments) throws IOException {
    if (arguments.length == 0) {
      System.err.println("usage: S3Server <home> [key=value ...]");
      System.exit(64);
    }
    Map<String, String> settings = new HashMap<>();
    for (int i = 1; i < arguments.length; i++) {
      String[] pair = arguments[i].split("=", 2);
      settings.put(pair[0], pair.length == 2 ? pair[1] : "");
    }
    Running running = new S3Server().start(Path.of(arguments[0]), settings);
    System.out.println("READY " + running.address());
    System.out.flush();
    while (System.in.read() >= 0) {
      // whoever started this process holds the other end
    }
    System.exit(0);
  }

  private record Node(S3Proxy proxy, BlobStore store) implements Running {

    @Override
    public String address() {
      return "http://127.0.0.1:" + proxy.getPort();
    }

    @Override
    public void close() {
      try {
        proxy.stop();
      } catch (Exception e) {
        throw new IllegalStateException("the S3 server does not stop: " + e, e);
      } finally {
        store.close();
      }
    }
  }
}
