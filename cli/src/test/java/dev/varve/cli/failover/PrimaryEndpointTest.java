package dev.varve.cli.failover;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.varve.cdc.Promotion;
import dev.varve.fault.VarveException;
import dev.varve.observe.Verdict;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

class PrimaryEndpointTest {

  private static final Promotion PROMOTION =
      new Promotion(
          "neo4j:b",
          "bolt://b:7687",
          Optional.empty(),
          List.of("neo4j:a"),
          Instant.parse("2026-01-01T00:00:00Z"));
  private static final Verdict UP =
      new Verdict(Verdict.State.UP, List.of("x", "y"), Map.of(), List.of("z"), Verdict.State.DOWN);
  private static final Verdict DOWN =
      new Verdict(
          Verdict.State.DOWN,
          List.of(),
          Map.of("x", "no answer"),
          List.of("y"),
          Verdict.State.UNDECIDED);

  private record Said(int status, JsonNode json) {}

  private static PrimaryEndpoint open(
      Callable<Optional<Promotion>> promotion, Optional<Verdict> verdict) {
    return PrimaryEndpoint.open(
        new InetSocketAddress(InetAddress.getLoopbackAddress(), 0),
        new PrimaryEndpoint.Setting(
            "orders", "bolt://a:7687", promotion, () -> verdict, Duration.ofMillis(500)));
  }

  private static Said ask(PrimaryEndpoint endpoint, String method, String path) throws Exception {
    URI uri = URI.create("http://127.0.0.1:" + endpoint.address().getPort() + path);
    HttpResponse<String> response =
        HttpClient.newHttpClient()
            .send(
                HttpRequest.newBuilder(uri)
                    .method(method, HttpRequest.BodyPublishers.noBody())
                    .build(),
                HttpResponse.BodyHandlers.ofString());
    return new Said(response.statusCode(), new ObjectMapper().readTree(response.body()));
  }

  @Test
  void untilOneIsPromotedTheConfiguredStoreIsThePrimary() throws Exception {
    try (PrimaryEndpoint endpoint = open(Optional::empty, Optional.of(UP))) {
      Said said = ask(endpoint, "GET", "/primary");
      assertThat(said.status()).isEqualTo(200);
      assertThat(said.json().get("graph").asText()).isEqualTo("orders");
      assertThat(said.json().get("primary").asText()).isEqualTo("bolt://a:7687");
    }
  }

  @Test
  void thePromotedOneIsNamedAMomentLater() throws Exception {
    AtomicInteger asked = new AtomicInteger();
    try (PrimaryEndpoint endpoint =
        open(
            () -> asked.getAndIncrement() == 0 ? Optional.empty() : Optional.of(PROMOTION),
            Optional.of(UP))) {
      assertThat(ask(endpoint, "GET", "/primary").json().get("primary").asText())
          .isEqualTo("bolt://a:7687");
      Thread.sleep(1_100);
      JsonNode json = ask(endpoint, "GET", "/primary").json();
      assertThat(json.get("primary").asText()).isEqualTo("bolt://b:7687");
      assertThat(json.get("store").asText()).isEqualTo("neo4j:b");
      assertThat(json.get("since").asText()).isEqualTo("2026-01-01T00:00:00Z");
      assertThat(asked).hasValue(2);
    }
  }

  @Test
  void whoCannotAskKafkaNamesNobody() throws Exception {
    CountDownLatch never = new CountDownLatch(1);
    AtomicInteger asked = new AtomicInteger();
    Callable<Optional<Promotion>> hanging =
        () -> {
          if (asked.getAndIncrement() > 0) {
            never.await();
          }
          return Optional.of(PROMOTION);
        };
    try (PrimaryEndpoint endpoint = open(hanging, Optional.empty())) {
      assertThat(ask(endpoint, "GET", "/primary").status()).isEqualTo(200);
      Thread.sleep(1_100);
      for (int i = 0; i < 2; i++) {
        Said said = ask(endpoint, "GET", "/primary");
        assertThat(said.status()).isEqualTo(503);
        assertThat(said.json().has("primary")).isFalse();
        assertThat(said.json().get("error").asText()).contains("Kafka does not answer");
      }
      assertThat(asked).as("one hanging look, not one for each client").hasValue(2);
    }
    Callable<Optional<Promotion>> failing =
        () -> {
          throw new IllegalStateException("no brokers");
        };
    try (PrimaryEndpoint endpoint = open(failing, Optional.empty())) {
      Said said = ask(endpoint, "GET", "/primary");
      assertThat(said.status()).isEqualTo(503);
      assertThat(said.json().get("error").asText()).contains("no brokers");
    }
  }

  @Test
  void healthIsWhatAMajoritySays() throws Exception {
    try (PrimaryEndpoint endpoint = open(Optional::empty, Optional.of(UP))) {
      Said said = ask(endpoint, "GET", "/health");
      assertThat(said.status()).isEqualTo(200);
      assertThat(said.json().get("verdict").asText()).isEqualTo("up");
      assertThat(said.json().get("silent").get(0).asText()).isEqualTo("z");
    }
    try (PrimaryEndpoint endpoint = open(Optional::empty, Optional.of(DOWN))) {
      Said said = ask(endpoint, "GET", "/health");
      assertThat(said.status()).isEqualTo(503);
      assertThat(said.json().get("down").get("x").asText()).isEqualTo("no answer");
    }
    try (PrimaryEndpoint endpoint = open(Optional::empty, Optional.empty())) {
      Said said = ask(endpoint, "GET", "/health");
      assertThat(said.status()).isEqualTo(503);
      assertThat(said.json().get("verdict").isNull()).isTrue();
    }
  }

  @Test
  void nothingElseIsAnswered() throws Exception {
    try (PrimaryEndpoint endpoint = open(Optional::empty, Optional.of(UP))) {
      assertThat(ask(endpoint, "POST", "/primary").status()).isEqualTo(405);
      assertThat(ask(endpoint, "GET", "/").status()).isEqualTo(404);
      assertThatThrownBy(
              () ->
                  PrimaryEndpoint.open(
                      endpoint.address(),
                      new PrimaryEndpoint.Setting(
                          "orders", "a", Optional::empty, Optional::empty, Duration.ofSeconds(1))))
          .isInstanceOf(VarveException.class)
          .hasMessageContaining("cannot listen on");
    }
  }
}
