package dev.varve.cli.demo;

import dev.varve.archive.Chain;
import dev.varve.archive.DirectoryRepository;
import dev.varve.archive.Manifest;
import dev.varve.archive.Repository;
import dev.varve.archive.TransactionsReader;
import dev.varve.change.Site;
import dev.varve.change.Transaction;
import dev.varve.cli.config.Config;
import dev.varve.cli.pipeline.Parts;
import dev.varve.cli.pipeline.Supervisor;
import dev.varve.compact.Compactor;
import dev.varve.embedded.EmbeddedServer;
import dev.varve.fault.ExitCode;
import dev.varve.fault.VarveException;
import dev.varve.restore.GraphTarget;
import dev.varve.restore.Moment;
import dev.varve.restore.Progress;
import dev.varve.restore.Restore;
import dev.varve.restore.RestorePlan;
import dev.varve.restore.TargetUri;
import dev.varve.restore.target.neo4j.OfflineStore;
import dev.varve.restore.target.neo4j.OfflineTarget;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.neo4j.driver.AuthTokens;
import org.neo4j.driver.Driver;
import org.neo4j.driver.GraphDatabase;
import org.neo4j.driver.Logging;

/**
 * The whole of Varve in one process: a store is backed up while it is written to, wrecked by a
 * careless query, and brought back as it was one transaction before.
 */
public final class Demo {

  private static final String GRAPH = "grateful-dead";
  private static final Duration WRITING = Duration.ofSeconds(10);
  private static final Duration WRITING_ON = Duration.ofSeconds(3);
  private static final Duration WAIT_LIMIT = Duration.ofSeconds(90);
  private static final long LOOK_EVERY_MS = 100;
  private static final double MICROS_A_SECOND = 1e6;
  private static final double NANOS_A_SECOND = 1e9;

  /** Somebody wants to drop the songs that nobody knows, and forgets how many those are. */
  private static final String CARELESS = "MATCH (n) WHERE n.performances < 30 DETACH DELETE n";

  /** What the demonstration needs; each on a class path of its own. */
  public record Means(
      EmbeddedServer kafka,
      EmbeddedServer neo4j,
      OfflineStore offlineStore,
      OfflineStore.Resources resources) {}

  /**
   * Who watches.
   *
   * @param line something happened
   * @param doing what is going on, to be drawn over
   */
  public record Audience(Consumer<String> line, Consumer<String> doing) {}

  /** What was true right before the careless query. */
  private record Before(long seq, Content scan, Instant at, OptionalLong laidDown) {}

  private final Path directory;
  private final Means means;
  private final Audience audience;
  private final Clock clock;
  private final long startNs = System.nanoTime();
  private final List<DemoReport.Event> timeline = new ArrayList<>();
  private final Path configFile;
  private final Path repositoryRoot;

  private Demo(Path directory, Means means, Audience audience, Clock clock) {
    this.directory = directory;
    this.means = means;
    this.audience = audience;
    this.clock = clock;
    this.configFile = directory.resolve("varve.yaml");
    this.repositoryRoot = directory.resolve("chain");
  }

  /**
   * Runs the demonstration; the chain and a configuration to look at it are left in the directory,
   * the servers' files are removed.
   *
   * @param directory is made; must not exist
   */
  public static DemoReport run(Path directory, Means means, Audience audience, Clock clock) {
    Demo demo = new Demo(directory.toAbsolutePath(), means, audience, clock);
    try {
      Files.createDirectories(demo.directory);
      return demo.run();
    } catch (IOException e) {
      throw new VarveException(
          ExitCode.FAILED,
          "cannot work in " + demo.directory + ": " + e,
          "name a directory that you may write to with --dir",
          e);
    } finally {
      List.of("source", "restored", "work").forEach(demo::remove);
    }
  }

  private DemoReport run() throws IOException {
    AtomicReference<@Nullable Before> before = new AtomicReference<>();
    captureAndWreck(before);
    return restoreAndCompare(Objects.requireNonNull(before.get(), "the store was never wrecked"));
  }

  private void captureAndWreck(AtomicReference<@Nullable Before> before) throws IOException {
    audience.doing().accept("starting Kafka and Neo4j in this process …");
    CompletableFuture<EmbeddedServer.Running> starting =
        CompletableFuture.supplyAsync(
            () -> means.kafka().start(directory.resolve("work/" + GRAPH + "/kafka"), Map.of()));
    try (EmbeddedServer.Running store = means.neo4j().start(source(), Map.of());
        EmbeddedServer.Running kafka = join(starting);
        Driver driver = driver(store)) {
      happened("Kafka and Neo4j run in this process, at " + store.address());
      GratefulDead graph = GratefulDead.read();
      graph.load(driver);
      happened(
          "the Grateful Dead graph is in the store: %,d vertices, %,d edges",
          graph.vertices().size(), graph.edges().size());
      writeConfig(store.address());
      Config config = Config.read(configFile, Map.of());
      Parts parts = new Parts(config, kafka.address());
      try (Supervisor supervisor =
          new Supervisor(List.of(parts.capture(false), parts.fold()), Supervisor.Limits.USUAL)) {
        supervisor.start();
        try (Compactor compactor = parts.compactor()) {
          wreck(driver, supervisor, compactor, before);
        }
      }
    }
  }

