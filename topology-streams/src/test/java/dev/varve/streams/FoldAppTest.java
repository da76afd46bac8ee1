package dev.varve.streams;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.varve.change.Site;
import dev.varve.change.VersionVector;
import dev.varve.fault.ExitCode;
import dev.varve.fault.VarveException;
import dev.varve.graph.ElementId;
import dev.varve.wire.RegistryConfig;
import dev.varve.wire.TopicSpecs;
import dev.varve.wire.Topics;
import dev.varve.wire.Wire;
import java.lang.management.ManagementFactory;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import javax.management.ObjectName;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.admin.RecordsToDelete;
import org.apache.kafka.common.TopicPartition;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** The fold against a real broker, each test with a graph of its own. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
final class FoldAppTest {

  private static final Site BERLIN = new Site("berlin", 1);
  private static final Site PARIS = new Site("paris", 1);

  private final Wire wire = Wire.open(RegistryConfig.embedded());
  private final ChangesLog log = new ChangesLog(wire);
  private KafkaFixture kafka;

  @TempDir private Path directory;

  @BeforeAll
  void startKafka(@TempDir Path home) {
    kafka = new KafkaFixture(home, Map.of());
  }

  @AfterAll
  void stopKafka() {
    kafka.close();
    wire.close();
  }

  private static TopicSpecs topics(String graph, int partitions) {
    return new TopicSpecs(
        new Topics(graph), partitions, Optional.empty(), Duration.ofDays(7), "lz4");
  }

  private FoldConfig config(TopicSpecs topics, String state) {
    return FoldConfig.of(
            topics, RegistryConfig.embedded(), kafka.client(), directory.resolve(state))
        .withCommitInterval(Duration.ofMillis(100));
  }

  @Test
  void createsItsTopics() throws Exception {
    TopicSpecs topics = topics("creates", 3);
    try (FoldApp app = FoldApp.start(config(topics, "a"));
        Admin admin = kafka.admin()) {
      assertThat(admin.listTopics().names().get())
          .contains(topics.topics().changes(), topics.topics().vertices(), topics.topics().edges());
      assertThat(admin.describeTopics(List.of(topics.topics().edges())).allTopicNames().get())
          .allSatisfy((name, topic) -> assertThat(topic.partitions()).hasSize(3));
      KafkaFixture.await("running", () -> app.status().running());
    }
  }

  @ParameterizedTest
  @EnumSource(FoldConfig.StateKind.class)
  void goesOnWhereItWas(FoldConfig.StateKind state) throws Exception {
    TopicSpecs topics = topics("goes-on-" + state, 2);
    FoldConfig config = config(topics, "on-" + state).withState(state);
    kafka.create(topics);
    for (int round = 0; round < 3; round++) {
      try (FoldApp app = FoldApp.start(config)) {
        for (int i = 0; i < 20; i++) {
          kafka.send(topics, log.put(ElementId.vertex("" + i), BERLIN, round * 10 + 5));
          kafka.send(topics, log.put(ElementId.vertex("" + i), PARIS, 3 * round + 1));
          kafka.send(topics, log.put(ElementId.edge("" + i), BERLIN, round * 10 + 6));
        }
        kafka.sendToAll(topics, log.watermark(BERLIN, round * 10 + 6));
        kafka.awaitFolded(topics, () -> app.failure().isEmpty());
        assertThat(app.status().folded()).isEqualTo(60);
        assertThat(app.status().dropped()).isZero();
      }
    }
    for (String table : List.of(topics.topics().vertices(), topics.topics().edges())) {
      kafka.table(table, wire).forEach((partition, rows) -> assertCountsAreExact(rows));
    }
    assertThat(all(topics.topics().vertices())).hasSize(120 + 6);
    assertThat(all(topics.topics().edges())).hasSize(60 + 6);
  }

