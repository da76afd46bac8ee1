package dev.varve.streams;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.varve.change.Site;
import dev.varve.graph.ElementId;
import dev.varve.wire.RegistryConfig;
import dev.varve.wire.TopicSpecs;
import dev.varve.wire.Topics;
import dev.varve.wire.Wire;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.net.Socket;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.ProducerState;
import org.apache.kafka.clients.admin.TransactionDescription;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.ProducerFencedException;
import org.apache.kafka.common.message.TxnOffsetCommitRequestData;
import org.apache.kafka.common.message.TxnOffsetCommitRequestData.TxnOffsetCommitRequestPartition;
import org.apache.kafka.common.message.TxnOffsetCommitRequestData.TxnOffsetCommitRequestTopic;
import org.apache.kafka.common.protocol.ApiKeys;
import org.apache.kafka.common.requests.RequestHeader;
import org.apache.kafka.common.requests.TxnOffsetCommitRequest;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What of the fold is open in Kafka, and is known to no coordinator. */
final class StaleTransactionsTest {

  private static final Site BERLIN = new Site("berlin", 1);

  private static final TopicPartition PLACES = new TopicPartition("__consumer_offsets", 0);

  /** A broker that takes places of a transaction that its coordinator does not know of. */
  private static final Map<String, String> CARELESS =
      Map.of(
          "transaction.partition.verification.enable",
          "false",
          "offsets.topic.num.partitions",
          "1");

  @Test
  void foldGoesOnWhereKafkaHasForgottenItsTransaction(@TempDir Path directory) throws Exception {
    TopicSpecs topics =
        new TopicSpecs(new Topics("forgotten"), 1, Optional.empty(), Duration.ofDays(7), "lz4");
    try (Wire wire = Wire.open(RegistryConfig.embedded());
        KafkaFixture kafka = new KafkaFixture(directory.resolve("kafka"), CARELESS)) {
      kafka.create(topics);
      FoldConfig config =
          FoldConfig.of(
              topics, RegistryConfig.embedded(), kafka.client(), directory.resolve("state"));
      ChangesLog log = new ChangesLog(wire);
      kafka.send(topics, log.put(ElementId.vertex("1"), BERLIN, 1));
      try (FoldApp app = FoldApp.start(config)) {
        kafka.awaitFolded(topics, () -> app.failure().isEmpty());
      }
      String group = topics.topics().application();
      leaveOpen(kafka, group, group + "-" + UUID.randomUUID() + "-1", topics.topics().changes());

      kafka.send(topics, log.put(ElementId.vertex("1"), BERLIN, 2));
      try (FoldApp app = FoldApp.start(config)) {
        kafka.awaitFolded(topics, () -> app.failure().isEmpty());
      }
      assertThat(
              TableReader.brief(
                  kafka.table(topics.topics().vertices(), wire).getOrDefault(0, List.of())))
          .containsExactly("v1@1", "v1@2");
    }
  }

  /** Another graph's fold, or anybody's, is not to be touched. */
  @Test
  void whatIsNotOfTheFoldIsLeftAlone(@TempDir Path directory) throws Exception {
    TopicSpecs topics =
        new TopicSpecs(new Topics("a"), 1, Optional.empty(), Duration.ofDays(7), "lz4");
    TopicSpecs others =
        new TopicSpecs(new Topics("a-b"), 1, Optional.empty(), Duration.ofDays(7), "lz4");
    try (KafkaFixture kafka = new KafkaFixture(directory, CARELESS);
        Admin admin = kafka.admin()) {
      kafka.create(topics);
      kafka.create(others);
      String group = topics.topics().application();
      String own = group + "-" + UUID.randomUUID() + "-1";
      String other = others.topics().application() + "-" + UUID.randomUUID() + "-1";
      leaveOpen(kafka, group, own, topics.topics().changes());
      leaveOpen(kafka, group, other, topics.topics().changes());

      new StaleTransactions(admin, topics).end();
      assertThat(open(admin)).containsExactly(producer(admin, other));
    }
  }

