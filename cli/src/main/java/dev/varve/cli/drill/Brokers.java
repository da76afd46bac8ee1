package dev.varve.cli.drill;

import dev.varve.fault.ExitCode;
import dev.varve.fault.VarveException;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.UUID;

/** Three brokers that are one cluster: each holds everything, two are enough. */
record Brokers(Installation installation, Path directory, Path logs) {

  static final int COUNT = 3;

  private static final int LOWEST = 20_000;
  private static final int HIGHEST = 32_000;
  private static final int TRIES = 500;

  /** Not started yet. They serve when two of them run. */
  List<Child> all() {
    List<Integer> ports = freePorts(2 * COUNT);
    List<String> voters = new ArrayList<>();
    for (int node = 1; node <= COUNT; node++) {
      voters.add(node + "@127.0.0.1:" + ports.get(COUNT + node - 1));
    }
    String clusterId = clusterId();
    List<Child> brokers = new ArrayList<>();
    for (int node = 1; node <= COUNT; node++) {
      String name = "broker-" + node;
      List<String> settings =
          List.of(
              "node.id=" + node,
              "port=" + ports.get(node - 1),
              "controllerPort=" + ports.get(COUNT + node - 1),
              "clusterId=" + clusterId,
              "controller.quorum.voters=" + String.join(",", voters),
              "default.replication.factor=3",
              "min.insync.replicas=2",
              "offsets.topic.replication.factor=3",
              "transaction.state.log.replication.factor=3",
              "transaction.state.log.min.isr=2");
      brokers.add(
          new Child(
              name,
              new Child.Launch(
                  installation.kafka(directory.resolve(name), settings),
                  directory,
                  Map.of(),
                  logs.resolve(name + ".log"),
                  true)));
    }
    return brokers;
  }

  /** As Kafka writes one: the bytes of a random UUID. */
  private static String clusterId() {
    UUID id = UUID.randomUUID();
    byte[] bytes =
        ByteBuffer.allocate(2 * Long.BYTES)
            .putLong(id.getMostSignificantBits())
            .putLong(id.getLeastSignificantBits())
            .array();
    return Base64.getUrlEncoder().withoutPadding().encodeToString(bytes);
  }

  /**
   * Ports that nobody has, below those that outgoing connections take: they must be free still when
   * a server starts again.
   */
  static List<Integer> freePorts(int count) {
    Random random = new Random();
    List<Integer> ports = new ArrayList<>();
    for (int i = 0; i < TRIES && ports.size() < count; i++) {
      int port = LOWEST + random.nextInt(HIGHEST - LOWEST);
      if (!ports.contains(port) && free(port)) {
        ports.add(port);
      }
    }
    if (ports.size() < count) {
      throw new VarveException(
          ExitCode.FAILED,
          "no free ports between " + LOWEST + " and " + HIGHEST,
          "end what listens there");
    }
    return ports;
  }

  private static boolean free(int port) {
    try (ServerSocket probe = new ServerSocket(port, 1, InetAddress.getLoopbackAddress())) {
      return probe.isBound();
    } catch (IOException e) {
      return false;
    }
  }
}
