package dev.varve.streams;

import dev.varve.fault.ExitCode;
import dev.varve.fault.VarveException;
import dev.varve.wire.TopicSpec;
import dev.varve.wire.TopicSpecs;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.ExecutionException;
import java.util.function.Function;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.Config;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.admin.OffsetSpec;
import org.apache.kafka.clients.admin.TopicDescription;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.KafkaFuture;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.config.ConfigResource;
import org.apache.kafka.common.errors.AuthenticationException;
import org.apache.kafka.common.errors.AuthorizationException;
import org.apache.kafka.common.errors.GroupNotEmptyException;
import org.apache.kafka.common.errors.TopicExistsException;
import org.apache.kafka.common.errors.UnknownMemberIdException;
import org.apache.kafka.common.errors.UnknownTopicOrPartitionException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Gets the fold's topics, and its place in the changes, into the state in which it can start. */
final class FoldTopics {

  private static final Logger LOG = LoggerFactory.getLogger(FoldTopics.class);
  private static final int TRIES = 20;
  private static final Duration BETWEEN_TRIES = Duration.ofMillis(250);

  private final Admin admin;
  private final TopicSpecs specs;
  private final String bootstrap;

  FoldTopics(Admin admin, TopicSpecs specs, String bootstrap) {
    this.admin = admin;
    this.specs = specs;
    this.bootstrap = bootstrap;
  }

  /**
   * Creates the topics that are missing, checks all of them, and sets where a first start begins.
   *
   * @throws VarveException if Kafka cannot be reached or does not allow it, a topic is not as it
   *     has to be, or changes are gone that the fold has not read
   */
  void prepare() {
    List<TopicSpec> mine =
        List.of(specs.changes(), specs.vertices(), specs.edges(), specs.conflicts());
    create(mine);
    check(mine);
    begin();
  }

  private void create(List<TopicSpec> wanted) {
    Set<String> existing = ask("list topics", admin.listTopics().names());
    List<TopicSpec> missing =
        wanted.stream().filter(spec -> !existing.contains(spec.name())).toList();
    if (missing.isEmpty()) {
      return;
    }
    int brokers = ask("describe the cluster", admin.describeCluster().nodes()).size();
    if (specs.fewerReplicasThanUsual(brokers)) {
      LOG.warn(
          "creating topics with {} replica(s), as there are only so many brokers",
          specs.replicasAmong(brokers));
    }
    short replicas = (short) specs.replicasAmong(brokers);
    List<NewTopic> topics =
        missing.stream()
            .map(
                spec ->
                    new NewTopic(spec.name(), spec.partitions(), replicas).configs(spec.settings()))
            .toList();
    admin
        .createTopics(topics)
        .values()
        .forEach(
            (name, created) ->
                ask(
                    "create topic " + name,
                    created,
                    error -> {
                      if (!(error instanceof TopicExistsException)) { // else: another was faster
                        throw error;
                      }
                    }));
  }

  private void check(List<TopicSpec> wanted) {
    Map<String, TopicDescription> found = describe(wanted);
    Map<ConfigResource, TopicSpec> resources = new HashMap<>();
    for (TopicSpec spec : wanted) {
      resources.put(new ConfigResource(ConfigResource.Type.TOPIC, spec.name()), spec);
    }
    Map<ConfigResource, Config> configs =
        ask("read topic settings", admin.describeConfigs(resources.keySet()).all());
    List<String> problems = new ArrayList<>();
    resources.forEach(
        (resource, spec) -> {
          TopicDescription description = found.get(spec.name());
          Config config = configs.get(resource);
          if (description == null || config == null) {
            problems.add(spec.name() + " cannot be seen");
            return;
          }
          Map<String, String> settings = new TreeMap<>();
          config
              .entries()
              .forEach(
                  entry -> {
                    if (entry.value() != null) {
                      settings.put(entry.name(), entry.value());
                    }
                  });
          problems.addAll(spec.problems(description.partitions().size(), settings));
        });
    if (!problems.isEmpty()) {
      throw new VarveException(
          ExitCode.FAILED,
          "topics are not as the fold needs them: " + String.join("; ", problems),
          "alter the topics' settings with Kafka's tools; partitions cannot be changed later, set"
              + " the configured number to what there is");
    }
  }

