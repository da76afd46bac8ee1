package dev.varve.tail;

import dev.varve.archive.Manifest;
import dev.varve.fault.ExitCode;
import dev.varve.fault.VarveException;
import dev.varve.wire.Topics;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ExecutionException;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.TopicDescription;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.ConsumerRecords;
import org.apache.kafka.clients.consumer.InvalidOffsetException;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.AuthenticationException;
import org.apache.kafka.common.errors.AuthorizationException;
import org.apache.kafka.common.errors.InterruptException;
import org.apache.kafka.common.errors.RetriableException;
import org.apache.kafka.common.errors.UnknownTopicOrPartitionException;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;

/**
 * Reads both topology tables and the transactions topic, committed records only, from where it is
 * told to. Keeps no position in Kafka.
 */
public final class Tail implements AutoCloseable {

  private static final int RECORDS_A_POLL = 4000;
  private static final int FETCH_BYTES = 16 << 20;
  private static final Duration TOPICS_PAUSE = Duration.ofMillis(500);

  private final Source source;
  private final Map<String, Object> settings;
  private final KafkaConsumer<byte[], byte[]> consumer;
  private final List<Place> places;
  private final List<TopicPartition> partitions;
  private final Map<TopicPartition, Integer> numbers = new HashMap<>();
  private final Map<String, String> topicIds;

  private Tail(
      Source source,
      Map<String, Object> settings,
      List<Place> places,
      Map<String, String> topicIds) {
    this.source = source;
    this.settings = settings;
    this.consumer = consumer(settings);
    this.places = places;
    this.topicIds = topicIds;
    this.partitions =
        places.stream().map(p -> new TopicPartition(p.topic(), p.partition())).toList();
    for (int i = 0; i < partitions.size(); i++) {
      numbers.put(partitions.get(i), i);
    }
  }

  /**
   * What is read, and by whom.
   *
   * @param graph which graph
   * @param kafka settings of Kafka's clients, {@code bootstrap.servers} among them
   * @param reader such as {@code compactor}; in errors, and in the client's id
   * @param topicsWait how long to wait for the topics to come into being
   */
  public record Source(
      String graph, Map<String, String> kafka, String reader, Duration topicsWait) {
    public Source {
      kafka = Map.copyOf(kafka);
    }

    /** Without the values of Kafka's settings, which may be secret. */
    @Override
    public String toString() {
      return "Source[" + graph + ", " + reader + "]";
    }
  }

  /** Takes what was read. */
  public interface Sink {
    void accept(int place, ConsumerRecord<byte[], byte[]> record);
  }

  /**
   * Waits for the topics and finds their partitions; stands nowhere yet.
   *
   * @throws VarveException if there are no topics when the time is up
   */
  public static Tail open(Source source, Insistence insistence) {
    Topics topics = new Topics(source.graph());
    List<String> names = List.of(topics.vertices(), topics.edges(), topics.transactions());
    Map<String, TopicDescription> found = describe(source, insistence, names);
    List<Place> places = new ArrayList<>();
    Map<String, String> ids = new HashMap<>();
    for (String name : names) {
      TopicDescription topic = found.get(name);
      if (topic == null) {
        throw new IllegalStateException("no description of " + name);
      }
      ids.put(name, topic.topicId().toString());
      topic.partitions().forEach(p -> places.add(new Place(name, p.partition())));
    }
    Map<String, Object> settings = new HashMap<>(source.kafka());
    settings.put(ConsumerConfig.ISOLATION_LEVEL_CONFIG, "read_committed");
    settings.put(ConsumerConfig.ENABLE_AUTO_COMMIT_CONFIG, "false");
    settings.put(ConsumerConfig.AUTO_OFFSET_RESET_CONFIG, "none");
    settings.put(ConsumerConfig.ALLOW_AUTO_CREATE_TOPICS_CONFIG, "false");
    settings.putIfAbsent(ConsumerConfig.MAX_POLL_RECORDS_CONFIG, RECORDS_A_POLL);
    settings.putIfAbsent(ConsumerConfig.FETCH_MAX_BYTES_CONFIG, FETCH_BYTES);
    settings.putIfAbsent(
        ConsumerConfig.CLIENT_ID_CONFIG, "varve-" + source.reader() + "-" + source.graph());
    settings.remove(ConsumerConfig.GROUP_ID_CONFIG);
    Tail tail = new Tail(source, settings, List.copyOf(places), ids);
    tail.consumer.assign(tail.partitions);
    return tail;
  }

