package dev.varve.cdc;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Predicate;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.TimeoutException;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;

/**
 * Reads the offsets topic: the last committed value a key. It is read afresh each time; being
 * compacted it stays small.
 */
final class OffsetsTopic {

  private static final Duration POLL = Duration.ofMillis(200);
  private static final int QUIET_POLLS_MAX = 300; // a minute

  private OffsetsTopic() {}

  /**
   * All there is, by {@link OffsetCodec#sortedKey}.
   *
   * @throws org.apache.kafka.common.KafkaException if the brokers cannot be reached
   */
  static Map<ByteBuffer, byte[]> read(Map<String, Object> consumerSettings, String topic) {
    Map<ByteBuffer, byte[]> newest = new HashMap<>();
    OffsetCodec codec = new OffsetCodec();
    forEach(
        consumerSettings,
        topic,
        record -> {
          ByteBuffer key = codec.sortedKey(record.key());
          if (record.value() == null) {
            newest.remove(key);
          } else {
            newest.put(key, record.value());
          }
          return true;
        });
    return newest;
  }

  /**
   * Whether a topic of one partition holds a committed record with such a key.
   *
   * @throws org.apache.kafka.common.KafkaException if the brokers cannot be reached
   */
  static boolean holds(
      Map<String, Object> consumerSettings, String topic, Predicate<String> wanted) {
    boolean[] found = {false};
    forEach(
        consumerSettings,
        topic,
        record -> {
          found[0] = wanted.test(new String(record.key(), StandardCharsets.UTF_8));
          return !found[0];
        });
    return found[0];
  }

  /** Hands on what is committed in partition 0 until there is no more or nobody wants it. */
  private static void forEach(
      Map<String, Object> consumerSettings,
      String topic,
      Predicate<ConsumerRecord<byte[], byte[]>> each) {
    try (KafkaConsumer<byte[], byte[]> consumer =
        new KafkaConsumer<>(
            consumerSettings, new ByteArrayDeserializer(), new ByteArrayDeserializer())) {
      TopicPartition partition = new TopicPartition(topic, 0);
      consumer.assign(List.of(partition));
      consumer.seekToBeginning(List.of(partition));
      // under read_committed this is the last stable offset: nothing open is before it
      long end = consumer.endOffsets(List.of(partition)).getOrDefault(partition, 0L);
      int quiet = 0;
      while (consumer.position(partition) < end) {
        int read = 0;
        for (ConsumerRecord<byte[], byte[]> record : consumer.poll(POLL)) {
          if (!each.test(record)) {
            return;
          }
          read++;
        }
        quiet = read == 0 ? quiet + 1 : 0;
        if (quiet > QUIET_POLLS_MAX) {
          throw new TimeoutException(
              topic
                  + " ends at "
                  + end
                  + ", but nothing after "
                  + consumer.position(partition)
                  + " can be read");
        }
      }
    }
  }
}
