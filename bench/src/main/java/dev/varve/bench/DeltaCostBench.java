package dev.varve.bench;

import static dev.varve.bench.Report.figure;

import dev.varve.archive.Chain;
import dev.varve.archive.DirectoryRepository;
import dev.varve.archive.Manifest;
import dev.varve.change.VersionVector;
import dev.varve.compact.CompactConfig;
import dev.varve.compact.Compactor;
import dev.varve.wire.RegistryConfig;
import dev.varve.wire.Wire;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * What a delta costs, over graphs of different sizes with the same number of changes: a real
 * compactor, a real broker, a chain whose base holds the whole graph. The time is from the request
 * to the manifest, everything read and written in it.
 *
 * <p>{@code -Dsizes=10000,100000,1000000,10000000 -Dchanges=5000 -Drounds=7}; the largest wants
 * {@code -Xmx3g} for the graph beside which it runs.
 */
public final class DeltaCostBench {

  private static final int CHANGES = Integer.getInteger("changes", 5_000);
  private static final int ROUNDS = Integer.getInteger("rounds", 7);

  private DeltaCostBench() {}

  public static void main(String[] arguments) throws Exception {
    Path directory = Files.createTempDirectory("varve-delta-bench");
    List<Long> sizes =
        Arrays.stream(System.getProperty("sizes", "10000,100000,1000000").split(","))
            .map(Long::valueOf)
            .toList();
    try (ServerProcess kafka =
            ServerProcess.kafka(ServerProcess.Distribution.find(), directory.resolve("kafka"));
        Wire wire = Wire.open(RegistryConfig.embedded())) {
      List<Cost> costs = new ArrayList<>();
      cost(kafka.address(), wire, directory.resolve("warm-up"), sizes.get(0));
      for (long size : sizes) {
        Cost cost = cost(kafka.address(), wire, directory.resolve("size-" + size), size);
        costs.add(cost);
        Report.print(
            "delta-cost",
            figure("elements", size),
            figure("changes", CHANGES),
            figure("delta seconds", cost.seconds()),
            figure("delta bytes", cost.bytes()),
            figure("base bytes", cost.baseBytes()));
      }
      Cost least = costs.get(0);
      Cost most = costs.get(costs.size() - 1);
      Report.print(
          "delta-cost",
          figure("times as many elements", (double) sizes.get(sizes.size() - 1) / sizes.get(0)),
          figure("times the seconds", most.seconds() / least.seconds()),
          figure("times the bytes", most.bytes() / least.bytes()));
    } finally {
      Directories.delete(directory);
    }
    System.exit(0); // whatever threads a client has left
  }

  private record Cost(double seconds, double bytes, double baseBytes) {}

  private static Cost cost(String bootstrap, Wire wire, Path directory, long elements)
      throws Exception {
    List<Manifest.Position> places =
        SyntheticTables.create(bootstrap).stream()
            .map(topic -> new Manifest.Position(topic, Optional.empty(), 0, 0, 0))
            .toList();
    try {
      SyntheticChain chain =
          new SyntheticChain(directory.resolve("scratch"), directory.resolve("repository"), 1)
              .readOnFrom(places);
      chain.write(elements / 2, elements - elements / 2);
      return cost(bootstrap, wire, directory, chain);
    } finally {
      SyntheticTables.delete(bootstrap);
    }
  }

  private static Cost cost(String bootstrap, Wire wire, Path directory, SyntheticChain chain)
      throws Exception {
    DirectoryRepository repository = new DirectoryRepository(directory.resolve("repository"));
    CompactConfig config =
        CompactConfig.of(
                SyntheticChain.GRAPH,
                Map.of("bootstrap.servers", bootstrap),
                RegistryConfig.embedded(),
                repository,
                directory.resolve("work"))
            .withFlushInterval(Duration.ofHours(1));
    double[] seconds = new double[ROUNDS];
    try (Compactor compactor = Compactor.start(config);
        SyntheticTables tables = new SyntheticTables(bootstrap, wire)) {
      for (int round = -2; round < ROUNDS; round++) { // the first two warm up
        chain.change(CHANGES).forEach(tables::put);
        tables.watermark(chain.seq());
        long began = System.nanoTime();
        VersionVector reached = compactor.flush();
        if (!reached.covers(SyntheticChain.site(), chain.seq())) {
          throw new IllegalStateException("laid down only " + reached);
        }
        if (round >= 0) {
          seconds[round] = (System.nanoTime() - began) / 1e9;
        }
      }
    }
    Arrays.sort(seconds);
    List<Chain.Link> links = Chain.load(repository, SyntheticChain.GRAPH).links();
    double bytes =
        links.stream()
            .filter(link -> link.manifest().kind() == Manifest.Kind.DELTA)
            .mapToLong(link -> link.manifest().totalBytes())
            .average()
            .orElseThrow();
    return new Cost(seconds[ROUNDS / 2], bytes, links.get(0).manifest().totalBytes());
  }
}
