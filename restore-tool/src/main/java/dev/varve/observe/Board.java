package dev.varve.observe;

import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.apache.kafka.clients.CommonClientConfigs;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerConfig;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The observers topic: where each puts up what it sees and reads what the others see. What counts
 * is when the broker took a record, so no two clocks are ever compared. Used by one thread.
 */
final class Board implements AutoCloseable {

  private static final Logger LOG = LoggerFactory.getLogger(Board.class);

  private final TopicPartition partition;
  private final TopicPartition offsets;
  private final Duration answerWithin;
  private final KafkaProducer<byte[], byte[]> producer;
  private final KafkaConsumer<byte[], byte[]> consumer;
  private final Map<String, Verdict.Heard> heard = new HashMap<>();

  /**
   * @param kafka settings of Kafka clients
   * @param offsetsTopic where capture leaves a record of all that it does
   * @param answerWithin how long a broker may take to take or give a record
   */
  Board(Map<String, String> kafka, String topic, String offsetsTopic, Duration answerWithin) {
    partition = new TopicPartition(topic, 0);
    offsets = new TopicPartition(offsetsTopic, 0);
    this.answerWithin = answerWithin;
    String within = Long.toString(answerWithin.toMillis());
    Map<String, Object> settings = new HashMap<>(kafka);
    settings.put(CommonClientConfigs.REQUEST_TIMEOUT_MS_CONFIG, within);
    Map<String, Object> producing = new HashMap<>(settings);
    producing.put(ProducerConfig.ACKS_CONFIG, "all");
    producing.put(ProducerConfig.LINGER_MS_CONFIG, "0");
    producing.put(ProducerConfig.MAX_BLOCK_MS_CONFIG, within);
    producing.put(ProducerConfig.DELIVERY_TIMEOUT_MS_CONFIG, within);
    producer = new KafkaProducer<>(producing, new ByteArraySerializer(), new ByteArraySerializer());
    Map<String, Object> consuming = new HashMap<>(settings);
    consuming.put(ConsumerConfig.ENABLE_AUTO_COMMIT_CONFIG, "false");
    consuming.put(ConsumerConfig.DEFAULT_API_TIMEOUT_MS_CONFIG, within);
    consumer =
        new KafkaConsumer<>(consuming, new ByteArrayDeserializer(), new ByteArrayDeserializer());
    consumer.assign(List.of(partition));
    consumer.seekToBeginning(List.of(partition));
  }

  /**
   * Puts up what this observer sees.
   *
   * @return when the broker took it
   * @throws KafkaException if no broker took it in time; it may still come
   */
  long post(Sighting sighting, Duration within) {
    try {
      return producer
          .send(
              new ProducerRecord<>(
                  partition.topic(),
                  partition.partition(),
                  sighting.observer().getBytes(StandardCharsets.UTF_8),
                  sighting.toJson()))
          .get(within.toMillis(), TimeUnit.MILLISECONDS)
          .timestamp();
    } catch (ExecutionException e) {
      throw e.getCause() instanceof KafkaException known ? known : new KafkaException(e.getCause());
    } catch (TimeoutException e) {
      throw new org.apache.kafka.common.errors.TimeoutException("no broker took it in time", e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new org.apache.kafka.common.errors.InterruptException(e);
    }
  }

  /**
   * What every observer said last, as far as it has come.
   *
   * @throws KafkaException if no broker answers
   */
  Map<String, Verdict.Heard> read(Duration wait) {
    for (ConsumerRecord<byte[], byte[]> record : consumer.poll(wait)) {
      sighting(record)
          .ifPresent(
              sighting ->
                  heard.put(sighting.observer(), new Verdict.Heard(sighting, record.timestamp())));
    }
    return Map.copyOf(heard);
  }

  /**
   * Where the offsets topic ends.
   *
   * @throws KafkaException if no broker answers
   */
  long offsetsEnd() {
    return consumer.endOffsets(List.of(offsets), answerWithin).getOrDefault(offsets, 0L);
  }

  private Optional<Sighting> sighting(ConsumerRecord<byte[], byte[]> record) {
    if (record.key() == null || record.value() == null) {
      return Optional.empty();
    }
    try {
      return Optional.of(
          Sighting.of(new String(record.key(), StandardCharsets.UTF_8), record.value()));
    } catch (IllegalArgumentException e) {
      LOG.warn("{} offset {}: {}", partition, record.offset(), e.getMessage());
      return Optional.empty();
    }
  }

  @Override
  public void close() {
    producer.close(Duration.ZERO);
    consumer.close(org.apache.kafka.clients.consumer.CloseOptions.timeout(Duration.ZERO));
  }
}
