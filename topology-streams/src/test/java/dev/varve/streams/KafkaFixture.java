package dev.varve.streams;

import dev.varve.embedded.EmbeddedServer;
import dev.varve.embedded.kafka.EmbeddedKafka;
import dev.varve.wire.TopicSpecs;
import dev.varve.wire.Wire;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.ExecutionException;
import java.util.function.BooleanSupplier;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.admin.OffsetSpec;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.apache.kafka.common.utils.Utils;

/** A broker, and hands to put changes in and take tables out. */
final class KafkaFixture implements AutoCloseable {

  private static final Duration PATIENCE = Duration.ofSeconds(90);

  private final Path home;
  private final Map<String, String> settings;
  private EmbeddedServer.Running kafka;
  private final KafkaProducer<byte[], byte[]> producer;

  KafkaFixture(Path home, Map<String, String> settings) {
    this.home = home;
    this.settings = settings;
    kafka = new EmbeddedKafka().start(home, settings);
    producer =
        new KafkaProducer<>(
            Map.of(
                "bootstrap.servers",
                kafka.address(),
                "linger.ms",
                "5",
                // a topic just created may refuse the first batch and take the second
                "max.in.flight.requests.per.connection",
                "1"),
            new ByteArraySerializer(),
            new ByteArraySerializer());
  }

  /** Stops the broker and starts it again, the same data at the same address. */
  void restart() {
    kafka.close();
    kafka = new EmbeddedKafka().start(home, settings);
  }

  String address() {
    return kafka.address();
  }

  Map<String, String> client() {
    return Map.of("bootstrap.servers", kafka.address());
  }

  Admin admin() {
    return Admin.create(Map.of("bootstrap.servers", kafka.address()));
  }

  void create(TopicSpecs topics) throws ExecutionException, InterruptedException {
    create(topics, Map.of());
  }

  /**
   * @param table settings of the tables that the test wants otherwise
   */
  void create(TopicSpecs topics, Map<String, String> table)
      throws ExecutionException, InterruptedException {
    try (Admin admin = admin()) {
      List<NewTopic> all =
          topics.all().stream()
              .map(
                  spec -> {
                    Map<String, String> settings = new HashMap<>(spec.settings());
                    if (spec.name().endsWith("-changelog")) {
                      settings.putAll(table);
                    }
                    return new NewTopic(spec.name(), spec.partitions(), (short) 1)
                        .configs(settings);
                  })
              .toList();
      admin.createTopics(all).all().get();
    }
  }

  /** Puts a change where it belongs. */
  void send(TopicSpecs topics, ChangesLog.Entry entry) {
    int partition = Utils.toPositive(Utils.murmur2(entry.key())) % topics.partitions();
    send(topics, partition, entry);
  }

  /** Puts a watermark into every partition. */
  void sendToAll(TopicSpecs topics, ChangesLog.Entry entry) {
    for (int partition = 0; partition < topics.partitions(); partition++) {
      send(topics, partition, entry);
    }
  }

  private void send(TopicSpecs topics, int partition, ChangesLog.Entry entry) {
    var unused =
        producer.send(
            new ProducerRecord<>(topics.topics().changes(), partition, entry.key(), entry.value()));
  }

  /** Puts a record into the first partition of any topic. */
  void sendTo(String topic, ChangesLog.Entry entry) {
    var unused = producer.send(new ProducerRecord<>(topic, 0, entry.key(), entry.value()));
  }

  void flush() {
    producer.flush();
  }

  /** All committed records of a topic, by partition. */
  Map<Integer, List<ConsumerRecord<byte[], byte[]>>> read(String topic) {
    Map<String, Object> settings =
        Map.of("bootstrap.servers", kafka.address(), "isolation.level", "read_committed");
    Map<Integer, List<ConsumerRecord<byte[], byte[]>>> records = new TreeMap<>();
    try (KafkaConsumer<byte[], byte[]> consumer =
        new KafkaConsumer<>(settings, new ByteArrayDeserializer(), new ByteArrayDeserializer())) {
      List<TopicPartition> partitions =
          consumer.partitionsFor(topic).stream()
              .map(info -> new TopicPartition(topic, info.partition()))
              .toList();
      partitions.forEach(partition -> records.put(partition.partition(), new ArrayList<>()));
      consumer.assign(partitions);
      consumer.seekToBeginning(partitions);
      Map<TopicPartition, Long> ends = consumer.endOffsets(partitions);
      while (partitions.stream().anyMatch(p -> consumer.position(p) < ends.getOrDefault(p, 0L))) {
        for (ConsumerRecord<byte[], byte[]> record : consumer.poll(Duration.ofMillis(200))) {
          records.computeIfAbsent(record.partition(), p -> new ArrayList<>()).add(record);
        }
      }
    }
    return records;
  }

  /** All committed rows of a table, by partition. */
  Map<Integer, List<TableReader.Row>> table(String topic, Wire wire) {
    TableReader reader = new TableReader(wire);
    Map<Integer, List<TableReader.Row>> rows = new TreeMap<>();
    read(topic)
        .forEach(
            (partition, records) ->
                rows.put(
                    partition,
                    records.stream().map(r -> reader.read(r.key(), r.value())).toList()));
    return rows;
  }

  /** Waits until the fold's committed place in the changes is their end. */
  void awaitFolded(TopicSpecs topics, BooleanSupplier stillGood) throws Exception {
    producer.flush();
    try (Admin admin = admin()) {
      Map<TopicPartition, OffsetSpec> latest = new HashMap<>();
      for (int partition = 0; partition < topics.partitions(); partition++) {
        latest.put(new TopicPartition(topics.topics().changes(), partition), OffsetSpec.latest());
      }
      await(
          "all changes folded",
          () -> {
            if (!stillGood.getAsBoolean()) {
              throw new AssertionError("the fold has stopped");
            }
            var ends = admin.listOffsets(latest).all().get();
            var committed =
                admin
                    .listConsumerGroupOffsets(topics.topics().application())
                    .partitionsToOffsetAndMetadata()
                    .get();
            return ends.entrySet().stream()
                .allMatch(
                    end -> {
                      var place = committed.get(end.getKey());
                      return place != null && place.offset() >= end.getValue().offset();
                    });
          });
    }
  }

  interface Condition {
    boolean holds() throws Exception;
  }

  static void await(String what, Condition condition) throws Exception {
    long until = System.nanoTime() + PATIENCE.toNanos();
    while (!condition.holds()) {
      if (System.nanoTime() > until) {
        throw new AssertionError("not within " + PATIENCE + ": " + what);
      }
      Thread.sleep(50);
    }
  }

  @Override
  public void close() {
    producer.close();
    kafka.close();
  }
}
