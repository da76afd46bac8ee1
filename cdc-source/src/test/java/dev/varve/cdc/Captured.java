package dev.varve.cdc;

import static org.assertj.core.api.Assertions.assertThat;

import dev.varve.change.Change;
import dev.varve.change.Dot;
import dev.varve.change.Site;
import dev.varve.change.Transaction;
import dev.varve.change.Watermark;
import dev.varve.graph.Element;
import dev.varve.graph.ElementId;
import dev.varve.wire.ChangeCodec;
import dev.varve.wire.RegistryConfig;
import dev.varve.wire.Topics;
import dev.varve.wire.TransactionCodec;
import dev.varve.wire.WatermarkCodec;
import dev.varve.wire.Wire;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.IntStream;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.utils.Utils;

/**
 * What stands in the topics, as a read_committed consumer finds it.
 *
 * @param changes by partition: changes and watermarks in their order
 * @param transactions transactions and watermarks in their order
 */
public record Captured(List<List<Object>> changes, List<Object> transactions) {

  /** Everything up to the end that the topics have now. */
  public static Captured read(String bootstrap, Topics topics, int partitions) {
    try (Wire wire = Wire.open(RegistryConfig.embedded())) {
      List<List<Object>> changes = new ArrayList<>();
      for (int p = 0; p < partitions; p++) {
        changes.add(read(bootstrap, new TopicPartition(topics.changes(), p), wire));
      }
      return new Captured(
          changes, read(bootstrap, new TopicPartition(topics.transactions(), 0), wire));
    }
  }

  private static List<Object> read(String bootstrap, TopicPartition partition, Wire wire) {
    List<Object> found = new ArrayList<>();
    Map<String, Object> settings =
        Map.of("bootstrap.servers", bootstrap, "isolation.level", "read_committed");
    try (KafkaConsumer<byte[], byte[]> consumer =
        new KafkaConsumer<>(settings, new ByteArrayDeserializer(), new ByteArrayDeserializer())) {
      consumer.assign(List.of(partition));
      consumer.seekToBeginning(List.of(partition));
      long end = end(bootstrap, partition);
      while (consumer.position(partition) < end) {
        for (ConsumerRecord<byte[], byte[]> record : consumer.poll(Duration.ofMillis(200))) {
          found.add(open(record, wire));
        }
      }
    }
    return found;
  }

  /**
   * The end, uncommitted records included: a commit returns before the partitions know of it, and
   * until then what it committed does not show.
   */
  private static long end(String bootstrap, TopicPartition partition) {
    try (KafkaConsumer<byte[], byte[]> consumer =
        new KafkaConsumer<>(
            Map.of("bootstrap.servers", bootstrap),
            new ByteArrayDeserializer(),
            new ByteArrayDeserializer())) {
      return consumer.endOffsets(List.of(partition)).getOrDefault(partition, 0L);
    }
  }

  private static Object open(ConsumerRecord<byte[], byte[]> record, Wire wire) {
    String key = new String(record.key(), StandardCharsets.UTF_8);
    Wire.Body body = wire.open(record.value());
    return switch (body.kind()) {
      case CHANGE -> new ChangeCodec().read(ElementId.parse(key), body.input());
      case WATERMARK -> {
        Watermark watermark = new WatermarkCodec().read(body.input());
        assertThat(key).isEqualTo("w" + watermark.site());
        yield watermark;
      }
      case TRANSACTION -> {
        Transaction transaction = new TransactionCodec().read(body.input());
        assertThat(key).isEqualTo("t" + transaction.site());
        yield transaction;
      }
      default -> throw new AssertionError("unexpected " + body.kind());
    };
  }

  public List<Change> allChanges() {
    return changes.stream()
        .flatMap(List::stream)
        .filter(Change.class::isInstance)
        .map(Change.class::cast)
        .toList();
  }

  public List<Transaction> allTransactions() {
    return transactions.stream()
        .filter(Transaction.class::isInstance)
        .map(Transaction.class::cast)
        .toList();
  }

  public List<Watermark> watermarks(int partition) {
    return changes.get(partition).stream()
        .filter(Watermark.class::isInstance)
        .map(Watermark.class::cast)
        .toList();
  }

  /** The newest watermark's number of a site, the same in every partition; -1 if there is none. */
  public long watermark(Site site) {
    Set<Long> newest = new HashSet<>();
    for (int p = 0; p < changes.size(); p++) {
      newest.add(
          watermarks(p).stream()
              .filter(w -> w.site().equals(site))
              .mapToLong(Watermark::seq)
              .max()
              .orElse(-1));
    }
    assertThat(newest).as("newest watermarks of the partitions").hasSize(1);
    return newest.iterator().next();
  }

  /** Checks what holds of any capture, however it was interrupted. */
  public Captured checkOrder() {
    Set<Dot> dots = new HashSet<>();
    for (int p = 0; p < changes.size(); p++) {
      Map<Site, Long> marks = new HashMap<>();
      Map<Site, Dot> last = new HashMap<>();
      for (Object record : changes.get(p)) {
        if (record instanceof Watermark mark) {
          Dot newest = last.get(mark.site());
          assertThat(newest == null ? 0 : newest.seq())
              .as("changes before the watermark %s", mark)
              .isLessThanOrEqualTo(mark.seq());
          assertThat(mark.seq()).isGreaterThan(marks.getOrDefault(mark.site(), -1L));
          assertThat(mark.versions()).isZero();
          marks.put(mark.site(), mark.seq());
        } else {
          Change change = (Change) record;
          Dot dot = change.header().dot();
          assertThat(dots.add(dot)).as("%s comes once", dot).isTrue();
          assertThat(dot.seq())
              .as("changes after a watermark")
              .isGreaterThan(marks.getOrDefault(dot.site(), -1L));
          Dot before = last.put(dot.site(), dot);
          assertThat(before == null || before.seq() <= dot.seq()).as("order of seq").isTrue();
          byte[] key = change.id().toString().getBytes(StandardCharsets.UTF_8);
          assertThat(Utils.toPositive(Utils.murmur2(key)) % changes.size()).isEqualTo(p);
        }
      }
    }
    checkTransactions();
    return this;
  }

  /**
   * What the graph is after all changes of a site: those of an element come in order in its
   * partition.
   */
  public TreeMap<ElementId, Element> graph(Site site) {
    TreeMap<ElementId, Element> graph = new TreeMap<>();
    for (Change change : allChanges()) {
      if (!change.header().dot().site().equals(site)) {
        continue;
      }
      change
          .state()
          .ifPresentOrElse(state -> graph.put(change.id(), state), () -> graph.remove(change.id()));
    }
    return graph;
  }

  private void checkTransactions() {
    long count = 0;
    Map<Site, Long> last = new HashMap<>();
    for (Object record : transactions) {
      if (record instanceof Transaction transaction) {
        assertThat(transaction.seq()).isGreaterThan(last.getOrDefault(transaction.site(), -1L));
        last.put(transaction.site(), transaction.seq());
        count++;
      } else {
        Watermark mark = (Watermark) record;
        assertThat(mark.versions()).as("transactions before %s", mark).isEqualTo(count);
        assertThat(mark.seq()).isGreaterThanOrEqualTo(last.getOrDefault(mark.site(), -1L));
      }
    }
  }

  /** The watermarks' numbers, checked to be the same in all partitions. */
  public List<Long> watermarkSeqs() {
    List<List<Long>> all =
        IntStream.range(0, changes.size())
            .mapToObj(p -> watermarks(p).stream().map(Watermark::seq).toList())
            .distinct()
            .toList();
    assertThat(all).hasSize(1);
    return all.get(0);
  }
}
