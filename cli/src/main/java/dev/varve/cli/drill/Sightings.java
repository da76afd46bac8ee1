package dev.varve.cli.drill;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.varve.cli.config.Config;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;

/** What the observers of a pair say, as they tell each other (docs/format/observers.md). */
final class Sightings implements AutoCloseable {

  private static final Duration WAIT = Duration.ofMillis(200);

  private final KafkaConsumer<byte[], byte[]> consumer;
  private final Set<String> up = new TreeSet<>();

  private Sightings(KafkaConsumer<byte[], byte[]> consumer) {
    this.consumer = consumer;
  }

  static Sightings of(Pair pair) {
    Config config = Config.read(pair.layout().configFile(), pair.environment());
    Map<String, Object> settings = new HashMap<>(config.kafka().client());
    settings.put("bootstrap.servers", config.kafka().bootstrap().orElseThrow());
    KafkaConsumer<byte[], byte[]> consumer =
        new KafkaConsumer<>(settings, new ByteArrayDeserializer(), new ByteArrayDeserializer());
    TopicPartition partition = new TopicPartition(config.kafka().topics().observers().name(), 0);
    consumer.assign(List.of(partition));
    consumer.seekToBeginning(List.of(partition));
    return new Sightings(consumer);
  }

  /** Whose last look found the store up; one whose last look failed may not call it down yet. */
  Set<String> up() {
    for (ConsumerRecord<byte[], byte[]> record : consumer.poll(WAIT)) {
      if (record.key() == null || record.value() == null) {
        continue;
      }
      String observer = new String(record.key(), StandardCharsets.UTF_8);
      if (isUp(record.value())) {
        up.add(observer);
      } else {
        up.remove(observer);
      }
    }
    return new TreeSet<>(up);
  }

  private static boolean isUp(byte[] json) {
    try {
      JsonNode sighting = new ObjectMapper().readTree(json);
      return sighting.path("up").asBoolean() && sighting.path("failures").asInt() == 0;
    } catch (IOException e) {
      return false;
    }
  }

  @Override
  public void close() {
    consumer.close();
  }
}
