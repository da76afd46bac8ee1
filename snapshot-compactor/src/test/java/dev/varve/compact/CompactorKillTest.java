package dev.varve.compact;

import static org.assertj.core.api.Assertions.assertThat;

import dev.varve.archive.DirectoryRepository;
import dev.varve.archive.Repository;
import dev.varve.change.VersionVector;
import dev.varve.embedded.EmbeddedServer;
import dev.varve.embedded.kafka.EmbeddedKafka;
import dev.varve.wire.RegistryConfig;
import dev.varve.wire.Wire;
import java.io.BufferedReader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** The real process, killed at any moment, again and again. */
class CompactorKillTest {

  private static final int PARTITIONS = 2;
  private static final int KILLS = Integer.getInteger("varve.kills", 3);

  @TempDir Path directory;

  @Test
  @Timeout(1200)
  void aKilledCompactorIsFollowedByOneThatGoesOn() throws Exception {
    long seed = Long.getLong("varve.seed", 1);
    System.out.println("-Dvarve.seed=" + seed + " -Dvarve.kills=" + KILLS);
    Random random = new Random(seed);
    Repository repository = new DirectoryRepository(directory.resolve("repository"));
    Path work = directory.resolve("work");
    try (EmbeddedServer.Running kafka =
            new EmbeddedKafka().start(directory.resolve("kafka"), Map.of());
        Wire wire = Wire.open(RegistryConfig.embedded());
        Tables tables = new Tables(kafka.address(), "killed", PARTITIONS)) {
      SyntheticGraph graph = new SyntheticGraph(seed, wire, PARTITIONS, 60);
      graph.scan(500);
      tables.deliver(graph);
      for (int kill = 0; kill < KILLS; kill++) {
        Process process = start(kafka.address(), work);
        try {
          awaitReady(process);
          for (int i = random.nextInt(6); i >= 0; i--) {
            graph.change(5, 8);
            tables.deliverSome(graph, random);
            Thread.sleep(random.nextInt(150));
          }
          assertThat(process.isAlive()).isTrue();
        } finally {
          process.destroyForcibly().waitFor();
        }
      }
      tables.deliver(graph);
      CompactConfig config =
          CompactConfig.of(
                  "killed",
                  Map.of("bootstrap.servers", kafka.address()),
                  RegistryConfig.embedded(),
                  repository,
                  work)
              .withFlushInterval(Duration.ofHours(1));
      try (Compactor last = Compactor.start(config)) {
        assertThat(last.flush()).isEqualTo(VersionVector.of(graph.site, graph.seq));
      }
      Restored.check(repository, "killed", graph);
      assertThat(repository.list("killed/manifests/")).hasSizeGreaterThan(1);
    }
    try (Stream<Path> left = Files.list(work)) {
      assertThat(left)
          .as("what the killed ones left")
          .extracting(path -> path.getFileName().toString())
          .containsExactly("newest-entry");
    }
  }

  private Process start(String bootstrap, Path work) throws Exception {
    return new ProcessBuilder(
            Path.of(System.getProperty("java.home"), "bin", "java").toString(),
            "-Xmx128m",
            "-XX:+UseSerialGC",
            "-XX:TieredStopAtLevel=1",
            "-cp",
            System.getProperty("java.class.path"),
            CompactorProcess.class.getName(),
            bootstrap,
            "killed",
            directory.resolve("repository").toString(),
            work.toString())
        .redirectError(ProcessBuilder.Redirect.INHERIT)
        .start();
  }

  private static void awaitReady(Process process) throws Exception {
    BufferedReader out = process.inputReader();
    String line = out.readLine();
    assertThat(line).isEqualTo("READY");
  }
}
