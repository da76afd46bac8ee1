package dev.varve.bench;

import dev.varve.change.ChangeHeader;
import dev.varve.change.Watermark;
import dev.varve.topology.Fold;
import dev.varve.topology.VersionDigest;
import dev.varve.topology.VersionHeader;
import dev.varve.wire.AvroInput;
import dev.varve.wire.AvroOutput;
import dev.varve.wire.ChangeCodec;
import dev.varve.wire.RecordKind;
import dev.varve.wire.TopicSpecs;
import dev.varve.wire.VersionCodec;
import dev.varve.wire.WatermarkCodec;
import dev.varve.wire.Wire;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicLong;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.ConsumerRecords;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.ByteArraySerializer;

/**
 * The fold as a plain loop: a consumer, a transactional producer and a hash map; no restoring, no
 * sharing out, no checks. What Kafka Streams is measured against.
 */
final class PlainFold implements Runnable {

  private final String bootstrap;
  private final TopicSpecs from;
  private final TopicSpecs to;
  private final Wire wire;
  private final Duration commitInterval;
  private final ChangeCodec changes = new ChangeCodec();
  private final VersionCodec versions = new VersionCodec();
  private final WatermarkCodec watermarks = new WatermarkCodec();
  private final AvroOutput out = new AvroOutput();
  private final Map<ByteBuffer, VersionDigest> digests = new HashMap<>();
  private final Map<TopicPartition, Long> counts = new HashMap<>();
  private final AtomicLong folded = new AtomicLong();
  private volatile boolean stopped;

  PlainFold(String bootstrap, TopicSpecs from, TopicSpecs to, Wire wire, Duration commitInterval) {
    this.bootstrap = bootstrap;
    this.from = from;
    this.to = to;
    this.wire = wire;
    this.commitInterval = commitInterval;
  }

  long folded() {
    return folded.get();
  }

  void stop() {
    stopped = true;
  }

  @Override
  public void run() {
    String name = to.topics().application();
    try (KafkaConsumer<byte[], byte[]> consumer =
            new KafkaConsumer<>(
                Map.of(
                    "bootstrap.servers",
                    bootstrap,
                    "group.id",
                    name,
                    "isolation.level",
                    "read_committed",
                    "enable.auto.commit",
                    "false",
                    "auto.offset.reset",
                    "earliest",
                    "max.poll.records",
                    "2000"),
                new ByteArrayDeserializer(),
                new ByteArrayDeserializer());
        KafkaProducer<byte[], byte[]> producer =
            new KafkaProducer<>(
                Map.of(
                    "bootstrap.servers",
                    bootstrap,
                    "transactional.id",
                    name,
                    "compression.type",
                    to.compression(),
                    "batch.size",
                    "131072",
                    "linger.ms",
                    "20"),
                new ByteArraySerializer(),
                new ByteArraySerializer())) {
      consumer.subscribe(List.of(from.topics().changes()));
      producer.initTransactions();
      producer.beginTransaction();
      long committedNanos = System.nanoTime();
      while (!stopped) {
        ConsumerRecords<byte[], byte[]> records = consumer.poll(Duration.ofMillis(100));
        for (ConsumerRecord<byte[], byte[]> record : records) {
          fold(record, producer);
        }
        if (System.nanoTime() - committedNanos >= commitInterval.toNanos()) {
          commit(consumer, producer);
          producer.beginTransaction();
          committedNanos = System.nanoTime();
        }
      }
      commit(consumer, producer);
    }
  }

  private static void commit(
      KafkaConsumer<byte[], byte[]> consumer, KafkaProducer<byte[], byte[]> producer) {
    Map<TopicPartition, OffsetAndMetadata> offsets = new HashMap<>();
    consumer.assignment().forEach(p -> offsets.put(p, new OffsetAndMetadata(consumer.position(p))));
    producer.sendOffsetsToTransaction(offsets, consumer.groupMetadata());
    producer.commitTransaction();
  }

  private void fold(ConsumerRecord<byte[], byte[]> record, KafkaProducer<byte[], byte[]> producer) {
    Wire.Body body = wire.open(record.value());
    if (body.kind() == RecordKind.WATERMARK) {
      Watermark watermark = watermarks.read(body.input());
      watermark(to.topics().vertices(), record, watermark, producer);
      watermark(to.topics().edges(), record, watermark, producer);
      return;
    }
    ChangeHeader change = changes.readHeader(body.input());
    ByteBuffer key = ByteBuffer.wrap(record.key());
    Fold.Outcome outcome = Fold.apply(digests.get(key), change);
    if (outcome instanceof Fold.Won won) {
      digests.put(key, won.version().digest());
      String table = record.key()[0] == 'v' ? to.topics().vertices() : to.topics().edges();
      counts.merge(new TopicPartition(table, record.partition()), 1L, Long::sum);
      put(table, record, version(won.version(), body.input()), producer);
    }
    folded.incrementAndGet();
  }

  private byte[] version(VersionHeader header, AvroInput state) {
    versions.writeHeader(header, out.clear());
    out.raw(state.array(), state.position(), state.remaining());
    return wire.frame(RecordKind.ELEMENT_VERSION, out);
  }

  private void watermark(
      String table,
      ConsumerRecord<byte[], byte[]> record,
      Watermark watermark,
      KafkaProducer<byte[], byte[]> producer) {
    long count = counts.getOrDefault(new TopicPartition(table, record.partition()), 0L);
    watermarks.write(watermark.withVersions(count), out.clear());
    put(table, record, wire.frame(RecordKind.WATERMARK, out), producer);
  }

  private static void put(
      String table,
      ConsumerRecord<byte[], byte[]> record,
      byte[] value,
      KafkaProducer<byte[], byte[]> producer) {
    var unused =
        producer.send(
            new ProducerRecord<>(
                table, record.partition(), record.timestamp(), record.key(), value));
  }
}
