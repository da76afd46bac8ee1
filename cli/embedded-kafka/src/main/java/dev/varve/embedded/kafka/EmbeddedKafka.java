package dev.varve.embedded.kafka;

import dev.varve.embedded.EmbeddedServer;
import java.io.IOException;
import java.io.OutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicReference;
import kafka.server.KafkaConfig;
import kafka.server.KafkaRaftServer;
import org.apache.kafka.common.Uuid;
import org.apache.kafka.common.utils.Exit;
import org.apache.kafka.common.utils.Time;
import org.apache.kafka.metadata.storage.Formatter;
import org.apache.kafka.server.common.MetadataVersion;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One Kafka node, broker and controller in one (KRaft), on loopback.
 *
 * <p>Settings: {@code port} (absent or 0: one is picked at the first start and kept in the home);
 * anything else is a broker setting and wins over those made here.
 *
 * <p>A node of several needs {@code clusterId}, {@code port}, {@code controllerPort}, {@code
 * node.id} and {@code controller.quorum.voters}, which names all of them; it serves as soon as a
 * majority has been started. Each keeps what it is given over a restart, if it is given the same.
 */
public final class EmbeddedKafka implements EmbeddedServer {

  static final String HOST = "127.0.0.1";

  private static final Logger LOG = LoggerFactory.getLogger(EmbeddedKafka.class);

  private static final String FORMATTED = "meta.properties";
  private static final String STOPPED = ".kafka_cleanshutdown";

  /** What is not a setting of Kafka. */
  private static final Set<String> OWN = Set.of("port", "controllerPort", "clusterId");

  @Override
  public String name() {
    return "kafka";
  }

  @Override
  public Running start(Path home, Map<String, String> settings) {
    try {
      Files.createDirectories(home);
      Path logs = Files.createDirectories(home.toAbsolutePath().resolve("log"));
      Ports ports =
          Ports.of(
              home,
              settings.getOrDefault("port", "0"),
              settings.getOrDefault("controllerPort", "0"));
      Map<String, String> properties = properties(logs, ports, settings);
      boolean first = !Files.exists(logs.resolve(FORMATTED));
      boolean killed = !first && !Files.exists(logs.resolve(STOPPED));
      format(
          logs,
          Integer.parseInt(properties.getOrDefault("node.id", "1")),
          settings.getOrDefault("clusterId", Uuid.randomUuid().toString()));
      String address = HOST + ":" + ports.broker();
      AtomicReference<Throwable> halted = catchHalts();
      if (settings.containsKey("controller.quorum.voters")) {
        return Node.started(properties, address, halted); // one of several
      }
      properties = StaleRegistration.lasting(properties);
      if (killed) {
        StaleRegistration.end(properties, Ports.free(ports.broker()));
      }
      try {
        return Node.started(properties, address, halted);
      } catch (RuntimeException e) {
        if (first || killed) {
          throw e;
        }
        LOG.warn("Kafka did not start, perhaps as it was not stopped in order; trying again", e);
        StaleRegistration.end(properties, Ports.free(ports.broker()));
        return Node.started(properties, address, halted);
      }
    } catch (Exception e) {
      throw new IllegalStateException("embedded Kafka does not start in " + home + ": " + e, e);
    }
  }

  private static Map<String, String> properties(
      Path logs, Ports ports, Map<String, String> settings) {
    Map<String, String> p = new HashMap<>();
    p.put("process.roles", "broker,controller");
    p.put("node.id", "1");
    p.put("controller.quorum.voters", "1@" + HOST + ":" + ports.controller());
    p.put("controller.listener.names", "CONTROLLER");
    p.put(
        "listeners",
        "PLAINTEXT://%s:%d,CONTROLLER://%s:%d"
            .formatted(HOST, ports.broker(), HOST, ports.controller()));
    p.put("advertised.listeners", "PLAINTEXT://" + HOST + ":" + ports.broker());
    p.put("listener.security.protocol.map", "PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT");
    p.put("log.dirs", logs.toString());
    p.put("auto.create.topics.enable", "false");
    // one node holds everything
    p.put("default.replication.factor", "1");
    p.put("min.insync.replicas", "1");
    p.put("offsets.topic.replication.factor", "1");
    p.put("offsets.topic.num.partitions", "4");
    p.put("transaction.state.log.replication.factor", "1");
    p.put("transaction.state.log.min.isr", "1");
    p.put("transaction.state.log.num.partitions", "4");
    p.put("share.coordinator.state.topic.replication.factor", "1");
    p.put("share.coordinator.state.topic.min.isr", "1");
    p.put("share.coordinator.state.topic.num.partitions", "1");
    // a small machine, short waits
    p.put("num.network.threads", "2");
    p.put("num.io.threads", "4");
    p.put("background.threads", "2");
    p.put("log.cleaner.dedupe.buffer.size", "8388608");
    p.put("group.initial.rebalance.delay.ms", "0");
    p.put("group.min.session.timeout.ms", "1000");
    p.put("transaction.abort.timed.out.transaction.cleanup.interval.ms", "1000");
    // an element may be larger than the broker's usual megabyte
    p.put("message.max.bytes", "67108864");
    p.put("replica.fetch.max.bytes", "67108864");
    settings.forEach(
        (key, value) -> {
          if (!OWN.contains(key)) {
            p.put(key, value);
          }
        });
    return p;
  }