  @Test
  void conflictsGoToTheirTopic() throws Exception {
    TopicSpecs topics = topics("conflicts", 1);
    try (FoldApp app = FoldApp.start(config(topics, "c"))) {
      kafka.send(topics, log.put(ElementId.vertex("1"), PARIS, 9));
      kafka.send(topics, log.put(ElementId.vertex("1"), BERLIN, 5));
      kafka.awaitFolded(topics, () -> app.failure().isEmpty());
      assertThat(app.status().conflicts()).isEqualTo(1);
    }
    assertThat(kafka.read(topics.topics().conflicts()).get(0)).hasSize(1);
    assertThat(TableReader.brief(all(topics.topics().vertices())))
        .containsExactly("v1@9", "v1!berlin@1/5/0@5");
  }

  @Test
  void sweepsAfterARestart() throws Exception {
    TopicSpecs topics = topics("sweeps", 2);
    Site again = BERLIN.next();
    try (FoldApp app = FoldApp.start(config(topics, "s"))) {
      for (int i = 0; i < 10; i++) {
        kafka.send(topics, log.put(ElementId.vertex("" + i), BERLIN, 5, i, VersionVector.EMPTY));
      }
      kafka.sendToAll(topics, log.watermark(BERLIN, 5));
      kafka.awaitFolded(topics, () -> app.failure().isEmpty());
    }
    try (FoldApp app = FoldApp.start(config(topics, "s"))) {
      VersionVector seen = VersionVector.of(BERLIN, 5);
      for (int i = 0; i < 4; i++) {
        kafka.send(topics, log.put(ElementId.vertex("" + i), again, 1, i, seen));
      }
      kafka.sendToAll(topics, log.watermark(again, 1, Optional.of(BERLIN)));
      kafka.awaitFolded(topics, () -> app.failure().isEmpty());
      assertThat(app.status().swept()).isEqualTo(6);
    }
    List<TableReader.VersionRow> versions = TableReader.versions(all(topics.topics().vertices()));
    assertThat(versions).hasSize(20);
    assertThat(versions.stream().map(row -> row.version().header().dot()).distinct()).hasSize(20);
    kafka
        .table(topics.topics().vertices(), wire)
        .forEach((partition, rows) -> assertCountsAreExact(rows));
  }

  @Test
  void unreadableRecordStopsTheFoldAndLosesNothing() throws Exception {
    TopicSpecs topics = topics("unreadable", 1);
    kafka.create(topics);
    byte[] unknown = log.put(ElementId.vertex("2"), BERLIN, 6).value();
    unknown[1] = 0x55;
    kafka.send(topics, log.put(ElementId.vertex("1"), BERLIN, 5));
    kafka.send(topics, new ChangesLog.Entry(ChangesLog.key("v2"), unknown));
    kafka.send(topics, log.put(ElementId.vertex("3"), BERLIN, 7));
    kafka.flush();
    for (int i = 0; i < 2; i++) {
      try (FoldApp app = FoldApp.start(config(topics, "u"))) {
        KafkaFixture.await("stopped", () -> app.failure().isPresent());
        assertThat(app.failure().get())
            .isInstanceOf(VarveException.class)
            .hasMessageContaining("varve.unreadable.changes partition 0 offset 1")
            .hasMessageContaining("key 'v2'");
        KafkaFixture.await("in error", () -> app.status().state().equals("ERROR"));
      }
    }
    assertThat(TableReader.brief(all(topics.topics().vertices())))
        .doesNotContain("v3@7")
        .hasSizeLessThanOrEqualTo(1);
  }

  @Test
  void tableThatCannotBeReadBackStopsTheFold() throws Exception {
    TopicSpecs topics = topics("damaged", 1);
    kafka.create(topics);
    byte[] cut = Arrays.copyOf(log.put(ElementId.vertex("1"), BERLIN, 5).value(), 9);
    kafka.sendTo(topics.topics().vertices(), new ChangesLog.Entry(ChangesLog.key("v1"), cut));
    kafka.flush();
    try (FoldApp app = FoldApp.start(config(topics, "x"))) {
      KafkaFixture.await("stopped", () -> app.failure().isPresent());
      assertThat(app.failure().get())
          .isInstanceOf(VarveException.class)
          .hasMessageContaining("table varve.damaged-vertices-changelog, partition 0, offset 0");
    }
  }

