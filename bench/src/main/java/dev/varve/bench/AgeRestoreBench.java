package dev.varve.bench;

import dev.varve.archive.DirectoryRepository;
import dev.varve.container.age.AgeServer;
import dev.varve.restore.GraphTarget;
import dev.varve.restore.Moment;
import dev.varve.restore.Progress;
import dev.varve.restore.Restore;
import dev.varve.restore.RestorePlan;
import dev.varve.restore.RestoreReport;
import dev.varve.restore.TargetUri;
import dev.varve.restore.target.age.AgeSettings;
import dev.varve.restore.target.age.AgeTarget;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;

/**
 * Restores a graph from its chain into PostgreSQL with Apache AGE, and the same graph from a dump
 * with {@code pg_restore} (one job: with more it breaks AGE's catalogue), in turns, into fresh
 * databases of one server. Each restore is a JVM of its own, whose start counts; its figures are
 * without and with reading back, which {@code pg_restore} does not do. Neither goes through the
 * proxy of a published port: {@code pg_restore} runs beside the server. Beside them how large the
 * base is against the dump, and what pgBackRest takes for the server's files, if the image has it.
 *
 * <p>{@code -Dvertices=1000000 -Dedges=5000000 -Drounds=3 -Dindexed=false -Dlevel=1 -Dseed=1}.
 * Wants a Docker engine; {@code VARVE_TEST_AGE_IMAGE} names an image where none can be pulled.
 */
public final class AgeRestoreBench {

  private static final String HEAP = "-Xmx768m";
  private static final double BAR = 1.2;
  private static final long CPU_POLL_MS = 20;
  private static final String DUMP = "/tmp/bench.dump";
  private static final String BACKREST = "/tmp/backrest";
  private static final String DATA_DIRECTORY = "SHOW data_directory";

  private final Path directory;
  private final AgeServer server;

  private AgeRestoreBench(Path directory, AgeServer server) {
    this.directory = directory;
    this.server = server;
  }

  /** Without arguments the benchmark; with two, the process that restores. */
  public static void main(String[] args) throws Exception {
    if (args.length == 2) {
      restore(Path.of(args[0]), args[1]);
      return;
    }
    Path directory = Files.createTempDirectory("varve-bench-");
    try (AgeServer server = AgeServer.start(Map.of("max_wal_size", "4GB"))) {
      new AgeRestoreBench(directory, server).run();
    } finally {
      Directories.delete(directory);
    }
  }

  /**
   * What one restore took.
   *
   * @param cpuSeconds of the restoring process and of the server together
   */
  private record Taken(double seconds, double readBack, double cpuSeconds) {
    static final Taken NEVER = new Taken(Double.MAX_VALUE, 0, Double.MAX_VALUE);

    double load() {
      return seconds - readBack;
    }

    Taken less(Taken other) {
      return load() < other.load() ? this : other;
    }
  }

  private void run() throws Exception {
    long vertices = Long.getLong("vertices", 1_000_000);
    long edges = Long.getLong("edges", 5_000_000);
    int rounds = Integer.getInteger("rounds", 3);
    Path repository = directory.resolve("repository");
    new SyntheticChain(
            directory.resolve("scratch"),
            repository,
            Long.getLong("seed", 1),
            new AgeShape(vertices, edges, Boolean.getBoolean("indexed")))
        .write(vertices, edges);
    Taken restored = Taken.NEVER;
    Taken loaded = Taken.NEVER;
    double dumped = 0;
    for (int round = 0; round < rounds; round++) {
      String ours = "ours" + round;
      server.createDatabase(ours);
      statement(AgeServer.DATABASE, "CHECKPOINT");
      restored = restored.less(restoreInChild(repository, ours));
      if (round == 0) {
        dumped = seconds("pg_dump", "-U", AgeServer.USER, "-Fc", "-Z", "zstd:1", "-f", DUMP, ours);
      } else {
        statement(AgeServer.DATABASE, "DROP DATABASE " + ours);
      }
      statement(AgeServer.DATABASE, "CREATE DATABASE theirs" + round);
      statement(AgeServer.DATABASE, "CHECKPOINT");
      loaded = loaded.less(pgRestore("theirs" + round));
      statement(AgeServer.DATABASE, "DROP DATABASE theirs" + round);
    }
    long base = plan(repository).bytes();
    long dump = Long.parseLong(server.exec("stat", "-c", "%s", DUMP).strip());
    List<Report.Figure> figures = new ArrayList<>();
    figures.addAll(
        List.of(
            Report.figure("vertices", vertices),
            Report.figure("edges", edges),
            Report.figure("rounds (the fastest counts)", rounds),
            Report.figure("pg_restore seconds", loaded.load()),
            Report.figure("pg_restore CPU seconds", loaded.cpuSeconds()),
            Report.figure("restore seconds, load", restored.load()),
            Report.figure("restore seconds, read back", restored.readBack()),
            Report.figure("restore CPU seconds, with it", restored.cpuSeconds()),
            Report.figure("ratio, load", restored.load() / loaded.load()),
            Report.figure("ratio, load and verification", restored.seconds() / loaded.load()),
            Report.figure("bar", BAR),
            Report.figure("base bytes", base),
            Report.figure("pg_dump bytes (zstd 1)", dump),
            Report.figure("ratio of bytes", (double) base / dump),
            Report.figure("pg_dump seconds", dumped)));
    backrest()
        .ifPresent(
            files -> {
              figures.add(Report.figure("pgBackRest backup seconds", files.backup()));
              figures.add(Report.figure("pgBackRest backup bytes", files.bytes()));
              figures.add(Report.figure("pgBackRest restore seconds", files.restore()));
            });
    Report.print("age-restore", figures.toArray(Report.Figure[]::new));
  }

