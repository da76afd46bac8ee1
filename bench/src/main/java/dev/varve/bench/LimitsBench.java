package dev.varve.bench;

import static dev.varve.bench.Report.figure;

import dev.varve.archive.Chain;
import dev.varve.archive.DirectoryRepository;
import dev.varve.archive.Manifest;
import dev.varve.compact.CompactConfig;
import dev.varve.compact.Compactor;
import dev.varve.compact.ExpirePlan;
import dev.varve.compact.Housekeeper;
import dev.varve.compact.HousekeepingConfig;
import dev.varve.compact.MergePlan;
import dev.varve.tail.Retry;
import dev.varve.wire.RegistryConfig;
import dev.varve.wire.Wire;
import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;

/**
 * The compactor and its housekeeping inside half a CPU and 1 GiB, both kept by the kernel (a
 * control group; run it as root on Linux): a base of a whole graph is laid down, then a delta every
 * two seconds while changes go on, merged, made into checkpoints, and expired.
 *
 * <p>{@code -Dvertices=500000 -Dedges=1000000 -Dseconds=90 -Dchanges=2000} a second.
 */
public final class LimitsBench {

  private static final int SECONDS = Integer.getInteger("seconds", 90);
  private static final int CHANGES = Integer.getInteger("changes", 2_000);
  private static final long WAIT_MS = 200;

  private LimitsBench() {}

  /** Without arguments the benchmark; with three, the process that is limited. */
  public static void main(String[] arguments) throws Exception {
    if (arguments.length == 3) {
      compact(arguments[0], Path.of(arguments[1]), Path.of(arguments[2]));
      return;
    }
    Path directory = Files.createTempDirectory("varve-limits-bench");
    try (ControlGroup group = ControlGroup.create()) {
      run(directory, group);
    } finally {
      Directories.delete(directory);
    }
    System.exit(0); // whatever threads a client has left
  }

  private static void run(Path directory, ControlGroup group) throws Exception {
    DirectoryRepository repository = new DirectoryRepository(directory.resolve("repository"));
    SyntheticChain graph =
        new SyntheticChain(directory.resolve("scratch"), directory.resolve("unused"), 1);
    try (ServerProcess kafka =
            ServerProcess.kafka(ServerProcess.Distribution.find(), directory.resolve("kafka"));
        Wire wire = Wire.open(RegistryConfig.embedded());
        SyntheticTables tables = new SyntheticTables(kafka.address(), wire)) {
      SyntheticTables.create(kafka.address());
      graph.scan(Long.getLong("vertices", 500_000), Long.getLong("edges", 1_000_000), tables::put);
      tables.watermark(graph.seq());
      Process limited = start(kafka.address(), directory, group);
      try {
        long began = System.nanoTime();
        await(limited, repository, graph);
        double baseSeconds = (System.nanoTime() - began) / 1e9;
        for (int second = 0; second < SECONDS; second++) {
          long next = System.nanoTime() + TimeUnit.SECONDS.toNanos(1);
          graph.change(CHANGES).forEach(tables::put);
          tables.watermark(graph.seq());
          Thread.sleep(Math.max(0, (next - System.nanoTime()) / 1_000_000));
        }
        long ended = System.nanoTime();
        await(limited, repository, graph);
        report(group, repository, process(limited), baseSeconds, (System.nanoTime() - ended) / 1e9);
      } finally {
        limited.destroy();
        limited.waitFor();
      }
    }
  }

  private static Process start(String bootstrap, Path directory, ControlGroup group)
      throws IOException {
    List<String> java =
        List.of(
            Path.of(System.getProperty("java.home"), "bin", "java").toString(),
            "-Xmx512m",
            "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn",
            "-cp",
            System.getProperty("java.class.path")
                .replace("bench/target", new File("bench/target").getAbsolutePath()),
            LimitsBench.class.getName(),
            bootstrap,
            directory.resolve("repository").toString(),
            directory.resolve("work").toString());
    return new ProcessBuilder(group.inside(java)).inheritIO().start();
  }