  static java.util.Properties asProperties(Map<String, String> settings) {
    java.util.Properties properties = new java.util.Properties();
    properties.putAll(settings);
    return properties;
  }

  private static void format(Path logs, int nodeId, String clusterId) throws Exception {
    if (Files.exists(logs.resolve(FORMATTED))) {
      return;
    }
    new Formatter()
        .setNodeId(nodeId)
        .setClusterId(clusterId)
        .addDirectory(logs.toString())
        .setControllerListenerName("CONTROLLER")
        .setMetadataLogDirectory(logs.toString())
        .setReleaseVersion(MetadataVersion.LATEST_PRODUCTION)
        .setIgnoreFormatted(true)
        .setPrintStream(
            new PrintStream(OutputStream.nullOutputStream(), false, StandardCharsets.UTF_8))
        .run();
  }

  /** Kafka ends the process when its disk fails; here it must only end itself. */
  private static AtomicReference<Throwable> catchHalts() {
    AtomicReference<Throwable> halted = new AtomicReference<>();
    Exit.Procedure record =
        (status, message) -> {
          IllegalStateException failure =
              new IllegalStateException(
                  "the broker stopped itself" + (message == null ? "" : ": " + message));
          halted.compareAndSet(null, failure);
          throw failure;
        };
    Exit.setHaltProcedure(record);
    Exit.setExitProcedure(record);
    return halted;
  }

  /**
   * Runs a broker in a process of its own until standard input ends or the process is told to stop;
   * says {@code READY <address>} on standard output when it serves.
   *
   * @param arguments the home, then settings as {@code key=value}
   */
  public static void main(String[] arguments) throws IOException {
    if (arguments.length == 0) {
      System.err.println("usage: EmbeddedKafka <home> [key=value ...]");
      System.exit(64);
    }
    Map<String, String> settings = new HashMap<>();
    for (int i = 1; i < arguments.length; i++) {
      String[] pair = arguments[i].split("=", 2);
      settings.put(pair[0], pair.length == 2 ? pair[1] : "");
    }
    try (Running running = new EmbeddedKafka().start(Path.of(arguments[0]), settings)) {
      System.out.println("READY " + running.address());
      System.out.flush();
      while (System.in.read() >= 0) {
        // whoever started this process holds the other end
      }
    }
    System.exit(0);
  }

  /** The broker that runs. Closed once: by the owner or by the process ending. */
  private static final class Node implements Running {

    private final KafkaRaftServer server;
    private final String address;
    private final AtomicReference<Throwable> halted;
    private final CountDownLatch closed = new CountDownLatch(1);
    private final AtomicReference<Thread> hook = new AtomicReference<>();

    private Node(KafkaRaftServer server, String address, AtomicReference<Throwable> halted) {
      this.server = server;
      this.address = address;
      this.halted = halted;
    }

    static Node started(
        Map<String, String> properties, String address, AtomicReference<Throwable> halted) {
      KafkaRaftServer server =
          new KafkaRaftServer(KafkaConfig.fromProps(asProperties(properties)), Time.SYSTEM);
      Node node = new Node(server, address, halted);
      Thread hook = new Thread(node::stop, "embedded-kafka-shutdown");
      node.hook.set(hook);
      try {
        server.startup();
      } catch (RuntimeException e) {
        server.shutdown();
        throw e;
      }
      Runtime.getRuntime().addShutdownHook(hook);
      return node;
    }

    @Override
    public String address() {
      return address;
    }

    @Override
    public Optional<Throwable> failure() {
      return Optional.ofNullable(halted.get());
    }

    @Override
    public void close() {
      Thread registered = hook.get();
      if (registered != null) {
        try {
          Runtime.getRuntime().removeShutdownHook(registered);
        } catch (IllegalStateException e) {
          return; // the process is ending: the hook does it
        }
      }
      stop();
    }

    private void stop() {
      synchronized (closed) {
        if (closed.getCount() == 0) {
          return;
        }
        closed.countDown();
        server.shutdown();
        server.awaitShutdown();
      }
    }
  }
}
