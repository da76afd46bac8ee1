package dev.varve.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import java.net.URI;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.neo4j.driver.AuthTokens;
import org.neo4j.driver.Driver;
import org.neo4j.driver.GraphDatabase;
import org.neo4j.driver.Session;

/**
 * Random transactions of every kind, captured, folded and laid down by {@code varve up}; then the
 * graph at random transactions is restored and compared with a model. {@code -Dvarve.seed=...}
 * repeats a run, {@code -Dvarve.transactions=...} and {@code -Dvarve.restores=...} lengthen it.
 */
final class RestoreToAnyTransactionIT {

  private final long seed = Long.getLong("varve.seed", 1);
  private final int transactions = Integer.getInteger("varve.transactions", 250);
  private final int restores = Integer.getInteger("varve.restores", 4);

  @TempDir private Path directory;

  @Test
  void restoreEqualsTheModelAtEveryTransactionTried() throws Exception {
    System.out.println("repeat with -Dvarve.seed=" + seed);
    Random random = new Random(seed);
    TreeMap<Long, ScriptedGraph.Content> history = new TreeMap<>();
    try (Installed.Server store = Installed.Server.neo4j(directory.resolve("source"));
        Driver driver = driver(store.address());
        Pipeline pipeline =
            Pipeline.at(directory.resolve("with a space"), store.address(), Optional.empty())) {
      ScriptedGraph graph = new ScriptedGraph(driver, random);
      for (int i = 0; i < 30; i++) { // what the scan finds
        graph.transaction();
      }
      pipeline.start("up");
      for (int i = 0; i < transactions; i++) {
        history.put(graph.transaction(), graph.content());
        if (i == transactions / 2) {
          index(driver);
        }
      }
      pipeline.awaitTransaction(history.lastKey());
      assertThat(pipeline.stop("up")).isZero();

      long first = firstRestorable(pipeline);
      List<Long> choices = new ArrayList<>(history.tailMap(first).keySet());
      assertThat(choices).isNotEmpty();
      for (int i = 0; i < restores; i++) {
        long seq = i == 0 ? history.lastKey() : choices.get(random.nextInt(choices.size()));
        String target =
            i % 2 == 0
                ? "neo4j-store:" + directory.resolve("store" + i)
                : "dir:" + directory.resolve("dir" + i) + "?format=avro";
        same(pipeline.run(to(seq, target)), history.get(seq), seq);
      }
      long seq = choices.get(random.nextInt(choices.size()));
      try (Installed.Server empty = Installed.Server.neo4j(directory.resolve("empty"))) {
        same(pipeline.run(to(seq, empty.address())), history.get(seq), seq);
        Installed.Result again = pipeline.run(to(seq, empty.address()));
        assertThat(again.exitCode()).as("a target that is not empty\n%s", again).isEqualTo(1);
        assertThat(again.json().get("hint").asText()).contains("--overwrite");
      }
      Installed.Result verify = pipeline.run("verify", "--level=graph", "--output=json");
      assertThat(verify.exitCode()).as(verify.toString()).isZero();
    }
  }

  private static String[] to(long seq, String target) {
    return new String[] {
      "restore", "--to", "tx:neo4j@1/" + seq, "--target", target, "--output=json"
    };
  }

  private static void same(
      Installed.Result result,
      ScriptedGraph.@org.jspecify.annotations.Nullable Content expected,
      long seq)
      throws Exception {
    assertThat(result.exitCode()).as(result.toString()).isZero();
    JsonNode json = result.json();
    assertThat(
            List.of(
                json.get("vertices").asLong(),
                json.get("edges").asLong(),
                json.get("fingerprint").asText()))
        .as("the graph at transaction %d", seq)
        .isEqualTo(
            expected == null
                ? List.of()
                : List.of(
                    expected.vertices(), expected.edges(), expected.fingerprint().toString()));
  }

  private static long firstRestorable(Pipeline pipeline) throws Exception {
    JsonNode info = pipeline.run("info", "--offline", "--output=json").json();
    String vector = info.get("windows").get(0).get("fromVector").asText();
    return Long.parseLong(vector.substring(vector.indexOf('=') + 1));
  }

  private static void index(Driver driver) {
    try (Session session = driver.session()) {
      session.run("CREATE INDEX by_name FOR (p:Person) ON (p.name)").consume();
    }
  }

  static Driver driver(String address) {
    return GraphDatabase.driver(URI.create(address), AuthTokens.none());
  }
}
