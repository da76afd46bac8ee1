package dev.varve.streams;

import static org.assertj.core.api.Assertions.assertThat;

import dev.varve.change.Site;
import dev.varve.change.VersionVector;
import dev.varve.change.Watermark;
import dev.varve.graph.ElementId;
import dev.varve.wire.RegistryConfig;
import dev.varve.wire.TopicSpecs;
import dev.varve.wire.Topics;
import dev.varve.wire.Wire;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What Kafka's compaction leaves of a table restores the same state, and shows what it took. */
final class CompactionTest {

  private static final Site BERLIN = new Site("berlin", 1);
  private static final Site PARIS = new Site("paris", 1);
  private static final int ELEMENTS = 30;

  private final Wire wire = Wire.open(RegistryConfig.embedded());
  private final ChangesLog log = new ChangesLog(wire);
  private final TopicSpecs topics =
      new TopicSpecs(new Topics("compacted"), 1, Optional.empty(), Duration.ZERO, "lz4");

  @TempDir private Path directory;
  private KafkaFixture kafka;

  @BeforeEach
  void start() throws Exception {
    kafka =
        new KafkaFixture(
            directory.resolve("kafka"),
            Map.of("log.cleaner.backoff.ms", "100", "log.cleaner.threads", "1"));
    kafka.create(topics, Map.of("segment.ms", "100", "min.cleanable.dirty.ratio", "0.01"));
  }

  @AfterEach
  void stop() {
    kafka.close();
    wire.close();
  }

  @Test
  void tableThatWasCompactedRestoresTheSameStateAndCount() throws Exception {
    long versions = 0;
    try (FoldApp app = FoldApp.start(config("before"))) {
      for (int round = 1; round <= 5; round++) {
        versions += sendRound(round);
        kafka.sendToAll(topics, log.watermark(BERLIN, round));
        kafka.awaitFolded(topics, () -> app.failure().isEmpty());
        Thread.sleep(150); // the next record opens a new segment
      }
      awaitCleaner(versions, app);
    }
    List<TableReader.Row> left = rows();
    Watermark newest = TableReader.watermarks(left).get(TableReader.watermarks(left).size() - 1);
    assertThat(newest.versions()).isEqualTo(versions);
    assertThat(TableReader.versions(left).size()).as("the hole").isLessThan((int) versions);

    try (FoldApp app = FoldApp.start(config("after"))) { // knows nothing but the table
      sendRound(5); // again: all of it is included
      versions += sendRound(6);
      kafka.sendToAll(topics, log.watermark(BERLIN, 6));
      kafka.awaitFolded(topics, () -> app.failure().isEmpty());
      assertThat(app.status().dropped()).isEqualTo(ELEMENTS + 1);
      assertThat(app.status().partitions().get(0).vertexVersions()).isEqualTo(versions);
    }
  }

  @Test
  void countIsExactThoughNoWatermarkWasEverWritten() throws Exception {
    long versions = 0;
    try (FoldApp app = FoldApp.start(config("before"))) {
      for (int round = 1; round <= 5; round++) {
        versions += sendRound(round);
        kafka.awaitFolded(topics, () -> app.failure().isEmpty());
        Thread.sleep(150);
      }
      awaitCleaner(versions, app);
    }
    try (FoldApp app = FoldApp.start(config("after"))) {
      kafka.sendToAll(topics, log.watermark(BERLIN, 5));
      kafka.awaitFolded(topics, () -> app.failure().isEmpty());
    }
    List<Watermark> watermarks = TableReader.watermarks(rows());
    assertThat(watermarks).hasSize(1);
    assertThat(watermarks.get(0).versions()).isEqualTo(versions);
  }

  /** One version of each element by one site, and a concurrent one that loses for the first. */
  private long sendRound(int round) {
    for (int i = 0; i < ELEMENTS; i++) {
      kafka.send(topics, log.put(ElementId.vertex("" + i), BERLIN, round, i, VersionVector.EMPTY));
    }
    kafka.send(topics, log.put(ElementId.vertex("0"), PARIS, round, 0, seenBefore(round)));
    kafka.flush();
    return ELEMENTS + 1;
  }

  private static VersionVector seenBefore(int round) {
    return round == 1 ? VersionVector.EMPTY : VersionVector.of(BERLIN, round - 1);
  }

  private void awaitCleaner(long versions, FoldApp app) throws Exception {
    KafkaFixture.await(
        "the cleaner ran",
        () -> {
          assertThat(app.failure()).isEmpty();
          return TableReader.versions(rows()).size() <= versions - 3 * ELEMENTS;
        });
  }

  private List<TableReader.Row> rows() {
    return kafka.table(topics.topics().vertices(), wire).getOrDefault(0, List.of());
  }

  private FoldConfig config(String state) {
    return FoldConfig.of(
            topics, RegistryConfig.embedded(), kafka.client(), directory.resolve(state))
        .withCommitInterval(Duration.ofMillis(100));
  }
}
