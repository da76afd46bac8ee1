package dev.varve.embedded.kafka;

import static org.assertj.core.api.Assertions.assertThat;

import dev.varve.embedded.EmbeddedServer;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicBoolean;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.admin.ProducerState;
import org.apache.kafka.clients.admin.TransactionListing;
import org.apache.kafka.clients.admin.TransactionState;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.KafkaException;
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

  /**
   * A transaction that is committed while the node is killed is finished when it is there again;
   * else nobody would ever read past it.
   */
  @Test
  void transactionsThatWereBeingCommittedWhenItWasKilledAreFinished(@TempDir Path home)
      throws Exception {
    for (int i = 0; i < KILLS; i++) {
      Process node = process(home);
      String address = address(node);
      if (i == 0) {
        try (Admin admin = Admin.create(Map.of("bootstrap.servers", address))) {
          admin.createTopics(List.of(new NewTopic("t", PARTITIONS, (short) 1))).all().get();
        }
      }
      AtomicBoolean killed = new AtomicBoolean();
      List<Thread> writers = new ArrayList<>();
      for (int number = 0; number < WRITERS; number++) {
        String id = "killed-" + i + "-" + number; // nobody goes on with it
        Thread writer = new Thread(() -> commitUntil(killed, address, id), id);
        writer.start();
        writers.add(writer);
      }
      Thread.sleep(1_500);
      node.destroyForcibly().waitFor();
      killed.set(true);
      for (Thread writer : writers) {
        writer.join();
      }
    }
    Process node = process(home);
    try {
      awaitNothingOpen(address(node));
    } finally {
      node.destroyForcibly().waitFor();
    }
  }

  /** As if stopping had gone wrong half way: the logs are closed, the broker is registered. */
  @Test
  void startsWhenItWasNotStoppedInOrder(@TempDir Path home) throws Exception {
    Process node = process(home);
    address(node);
    node.destroyForcibly().waitFor();
    Files.writeString(home.resolve("log/.kafka_cleanshutdown"), "{\"version\":0}");
    Map<String, String> settings = Map.of("initial.broker.registration.timeout.ms", "2000");
    try (EmbeddedServer.Running kafka = new EmbeddedKafka().start(home, settings);
        Admin admin = Admin.create(Map.of("bootstrap.servers", kafka.address()))) {
      assertThat(admin.describeCluster().nodes().get()).hasSize(1);
    }
  }

  private static final int KILLS = Integer.getInteger("varve.kills", 1);
  private static final int WRITERS = 16;
  private static final int PARTITIONS = 4;

  /** Less than a transaction may last: none is ended by its time. */
  private static final Duration PATIENCE = Duration.ofSeconds(30);

  private static Process process(Path home) throws IOException {
    return new ProcessBuilder(
            Path.of(System.getProperty("java.home"), "bin", "java").toString(),
            "-Xmx256m",
            "-XX:+UseSerialGC",
            "-cp",
            System.getProperty("java.class.path"),
            EmbeddedKafka.class.getName(),
            home.toString())
        .redirectError(ProcessBuilder.Redirect.DISCARD)
        .start();
  }

  private static String address(Process node) throws IOException {
    BufferedReader said =
        new BufferedReader(new InputStreamReader(node.getInputStream(), StandardCharsets.UTF_8));
    for (String line = said.readLine(); line != null; line = said.readLine()) {
      if (line.startsWith("READY ")) {
        return line.substring("READY ".length());
      }
    }
    throw new AssertionError("the node ended");
  }

  private static void commitUntil(AtomicBoolean killed, String address, String id) {
    Map<String, Object> settings =
        Map.of(
            "bootstrap.servers",
            address,
            "transactional.id",
            id,
            "transaction.timeout.ms",
            "600000",
            "max.block.ms",
            "2000",
            "linger.ms",
            "0");
    KafkaProducer<byte[], byte[]> producer =
        new KafkaProducer<>(settings, new ByteArraySerializer(), new ByteArraySerializer());
    try {
      producer.initTransactions();
      while (!killed.get()) {
        producer.beginTransaction();
        for (int partition = 0; partition < PARTITIONS; partition++) {
          var unused = producer.send(new ProducerRecord<>("t", partition, null, new byte[] {1}));
        }
        producer.commitTransaction();
      }
    } catch (KafkaException e) {
      killed.set(true); // the node is gone
    } finally {
      producer.close(Duration.ZERO);
    }
  }

  /** Transactions that were only begun end by their time; of those nobody has been told. */
  private static void awaitNothingOpen(String address) throws Exception {
    long until = System.nanoTime() + PATIENCE.toNanos();
    try (Admin admin = Admin.create(Map.of("bootstrap.servers", address))) {
      while (true) {
        List<String> hanging = hanging(admin);
        if (hanging.isEmpty()) {
          return;
        }
        assertThat(System.nanoTime()).as("hanging: " + hanging).isLessThan(until);
        Thread.sleep(200);
      }
    }
  }

  /** Open in a partition, and for the coordinator at an end. */
  private static List<String> hanging(Admin admin) throws Exception {
    Map<Long, TransactionState> states = new HashMap<>();
    for (TransactionListing listing : admin.listTransactions().all().get()) {
      states.put(listing.producerId(), listing.state());
    }
    List<String> hanging = new ArrayList<>();
    for (int number = 0; number < PARTITIONS; number++) {
      TopicPartition partition = new TopicPartition("t", number);
      for (ProducerState producer :
          admin
              .describeProducers(List.of(partition))
              .partitionResult(partition)
              .get()
              .activeProducers()) {
        TransactionState state = states.get(producer.producerId());
        if (producer.currentTransactionStartOffset().isPresent()
            && state != TransactionState.ONGOING) {
          hanging.add(partition + ": " + producer + ", " + state);
        }
      }
    }
    return hanging;
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
