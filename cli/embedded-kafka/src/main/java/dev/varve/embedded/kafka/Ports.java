package dev.varve.embedded.kafka;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.concurrent.ThreadLocalRandom;

/**
 * The ports of a node. The broker's is kept in the home, since clients come back to it; the
 * controller's is looked for afresh unless it is given: nobody but the other nodes of its cluster
 * has to know it.
 *
 * <p>They are picked below the range from which outgoing connections take theirs: a kept port must
 * be free still when the node starts again.
 */
record Ports(int broker, int controller) {

  private static final int LOWEST = 20_000;
  private static final int HIGHEST = 32_000;
  private static final int TRIES = 200;

  static Ports of(Path home, String wanted, String wantedOfController) throws IOException {
    int broker = Integer.parseInt(wanted);
    Path kept = home.resolve("port");
    if (broker == 0) {
      broker = Files.exists(kept) ? Integer.parseInt(Files.readString(kept).strip()) : free(0);
    }
    Path written = home.resolve("port.new");
    Files.writeString(written, broker + "\n", StandardCharsets.US_ASCII);
    Files.move(written, kept, StandardCopyOption.REPLACE_EXISTING, StandardCopyOption.ATOMIC_MOVE);
    int controller = Integer.parseInt(wantedOfController);
    return new Ports(broker, controller == 0 ? free(broker) : controller);
  }

  /** One that nobody has, between those that are for this. */
  static int free(int taken) throws IOException {
    for (int i = 0; i < TRIES; i++) {
      int port = ThreadLocalRandom.current().nextInt(LOWEST, HIGHEST);
      if (port == taken) {
        continue;
      }
      try (ServerSocket probe = new ServerSocket()) {
        probe.bind(new InetSocketAddress(InetAddress.getByName("127.0.0.1"), port));
        return port;
      } catch (IOException e) {
        // somebody has it: the next one
      }
    }
    throw new IOException("no free port between " + LOWEST + " and " + HIGHEST);
  }
}
