package dev.varve.bench;

import dev.varve.change.Watermark;
import dev.varve.graph.ElementKind;
import dev.varve.topology.ElementVersion;
import dev.varve.wire.AvroOutput;
import dev.varve.wire.RecordKind;
import dev.varve.wire.TopicSpec;
import dev.varve.wire.TopicSpecs;
import dev.varve.wire.Topics;
import dev.varve.wire.VersionCodec;
import dev.varve.wire.WatermarkCodec;
import dev.varve.wire.Wire;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ExecutionException;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.serialization.ByteArraySerializer;

/** The topics that a compactor reads, one partition each, fed as the fold does it. */
final class SyntheticTables implements AutoCloseable {

  private static final Topics TOPICS = new Topics(SyntheticChain.GRAPH);
  private static final List<String> TABLES =
      List.of(TOPICS.vertices(), TOPICS.edges(), TOPICS.transactions());
  private static final long NAMES_FREE_MS = 1000;

  private final Wire wire;
  private final VersionCodec codec = new VersionCodec();
  private final AvroOutput out = new AvroOutput();
  private final long[] versions = new long[TABLES.size()];
  private final KafkaProducer<byte[], byte[]> producer;

  SyntheticTables(String bootstrap, Wire wire) {
    this.wire = wire;
    this.producer =
        new KafkaProducer<>(
            Map.of("bootstrap.servers", bootstrap, "linger.ms", "20", "batch.size", "131072"),
            new ByteArraySerializer(),
            new ByteArraySerializer());
  }

  /** Creates the topics; returns their names. */
  static List<String> create(String bootstrap) throws ExecutionException, InterruptedException {
    TopicSpecs specs =
        new TopicSpecs(TOPICS, 1, Optional.of(1), TopicSpecs.DEFAULT_COMPACTION_LAG, "lz4");
    try (Admin admin = Admin.create(Map.of("bootstrap.servers", bootstrap))) {
      for (TopicSpec spec : specs.all()) {
        if (TABLES.contains(spec.name())) {
          NewTopic topic = new NewTopic(spec.name(), 1, (short) 1).configs(spec.settings());
          admin.createTopics(List.of(topic)).all().get();
        }
      }
    }
    return TABLES;
  }

  static void delete(String bootstrap) throws ExecutionException, InterruptedException {
    try (Admin admin = Admin.create(Map.of("bootstrap.servers", bootstrap))) {
      admin.deleteTopics(TABLES).all().get();
    }
    Thread.sleep(NAMES_FREE_MS); // a moment later the names are free again
  }

  void put(ElementVersion version) {
    int table = version.id().kind() == ElementKind.VERTEX ? 0 : 1;
    codec.write(version, out.clear());
    versions[table]++;
    send(table, version.id().toString(), wire.frame(RecordKind.ELEMENT_VERSION, out));
  }

  /** Everything up to a transaction has been put. */
  void watermark(long seq) {
    for (int table = 0; table < TABLES.size(); table++) {
      Watermark watermark =
          new Watermark(
              SyntheticChain.site(),
              seq,
              SyntheticChain.micros(seq),
              versions[table],
              "bench",
              Optional.empty());
      new WatermarkCodec().write(watermark, out.clear());
      send(table, "w" + SyntheticChain.site(), wire.frame(RecordKind.WATERMARK, out));
    }
    producer.flush();
  }

  private void send(int table, String key, byte[] value) {
    var unused =
        producer.send(
            new ProducerRecord<>(
                TABLES.get(table), 0, key.getBytes(StandardCharsets.UTF_8), value));
  }

  @Override
  public void close() {
    producer.close();
  }
}