  private static KafkaConsumer<byte[], byte[]> consumer(Map<String, Object> settings) {
    return new KafkaConsumer<>(settings, new ByteArrayDeserializer(), new ByteArrayDeserializer());
  }

  public List<Place> places() {
    return places;
  }

  public Optional<String> topicId(String topic) {
    return Optional.ofNullable(topicIds.get(topic));
  }

  /** Where the committed records of each place end now. */
  public long[] ends() throws IOException {
    return offsets("ends", consumer::endOffsets);
  }

  /**
   * Where the records of each place end now, those of transactions included that are not over yet:
   * one whose commit was just confirmed may still be open here.
   */
  public long[] writtenEnds() throws IOException {
    Map<String, Object> uncommitted = new HashMap<>(settings);
    uncommitted.put(ConsumerConfig.ISOLATION_LEVEL_CONFIG, "read_uncommitted");
    uncommitted.compute(ConsumerConfig.CLIENT_ID_CONFIG, (key, id) -> id + "-ends");
    try (KafkaConsumer<byte[], byte[]> asker = consumer(uncommitted)) {
      return offsets("ends", asker::endOffsets);
    }
  }

  /** Begins at the beginning. */
  public void seekToBeginning() throws IOException {
    long[] beginnings = offsets("beginnings", consumer::beginningOffsets);
    for (int i = 0; i < beginnings.length; i++) {
      consumer.seek(partitions.get(i), beginnings[i]);
    }
  }

  /**
   * Goes on where somebody stopped.
   *
   * @param known where to go on reading
   * @param what they follow, such as {@code manifest 7}
   * @return the positions, one for each place
   * @throws TableGapException if the topics no longer hold what follows
   */
  public List<Manifest.Position> seek(List<Manifest.Position> known, String what)
      throws IOException {
    long[] beginnings = offsets("beginnings", consumer::beginningOffsets);
    long[] ends = ends();
    List<Manifest.Position> positions = new ArrayList<>();
    for (int i = 0; i < places.size(); i++) {
      Place place = places.get(i);
      Manifest.Position position =
          known.stream()
              .filter(p -> p.topic().equals(place.topic()) && p.partition() == place.partition())
              .findFirst()
              .orElseThrow(() -> gone(what, place + " is new"));
      Optional<String> id = topicId(place.topic());
      if (position.topicId().isPresent() && !position.topicId().equals(id)) {
        throw TableGapException.otherTopic(what, place.topic());
      }
      if (position.offset() < beginnings[i]) {
        throw gone(
            what,
            "%s begins at offset %d, needed is %d"
                .formatted(place, beginnings[i], position.offset()));
      }
      if (position.offset() > ends[i]) {
        throw gone(
            what,
            "%s ends at offset %d, needed is %d".formatted(place, ends[i], position.offset()));
      }
      positions.add(position);
      consumer.seek(partitions.get(i), position.offset());
    }
    if (known.size() > places.size()) {
      throw gone(what, "there are fewer partitions than there were");
    }
    return positions;
  }

  /** Reads on in some places only; in all if none is named. */
  public void rest(Set<Integer> resting) {
    consumer.resume(partitions);
    consumer.pause(resting.stream().map(partitions::get).toList());
  }