  private void wreck(
      Driver driver,
      Supervisor supervisor,
      Compactor compactor,
      AtomicReference<@Nullable Before> before) {
    await("the first snapshot", compactor, () -> newest().isPresent());
    happened("the first snapshot is laid down while the store is in use");
    try (Writers writers = Writers.start(driver)) {
      happened("clients write: concerts, plays, weights");
      show(WRITING, supervisor, writers);
      writers.quiescent(
          () -> {
            before.set(lookAt(driver));
            run(driver, CARELESS);
          });
      happened("DISASTER: " + CARELESS);
      show(WRITING_ON, supervisor, writers);
      happened("%,d transactions later somebody notices, and stops", writers.committed());
    }
    long last = lastTransaction(driver);
    await("the last transaction in the chain", compactor, () -> reached(last));
    happened("the chain holds the store's last transaction");
  }

  /** The quiescent store right before the disaster. */
  private Before lookAt(Driver driver) {
    OptionalLong laidDown =
        newest().map(link -> OptionalLong.of(seq(link.manifest()))).orElse(OptionalLong.empty());
    return new Before(lastTransaction(driver), BoltScan.of(driver), clock.instant(), laidDown);
  }

  private DemoReport restoreAndCompare(Before before) throws IOException {
    Repository repository = new DirectoryRepository(repositoryRoot);
    Chain chain = Chain.load(repository, GRAPH);
    List<Transaction> transactions = transactions(repository, chain);
    Transaction disaster =
        transactions.stream().max(Comparator.comparingLong(Demo::removed)).orElseThrow();
    Transaction wanted =
        transactions.stream()
            .filter(transaction -> transaction.seq() < disaster.seq())
            .max(Comparator.comparingLong(Transaction::seq))
            .orElseThrow();
    Site site = wanted.site();
    Moment moment = new Moment.AtTransaction(site, wanted.seq());
    happened(
        "the chain's list of transactions names the culprit: tx:%s/%d removed %,d elements",
        site, disaster.seq(), removed(disaster));
    long restoring = System.nanoTime();
    RestorePlan plan = Restore.plan(repository, GRAPH, moment);
    restore(plan, repository);
    double restoreSeconds = (System.nanoTime() - restoring) / NANOS_A_SECOND;
    happened("restored %s, the transaction before, into a second store", moment);
    Content restored = lookAtRestored();
    happened("the second store is up, and was read with Cypher from end to end");
    return new DemoReport(
        GRAPH,
        before.scan(),
        restored,
        transactions.size(),
        chain.links().stream().mapToLong(link -> link.manifest().counts().versions()).sum(),
        removed(disaster),
        moment.toString(),
        gap(transactions, wanted.seq(), before.seq()),
        gap(transactions, before.laidDown().orElse(0), before.seq()),
        restoreSeconds,
        repositoryRoot,
        configFile,
        chain.links().size(),
        chain.links().stream().mapToLong(link -> link.manifest().totalBytes()).sum(),
        timeline,
        (System.nanoTime() - startNs) / NANOS_A_SECOND);
  }

  private void restore(RestorePlan plan, Repository repository) {
    TargetUri.Neo4jStore uri = new TargetUri.Neo4jStore(restored(), "neo4j");
    audience.doing().accept("restoring …");
    try (GraphTarget target = new OfflineTarget(uri, means.offlineStore(), means.resources())) {
      Restore.run(plan, repository, target, false, Progress.NONE);
    }
  }

  private Content lookAtRestored() {
    audience.doing().accept("starting a second Neo4j on what was restored …");
    try (EmbeddedServer.Running store = means.neo4j().start(restored(), Map.of());
        Driver driver = driver(store)) {
      return BoltScan.of(driver);
    }
  }

  /** What was committed after one transaction, up to another. */
  private static DemoReport.Gap gap(List<Transaction> transactions, long after, long upTo) {
    List<Transaction> between =
        transactions.stream().filter(t -> t.seq() > after && t.seq() <= upTo).toList();
    if (between.isEmpty()) {
      return new DemoReport.Gap(0, 0);
    }
    long from =
        transactions.stream()
            .filter(t -> t.seq() <= after)
            .mapToLong(Transaction::committedAtMicros)
            .max()
            .orElse(between.get(0).committedAtMicros());
    long to = between.get(between.size() - 1).committedAtMicros();
    return new DemoReport.Gap(between.size(), Math.max(0, to - from) / MICROS_A_SECOND);
  }

