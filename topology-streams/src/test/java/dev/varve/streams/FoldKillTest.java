package dev.varve.streams;

import static org.assertj.core.api.Assertions.assertThat;

import dev.varve.change.ChangeHeader;
import dev.varve.change.Dot;
import dev.varve.change.Site;
import dev.varve.change.VersionVector;
import dev.varve.graph.ElementId;
import dev.varve.graph.ElementKind;
import dev.varve.topology.Fold;
import dev.varve.topology.VersionDigest;
import dev.varve.wire.ChangeCodec;
import dev.varve.wire.RegistryConfig;
import dev.varve.wire.TopicSpecs;
import dev.varve.wire.Topics;
import dev.varve.wire.Wire;
import java.io.BufferedReader;
import java.io.File;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.atomic.AtomicBoolean;
import org.apache.kafka.common.utils.Utils;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * The fold's process killed in the middle of its work, again and again. Permitted: nothing; the
 * tables are what folding the changes one after the other gives.
 *
 * <p>{@code -Dvarve.kills=n} for more kills, {@code -Dvarve.seed=n} to repeat.
 */
final class FoldKillTest {

  private static final Site BERLIN = new Site("berlin", 1);
  private static final Site PARIS = new Site("paris", 1);
  private static final int KILLS = Integer.getInteger("varve.kills", 2);

  private final List<Process> children = new ArrayList<>();

  @AfterEach
  void end() {
    children.forEach(Process::destroyForcibly);
  }

  @ParameterizedTest
  @EnumSource(FoldConfig.StateKind.class)
  void everyVersionStandsInTheTablesOnceAndInOrder(
      FoldConfig.StateKind state, @TempDir Path directory) throws Exception {
    long seed = Long.getLong("varve.seed", 1);
    System.out.println("repeat with -Dvarve.seed=" + seed + " -Dvarve.kills=" + KILLS);
    Random random = new Random(seed);
    TopicSpecs topics =
        new TopicSpecs(new Topics("kill"), 3, Optional.empty(), Duration.ofDays(7), "lz4");
    try (Wire wire = Wire.open(RegistryConfig.embedded());
        KafkaFixture kafka = new KafkaFixture(directory.resolve("kafka"), Map.of())) {
      kafka.create(topics);
      Workload workload = new Workload(kafka, topics, wire, new Random(seed));
      Thread writer = new Thread(workload, "workload");
      writer.start();
      for (int i = 0; i < KILLS; i++) {
        Process child = start(kafka, topics, directory.resolve("state"), state, List.of());
        if (random.nextInt(3) > 0) {
          awaitFolding(child);
          Thread.sleep(random.nextInt(1_000));
        } else {
          Thread.sleep(500 + random.nextInt(3_000)); // while it starts or restores
        }
        child.destroyForcibly().waitFor();
      }
      Process last = start(kafka, topics, directory.resolve("state"), state, List.of());
      awaitFolding(last);
      workload.stop.set(true);
      writer.join();
      kafka.awaitFolded(topics, last::isAlive);
      last.getOutputStream().write('\n');
      last.getOutputStream().flush();
      assertThat(last.waitFor()).isZero();

      assertThat(workload.failure).isEmpty();
      for (int partition = 0; partition < topics.partitions(); partition++) {
        Model model = workload.models.get(partition);
        assertThat(brief(kafka, topics.topics().vertices(), wire, partition))
            .as("vertices, partition %d, seed %d", partition, seed)
            .isEqualTo(model.rows(ElementKind.VERTEX));
        assertThat(brief(kafka, topics.topics().edges(), wire, partition))
            .as("edges, partition %d, seed %d", partition, seed)
            .isEqualTo(model.rows(ElementKind.EDGE));
      }
      assertThat(workload.models.get(0).rows(ElementKind.VERTEX)).hasSizeGreaterThan(100);
    }
  }