  /** A topic just created may not be known to every broker at once. */
  private Map<String, TopicDescription> describe(List<TopicSpec> wanted) {
    List<String> names = wanted.stream().map(TopicSpec::name).toList();
    for (int i = 1; ; i++) {
      try {
        return ask(
            "describe topics",
            admin.describeTopics(names).allTopicNames(),
            error -> {
              throw error;
            });
      } catch (UnknownTopicOrPartitionException e) {
        if (i == TRIES) {
          throw failed("describe topics", e);
        }
        pause();
      }
    }
  }

  /**
   * Without a committed place, reading begins at offset 0; and if that is gone, something may be
   * lost. Streams itself is told never to choose a place.
   */
  private void begin() {
    String changes = specs.topics().changes();
    List<TopicPartition> all =
        IntStream.range(0, specs.partitions())
            .mapToObj(partition -> new TopicPartition(changes, partition))
            .toList();
    for (int i = 1; ; i++) {
      List<TopicPartition> unset = unset(all);
      if (unset.isEmpty()) {
        return;
      }
      refuseGaps(unset);
      try {
        setToBeginning(unset);
        return;
      } catch (GroupNotEmptyException | UnknownMemberIdException e) {
        if (i == TRIES) { // another instance runs, and should have set them
          throw failed("set the fold's place in " + changes, e);
        }
        pause();
      }
    }
  }

  private List<TopicPartition> unset(Collection<TopicPartition> all) {
    Map<TopicPartition, OffsetAndMetadata> committed =
        ask(
            "read the fold's place",
            admin
                .listConsumerGroupOffsets(specs.topics().application())
                .partitionsToOffsetAndMetadata());
    return all.stream().filter(partition -> committed.get(partition) == null).toList();
  }

  private void refuseGaps(List<TopicPartition> unset) {
    Map<TopicPartition, OffsetSpec> earliest =
        unset.stream().collect(Collectors.toMap(p -> p, p -> OffsetSpec.earliest()));
    ask("find the first change", admin.listOffsets(earliest).all())
        .forEach(
            (partition, first) -> {
              if (first.offset() > 0) {
                throw changesAreGone(
                    partition + " begins at offset " + first.offset() + ", none is committed");
              }
            });
  }

  private void setToBeginning(List<TopicPartition> unset) {
    Map<TopicPartition, OffsetAndMetadata> zero =
        unset.stream().collect(Collectors.toMap(p -> p, p -> new OffsetAndMetadata(0)));
    ask(
        "set the fold's place",
        admin.alterConsumerGroupOffsets(specs.topics().application(), zero).all(),
        error -> {
          throw error;
        });
  }

  /** Changes were deleted that the fold has not read. */
  static VarveException changesAreGone(String what) {
    return new VarveException(
        ExitCode.DAMAGE_FOUND,
        "changes were deleted before the fold had read them: "
            + what
            + "; the topology tables are safe up to there",
        "scan the graph afresh into new topics; keep changes longer (retention.ms) than the fold"
            + " may be down");
  }

  private <T> T ask(String what, KafkaFuture<T> answer) {
    return ask(
        what,
        answer,
        error -> {
          throw failed(what, error);
        });
  }

  /**
   * @param onError gets what Kafka answered; if it returns, the result is not used
   */
  @SuppressWarnings("NullAway") // a null is what a future without a result has
  private <T> T ask(String what, KafkaFuture<T> answer, OnError onError) {
    try {
      return answer.get();
    } catch (ExecutionException e) {
      if (e.getCause() instanceof KafkaException error) {
        onError.met(error);
        return null;
      }
      throw new IllegalStateException("cannot " + what, e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException("interrupted while trying to " + what, e);
    }
  }

  private interface OnError {
    void met(KafkaException error);
  }

  private VarveException failed(String what, KafkaException error) {
    Function<String, VarveException> saying =
        hint ->
            new VarveException(
                ExitCode.FAILED,
                "cannot %s: Kafka at %s says: %s".formatted(what, bootstrap, error.getMessage()),
                hint,
                error);
    if (error instanceof AuthenticationException) {
      return saying.apply("check the user, password and certificates in the kafka settings");
    }
    if (error instanceof AuthorizationException) {
      return saying.apply(
          "allow the fold's user to describe and create the topics varve.*, and to use the group"
              + " and transactional ids varve.*");
    }
    return saying.apply("check that the brokers run and that this address reaches them");
  }

  private static void pause() {
    try {
      Thread.sleep(BETWEEN_TRIES.toMillis());
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException("interrupted", e);
    }
  }
}