  @Test
  void goesOnAfterTheBrokerWasAway(@TempDir Path home) throws Exception {
    TopicSpecs topics = topics("away", 1);
    try (KafkaFixture own = new KafkaFixture(home, Map.of())) {
      own.create(topics);
      FoldConfig config =
          FoldConfig.of(topics, RegistryConfig.embedded(), own.client(), directory.resolve("away"))
              .withCommitInterval(Duration.ofMillis(100));
      try (FoldApp app = FoldApp.start(config)) {
        own.send(topics, log.put(ElementId.vertex("1"), BERLIN, 1));
        own.awaitFolded(topics, () -> app.failure().isEmpty());
        own.restart();
        own.send(topics, log.put(ElementId.vertex("1"), BERLIN, 2));
        own.awaitFolded(topics, () -> app.failure().isEmpty());
      }
      assertThat(
              TableReader.brief(
                  own.table(topics.topics().vertices(), wire).getOrDefault(0, List.of())))
          .containsExactly("v1@1", "v1@2");
    }
  }

  @Test
  void deletedChangesAreNotSkipped() throws Exception {
    TopicSpecs topics = topics("deleted", 1);
    kafka.create(topics);
    for (int i = 1; i <= 5; i++) {
      kafka.send(topics, log.put(ElementId.vertex("1"), BERLIN, i));
    }
    kafka.flush();
    TopicPartition changes = new TopicPartition(topics.topics().changes(), 0);
    try (Admin admin = kafka.admin()) {
      admin.deleteRecords(Map.of(changes, RecordsToDelete.beforeOffset(3))).all().get();
    }
    assertThatThrownBy(() -> FoldApp.start(config(topics, "d")).close())
        .isInstanceOf(VarveException.class)
        .hasMessageContaining("varve.deleted.changes-0 begins at offset 3");
  }

  @Test
  void changesDeletedWhileItWasDownAreNotSkipped() throws Exception {
    TopicSpecs topics = topics("deleted-later", 1);
    try (FoldApp app = FoldApp.start(config(topics, "dl"))) {
      kafka.send(topics, log.put(ElementId.vertex("1"), BERLIN, 1));
      kafka.awaitFolded(topics, () -> app.failure().isEmpty());
    }
    for (int i = 2; i <= 5; i++) {
      kafka.send(topics, log.put(ElementId.vertex("1"), BERLIN, i));
    }
    kafka.flush();
    TopicPartition changes = new TopicPartition(topics.topics().changes(), 0);
    try (Admin admin = kafka.admin()) {
      admin.deleteRecords(Map.of(changes, RecordsToDelete.beforeOffset(3))).all().get();
    }
    try (FoldApp app = FoldApp.start(config(topics, "dl"))) {
      KafkaFixture.await("stopped", () -> app.failure().isPresent());
      assertThat(app.failure().get())
          .isInstanceOf(VarveException.class)
          .hasMessageContaining("deleted before the fold had read them");
    }
  }

  @Test
  void topicsThatAreNotAsTheyHaveToBeAreRefused() throws Exception {
    TopicSpecs topics = topics("refused", 2);
    try (Admin admin = kafka.admin()) {
      admin
          .createTopics(
              List.of(
                  new NewTopic(topics.topics().changes(), 5, (short) 1)
                      .configs(topics.changes().settings()),
                  new NewTopic(topics.topics().vertices(), 2, (short) 1)))
          .all()
          .get();
    }
    assertThatThrownBy(() -> FoldApp.start(config(topics, "r")).close())
        .isInstanceOf(VarveException.class)
        .hasMessageContaining("varve.refused.changes has 5 partitions, expected 2")
        .hasMessageContaining("cleanup.policy=delete, expected compact");
  }

  @Test
  void unreachableKafkaIsAnErrorToActOn() {
    TopicSpecs topics = topics("unreachable", 1);
    FoldConfig config =
        FoldConfig.of(
            topics,
            RegistryConfig.embedded(),
            Map.of(
                "bootstrap.servers",
                "127.0.0.1:1",
                "default.api.timeout.ms",
                "1500",
                "request.timeout.ms",
                "1000"),
            directory.resolve("n"));
    assertThatThrownBy(() -> FoldApp.start(config).close())
        .isInstanceOfSatisfying(
            VarveException.class,
            error -> {
              assertThat(error).hasMessageContaining("127.0.0.1:1");
              assertThat(error.exitCode()).isEqualTo(ExitCode.FAILED);
            });
  }

