package dev.varve.cdc;

import dev.varve.fault.ExitCode;
import dev.varve.fault.VarveException;
import dev.varve.wire.TopicSpec;
import dev.varve.wire.TopicSpecs;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.ExecutionException;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.Config;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.admin.TopicDescription;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.config.ConfigResource;
import org.apache.kafka.common.errors.AuthenticationException;
import org.apache.kafka.common.errors.AuthorizationException;
import org.apache.kafka.common.errors.TopicExistsException;
import org.apache.kafka.common.errors.UnknownTopicOrPartitionException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Creates the topics that are not there and checks those that are. */
public final class KafkaTopics {

  private static final Logger LOG = LoggerFactory.getLogger(KafkaTopics.class);

  /** What another stage has made a moment ago, not every broker may know of yet. */
  private static final long KNOWN_WITHIN_NANOS = 10_000_000_000L;

  private static final long KNOWN_LOOK_EVERY_MS = 100;

  private KafkaTopics() {}

  /**
   * Makes sure that every topic of a graph is there and as it has to be.
   *
   * @param kafka settings of Kafka clients
   * @throws VarveException if the brokers cannot be reached or refuse, or a topic is not right
   */
  public static void ensure(Map<String, String> kafka, TopicSpecs specs) {
    ensure(kafka, specs, specs.all());
  }

  /** Makes sure of the topic that Debezium's heartbeats go to. */
  static void ensureHeartbeat(Map<String, String> kafka, TopicSpecs specs) {
    String name = "__debezium-heartbeat.varve." + specs.topics().graph();
    TreeMap<String, String> settings = new TreeMap<>(Map.of("cleanup.policy", "compact"));
    ensure(kafka, specs, List.of(new TopicSpec(name, 1, settings, Set.of())));
  }

  /** Makes sure of what observers read: what they tell each other, and what capture leaves. */
  public static void ensureObservers(Map<String, String> kafka, TopicSpecs specs) {
    ensure(kafka, specs, List.of(specs.observers(), specs.offsets()));
  }

  private static void ensure(Map<String, String> kafka, TopicSpecs specs, List<TopicSpec> wanted) {
    KafkaSettings settings = new KafkaSettings(kafka);
    try (Admin admin = Admin.create(settings.admin())) {
      Set<String> present = admin.listTopics().names().get();
      create(admin, specs, wanted.stream().filter(t -> !present.contains(t.name())).toList());
      check(admin, wanted.stream().filter(t -> present.contains(t.name())).toList());
    } catch (ExecutionException e) {
      throw refused(settings, e.getCause() == null ? e : e.getCause());
    } catch (KafkaException e) {
      throw refused(settings, e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw refused(settings, e);
    }
  }

  private static void create(Admin admin, TopicSpecs specs, List<TopicSpec> missing)
      throws ExecutionException, InterruptedException {
    if (missing.isEmpty()) {
      return;
    }
    int brokers = admin.describeCluster().nodes().get().size();
    if (specs.fewerReplicasThanUsual(brokers)) {
      LOG.warn(
          "{} broker(s): topics get {} replica(s) only", brokers, specs.replicasAmong(brokers));
    }
    short replicas = (short) specs.replicasAmong(brokers);
    for (TopicSpec topic : missing) {
      try {
        admin
            .createTopics(
                List.of(
                    new NewTopic(topic.name(), topic.partitions(), replicas)
                        .configs(new HashMap<>(topic.settings()))))
            .all()
            .get();
        LOG.info("created the topic {} with {} partition(s)", topic.name(), topic.partitions());
      } catch (ExecutionException e) {
        if (!(e.getCause() instanceof TopicExistsException)) {
          throw e;
        }
        check(admin, List.of(topic)); // somebody was faster
      }
    }
  }

  private static void check(Admin admin, List<TopicSpec> present)
      throws ExecutionException, InterruptedException {
    long end = System.nanoTime() + KNOWN_WITHIN_NANOS;
    while (true) {
      try {
        checkNow(admin, present);
        return;
      } catch (ExecutionException e) {
        if (!(e.getCause() instanceof UnknownTopicOrPartitionException)
            || System.nanoTime() > end) {
          throw e;
        }
        Thread.sleep(KNOWN_LOOK_EVERY_MS);
      }
    }
  }

  private static void checkNow(Admin admin, List<TopicSpec> present)
      throws ExecutionException, InterruptedException {
    List<String> names = present.stream().map(TopicSpec::name).toList();
    Map<String, TopicDescription> topics = admin.describeTopics(names).allTopicNames().get();
    Map<ConfigResource, Config> configs =
        admin.describeConfigs(names.stream().map(KafkaTopics::resource).toList()).all().get();
    List<String> problems = new ArrayList<>();
    for (TopicSpec topic : present) {
      Map<String, String> found = new HashMap<>();
      Config config = configs.get(resource(topic.name()));
      TopicDescription description = topics.get(topic.name());
      if (config != null && description != null) {
        config.entries().forEach(entry -> found.put(entry.name(), entry.value()));
        problems.addAll(topic.problems(description.partitions().size(), found));
      }
    }
    if (!problems.isEmpty()) {
      throw new VarveException(
          ExitCode.FAILED,
          "topics are there but not as they have to be: " + String.join("; ", problems),
          "alter the settings with kafka-configs; a number of partitions cannot be changed without"
              + " mixing up the order: set kafka.partitions to what is there, or delete the"
              + " graph's topics if nothing in them is needed");
    }
  }

  private static ConfigResource resource(String topic) {
    return new ConfigResource(ConfigResource.Type.TOPIC, topic);
  }

  private static VarveException refused(KafkaSettings settings, Throwable cause) {
    if (cause instanceof AuthenticationException || cause instanceof AuthorizationException) {
      return new VarveException(
          ExitCode.FAILED,
          "Kafka at " + settings.bootstrap() + " refuses: " + cause.getMessage(),
          "check user and password in kafka.*, and that the user may create, describe, read and"
              + " write the graph's topics",
          cause);
    }
    return new VarveException(
        ExitCode.FAILED,
        "Kafka at " + settings.bootstrap() + " cannot be used: " + cause.getMessage(),
        "check kafka.bootstrap and that the brokers are up",
        cause);
  }
}
