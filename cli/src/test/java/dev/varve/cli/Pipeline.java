package dev.varve.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.varve.archive.Chain;
import dev.varve.archive.DirectoryRepository;
import dev.varve.archive.Repository;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;

/** A directory with a configuration, and the processes that were started on it. */
final class Pipeline implements AutoCloseable {

  static final String GRAPH = "orders";
  private static final long LOOK_EVERY_MS = 200;

  private final Path directory;
  private final Map<String, String> environment;
  private final java.util.Map<String, Process> processes = new java.util.TreeMap<>();

  private Pipeline(Path directory, Map<String, String> environment) {
    this.directory = directory;
    this.environment = environment;
  }

  /**
   * Writes the configuration for a store without authentication.
   *
   * @param kafka the brokers; embedded if absent
   */
  static Pipeline at(Path directory, String source, Optional<String> kafka) throws IOException {
    return at(directory, source, kafka, Map.of());
  }

  /** The same, with something more in the environment. */
  static Pipeline at(
      Path directory, String source, Optional<String> kafka, Map<String, String> environment)
      throws IOException {
    return at(directory, source, "none", kafka, environment);
  }

  /** Writes the configuration for a store whose password is in the environment. */
  static Pipeline at(Path directory, String source, Map<String, String> environment)
      throws IOException {
    return at(directory, source, "neo4j", Optional.empty(), environment);
  }

  /** As the README says: the configuration is what {@code varve init} writes. */
  static Pipeline byInit(Path directory, String source, Map<String, String> environment)
      throws IOException, InterruptedException {
    Map<String, String> variables = new HashMap<>(environment);
    variables.put("VARVE_COMPACT_FLUSH_EVERY", "1s");
    Pipeline pipeline = new Pipeline(Files.createDirectories(directory), variables);
    Installed.Result init =
        pipeline.run(
            "init",
            "--graph",
            GRAPH,
            "--source",
            source,
            "--repository",
            pipeline.repositoryRoot().toString());
    assertThat(init.exitCode()).as(init.toString()).isZero();
    return pipeline;
  }

  private static Pipeline at(
      Path directory,
      String source,
      String user,
      Optional<String> kafka,
      Map<String, String> environment)
      throws IOException {
    Files.createDirectories(directory);
    Files.writeString(
        directory.resolve("varve.yaml"),
        """
        graph: %s
        source: { uri: "%s", user: %s }
        repository: { root: "chains of varve" }
        data: work
        fold: { commitEvery: 100ms }
        compact: { flushEvery: 1s }
        kafka: { bootstrap: "%s", replicationFactor: 1 }
        """
            .formatted(GRAPH, source, user, kafka.orElse("embedded")));
    return new Pipeline(directory, environment);
  }

  Path directory() {
    return directory;
  }

  /** What everything is started with, as variables. */
  Map<String, String> environment() {
    return Map.copyOf(environment);
  }

  Path log() {
    return directory.resolve("pipeline.log");
  }

  Path repositoryRoot() {
    return directory.resolve("chains of varve");
  }

  /** Starts a command, with options of its own perhaps. */
  void start(String... command) throws IOException {
    processes.put(command[0], Installed.start(directory, environment, log(), command));
  }

  long pid(String command) {
    return process(command).pid();
  }

  void kill(String command) throws InterruptedException {
    process(command).destroyForcibly().waitFor();
  }

  /** Asks it to stop; its exit code. */
  int stop(String command) throws InterruptedException {
    process(command).destroy();
    return ended(command);
  }

  /** Waits until it has ended; its exit code. */
  int ended(String command) throws InterruptedException {
    Process process = process(command);
    if (!process.waitFor(Installed.AT_MOST.toMillis(), TimeUnit.MILLISECONDS)) {
      throw new AssertionError(command + " did not stop");
    }
    processes.remove(command);
    return process.exitValue();
  }

  private Process process(String command) {
    return java.util.Objects.requireNonNull(processes.get(command), command);
  }

  Installed.Result run(String... arguments) throws IOException, InterruptedException {
    return Installed.run(directory, environment, arguments);
  }

  Optional<Chain.Link> newest() throws IOException {
    return newest(new DirectoryRepository(repositoryRoot()));
  }

  private static Optional<Chain.Link> newest(Repository repository) throws IOException {
    return Chain.loadEnd(repository, GRAPH).map(Chain.End::head);
  }

  /** Waits until the chain holds a transaction. */
  void awaitTransaction(long seq) throws IOException, InterruptedException {
    awaitTransaction(repositoryRoot(), seq);
  }

  /** Waits until something is logged. */
  void awaitLog(String text) throws IOException, InterruptedException {
    long end = System.nanoTime() + Installed.AT_MOST.toNanos();
    while (!Files.readString(log()).contains(text)) {
      if (System.nanoTime() > end) {
        throw new AssertionError("'" + text + "' was not logged" + tail());
      }
      Thread.sleep(LOOK_EVERY_MS);
    }
  }

  /** Waits until a chain that is kept elsewhere holds a transaction. */
  void awaitTransaction(Path root, long seq) throws IOException, InterruptedException {
    awaitTransaction(new DirectoryRepository(root), seq);
  }

  void awaitTransaction(Repository repository, long seq) throws IOException, InterruptedException {
    long end = System.nanoTime() + Installed.AT_MOST.toNanos();
    while (reached(repository) < seq) {
      for (Map.Entry<String, Process> entry : processes.entrySet()) {
        if (!entry.getValue().isAlive()) {
          throw new AssertionError(
              entry.getKey() + " ended with " + entry.getValue().exitValue() + tail());
        }
      }
      if (System.nanoTime() > end) {
        throw new AssertionError(
            "the chain is at " + reached(repository) + ", not at " + seq + tail());
      }
      Thread.sleep(LOOK_EVERY_MS);
    }
  }

  /** The last transaction in the chain; -1 if there is no chain. */
  private static long reached(Repository repository) throws IOException {
    return newest(repository)
        .flatMap(link -> link.manifest().to().seqs().values().stream().max(Long::compare))
        .orElse(-1L);
  }

  /** What was logged last, for a message. */
  String tail() throws IOException {
    String log = Files.readString(log());
    return "\n" + log.substring(Math.max(0, log.length() - 6000));
  }

  @Override
  public void close() {
    processes.values().forEach(Process::destroyForcibly);
    for (Process process : processes.values()) {
      try {
        process.waitFor();
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
      }
    }
  }
}