  private static List<Transaction> transactions(Repository repository, Chain chain)
      throws IOException {
    List<Transaction> transactions = new ArrayList<>();
    for (Chain.Link link : chain.links()) {
      Optional<Manifest.TransactionsFile> file = link.manifest().transactions();
      if (file.isPresent()) {
        try (TransactionsReader reader = TransactionsReader.open(repository, file.get())) {
          for (Transaction t = reader.next(); t != null; t = reader.next()) {
            transactions.add(t);
          }
        }
      }
    }
    return transactions;
  }

  private static long removed(Transaction transaction) {
    return transaction.counts().stream().mapToLong(Transaction.Count::removed).sum();
  }

  private Optional<Chain.Link> newest() {
    try {
      return Chain.loadEnd(new DirectoryRepository(repositoryRoot), GRAPH).map(Chain.End::head);
    } catch (IOException e) {
      throw new UncheckedIOException("cannot read " + repositoryRoot, e);
    }
  }

  private boolean reached(long seq) {
    return newest().map(link -> seq(link.manifest()) >= seq).orElse(false);
  }

  private static long seq(Manifest manifest) {
    return manifest.to().seqs().values().stream().mapToLong(Long::longValue).max().orElse(0);
  }

  private static void run(Driver driver, String cypher) {
    try (var session = driver.session()) {
      session.run(cypher).consume();
    }
  }

  private static long lastTransaction(Driver driver) {
    try (var session = driver.session()) {
      String position = session.run("CALL varve.cdc.current()").single().get("id").asString();
      String[] parts = position.split(":", -1);
      return Long.parseLong(parts[2]);
    }
  }

  private void show(Duration time, Supervisor supervisor, Writers writers) {
    long end = System.nanoTime() + time.toNanos();
    supervisor.watchUntil(
        Duration.ofMillis(LOOK_EVERY_MS),
        () -> {
          audience
              .doing()
              .accept(
                  "%,d transactions written · %s · snapshots %d"
                      .formatted(
                          writers.committed(),
                          supervisor.text(),
                          newest().map(link -> link.manifest().number()).orElse(0L)));
          return System.nanoTime() >= end;
        });
  }

  private void await(String what, Compactor compactor, BooleanSupplier done) {
    audience.doing().accept("waiting for " + what + " …");
    long end = System.nanoTime() + WAIT_LIMIT.toNanos();
    while (!done.getAsBoolean()) {
      compactor.failure().ifPresent(Demo::raise);
      if (System.nanoTime() > end) {
        throw new VarveException(
            ExitCode.FAILED,
            what + " has not come within " + WAIT_LIMIT.toSeconds() + " s",
            "the log beside the chain says what the parts were doing; is the machine very busy?");
      }
      pause();
    }
  }

  private static void raise(Throwable failure) {
    if (failure instanceof RuntimeException e) {
      throw e;
    }
    throw new IllegalStateException(failure);
  }

  private static void pause() {
    try {
      Thread.sleep(LOOK_EVERY_MS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException("interrupted", e);
    }
  }

  private void happened(String format, Object... arguments) {
    String what = arguments.length == 0 ? format : String.format(Locale.ROOT, format, arguments);
    timeline.add(new DemoReport.Event(clock.instant(), what));
    double seconds = (System.nanoTime() - startNs) / NANOS_A_SECOND;
    audience.line().accept(String.format(Locale.ROOT, "%6.1f s  %s", seconds, what));
  }

  private void writeConfig(String address) throws IOException {
    Files.writeString(
        configFile,
        """
        # Written by 'varve demo'. The servers are gone; the chain can be looked at with
        # varve info, verify and restore.
        graph: %s
        data: work
        source: { uri: "%s", user: none }
        repository: { root: chain }
        fold: { commitEvery: 100ms }
        compact: { flushEvery: 2s }
        """
            .formatted(GRAPH, address));
  }

  private static Driver driver(EmbeddedServer.Running store) {
    return GraphDatabase.driver(
        URI.create(store.address()),
        AuthTokens.none(),
        org.neo4j.driver.Config.builder().withLogging(Logging.none()).build());
  }

  private static EmbeddedServer.Running join(CompletableFuture<EmbeddedServer.Running> starting) {
    try {
      return starting.join();
    } catch (CompletionException e) {
      throw e.getCause() instanceof RuntimeException cause ? cause : e;
    }
  }

  private Path source() {
    return directory.resolve("source");
  }

  private Path restored() {
    return directory.resolve("restored");
  }

  private void remove(String name) {
    Path root = directory.resolve(name);
    if (!Files.exists(root)) {
      return;
    }
    try (var files = Files.walk(root)) {
      files
          .sorted(Comparator.reverseOrder())
          .forEach(
              file -> {
                try {
                  Files.deleteIfExists(file);
                } catch (IOException e) {
                  audience.line().accept("could not remove " + file);
                }
              });
    } catch (IOException | UncheckedIOException e) {
      audience.line().accept("could not remove " + root);
    }
  }
}
