package dev.varve.compact;

import dev.varve.compact.SyntheticGraph.Row;
import dev.varve.wire.TopicSpec;
import dev.varve.wire.TopicSpecs;
import dev.varve.wire.Topics;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.serialization.ByteArraySerializer;

/** The topics of one graph in a real broker, each partition fed at its own pace. */
final class Tables implements AutoCloseable {

  final Topics topics;
  private final Map<String, Object> kafka;
  private final int partitions;
  private final List<KafkaProducer<byte[], byte[]>> producers = new ArrayList<>();

  Tables(String bootstrap, String graph, int partitions) throws Exception {
    this.kafka = Map.of("bootstrap.servers", bootstrap);
    this.topics = new Topics(graph);
    this.partitions = partitions;
    create();
    for (int place = 0; place < 2 * partitions + 1; place++) {
      KafkaProducer<byte[], byte[]> producer =
          new KafkaProducer<>(
              Map.of("bootstrap.servers", bootstrap, "transactional.id", graph + "-" + place),
              new ByteArraySerializer(),
              new ByteArraySerializer());
      producer.initTransactions();
      producers.add(producer);
    }
  }

  void create() throws Exception {
    TopicSpecs specs =
        new TopicSpecs(
            topics, partitions, Optional.of(1), TopicSpecs.DEFAULT_COMPACTION_LAG, "lz4");
    try (Admin admin = Admin.create(kafka)) {
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
  }

  void delete() throws Exception {
    try (Admin admin = Admin.create(kafka)) {
      admin
          .deleteTopics(List.of(topics.vertices(), topics.edges(), topics.transactions()))
          .all()
          .get();
    }
  }

  Admin admin() {
    return Admin.create(kafka);
  }

  /** Puts everything that waits into the topics. */
  void deliver(SyntheticGraph graph) {
    for (int place = 0; place < producers.size(); place++) {
      Deque<Row> queue = graph.queues.get(place);
      deliver(place, queue, queue.size(), false);
    }
  }

  /**
   * Puts some of what waits into some of the partitions: batches of any length, which need not end
   * at a watermark, and aborted ones before them.
   */
  void deliverSome(SyntheticGraph graph, Random random) {
    for (int place = 0; place < producers.size(); place++) {
      Deque<Row> queue = graph.queues.get(place);
      if (random.nextInt(3) > 0 && !queue.isEmpty()) {
        if (random.nextInt(5) == 0) {
          deliver(place, queue, 1 + random.nextInt(queue.size()), true);
        }
        deliver(place, queue, 1 + random.nextInt(queue.size()), false);
      }
    }
  }

  @Override
  public void close() {
    producers.forEach(KafkaProducer::close);
  }

  private void deliver(int place, Deque<Row> queue, int count, boolean abort) {
    if (count == 0) {
      return;
    }
    KafkaProducer<byte[], byte[]> producer = producers.get(place);
    producer.beginTransaction();
    List<Row> batch = new ArrayList<>();
    for (Row row : queue) {
      if (batch.size() == count) {
        break;
      }
      batch.add(row);
    }
    for (Row row : batch) {
      var unused =
          producer.send(
              new ProducerRecord<>(
                  topic(place),
                  place < 2 * partitions ? place % partitions : 0,
                  row.key().getBytes(StandardCharsets.UTF_8),
                  row.value()));
    }
    if (abort) {
      producer.flush();
      producer.abortTransaction();
    } else {
      producer.commitTransaction();
      batch.forEach(row -> queue.remove());
    }
  }

  private String topic(int place) {
    return place < partitions
        ? topics.vertices()
        : place < 2 * partitions ? topics.edges() : topics.transactions();
  }
}
