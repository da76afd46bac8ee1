package dev.varve.embedded.kafka;

import static org.assertj.core.api.Assertions.assertThat;

import dev.varve.embedded.EmbeddedServer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class EmbeddedKafkaTest {

  @Test
  void secondStartServesTheSameDataAtTheSameAddress(@TempDir Path directory) throws Exception {
    Path home = directory.resolve("a home");
    String address;
    try (EmbeddedServer.Running kafka = new EmbeddedKafka().start(home, Map.of())) {
      address = kafka.address();
      try (Admin admin = Admin.create(Map.of("bootstrap.servers", address))) {
        admin.createTopics(List.of(new NewTopic("t", 1, (short) 1))).all().get();
      }
      commit(address, "one");
    }
    try (EmbeddedServer.Running kafka = new EmbeddedKafka().start(home, Map.of())) {
      assertThat(kafka.address()).isEqualTo(address);
      commit(address, "two");
      assertThat(values(address, 2)).containsExactly("one", "two");
      assertThat(kafka.failure()).isEmpty();
    }
  }

  private static void commit(String address, String value) {
    Map<String, Object> settings =
        Map.of("bootstrap.servers", address, "transactional.id", "test", "linger.ms", "0");
    try (KafkaProducer<byte[], byte[]> producer =
        new KafkaProducer<>(settings, new ByteArraySerializer(), new ByteArraySerializer())) {
      producer.initTransactions();
      producer.beginTransaction();
      var unused = producer.send(new ProducerRecord<>("t", value.getBytes(StandardCharsets.UTF_8)));
      producer.commitTransaction();
    }
  }

  private static List<String> values(String address, int count) {
    Map<String, Object> settings =
        Map.of("bootstrap.servers", address, "isolation.level", "read_committed");
    List<String> values = new java.util.ArrayList<>();
    try (KafkaConsumer<byte[], byte[]> consumer =
        new KafkaConsumer<>(settings, new ByteArrayDeserializer(), new ByteArrayDeserializer())) {
      TopicPartition partition = new TopicPartition("t", 0);
      consumer.assign(List.of(partition));
      consumer.seekToBeginning(List.of(partition));
      while (values.size() < count) {
        for (ConsumerRecord<byte[], byte[]> record : consumer.poll(Duration.ofSeconds(1))) {
          values.add(new String(record.value(), StandardCharsets.UTF_8));
        }
      }
    }
    return values;
  }
}
