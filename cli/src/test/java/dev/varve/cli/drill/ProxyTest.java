package dev.varve.cli.drill;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.SocketTimeoutException;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** A door to a server that says everything back. */
final class ProxyTest {

  private static final int LONG_MS = 10_000;
  private static final int SHORT_MS = 300;
  private static final Proxy.Slowness SLOWNESS = new Proxy.Slowness(100, 2);

  private ServerSocket server;
  private Proxy proxy;

  @BeforeEach
  void open() throws IOException {
    server = new ServerSocket(0, 0, InetAddress.getLoopbackAddress());
    Thread thread = new Thread(this::serve, "echo");
    thread.setDaemon(true);
    thread.start();
    proxy = Proxy.to((InetSocketAddress) server.getLocalSocketAddress(), SLOWNESS);
  }

  @AfterEach
  void close() throws IOException {
    proxy.close();
    server.close();
  }

  private void serve() {
    while (!server.isClosed()) {
      try {
        Socket client = server.accept();
        Thread thread =
            new Thread(
                () -> {
                  try (client) {
                    client.getInputStream().transferTo(client.getOutputStream());
                  } catch (IOException e) {
                    // broken by the proxy
                  }
                });
        thread.setDaemon(true);
        thread.start();
      } catch (IOException e) {
        return;
      }
    }
  }

  @Test
  void openDoorPassesEverything() throws IOException {
    try (Socket client = connect()) {
      assertThat(say(client, "hello", LONG_MS)).isEqualTo("hello");
    }
  }

  @Test
  void silentDoorPassesNothingAndBreaksNothing() throws IOException {
    try (Socket client = connect()) {
      say(client, "before", LONG_MS);
      proxy.set(Proxy.Way.SILENT);
      assertThatThrownBy(() -> say(client, "during", SHORT_MS))
          .isInstanceOf(SocketTimeoutException.class);
      try (Socket late = connect()) {
        assertThatThrownBy(() -> say(late, "also", SHORT_MS))
            .as("a new connection is not refused, and not answered either")
            .isInstanceOf(SocketTimeoutException.class);
        proxy.set(Proxy.Way.OPEN);
        assertThat(read(client, "during".length(), LONG_MS)).isEqualTo("during");
        assertThat(read(late, "also".length(), LONG_MS)).isEqualTo("also");
      }
    }
  }

  @Test
  void shutDoorBreaksWhatIsOpenAndWhatComes() throws IOException {
    try (Socket client = connect()) {
      say(client, "before", LONG_MS);
      proxy.set(Proxy.Way.SHUT);
      assertThat(broken(client)).isTrue();
      try (Socket late = connect()) {
        assertThat(broken(late)).isTrue();
      }
    }
  }

  @Test
  void silentDoorCanBeShut() throws IOException {
    try (Socket client = connect()) {
      say(client, "before", LONG_MS);
      proxy.set(Proxy.Way.SILENT);
      proxy.set(Proxy.Way.SHUT);
      assertThat(broken(client)).isTrue();
    }
  }

  @Test
  void slowDoorTakesItsTime() throws IOException {
    try (Socket client = connect()) {
      say(client, "before", LONG_MS);
      proxy.set(Proxy.Way.SLOW);
      long began = System.nanoTime();
      assertThat(say(client, "abcdef", LONG_MS)).isEqualTo("abcdef");
      // six bytes are three pieces, there and back; the two ways overlap
      assertThat((System.nanoTime() - began) / 1_000_000)
          .isGreaterThanOrEqualTo(4 * SLOWNESS.delayMs());
    }
  }

  @Test
  void serverThatIsGoneBreaksTheClient() throws IOException {
    server.close();
    try (Socket client = connect()) {
      assertThat(broken(client)).isTrue();
    }
  }

  private Socket connect() throws IOException {
    String[] address = proxy.address().split(":", 2);
    return new Socket(address[0], Integer.parseInt(address[1]));
  }

  private static String say(Socket client, String text, int withinMs) throws IOException {
    client.getOutputStream().write(text.getBytes(StandardCharsets.US_ASCII));
    return read(client, text.length(), withinMs);
  }

  private static String read(Socket client, int length, int withinMs) throws IOException {
    client.setSoTimeout(withinMs);
    return new String(client.getInputStream().readNBytes(length), StandardCharsets.US_ASCII);
  }

  private static boolean broken(Socket client) throws IOException {
    client.setSoTimeout(LONG_MS);
    try {
      InputStream in = client.getInputStream();
      return in.read() < 0;
    } catch (SocketTimeoutException e) {
      return false;
    } catch (IOException e) {
      return true;
    }
  }
}
