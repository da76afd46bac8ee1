package dev.varve.embedded.neo4j;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.varve.embedded.EmbeddedServer;
import java.io.BufferedReader;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.ServiceLoader;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.neo4j.driver.AuthToken;
import org.neo4j.driver.AuthTokens;
import org.neo4j.driver.Driver;
import org.neo4j.driver.GraphDatabase;
import org.neo4j.driver.exceptions.AuthenticationException;

final class EmbeddedNeo4jTest {

  private final Path home;

  EmbeddedNeo4jTest(@TempDir Path home) {
    this.home = home;
  }

  @Test
  void keepsDataAndAddressOverARestart() {
    EmbeddedServer server = ServiceLoader.load(EmbeddedServer.class).findFirst().orElseThrow();
    String address;
    try (var running = server.start(home, Map.of())) {
      address = running.address();
      execute(address, AuthTokens.none(), "CREATE (:Layer {year: 1})-[:ABOVE]->(:Layer)");
    }
    try (var running = server.start(home, Map.of())) {
      assertThat(running.address()).isEqualTo(address);
      assertThat(count(address)).isEqualTo(2);
      execute(address, AuthTokens.none(), "CALL varve.cdc.status()"); // the plugin is active
    }
  }

  @Test
  void asksForThePasswordWhenAuthIsOn() {
    Map<String, String> settings = Map.of("auth", "true", "password", "sediment");
    for (int start = 0; start < 2; start++) {
      try (var running = new EmbeddedNeo4j().start(home, settings)) {
        String address = running.address();
        execute(address, AuthTokens.basic("neo4j", "sediment"), "CREATE ()");
        assertThatThrownBy(() -> execute(address, AuthTokens.basic("neo4j", "mud"), "CREATE ()"))
            .isInstanceOf(AuthenticationException.class);
      }
    }
  }

  @Test
  void childSurvivesKillMinusNine() throws IOException, InterruptedException {
    Process child = startChild();
    try {
      String address = readyAddress(child);
      execute(address, AuthTokens.none(), "UNWIND range(1, 10) AS n CREATE ({n: n})");
    } finally {
      child.destroyForcibly().waitFor();
    }
    try (var running = new EmbeddedNeo4j().start(home, Map.of())) {
      assertThat(count(running.address())).isEqualTo(10);
    }
  }

  private Process startChild() throws IOException {
    return new ProcessBuilder(
            List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-Xmx512m",
                "-cp",
                System.getProperty("java.class.path"),
                EmbeddedNeo4jMain.class.getName(),
                home.toString()))
        .redirectError(ProcessBuilder.Redirect.INHERIT)
        .start();
  }

  private static String readyAddress(Process child) throws IOException {
    BufferedReader output = child.inputReader(StandardCharsets.UTF_8);
    String line = output.readLine();
    assertThat(line).startsWith(EmbeddedNeo4jMain.READY);
    return line.substring(EmbeddedNeo4jMain.READY.length());
  }

  private static void execute(String address, AuthToken token, String statement) {
    try (Driver driver = GraphDatabase.driver(address, token)) {
      driver.executableQuery(statement).execute();
    }
  }

  private static long count(String address) {
    try (Driver driver = GraphDatabase.driver(address, AuthTokens.none())) {
      return driver
          .executableQuery("MATCH (n) RETURN count(n) AS n")
          .execute()
          .records()
          .get(0)
          .get("n")
          .asLong();
    }
  }
}