  /**
   * A transaction that nobody ends holds up every reader until it times out, after three minutes.
   * The fold's id for its transactions must stay the same, however often its threads have failed.
   */
  @Test
  void killedAfterAThreadFailedItTakesItsOpenTransactionOver(@TempDir Path directory)
      throws Exception {
    TopicSpecs topics =
        new TopicSpecs(new Topics("failed"), 1, Optional.empty(), Duration.ofDays(7), "lz4");
    Path trouble = Files.createFile(directory.resolve("trouble"));
    List<String> options = List.of("-Dvarve.trouble=" + trouble, "-Dvarve.commit=60000");
    try (Wire wire = Wire.open(RegistryConfig.embedded());
        KafkaFixture kafka = new KafkaFixture(directory.resolve("kafka"), Map.of())) {
      kafka.create(topics);
      ChangesLog log = new ChangesLog(wire);
      kafka.send(topics, log.put(ElementId.vertex("1"), BERLIN, 1));
      Process killed =
          start(kafka, topics, directory.resolve("state"), FoldConfig.StateKind.HEAP, options);
      awaitFolding(killed); // and not committed: its transaction is open
      assertThat(trouble).doesNotExist();
      killed.destroyForcibly().waitFor();
      Process next =
          start(kafka, topics, directory.resolve("state"), FoldConfig.StateKind.HEAP, List.of());
      kafka.send(topics, log.put(ElementId.vertex("1"), BERLIN, 2));
      kafka.awaitFolded(topics, next::isAlive); // has less patience than the transaction lives
      next.destroyForcibly().waitFor();

      assertThat(brief(kafka, topics.topics().vertices(), wire, 0)).containsExactly("v1@1", "v1@2");
    }
  }

  /** Its partitions go to another, which must not wait until the transaction's time is over. */
  @Test
  void anotherTakesOverFromOneThatWasKilledInATransaction(@TempDir Path directory)
      throws Exception {
    TopicSpecs topics =
        new TopicSpecs(new Topics("gone"), 1, Optional.empty(), Duration.ofDays(7), "lz4");
    try (Wire wire = Wire.open(RegistryConfig.embedded());
        KafkaFixture kafka = new KafkaFixture(directory.resolve("kafka"), Map.of())) {
      kafka.create(topics);
      ChangesLog log = new ChangesLog(wire);
      kafka.send(topics, log.put(ElementId.vertex("1"), BERLIN, 1));
      FoldConfig.StateKind state = FoldConfig.StateKind.HEAP;
      Process killed =
          start(kafka, topics, directory.resolve("one"), state, List.of("-Dvarve.commit=60000"));
      awaitFolding(killed);
      killed.destroyForcibly().waitFor();
      Process other = start(kafka, topics, directory.resolve("other"), state, List.of());
      kafka.send(topics, log.put(ElementId.vertex("1"), BERLIN, 2));
      kafka.awaitFolded(topics, other::isAlive); // has less patience than the transaction lives
      other.destroyForcibly().waitFor();

      assertThat(brief(kafka, topics.topics().vertices(), wire, 0)).containsExactly("v1@1", "v1@2");
    }
  }

  private static List<String> brief(KafkaFixture kafka, String table, Wire wire, int partition) {
    return TableReader.brief(kafka.table(table, wire).getOrDefault(partition, List.of()));
  }

