package dev.varve.replay;

import static org.assertj.core.api.Assertions.assertThat;

import dev.varve.archive.DirectoryRepository;
import dev.varve.embedded.EmbeddedServer;
import dev.varve.embedded.kafka.EmbeddedKafka;
import dev.varve.restore.Moment;
import dev.varve.restore.Progress;
import dev.varve.restore.convert.Conversion;
import dev.varve.restore.convert.Engine;
import dev.varve.wire.AvroOutput;
import dev.varve.wire.RecordKind;
import dev.varve.wire.RegistryConfig;
import dev.varve.wire.TopicSpec;
import dev.varve.wire.TopicSpecs;
import dev.varve.wire.TransactionCodec;
import dev.varve.wire.VersionCodec;
import dev.varve.wire.WatermarkCodec;
import dev.varve.wire.Wire;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Follows tables in a real broker while they are written, begun anew again and again. */
final class TablesReplayTest {

  private static final int RESTARTS = 3;
  private static final Duration AT_MOST = Duration.ofMinutes(3);

  private final long seed = Long.getLong("varve.seed", 11);

  @TempDir Path directory;

  @Test
  void whateverIsReadWhenTheStandbyIsTheGraphAtItsCut() throws Exception {
    System.out.println("repeat with -Dvarve.seed=" + seed);
    Random random = new Random(seed);
    FakeTables tables = new FakeTables(random, 2, 150);
    FakeStandby standby = new FakeStandby(tables);
    try (EmbeddedServer.Running kafka =
            new EmbeddedKafka().start(directory.resolve("kafka"), Map.of());
        Feed feed = new Feed(kafka.address(), tables)) {
      for (int run = 0; run <= RESTARTS; run++) {
        try (Replay replay = start(kafka.address(), standby, true, new Moment.Latest())) {
          for (int i = 0; i < 4 || (run == RESTARTS && feed.waits()); i++) {
            feed.some(random);
            Thread.sleep(random.nextInt(300));
            assertThat(replay.failure()).isEmpty();
          }
          if (run == RESTARTS) {
            await(replay, standby, tables);
          }
        }
      }
      try (Replay replay = start(kafka.address(), standby, false, new Moment.Latest())) {
        while (!replay.done()) {
          assertThat(replay.failure()).isEmpty();
          Thread.sleep(20);
        }
        assertThat(replay.verified()).isPresent();
      }
    }
  }

  private Replay start(String bootstrap, FakeStandby standby, boolean follow, Moment until) {
    ReplayConfig config =
        ReplayConfig.of(
                FakeTables.TOPICS.graph(),
                Optional.of(Map.of("bootstrap.servers", bootstrap)),
                RegistryConfig.embedded(),
                new DirectoryRepository(directory.resolve("repository")),
                directory.resolve("work"))
            .to(follow, until, Duration.ZERO)
            .withLimits(new ReplayConfig.Limits(10, Long.MAX_VALUE));
    return Replay.start(
        config,
        () -> standby,
        new Conversion(Optional.of(Engine.NEO4J), false),
        !follow,
        Progress.NONE);
  }

  private static void await(Replay replay, FakeStandby standby, FakeTables tables)
      throws InterruptedException {
    long end = System.nanoTime() + AT_MOST.toNanos();
    while (!standby.reached.vector().includes(tables.end())) {
      assertThat(replay.failure()).isEmpty();
      assertThat(System.nanoTime()).as("%s", replay.status()).isLessThan(end);
      Thread.sleep(20);
    }
  }

  /** Puts what the tables have into topics, each partition at its own pace. */
  private static final class Feed implements AutoCloseable {
    private final FakeTables tables;
    private final Wire wire = Wire.open(RegistryConfig.embedded());
    private final VersionCodec versions = new VersionCodec();
    private final WatermarkCodec watermarks = new WatermarkCodec();
    private final TransactionCodec transactions = new TransactionCodec();
    private final AvroOutput out = new AvroOutput();
    private final KafkaProducer<byte[], byte[]> producer;
    private final List<Integer> next = new ArrayList<>();

    Feed(String bootstrap, FakeTables tables) throws Exception {
      this.tables = tables;
      TopicSpecs specs =
          new TopicSpecs(
              FakeTables.TOPICS,
              FakeTables.PARTITIONS,
              Optional.of(1),
              TopicSpecs.DEFAULT_COMPACTION_LAG,
              "lz4");
      try (Admin admin = Admin.create(Map.of("bootstrap.servers", bootstrap))) {
        for (TopicSpec spec : List.of(specs.vertices(), specs.edges(), specs.transactions())) {
          admin
              .createTopics(
                  List.of(
                      new NewTopic(spec.name(), spec.partitions(), (short) 1)
                          .configs(spec.settings())))
              .all()
              .get();
        }
      }
      producer =
          new KafkaProducer<>(
              Map.of("bootstrap.servers", bootstrap, "transactional.id", "feed"),
              new ByteArraySerializer(),
              new ByteArraySerializer());
      producer.initTransactions();
      tables.places.forEach(place -> next.add(0));
    }

    boolean waits() {
      for (int place = 0; place < next.size(); place++) {
        if (next.get(place) < tables.rows.get(place).size()) {
          return true;
        }
      }
      return false;
    }

    /** Some of what waits in some places, in one Kafka transaction; one that is aborted before. */
    void some(Random random) {
      for (boolean abort : new boolean[] {true, false}) {
        producer.beginTransaction();
        for (int place = 0; place < next.size(); place++) {
          List<FakeTables.Row> rows = tables.rows.get(place);
          int from = next.get(place);
          int to = Math.min(rows.size(), from + random.nextInt(25));
          for (FakeTables.Row row : rows.subList(from, to)) {
            send(place, row);
          }
          if (!abort) {
            next.set(place, to);
          }
        }
        if (abort) {
          producer.flush();
          producer.abortTransaction();
        } else {
          producer.commitTransaction();
        }
      }
    }

    private void send(int place, FakeTables.Row row) {
      String key;
      RecordKind kind;
      out.clear();
      if (row instanceof FakeTables.Row.Version found) {
        key = found.version().id().toString();
        if (found.version().header().lost()) {
          key += "!" + found.version().header().dot();
        }
        kind = RecordKind.ELEMENT_VERSION;
        versions.write(found.version(), out);
      } else if (row instanceof FakeTables.Row.Mark mark) {
        key = "w" + mark.watermark().site();
        kind = RecordKind.WATERMARK;
        watermarks.write(mark.watermark(), out);
      } else {
        FakeTables.Row.Tx tx = (FakeTables.Row.Tx) row;
        key = "t" + tx.transaction().seq();
        kind = RecordKind.TRANSACTION;
        transactions.write(tx.transaction(), out);
      }
      var unused =
          producer.send(
              new ProducerRecord<>(
                  tables.places.get(place).topic(),
                  tables.places.get(place).partition(),
                  key.getBytes(StandardCharsets.UTF_8),
                  wire.frame(kind, out)));
    }

    @Override
    public void close() {
      producer.close();
      wire.close();
    }
  }
}
