package dev.varve.cli.failover;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.sun.net.httpserver.HttpServer;
import dev.varve.fault.VarveException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class HookTest {

  private static final Map<String, String> FACTS = Map.of("graph", "orders", "newPrimary", "b:1");

  @TempDir private Path directory;

  @Test
  void commandIsToldWhatGoesOn() throws Exception {
    Path told = directory.resolve("told");
    hook("echo \"$VARVE_HOOK_GRAPH $VARVE_HOOK_NEW_PRIMARY\" > '" + told + "'").run(FACTS);
    assertThat(Files.readString(told)).isEqualTo("orders b:1\n");
  }

  @Test
  void commandThatFailsSaysHow() {
    assertThatThrownBy(() -> hook("echo no route to host >&2; exit 7").run(FACTS))
        .isInstanceOf(VarveException.class)
        .hasMessageContainingAll("promote.fence failed", "ended with 7", "no route to host");
  }

  @Test
  void commandThatHangsIsEndedWithAllThatItStarted() throws Exception {
    Path pid = directory.resolve("pid");
    Hook slow =
        new Hook(
            "promote.fence", "sleep 600 & echo $! > '" + pid + "'; wait", Duration.ofSeconds(1));
    assertThatThrownBy(() -> slow.run(FACTS)).hasMessageContaining("longer than 1000 ms");
    long started = Long.parseLong(Files.readString(pid).strip());
    for (int i = 0; i < 600 && runs(started); i++) {
      Thread.sleep(100);
    }
    assertThat(runs(started)).isFalse();
  }

  private static boolean runs(long pid) {
    return ProcessHandle.of(pid).map(ProcessHandle::isAlive).orElse(false);
  }

  @Test
  void addressIsPostedToAndHasToAnswerWell() throws Exception {
    AtomicReference<String> body = new AtomicReference<>("");
    HttpServer server =
        HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    server.createContext(
        "/",
        exchange -> {
          body.set(new String(exchange.getRequestBody().readAllBytes(), StandardCharsets.UTF_8));
          exchange.sendResponseHeaders(
              exchange.getRequestURI().getPath().equals("/ok") ? 204 : 503, -1);
          exchange.close();
        });
    server.start();
    try {
      String address = "http://127.0.0.1:" + server.getAddress().getPort();
      hook(address + "/ok").run(FACTS);
      assertThat(body.get()).contains("\"graph\":\"orders\"", "\"newPrimary\":\"b:1\"");
      assertThatThrownBy(() -> hook(address + "/bad").run(FACTS))
          .hasMessageContaining("answered with 503");
    } finally {
      server.stop(0);
    }
    assertThatThrownBy(() -> hook("http://127.0.0.1:1/").run(FACTS))
        .isInstanceOf(VarveException.class);
  }

  private static Hook hook(String line) {
    return new Hook("promote.fence", line, Duration.ofMinutes(1));
  }
}