  @Test
  void secondInstanceOnTheSameStateDirectoryIsRefused() throws Exception {
    TopicSpecs topics = topics("twice", 1);
    try (FoldApp app = FoldApp.start(config(topics, "t"))) {
      assertThatThrownBy(() -> FoldApp.start(config(topics, "t")).close())
          .isInstanceOfSatisfying(
              VarveException.class,
              error -> assertThat(error.exitCode()).isEqualTo(ExitCode.FENCED));
      KafkaFixture.await("running", () -> app.status().running());
    }
  }

  @Test
  void isShownOverJmx() throws Exception {
    TopicSpecs topics = topics("jmx", 1);
    try (FoldApp app = FoldApp.start(config(topics, "j").withInstance("one"))) {
      kafka.send(topics, log.put(ElementId.vertex("1"), BERLIN, 5));
      kafka.sendToAll(topics, log.watermark(BERLIN, 5));
      kafka.awaitFolded(topics, () -> app.failure().isEmpty());
      ObjectName name = new ObjectName("dev.varve:type=Fold,graph=\"jmx\",instance=\"one\"");
      var server = ManagementFactory.getPlatformMBeanServer();
      assertThat(server.getAttribute(name, "Folded")).isEqualTo(1L);
      assertThat(server.getAttribute(name, "Watermarks")).isEqualTo(Map.of("0", "berlin@1=5"));
    }
  }

  @Test
  void twoInstancesShareThePartitionsAndTakeOverFromEachOther() throws Exception {
    TopicSpecs topics = topics("two", 4);
    kafka.create(topics);
    List<FoldApp> running = new ArrayList<>();
    try {
      running.add(FoldApp.start(config(topics, "two-a").withStandbys(1).withThreads(2)));
      sendRound(topics, 1);
      KafkaFixture.await("first runs", () -> running.get(0).status().running());
      running.add(FoldApp.start(config(topics, "two-b").withStandbys(1)));
      sendRound(topics, 2);
      KafkaFixture.await(
          "shared", () -> running.stream().allMatch(a -> !a.status().partitions().isEmpty()));
      sendRound(topics, 3);
      kafka.awaitFolded(topics, () -> running.stream().allMatch(a -> a.failure().isEmpty()));
      running.remove(0).close();
      sendRound(topics, 4);
      kafka.awaitFolded(topics, () -> running.get(0).failure().isEmpty());
      assertThat(running.get(0).status().partitions()).hasSize(4);
    } finally {
      running.forEach(FoldApp::close);
    }
    kafka
        .table(topics.topics().vertices(), wire)
        .forEach((partition, rows) -> assertCountsAreExact(rows));
    List<TableReader.VersionRow> versions = TableReader.versions(all(topics.topics().vertices()));
    assertThat(versions).hasSize(400);
    assertThat(versions.stream().map(row -> row.version().header().dot()).distinct()).hasSize(400);
  }

  private void sendRound(TopicSpecs topics, int round) {
    for (int i = 0; i < 100; i++) {
      kafka.send(topics, log.put(ElementId.vertex("" + i), BERLIN, round, i, VersionVector.EMPTY));
    }
    kafka.sendToAll(topics, log.watermark(BERLIN, round));
    kafka.flush();
  }

  /** Each watermark counts the versions before it, and no version follows one that covers it. */
  private static void assertCountsAreExact(List<TableReader.Row> rows) {
    long versions = 0;
    VersionVector watermarks = VersionVector.EMPTY;
    for (TableReader.Row row : rows) {
      if (row instanceof TableReader.VersionRow version) {
        versions++;
        assertThat(watermarks.covers(version.version().header().dot())).isFalse();
      } else if (row instanceof TableReader.WatermarkRow watermark) {
        assertThat(watermark.watermark().versions()).isEqualTo(versions);
        watermarks = watermarks.with(watermark.watermark().site(), watermark.watermark().seq());
      }
    }
  }

  private List<TableReader.Row> all(String topic) {
    List<TableReader.Row> all = new ArrayList<>();
    kafka.table(topic, wire).values().forEach(all::addAll);
    return all;
  }
}