  /** Whose transaction it is, is told by the names of the group's members. */
  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void whoseProcessCannotBeToldIsNotFenced(boolean named, @TempDir Path directory)
      throws Exception {
    TopicSpecs topics =
        new TopicSpecs(new Topics("named"), 1, Optional.empty(), Duration.ofDays(7), "lz4");
    try (KafkaFixture kafka = new KafkaFixture(directory.resolve("kafka"), Map.of());
        Admin admin = kafka.admin()) {
      kafka.create(topics);
      Map<String, String> clients = new HashMap<>(kafka.client());
      if (named) {
        clients.put("client.id", "mine");
      }
      FoldConfig config =
          FoldConfig.of(topics, RegistryConfig.embedded(), clients, directory.resolve("state"));
      try (FoldApp app = FoldApp.start(config);
          KafkaProducer<byte[], byte[]> producer =
              producer(kafka, topics.topics().application() + "-" + UUID.randomUUID() + "-1")) {
        KafkaFixture.await("it folds", () -> app.status().running());
        producer.initTransactions();
        producer.beginTransaction();
        producer.send(new ProducerRecord<>(topics.topics().conflicts(), new byte[1])).get();

        new StaleTransactions(admin, topics).end();
        if (named) {
          producer.commitTransaction();
        } else {
          assertThatThrownBy(producer::commitTransaction)
              .isInstanceOf(ProducerFencedException.class);
        }
      }
    }
  }

  private static KafkaProducer<byte[], byte[]> producer(KafkaFixture kafka, String id) {
    return new KafkaProducer<>(
        Map.of("bootstrap.servers", kafka.address(), "transactional.id", id),
        new ByteArraySerializer(),
        new ByteArraySerializer());
  }

  private static long producer(Admin admin, String id) throws Exception {
    return admin.describeTransactions(List.of(id)).description(id).get().producerId();
  }

  /** Of which producers something is open among the places of groups. */
  private static List<Long> open(Admin admin) throws Exception {
    return admin
        .describeProducers(List.of(PLACES))
        .partitionResult(PLACES)
        .get()
        .activeProducers()
        .stream()
        .filter(producer -> producer.currentTransactionStartOffset().isPresent())
        .map(ProducerState::producerId)
        .toList();
  }

  /** Places that belong to no transaction which the coordinator knows. */
  private static void leaveOpen(KafkaFixture kafka, String group, String id, String changes)
      throws Exception {
    try (KafkaProducer<byte[], byte[]> producer = producer(kafka, id);
        Admin admin = kafka.admin()) {
      producer.initTransactions();
      var places = admin.listConsumerGroupOffsets(group).partitionsToOffsetAndMetadata().get();
      assertThat(places).isNotNull(); // the group's coordinator is there
      TransactionDescription transaction =
          admin.describeTransactions(List.of(id)).description(id).get();
      TxnOffsetCommitRequestData data =
          new TxnOffsetCommitRequestData()
              .setTransactionalId(id)
              .setGroupId(group)
              .setProducerId(transaction.producerId())
              .setProducerEpoch((short) transaction.producerEpoch())
              .setTopics(
                  List.of(
                      new TxnOffsetCommitRequestTopic()
                          .setName(changes)
                          .setPartitions(
                              List.of(
                                  new TxnOffsetCommitRequestPartition()
                                      .setPartitionIndex(0)
                                      .setCommittedOffset(0)))));
      short version = TxnOffsetCommitRequest.LAST_STABLE_VERSION_BEFORE_TRANSACTION_V2;
      ByteBuffer request =
          new TxnOffsetCommitRequest(data, version)
              .serializeWithHeader(
                  new RequestHeader(ApiKeys.TXN_OFFSET_COMMIT, version, "test", 1));
      send(kafka.address(), request);
    }
  }

  private static void send(String address, ByteBuffer request) throws IOException {
    String[] parts = address.split(":", 2);
    try (Socket socket = new Socket(parts[0], Integer.parseInt(parts[1]));
        DataOutputStream out = new DataOutputStream(socket.getOutputStream());
        DataInputStream in = new DataInputStream(socket.getInputStream())) {
      out.writeInt(request.remaining());
      out.write(request.array(), request.arrayOffset() + request.position(), request.remaining());
      out.flush();
      byte[] answer = new byte[in.readInt()];
      in.readFully(answer);
      // an error would be the last thing in it but two tags
      assertThat(ByteBuffer.wrap(answer).getShort(answer.length - 5)).isZero();
    }
  }
}
