package dev.varve.embedded.kafka;

import java.lang.management.ManagementFactory;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import javax.management.InstanceNotFoundException;
import javax.management.JMException;
import javax.management.ObjectName;
import kafka.server.KafkaConfig;
import kafka.server.KafkaRaftServer;
import org.apache.kafka.common.utils.Time;

/**
 * What a killed node of one leaves in its metadata: a broker that serves.
 *
 * <p>Until that registration runs out the new broker may not register. Meanwhile it takes itself
 * for the leader of all, and begins to end the transactions that were being committed; and when the
 * registration runs out there is no leader for an instant, which Kafka 4.3 takes for deleted
 * partitions: it leaves their markers out and notes the transactions as complete ({@code
 * TransactionMarkerChannelManager}). Nobody ever reads past such a one, and what it committed may
 * be lost. So the registration is ended while there is a controller only, and never runs out while
 * the node lives.
 */
final class StaleRegistration {

  /** Nobody else could take over, so a node that stood still for a while just goes on. */
  private static final Duration NEVER = Duration.ofDays(14);

  private static final String SESSION = "broker.session.timeout.ms";
  private static final Duration AT_MOST = Duration.ofMinutes(1);

  /** An active controller knows its brokers by then. */
  private static final Duration SETTLED = Duration.ofSeconds(3);

  private static final long LOOK_EVERY_MS = 10;

  private StaleRegistration() {}

  /** The settings of a node of one whose registration does not run out. */
  static Map<String, String> lasting(Map<String, String> node) {
    Map<String, String> settings = new HashMap<>(node);
    settings.putIfAbsent(SESSION, Long.toString(NEVER.toMillis()));
    return settings;
  }

  /**
   * Ends it; the node does not run.
   *
   * @param port for the controller that does it; not the node's own, to which clients of this one
   *     would come back while the node starts
   */
  static void end(Map<String, String> node, int port) {
    Map<String, String> settings = new HashMap<>(node);
    settings.put("process.roles", "controller");
    settings.put(SESSION, "2");
    settings.put("broker.heartbeat.interval.ms", "1");
    settings.put(
        "controller.quorum.voters",
        settings.get("node.id") + "@" + EmbeddedKafka.HOST + ":" + port);
    settings.put("listeners", "CONTROLLER://" + EmbeddedKafka.HOST + ":" + port);
    settings.remove("advertised.listeners");
    KafkaRaftServer controller =
        new KafkaRaftServer(
            KafkaConfig.fromProps(EmbeddedKafka.asProperties(settings)), Time.SYSTEM);
    try {
      controller.startup();
      awaitNoBroker();
    } finally {
      controller.shutdown();
      controller.awaitShutdown();
    }
  }

  private static void awaitNoBroker() {
    long begun = System.nanoTime();
    long active = begun;
    while (gauge("ActiveBrokerCount") != 0 || gauge("FencedBrokerCount") == 0) {
      long now = System.nanoTime();
      if (gauge("ActiveControllerCount") == 0) {
        active = now;
      } else if (gauge("ActiveBrokerCount") == 0 && now - active > SETTLED.toNanos()) {
        return; // it was killed before it had registered
      }
      if (now - begun > AT_MOST.toNanos()) {
        throw new IllegalStateException("what the killed node left does not run out");
      }
      try {
        Thread.sleep(LOOK_EVERY_MS);
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        throw new IllegalStateException("interrupted", e);
      }
    }
  }

  /** Zero before there is such a figure. */
  private static long gauge(String name) {
    try {
      return ((Number)
              ManagementFactory.getPlatformMBeanServer()
                  .getAttribute(
                      new ObjectName("kafka.controller:type=KafkaController,name=" + name),
                      "Value"))
          .longValue();
    } catch (InstanceNotFoundException e) {
      return 0;
    } catch (JMException e) {
      throw new IllegalStateException(e);
    }
  }
}
