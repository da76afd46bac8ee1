package dev.varve.cli.drill;

import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.OptionalLong;

/**
 * What {@code promote.fence} posts to: it shuts the doors to the old primary for good, as a switch
 * or a firewall does, whatever state the primary itself is in. And what {@code promote.quiesce}
 * posts to: that shuts the clients' alone.
 */
final class Fence implements AutoCloseable {

  private static final int NO_CONTENT = 204;

  private final HttpServer server;
  private volatile long shutAtNanos; // 0 until then
  private volatile long quietAtNanos; // 0 until then

  Fence(Doors doors) throws IOException {
    server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    on(
        "/fence",
        () -> {
          doors.set(Proxy.Way.SHUT);
          if (shutAtNanos == 0) {
            shutAtNanos = System.nanoTime();
          }
        });
    on(
        "/quiesce",
        () -> {
          doors.clients().set(Proxy.Way.SHUT);
          if (quietAtNanos == 0) {
            quietAtNanos = System.nanoTime();
          }
        });
    server.start();
  }

  private void on(String path, Runnable action) {
    server.createContext(
        path,
        exchange -> {
          action.run();
          exchange.sendResponseHeaders(NO_CONTENT, -1);
          exchange.close();
        });
  }

  String fenceUrl() {
    return url("/fence");
  }

  String quiesceUrl() {
    return url("/quiesce");
  }

  private String url(String path) {
    return "http://127.0.0.1:" + server.getAddress().getPort() + path;
  }

  /** When the primary was shut off; absent if nobody did. */
  OptionalLong shutAtNanos() {
    return shutAtNanos == 0 ? OptionalLong.empty() : OptionalLong.of(shutAtNanos);
  }

  /** When clients were shut out; absent if they were not. */
  OptionalLong quietAtNanos() {
    return quietAtNanos == 0 ? OptionalLong.empty() : OptionalLong.of(quietAtNanos);
  }

  @Override
  public void close() {
    server.stop(0);
  }
}