  /** Hands on what has come. */
  public void poll(Duration wait, Sink sink) {
    try {
      ConsumerRecords<byte[], byte[]> records = consumer.poll(wait);
      for (TopicPartition partition : records.partitions()) {
        int place = number(partition);
        for (ConsumerRecord<byte[], byte[]> record : records.records(partition)) {
          sink.accept(place, record);
        }
      }
    } catch (InvalidOffsetException e) {
      throw new TableGapException(
          ExitCode.FAILED,
          "records were removed before they were read: " + e.getMessage(),
          "the topics' lag or retention is too short; begin a new base (startOver)",
          e);
    } catch (KafkaException e) {
      if (!(e instanceof RetriableException)) {
        throw failed(source, e);
      }
    }
  }

  /** The offset of the next record of a place. */
  public long position(int place) {
    return consumer.position(partitions.get(place));
  }

  /** Whether everything up to the ends has been handed on. */
  public boolean reached(long[] ends) {
    for (int i = 0; i < ends.length; i++) {
      if (position(i) < ends[i]) {
        return false;
      }
    }
    return true;
  }

  @Override
  public void close() {
    consumer.close(org.apache.kafka.clients.consumer.CloseOptions.timeout(Duration.ofSeconds(5)));
  }

  private int number(TopicPartition partition) {
    Integer number = numbers.get(partition);
    if (number == null) {
      throw new IllegalStateException(partition + " was not asked for");
    }
    return number;
  }

  private interface OffsetQuery {
    Map<TopicPartition, Long> ask(List<TopicPartition> partitions);
  }

  private long[] offsets(String what, OffsetQuery query) throws IOException {
    try {
      Map<TopicPartition, Long> answer = query.ask(partitions);
      long[] offsets = new long[partitions.size()];
      for (int i = 0; i < offsets.length; i++) {
        Long offset = answer.get(partitions.get(i));
        if (offset == null) {
          throw new IOException("Kafka did not tell where " + places.get(i) + " " + what);
        }
        offsets[i] = offset;
      }
      return offsets;
    } catch (RetriableException e) {
      throw new IOException("Kafka does not tell where the topics' " + what + " are", e);
    } catch (KafkaException e) {
      throw failed(source, e);
    }
  }

  private static Map<String, TopicDescription> describe(
      Source source, Insistence insistence, List<String> names) {
    Map<String, Object> settings = new HashMap<>(source.kafka());
    long deadline = System.nanoTime() + source.topicsWait().toNanos();
    try (Admin admin = Admin.create(settings)) {
      while (true) {
        try {
          return admin.describeTopics(names).allTopicNames().get();
        } catch (ExecutionException e) {
          Throwable cause = e.getCause();
          if (!(cause instanceof RetriableException)) {
            throw failed(source, cause == null ? e : cause);
          }
          if (System.nanoTime() > deadline) {
            throw new VarveException(
                ExitCode.FAILED,
                cause instanceof UnknownTopicOrPartitionException
                    ? "there are no topics %s".formatted(names)
                    : "Kafka at %s does not answer: %s"
                        .formatted(source.kafka().get("bootstrap.servers"), cause.getMessage()),
                cause instanceof UnknownTopicOrPartitionException
                    ? "start capture and fold, which create them, or check the graph's name"
                    : "check kafka.bootstrap and that the broker runs",
                cause);
          }
        }
        insistence.pause(TOPICS_PAUSE);
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new InterruptException(e);
    }
  }

  private static VarveException failed(Source source, Throwable e) {
    boolean denied = e instanceof AuthenticationException || e instanceof AuthorizationException;
    return new VarveException(
        ExitCode.FAILED,
        (denied ? "Kafka refuses the " + source.reader() + ": " : "Kafka cannot be read: ")
            + e.getMessage(),
        denied
            ? "check user and password, and the right to read the tables and transactions topic"
            : "check the Kafka settings and the broker's log",
        e);
  }

  private TableGapException gone(String what, String why) {
    return new TableGapException(
        ExitCode.FAILED,
        "Kafka no longer holds what follows %s: %s; what is laid down is whole"
            .formatted(what, why),
        "begin a new base (startOver); give the topics a longer compaction lag and retention than"
            + " the longest outage of the "
            + source.reader());
  }
}