  private Process start(
      KafkaFixture kafka,
      TopicSpecs topics,
      Path stateDir,
      FoldConfig.StateKind state,
      List<String> options)
      throws IOException {
    List<String> command =
        new ArrayList<>(
            List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-Xmx256m",
                "-XX:+UseSerialGC",
                "-XX:TieredStopAtLevel=1",
                "-cp",
                System.getProperty("java.class.path")));
    command.addAll(options);
    command.addAll(
        List.of(
            FoldChild.class.getName(),
            kafka.address(),
            topics.topics().graph(),
            Integer.toString(topics.partitions()),
            stateDir.toString(),
            state.name()));
    Process child =
        new ProcessBuilder(command)
            .redirectError(ProcessBuilder.Redirect.appendTo(new File("target/fold-child.log")))
            .start();
    children.add(child);
    return child;
  }

  private static void awaitFolding(Process child) throws IOException {
    BufferedReader said =
        new BufferedReader(new InputStreamReader(child.getInputStream(), StandardCharsets.UTF_8));
    assertThat(said.readLine()).isEqualTo("FOLDING");
  }

  /** What one partition of the tables has to be, folded by hand. */
  private static final class Model {
    private final Map<String, VersionDigest> digests = new HashMap<>();
    private final Map<ElementKind, List<String>> rows =
        Map.of(ElementKind.VERTEX, new ArrayList<>(), ElementKind.EDGE, new ArrayList<>());
    private final Map<ElementKind, Long> versions = new HashMap<>();

    List<String> rows(ElementKind kind) {
      return rows.getOrDefault(kind, List.of());
    }

    void change(ElementId id, ChangeHeader change) {
      String key = id.toString();
      Fold.Outcome outcome = Fold.apply(digests.get(key), change);
      if (outcome instanceof Fold.Won won) {
        digests.put(key, won.version().digest());
        row(id.kind(), key + (change.removed() ? "-" : "") + "@" + change.dot().seq());
      } else if (outcome instanceof Fold.Lost lost) {
        digests.put(key, lost.kept());
        row(
            id.kind(),
            key + "!" + change.dot() + (change.removed() ? "-" : "") + "@" + change.dot().seq());
      }
    }

    void watermark(long seq) {
      for (ElementKind kind : ElementKind.values()) {
        rows(kind).add("w" + seq + ":" + versions.getOrDefault(kind, 0L));
      }
    }

    private void row(ElementKind kind, String row) {
      rows(kind).add(row);
      versions.merge(kind, 1L, Long::sum);
    }
  }

  /** Two sites that write the same elements, and now and then learn of each other. */
  private static final class Workload implements Runnable {
    private final KafkaFixture kafka;
    private final TopicSpecs topics;
    private final Wire wire;
    private final ChangesLog log;
    private final ChangeCodec codec = new ChangeCodec();
    private final Random random;
    private final List<Model> models = new ArrayList<>();
    private final AtomicBoolean stop = new AtomicBoolean();
    private volatile Optional<Throwable> failure = Optional.empty();

    Workload(KafkaFixture kafka, TopicSpecs topics, Wire wire, Random random) {
      this.kafka = kafka;
      this.topics = topics;
      this.wire = wire;
      this.log = new ChangesLog(wire);
      this.random = random;
      for (int i = 0; i < topics.partitions(); i++) {
        models.add(new Model());
      }
    }

    @Override
    public void run() {
      try {
        long berlin = 0;
        long paris = 0;
        while (!stop.get()) {
          if (random.nextBoolean()) {
            transaction(BERLIN, ++berlin, PARIS, paris);
          } else {
            transaction(PARIS, ++paris, BERLIN, berlin);
          }
          Thread.sleep(random.nextInt(4));
        }
      } catch (InterruptedException | RuntimeException e) {
        failure = Optional.of(e);
      }
    }

    private void transaction(Site site, long seq, Site other, long othersSeq) {
      VersionVector seen =
          othersSeq > 0 && random.nextInt(3) == 0
              ? VersionVector.of(other, othersSeq)
              : VersionVector.EMPTY;
      List<Integer> ids = new ArrayList<>();
      for (int i = random.nextInt(8); i >= 0; i--) {
        int number = random.nextInt(300);
        if (!ids.contains(number)) {
          ids.add(number);
        }
      }
      for (int i = 0; i < ids.size(); i++) {
        ElementId id =
            ids.get(i) % 2 == 0
                ? ElementId.vertex(ids.get(i).toString())
                : ElementId.edge(ids.get(i).toString());
        ChangesLog.Entry entry =
            random.nextInt(5) == 0
                ? log.change(id, new Dot(site, seq, i), seen, Optional.empty())
                : log.put(id, site, seq, i, seen);
        kafka.send(topics, entry);
        int partition = Utils.toPositive(Utils.murmur2(entry.key())) % topics.partitions();
        models.get(partition).change(id, codec.readHeader(wire.open(entry.value()).input()));
      }
      if (random.nextInt(5) == 0) {
        kafka.sendToAll(topics, log.watermark(site, seq));
        models.forEach(model -> model.watermark(seq));
      }
    }
  }
}
