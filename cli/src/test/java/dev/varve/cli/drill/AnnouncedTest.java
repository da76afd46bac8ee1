package dev.varve.cli.drill;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Where a client learns who the primary is. */
final class AnnouncedTest {

  private static final int LOOKS_MAX = 1_000;

  @TempDir private Path directory;

  @Test
  void fileTellsWhenItNamesAnother() throws Exception {
    Path file = directory.resolve("primary.json");
    Announced.Place place = Announced.Place.of(file.toString());
    assertThat(place.read()).as("there is none yet").isEmpty();
    write(file, "{\"primary\": \"bolt://a:1\"}");
    assertThat(place.read()).contains("bolt://a:1");
    try (Announced announced = new Announced(place, place.read())) {
      write(file, "torn");
      assertThat(announced.change()).isEmpty();
      write(file, "{\"graph\": \"g\", \"primary\": \"bolt://b:1?database=x\"}");
      assertThat(changed(announced)).isEqualTo("bolt://b:1?database=x");
    }
  }

  @Test
  void observerTellsAndAnErrorChangesNothing() throws Exception {
    AtomicReference<String> primary = new AtomicReference<>("bolt://a:1");
    HttpServer server =
        HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    server.createContext(
        "/primary",
        exchange -> {
          byte[] body = ("{\"primary\":\"" + primary + "\"}").getBytes(StandardCharsets.UTF_8);
          exchange.sendResponseHeaders("".equals(primary.get()) ? 503 : 200, body.length);
          exchange.getResponseBody().write(body);
          exchange.close();
        });
    server.start();
    try {
      Announced.Place place =
          Announced.Place.of("http://127.0.0.1:" + server.getAddress().getPort() + "/primary");
      try (Announced announced = new Announced(place, place.read())) {
        primary.set("");
        assertThatThrownBy(place::read).isInstanceOf(IOException.class).hasMessageContaining("503");
        assertThat(announced.change()).isEmpty();
        primary.set("bolt://b:1");
        assertThat(changed(announced)).isEqualTo("bolt://b:1");
      }
    } finally {
      server.stop(0);
    }
  }

  @Test
  void whatNamesNoPrimaryIsAnError() {
    assertThatThrownBy(() -> Announced.primary("{\"graph\": \"g\"}"))
        .hasMessageContaining("primary");
    assertThatThrownBy(() -> Announced.primary("<html>")).hasMessageContaining("no JSON");
  }

  /** As it is announced: whoever reads it sees the old one or the new one. */
  private static void write(Path file, String text) throws IOException {
    Path next = file.resolveSibling("next");
    Files.writeString(next, text);
    Files.move(next, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
  }

  private static String changed(Announced announced) throws InterruptedException {
    for (int i = 0; i < LOOKS_MAX && announced.change().isEmpty(); i++) {
      TimeUnit.MILLISECONDS.sleep(10);
    }
    return announced.change().map(Announced.Change::primary).orElse("");
  }
}
