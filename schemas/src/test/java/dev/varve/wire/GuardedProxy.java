package dev.varve.wire;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import com.sun.net.httpserver.HttpsConfigurator;
import com.sun.net.httpserver.HttpsServer;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;

/** What operators put in front of a registry: TLS and basic authentication. */
final class GuardedProxy implements AutoCloseable {

  private final HttpServer server;
  private final ExecutorService threads = Executors.newFixedThreadPool(2);
  private final HttpClient client = HttpClient.newHttpClient();
  private final int target;
  private final Optional<String> credentials;
  private final String scheme;

  private GuardedProxy(HttpServer server, int target, Optional<String> credentials, String scheme) {
    this.server = server;
    this.target = target;
    this.credentials = credentials;
    this.scheme = scheme;
    server.createContext("/", this::handle);
    server.setExecutor(threads);
    server.start();
  }

  /**
   * Plain http with basic authentication.
   *
   * @param target the port of the registry
   * @param credentials user:password
   */
  static GuardedProxy basicAuth(int target, String credentials) throws IOException {
    return new GuardedProxy(
        HttpServer.create(loopback(), 0), target, Optional.of(credentials), "http");
  }

  /** TLS with the key of a PKCS12 file, and basic authentication if credentials are given. */
  static GuardedProxy tls(int target, Path keyStore, String password, Optional<String> credentials)
      throws IOException, GeneralSecurityException {
    KeyManagerFactory keys = KeyManagerFactory.getInstance(KeyManagerFactory.getDefaultAlgorithm());
    keys.init(
        KeyStore.getInstance(keyStore.toFile(), password.toCharArray()), password.toCharArray());
    SSLContext context = SSLContext.getInstance("TLS");
    context.init(keys.getKeyManagers(), null, null);
    HttpsServer server = HttpsServer.create(loopback(), 0);
    server.setHttpsConfigurator(new HttpsConfigurator(context));
    return new GuardedProxy(server, target, credentials, "https");
  }

  String url() {
    return scheme + "://127.0.0.1:" + server.getAddress().getPort() + "/apis/ccompat/v7";
  }

  @Override
  public void close() {
    server.stop(0);
    threads.shutdownNow();
  }

  private void handle(HttpExchange exchange) throws IOException {
    try (exchange) {
      if (!allowed(exchange)) {
        exchange.getResponseHeaders().add("WWW-Authenticate", "Basic realm=\"registry\"");
        exchange.sendResponseHeaders(401, -1);
        return;
      }
      HttpResponse<byte[]> answer =
          client.send(forwarded(exchange), HttpResponse.BodyHandlers.ofByteArray());
      for (Map.Entry<String, List<String>> header : answer.headers().map().entrySet()) {
        if (header.getKey().equalsIgnoreCase("content-type")) {
          exchange.getResponseHeaders().put(header.getKey(), header.getValue());
        }
      }
      int length = answer.body().length;
      exchange.sendResponseHeaders(answer.statusCode(), length == 0 ? -1 : length);
      exchange.getResponseBody().write(answer.body());
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private boolean allowed(HttpExchange exchange) {
    if (credentials.isEmpty()) {
      return true;
    }
    String expected =
        "Basic "
            + Base64.getEncoder()
                .encodeToString(credentials.get().getBytes(StandardCharsets.UTF_8));
    return expected.equals(exchange.getRequestHeaders().getFirst("Authorization"));
  }

  private HttpRequest forwarded(HttpExchange exchange) throws IOException {
    HttpRequest.Builder request =
        HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + target + exchange.getRequestURI()))
            .method(
                exchange.getRequestMethod(),
                HttpRequest.BodyPublishers.ofByteArray(exchange.getRequestBody().readAllBytes()));
    for (String name : List.of("Content-Type", "Accept")) {
      String value = exchange.getRequestHeaders().getFirst(name);
      if (value != null) {
        request.header(name, value);
      }
    }
    return request.build();
  }

  private static InetSocketAddress loopback() {
    return new InetSocketAddress(InetAddress.getLoopbackAddress(), 0);
  }
}