  private static RestorePlan plan(Path repository) {
    return Restore.plan(
        new DirectoryRepository(repository), SyntheticChain.GRAPH, new Moment.Latest());
  }

  private Taken restoreInChild(Path repository, String database)
      throws IOException, InterruptedException {
    String uri =
        "age:postgresql://%s@%s/%s/%s"
            .formatted(AgeServer.USER, server.nearest(), database, SyntheticChain.GRAPH);
    Path log = directory.resolve("restore.log");
    List<String> command =
        new ArrayList<>(
            List.of(Path.of(System.getProperty("java.home"), "bin", "java").toString(), HEAP));
    command.addAll(List.of("-XX:+UseParallelGC", "-cp", System.getProperty("java.class.path")));
    command.addAll(List.of(AgeRestoreBench.class.getName(), repository.toString(), uri));
    double serverCpu = serverCpuSeconds();
    long start = System.nanoTime();
    Process process =
        new ProcessBuilder(command).redirectErrorStream(true).redirectOutput(log.toFile()).start();
    double cpu = 0;
    while (!process.waitFor(CPU_POLL_MS, TimeUnit.MILLISECONDS)) {
      cpu = process.info().totalCpuDuration().map(Duration::toNanos).orElse(0L) / 1e9;
    }
    double seconds = since(start);
    if (process.exitValue() != 0) {
      throw new IOException("the restore failed:\n" + Files.readString(log));
    }
    List<String> lines = Files.readAllLines(log);
    return new Taken(
        seconds,
        Double.parseDouble(lines.get(lines.size() - 1)),
        cpu + serverCpuSeconds() - serverCpu);
  }

  private Taken pgRestore(String database) throws IOException, InterruptedException {
    double cpu = serverCpuSeconds(); // pg_restore runs beside the server
    double seconds = seconds("pg_restore", "-U", AgeServer.USER, "-d", database, DUMP);
    return new Taken(seconds, 0, serverCpuSeconds() - cpu);
  }

  /** What all processes in the container have used so far; by either version of control groups. */
  private double serverCpuSeconds() throws IOException, InterruptedException {
    return Double.parseDouble(
        server
            .exec(
                "sh",
                "-c",
                "if [ -f /sys/fs/cgroup/cpu.stat ];"
                    + " then awk '/^usage_usec/ { print $2 / 1e6 }' /sys/fs/cgroup/cpu.stat;"
                    + " else awk '{ print $1 / 1e9 }' /sys/fs/cgroup/cpuacct/cpuacct.usage; fi")
            .strip());
  }

  private static void restore(Path repository, String uri) {
    AgeSettings settings =
        AgeSettings.of((TargetUri.Age) TargetUri.parse(uri), Optional.of(AgeServer.PASSWORD));
    try (GraphTarget target = new AgeTarget(settings)) {
      RestoreReport report =
          Restore.run(
              plan(repository), new DirectoryRepository(repository), target, false, Progress.NONE);
      System.out.println(report.seconds().readBack());
    }
  }

  private double seconds(String... command) throws IOException, InterruptedException {
    long start = System.nanoTime();
    server.exec(command);
    return since(start);
  }

  private static double since(long start) {
    return (System.nanoTime() - start) / 1e9;
  }

  private void statement(String database, String text) throws SQLException {
    try (Connection connection =
            DriverManager.getConnection(server.url(database), AgeServer.USER, AgeServer.PASSWORD);
        Statement statement = connection.createStatement()) {
      statement.execute(text);
    }
  }

  /** What pgBackRest took for the files of a server with the graph and nothing else in it. */
  private record Backrest(double backup, long bytes, double restore) {}

  /** Absent where the image has no pgBackRest. */
  private Optional<Backrest> backrest() throws IOException, InterruptedException, SQLException {
    if (server.exec("sh", "-c", "command -v pgbackrest || true").isBlank()) {
      return Optional.empty();
    }
    String data;
    try (Connection connection = server.connect();
        Statement statement = connection.createStatement();
        var row = statement.executeQuery(DATA_DIRECTORY)) {
      row.next();
      data = row.getString(1);
    }
    String options =
        " --config=/dev/null --stanza=bench --repo1-path=%s/repo --log-path=%s --lock-path=%s"
            .formatted(BACKREST, BACKREST, BACKREST);
    String user = " --pg1-user=" + AgeServer.USER;
    shell("mkdir -p " + BACKREST);
    shell("pgbackrest stanza-create --pg1-path=" + data + user + options);
    statement(AgeServer.DATABASE, "CHECKPOINT");
    double backup =
        shell(
            "pgbackrest backup --type=full --start-fast --no-archive-check"
                + " --compress-type=zst --compress-level=3 --process-max=2 --pg1-path="
                + data
                + user
                + options);
    long bytes =
        Long.parseLong(server.exec("du", "-sb", BACKREST + "/repo").strip().split("\\s+")[0]);
    double restore =
        shell(
            "mkdir -m 700 "
                + BACKREST
                + "/restored && pgbackrest restore --process-max=2 --pg1-path="
                + BACKREST
                + "/restored"
                + options);
    return Optional.of(new Backrest(backup, bytes, restore));
  }

  private double shell(String command) throws IOException, InterruptedException {
    return seconds("sh", "-c", command);
  }
}
