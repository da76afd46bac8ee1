package dev.varve.cli.drill;

import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.OptionalLong;

/**
 * What {@code promote.fence} posts to: it shuts the door to the old primary for good, as a switch
 * or a firewall does, whatever state the primary itself is in.
 */
final class Fence implements AutoCloseable {

  private static final int NO_CONTENT = 204;

  private final HttpServer server;
  private volatile long shutAtNanos; // 0 until then

  Fence(Proxy door) throws IOException {
    server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    server.createContext(
        "/fence",
        exchange -> {
          door.set(Proxy.Way.SHUT);
          if (shutAtNanos == 0) {
            shutAtNanos = System.nanoTime();
          }
          exchange.sendResponseHeaders(NO_CONTENT, -1);
          exchange.close();
        });
    server.start();
  }

  String url() {
    return "http://127.0.0.1:" + server.getAddress().getPort() + "/fence";
  }

  /** When the primary was shut off; absent if nobody did. */
  OptionalLong shutAtNanos() {
    return shutAtNanos == 0 ? OptionalLong.empty() : OptionalLong.of(shutAtNanos);
  }

  @Override
  public void close() {
    server.stop(0);
  }
}
