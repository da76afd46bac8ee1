package dev.varve.cli;

import dev.varve.cli.config.Config;
import dev.varve.fault.VarveException;
import dev.varve.wire.TopicSpec;
import dev.varve.wire.Wire;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.file.Files;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.ExecutionException;
import java.util.stream.Collectors;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.ConfigEntry;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.config.ConfigResource;

/** Looks at Kafka, the graph's topics, and the schema registry. */
final class KafkaCheck {

  private static final String WITHIN_MS = "8000";
  private static final int CONNECT_MS = 500;

  private KafkaCheck() {}

  static List<Finding> of(Config config) {
    List<Finding> findings = new ArrayList<>();
    Optional<String> bootstrap =
        config.kafka().embedded() ? running(config) : config.kafka().bootstrap();
    if (bootstrap.isPresent()) {
      brokers(config, bootstrap.get(), findings);
    } else {
      findings.add(
          Finding.ok(
              "kafka", "embedded; 'varve up' starts it in " + config.data().resolve("kafka")));
    }
    findings.add(registry(config));
    return findings;
  }

  /** The address that the embedded broker has whenever it is up; absent if it never was. */
  static Optional<String> kept(Config config) {
    return port(config).map(port -> "127.0.0.1:" + port);
  }

  private static Optional<Integer> port(Config config) {
    try {
      return Optional.of(
          Integer.parseInt(Files.readString(config.data().resolve("kafka/port")).strip()));
    } catch (IOException | NumberFormatException e) {
      return Optional.empty(); // not started yet
    }
  }

  /** The address of the embedded broker, if one is up. */
  static Optional<String> running(Config config) {
    Optional<Integer> kept = port(config);
    if (kept.isEmpty()) {
      return Optional.empty();
    }
    int port = kept.get();
    try {
      try (Socket socket = new Socket()) {
        socket.connect(new InetSocketAddress("127.0.0.1", port), CONNECT_MS);
      }
      return Optional.of("127.0.0.1:" + port);
    } catch (IOException e) {
      return Optional.empty(); // not running now
    }
  }

  /** What clients of Kafka need; absent if it is embedded and does not run. */
  static Optional<Map<String, String>> clients(Config config) {
    return config
        .kafka()
        .bootstrap()
        .or(() -> running(config))
        .map(
            bootstrap -> {
              Map<String, String> clients = new TreeMap<>(config.kafka().client());
              clients.put("bootstrap.servers", bootstrap);
              return clients;
            });
  }

  private static void brokers(Config config, String bootstrap, List<Finding> findings) {
    Map<String, Object> settings = new HashMap<>(config.kafka().client());
    settings.put("bootstrap.servers", bootstrap);
    settings.put("request.timeout.ms", WITHIN_MS);
    settings.put("default.api.timeout.ms", WITHIN_MS);
    try (Admin admin = Admin.create(settings)) {
      int brokers = admin.describeCluster().nodes().get().size();
      findings.add(Finding.ok("kafka", bootstrap + " answers, " + brokers + " broker(s)"));
      if (!config.kafka().embedded() && config.kafka().topics().fewerReplicasThanUsual(brokers)) {
        findings.add(
            Finding.problem(
                "replicas",
                "with " + brokers + " broker(s) a topic cannot have three replicas",
                "add brokers, or say kafka.replicationFactor: " + brokers + " if that is meant"));
      }
      topics(config, admin, findings);
    } catch (ExecutionException | KafkaException e) {
      Throwable cause = e instanceof ExecutionException && e.getCause() != null ? e.getCause() : e;
      findings.add(
          Finding.problem(
              "kafka",
              "cannot reach " + bootstrap + ": " + cause.getMessage(),
              "start the brokers, or correct kafka.bootstrap and the settings in"
                  + " kafka.clientFile"));
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private static void topics(Config config, Admin admin, List<Finding> findings)
      throws ExecutionException, InterruptedException {
    var existing = admin.listTopics().names().get();
    List<TopicSpec> specs = config.kafka().topics().all();
    List<TopicSpec> there = specs.stream().filter(s -> existing.contains(s.name())).toList();
    if (there.isEmpty()) {
      findings.add(Finding.ok("topics", "none yet; 'varve up' makes them"));
      return;
    }
    Map<String, Integer> partitions = new TreeMap<>();
    admin
        .describeTopics(there.stream().map(TopicSpec::name).toList())
        .allTopicNames()
        .get()
        .forEach((name, topic) -> partitions.put(name, topic.partitions().size()));
    Map<String, Map<String, String>> settings = settings(admin, there);
    List<String> problems =
        there.stream()
            .flatMap(
                spec ->
                    spec
                        .problems(
                            partitions.getOrDefault(spec.name(), 0),
                            settings.getOrDefault(spec.name(), Map.of()))
                        .stream())
            .toList();
    problems.forEach(
        problem ->
            findings.add(
                Finding.problem(
                    "topics",
                    problem,
                    "set it so with kafka-configs.sh --alter; the number of partitions is fixed"
                        + " once the topics exist: say kafka.partitions as it is")));
    if (problems.isEmpty()) {
      findings.add(
          Finding.ok(
              "topics", there.size() + " of " + specs.size() + " exist, as they have to be"));
    }
  }

  private static Map<String, Map<String, String>> settings(Admin admin, List<TopicSpec> specs)
      throws ExecutionException, InterruptedException {
    List<ConfigResource> resources =
        specs.stream()
            .map(spec -> new ConfigResource(ConfigResource.Type.TOPIC, spec.name()))
            .toList();
    Map<String, Map<String, String>> settings = new TreeMap<>();
    admin
        .describeConfigs(resources)
        .all()
        .get()
        .forEach(
            (resource, found) ->
                settings.put(
                    resource.name(),
                    found.entries().stream()
                        .filter(entry -> entry.value() != null)
                        .collect(Collectors.toMap(ConfigEntry::name, ConfigEntry::value))));
    return settings;
  }

  private static Finding registry(Config config) {
    try (Wire wire = Wire.open(config.registry())) {
      return Finding.ok("registry", config.registry().url() + " has all schemas");
    } catch (VarveException e) {
      return Finding.problem("registry", String.valueOf(e.getMessage()), e.hint());
    }
  }
}
