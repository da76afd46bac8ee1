package dev.varve.bench;

import dev.varve.archive.DirectoryRepository;
import dev.varve.bench.ServerProcess.Distribution;
import dev.varve.embedded.IsolatedClassPath;
import dev.varve.restore.Moment;
import dev.varve.restore.Progress;
import dev.varve.restore.Restore;
import dev.varve.restore.RestorePlan;
import dev.varve.restore.RestoreReport;
import dev.varve.restore.TargetUri;
import dev.varve.restore.target.dir.DirTarget;
import dev.varve.restore.target.neo4j.OfflineStore;
import dev.varve.restore.target.neo4j.OfflineTarget;
import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.TimeUnit;

/**
 * Restores a graph from its chain into an offline Neo4j store, and imports ready-made CSV of the
 * same graph with {@code neo4j-admin database import full}, in turns, each in a JVM of its own with
 * the same heap; start-up of the JVM counts on both sides.
 *
 * <p>Properties: {@code vertices}, {@code edges}, {@code rounds}, {@code seed}.
 */
public final class StoreRestoreBench {

  private static final String HEAP = "-Xmx1g";
  private static final String DATABASE = "neo4j";
  private static final long OFF_HEAP_BYTES = 1L << 30;
  private static final double BAR = 1.5;
  private static final long CPU_POLL_MS = 20;

  private final Distribution distribution = Distribution.find();
  private final Path directory;

  private StoreRestoreBench(Path directory) {
    this.directory = directory;
  }

  /** Without arguments the benchmark; with three, the process that restores. */
  public static void main(String[] args) throws Exception {
    if (args.length == 3) {
      restore(Path.of(args[0]), Path.of(args[1]), Path.of(args[2]));
      return;
    }
    Path directory = Files.createTempDirectory("varve-bench-");
    try {
      new StoreRestoreBench(directory).run();
    } finally {
      Directories.delete(directory);
    }
  }

  private void run() throws Exception {
    long vertices = Long.getLong("vertices", 200_000);
    long edges = Long.getLong("edges", 1_000_000);
    int rounds = Integer.getInteger("rounds", 3);
    Path repository = directory.resolve("repository");
    Path csv = directory.resolve("csv");
    new SyntheticChain(directory.resolve("scratch"), repository, Long.getLong("seed", 1))
        .write(vertices, edges);
    writeCsv(repository, csv);

    Spent imported = Spent.NEVER;
    Spent restored = Spent.NEVER;
    double verification = Double.MAX_VALUE;
    for (int round = 0; round < rounds; round++) {
      imported = imported.less(importCsv(csv, directory.resolve("import" + round)));
      Path home = directory.resolve("restore" + round);
      restored = restored.less(restoreInChild(repository, home));
      verification = Math.min(verification, verificationSeconds());
    }
    Report.print(
        "store-restore",
        Report.figure("vertices", vertices),
        Report.figure("edges", edges),
        Report.figure("rounds (the fastest counts)", rounds),
        Report.figure("neo4j-admin import seconds", imported.seconds),
        Report.figure("neo4j-admin import CPU seconds", imported.cpuSeconds),
        Report.figure("restore seconds", restored.seconds),
        Report.figure("  of it verification", verification),
        Report.figure("restore CPU seconds", restored.cpuSeconds),
        Report.figure("ratio, load", (restored.seconds - verification) / imported.seconds),
        Report.figure("ratio, load and verification", restored.seconds / imported.seconds),
        Report.figure("ratio of CPU seconds", restored.cpuSeconds / imported.cpuSeconds),
        Report.figure("bar", BAR));
  }

  /** What a process took. */
  private record Spent(double seconds, double cpuSeconds) {
    static final Spent NEVER = new Spent(Double.MAX_VALUE, Double.MAX_VALUE);

    Spent less(Spent other) {
      return new Spent(Math.min(seconds, other.seconds), Math.min(cpuSeconds, other.cpuSeconds));
    }
  }

  private static void writeCsv(Path repository, Path csv) {
    DirectoryRepository source = new DirectoryRepository(repository);
    try (DirTarget target =
        new DirTarget((TargetUri.Directory) TargetUri.parse("dir:" + csv + "?format=csv"))) {
      Restore.run(plan(source), source, target, false, Progress.NONE);
    }
  }

  private static RestorePlan plan(DirectoryRepository repository) {
    return Restore.plan(repository, SyntheticChain.GRAPH, Moment.parse("latest"));
  }

  private Spent importCsv(Path csv, Path home) throws IOException, InterruptedException {
    Files.createDirectories(home.resolve("conf"));
    List<String> command = java(distribution.classPathOf("neo4j"));
    command.addAll(
        List.of("org.neo4j.cli.AdminTool", "database", "import", "full", DATABASE, "@import.args"));
    ProcessBuilder builder = new ProcessBuilder(command).directory(csv.toFile());
    builder.environment().put("NEO4J_HOME", home.toString());
    builder.environment().put("NEO4J_CONF", home.resolve("conf").toString());
    Spent spent = run(builder, directory.resolve("import.log"));
    Directories.delete(home);
    return spent;
  }

  private Spent restoreInChild(Path repository, Path home)
      throws IOException, InterruptedException {
    List<String> command = java(System.getProperty("java.class.path"));
    command.addAll(
        List.of(
            StoreRestoreBench.class.getName(),
            repository.toString(),
            home.toString(),
            distribution.home().resolve("lib/neo4j").toString()));
    Spent spent = run(new ProcessBuilder(command), restoreLog());
    Directories.delete(home);
    return spent;
  }

  private Path restoreLog() {
    return directory.resolve("restore.log");
  }

  /** Of the last restore. */
  private double verificationSeconds() throws IOException {
    return Double.parseDouble(Files.readAllLines(restoreLog()).get(0));
  }

  private static List<String> java(String classPath) {
    return new ArrayList<>(
        List.of(
            Path.of(System.getProperty("java.home"), "bin", "java").toString(),
            HEAP,
            "-XX:+UseParallelGC",
            "-cp",
            classPath.replace("bench/target", absolute("bench/target"))));
  }

  private static String absolute(String path) {
    return new File(path).getAbsolutePath();
  }

  private static Spent run(ProcessBuilder builder, Path log)
      throws IOException, InterruptedException {
    builder.redirectErrorStream(true).redirectOutput(log.toFile());
    long begin = System.nanoTime();
    Process process = builder.start();
    Duration cpu = Duration.ZERO;
    while (!process.waitFor(CPU_POLL_MS, TimeUnit.MILLISECONDS)) {
      cpu = process.info().totalCpuDuration().orElse(cpu);
    }
    Spent spent = new Spent((System.nanoTime() - begin) / 1e9, cpu.toMillis() / 1e3);
    if (process.exitValue() != 0) {
      throw new IOException(
          builder.command().get(5)
              + " failed:\n"
              + Files.readString(log).lines().limit(20).toList());
    }
    return spent;
  }

  private static void restore(Path repository, Path home, Path neo4jJars) {
    DirectoryRepository source = new DirectoryRepository(repository);
    try (IsolatedClassPath classPath = IsolatedClassPath.of(neo4jJars);
        OfflineTarget target =
            new OfflineTarget(
                (TargetUri.Neo4jStore) TargetUri.parse("neo4j-store:" + home),
                classPath.load(OfflineStore.class),
                new OfflineStore.Resources(
                    Runtime.getRuntime().availableProcessors(), OFF_HEAP_BYTES))) {
      RestoreReport report = Restore.run(plan(source), source, target, false, Progress.NONE);
      System.out.printf(Locale.ROOT, "%f%n", report.seconds().readBack());
    }
  }
}
