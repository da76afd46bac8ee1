package dev.varve.streams;

import dev.varve.wire.TopicSpecs;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.ExecutionException;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.apache.kafka.clients.admin.AbortTransactionSpec;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.ListTopicsOptions;
import org.apache.kafka.clients.admin.MemberDescription;
import org.apache.kafka.clients.admin.ProducerState;
import org.apache.kafka.clients.admin.TopicDescription;
import org.apache.kafka.clients.admin.TransactionListing;
import org.apache.kafka.clients.admin.TransactionState;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.internals.Topic;
import org.apache.kafka.common.utils.Utils;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The transactions of the fold that nobody will end, for which its own instances and every reader
 * of the tables would wait.
 *
 * <ul>
 *   <li>An instance was killed and another took its partitions: Kafka waits for the transaction's
 *       time to run out. Here it is ended when the instance is no member any more.
 *   <li>Kafka itself has forgotten one: all its brokers went down while it was being committed, and
 *       some partitions had no leader when the rest was to be done (Kafka 4.3, {@code
 *       TransactionMarkerChannelManager}). Nothing ever ends it. If the places in the changes are
 *       among what is open, nobody can go on folding; then all of it that is open is aborted, and
 *       folded again. What of it was committed is known to the fold, and is dropped.
 * </ul>
 *
 * <p>Where only tables are open, their next transaction ends it as it has to be ended: it is left
 * alone.
 */
final class StaleTransactions {

  private static final Logger LOG = LoggerFactory.getLogger(StaleTransactions.class);

  private static final Set<TransactionState> AT_AN_END =
      Set.of(
          TransactionState.EMPTY,
          TransactionState.COMPLETE_COMMIT,
          TransactionState.COMPLETE_ABORT);

  private final Admin admin;
  private final TopicSpecs specs;
  private final String group;
  private final Pattern id;

  StaleTransactions(Admin admin, TopicSpecs specs) {
    this.admin = admin;
    this.specs = specs;
    group = specs.topics().application();
    // as Streams forms it: the application, the process, the thread
    id = Pattern.compile("(" + Pattern.quote(group) + "-[0-9a-f]{8}(?:-[0-9a-f]{4,12}){4})-\\d+");
  }

  /**
   * Ends what there is.
   *
   * @throws ExecutionException if Kafka cannot be asked, or does not allow it
   */
  void end() throws ExecutionException, InterruptedException {
    Map<Long, TransactionListing> own = new TreeMap<>();
    for (TransactionListing listing : admin.listTransactions().all().get()) {
      if (id.matcher(listing.transactionalId()).matches()) {
        own.put(listing.producerId(), listing);
      }
    }
    endOrphans(own.values());
    endForgotten(own);
  }

  /** Asked in this order: whose transaction was open had been a member before. */
  private void endOrphans(Collection<TransactionListing> own)
      throws ExecutionException, InterruptedException {
    List<String> open =
        own.stream()
            .filter(listing -> listing.state() == TransactionState.ONGOING)
            .map(TransactionListing::transactionalId)
            .toList();
    if (open.isEmpty()) {
      return;
    }
    List<MemberDescription> members =
        admin.describeConsumerGroups(List.of(group)).all().get().values().stream()
            .flatMap(described -> described.members().stream())
            .toList();
    if (members.stream().anyMatch(member -> !member.clientId().startsWith(group + "-"))) {
      return; // it was given another client.id: its process cannot be told
    }
    List<String> orphans =
        open.stream()
            .filter(
                transaction ->
                    members.stream()
                        .noneMatch(member -> member.clientId().startsWith(process(transaction))))
            .toList();
    if (!orphans.isEmpty()) {
      LOG.warn("ending what instances of the fold left open that are gone: {}", orphans);
      admin.fenceProducers(orphans).all().get();
    }
  }

  private String process(String transaction) {
    Matcher matcher = id.matcher(transaction);
    if (!matcher.matches()) {
      throw new IllegalArgumentException(transaction);
    }
    return matcher.group(1) + "-";
  }

  private void endForgotten(Map<Long, TransactionListing> own)
      throws ExecutionException, InterruptedException {
    Optional<TopicPartition> places = places();
    if (places.isEmpty()) {
      return;
    }
    List<AbortTransactionSpec> ofPlaces = forgotten(places.get(), own);
    if (ofPlaces.isEmpty()) {
      return;
    }
    Set<Long> producers = new HashSet<>();
    ofPlaces.forEach(spec -> producers.add(spec.producerId()));
    List<AbortTransactionSpec> all = new ArrayList<>();
    for (TopicPartition partition : written()) {
      for (AbortTransactionSpec spec : forgotten(partition, own)) {
        if (producers.contains(spec.producerId())) {
          all.add(spec);
        }
      }
    }
    all.addAll(ofPlaces); // last: as long as these are open nobody folds
    for (AbortTransactionSpec spec : all) {
      LOG.warn("ending what Kafka has forgotten of the fold's: {}", spec);
      admin.abortTransaction(spec).all().get();
    }
  }

  /** Where the group's places are kept; absent if there are none yet. */
  private Optional<TopicPartition> places() throws ExecutionException, InterruptedException {
    String topic = Topic.GROUP_METADATA_TOPIC_NAME;
    ListTopicsOptions internalToo = new ListTopicsOptions().listInternal(true);
    if (!admin.listTopics(internalToo).names().get().contains(topic)) {
      return Optional.empty();
    }
    return admin.describeTopics(List.of(topic)).allTopicNames().get().values().stream()
        .map(TopicDescription::partitions)
        .map(all -> new TopicPartition(topic, Utils.abs(group.hashCode()) % all.size()))
        .findFirst();
  }

  private List<TopicPartition> written() {
    return Stream.of(specs.vertices(), specs.edges(), specs.conflicts())
        .flatMap(
            spec ->
                IntStream.range(0, spec.partitions())
                    .mapToObj(partition -> new TopicPartition(spec.name(), partition)))
        .toList();
  }

  /** A marker of an older epoch than the producer's is refused: one that goes on is not hit. */
  private List<AbortTransactionSpec> forgotten(
      TopicPartition partition, Map<Long, TransactionListing> own)
      throws ExecutionException, InterruptedException {
    List<AbortTransactionSpec> forgotten = new ArrayList<>();
    for (ProducerState producer :
        admin
            .describeProducers(List.of(partition))
            .partitionResult(partition)
            .get()
            .activeProducers()) {
      TransactionListing listing = own.get(producer.producerId());
      if (listing != null
          && producer.currentTransactionStartOffset().isPresent()
          && AT_AN_END.contains(listing.state())) {
        forgotten.add(
            new AbortTransactionSpec(
                partition,
                producer.producerId(),
                (short) producer.producerEpoch(),
                producer.coordinatorEpoch().orElse(0)));
      }
    }
    return forgotten;
  }
}