  /** Until everything that was put is in the chain. */
  private static void await(Process limited, DirectoryRepository repository, SyntheticChain graph)
      throws IOException, InterruptedException {
    while (true) {
      Optional<Chain.End> end = Chain.loadEnd(repository, SyntheticChain.GRAPH);
      if (end.isPresent()
          && end.get().head().manifest().to().covers(SyntheticChain.site(), graph.seq())) {
        return;
      }
      if (!limited.isAlive()) {
        throw new IllegalStateException("it ended with " + limited.exitValue());
      }
      Thread.sleep(WAIT_MS);
    }
  }

  private static double process(Process limited) {
    return limited.info().totalCpuDuration().orElse(Duration.ZERO).toMillis() / 1e3;
  }

  private static void report(
      ControlGroup group,
      DirectoryRepository repository,
      double cpuSeconds,
      double baseSeconds,
      double behindSeconds)
      throws IOException {
    Chain chain = Chain.load(repository, SyntheticChain.GRAPH);
    Report.print(
        "limits",
        figure("base seconds", baseSeconds),
        figure("seconds of changes", SECONDS),
        figure("changes a second", CHANGES),
        figure("seconds behind at the end", behindSeconds),
        figure("entries of the chain", chain.tip().orElseThrow().number()),
        figure("deltas left", count(chain, Manifest.Kind.DELTA)),
        figure("merged left", count(chain, Manifest.Kind.MERGED)),
        figure("checkpoints left", count(chain, Manifest.Kind.CHECKPOINT)),
        figure("CPU seconds", cpuSeconds),
        figure("times throttled", group.throttled()),
        figure("MiB at most, of 1024", group.peakBytes() / (double) (1 << 20)),
        figure("killed for want of memory", group.killed()));
  }

  private static long count(Chain chain, Manifest.Kind kind) {
    return chain.links().stream().filter(link -> link.manifest().kind() == kind).count();
  }

  /** The limited process: what {@code varve compact} runs, at a quicker pace. */
  private static void compact(String bootstrap, Path root, Path work) throws Exception {
    DirectoryRepository repository = new DirectoryRepository(root);
    long sortBytes = CompactConfig.DEFAULT_SORT_BYTES / 2;
    CompactConfig config =
        CompactConfig.of(
                SyntheticChain.GRAPH,
                Map.of("bootstrap.servers", bootstrap),
                RegistryConfig.embedded(),
                repository,
                work)
            .withSizes(
                CompactConfig.DEFAULT_FLUSH_BYTES, CompactConfig.DEFAULT_SEGMENT_BYTES, sortBytes)
            .withFlushInterval(Duration.ofSeconds(2));
    MergePlan.Policy merges =
        new MergePlan.Policy(
            Duration.ofMillis(15), 256L << 20, Optional.empty(), Duration.ofDays(1));
    ExpirePlan.Policy keepTwo =
        new ExpirePlan.Policy(
            Optional.of(2), Optional.empty(), Optional.empty(), Duration.ofSeconds(10));
    try (Compactor compactor = Compactor.start(config);
        Housekeeper housekeeper =
            Housekeeper.start(
                new HousekeepingConfig(
                    SyntheticChain.GRAPH,
                    repository,
                    work,
                    CompactConfig.DEFAULT_SEGMENT_BYTES,
                    sortBytes,
                    CompactConfig.DEFAULT_COMPRESSION_LEVEL,
                    Retry.USUAL,
                    Duration.ofSeconds(20),
                    Duration.ofSeconds(5),
                    merges,
                    keepTwo,
                    HousekeepingConfig.HeavyWork.ALWAYS))) {
      while (compactor.failure().isEmpty()) {
        Thread.sleep(WAIT_MS);
        housekeeper.status().trouble().ifPresent(System.err::println);
      }
      System.err.println(compactor.failure().get());
    }
    System.exit(1);
  }
}
