package dev.varve.embedded.neo4j;

import dev.varve.embedded.EmbeddedServer;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * Runs an {@link EmbeddedNeo4j} in a JVM of its own, so that it can be killed.
 *
 * <p>Arguments: the home, then settings as {@code name=value}. It writes {@code READY
 * bolt://127.0.0.1:port} and a line feed when it answers, and shuts down cleanly at the end of its
 * standard input or at SIGTERM.
 */
public final class EmbeddedNeo4jMain {

  /** What the line begins with that tells that the server answers; the address follows. */
  public static final String READY = "READY ";

  private EmbeddedNeo4jMain() {}

  public static void main(String[] args) throws IOException {
    if (args.length == 0) {
      System.err.println("usage: EmbeddedNeo4jMain HOME [name=value ...]");
      System.exit(64);
    }
    EmbeddedServer.Running server = new EmbeddedNeo4j().start(Path.of(args[0]), settings(args));
    System.out.println(READY + server.address());
    System.out.flush();
    while (System.in.read() >= 0) {
      // wait for the end of input, whatever comes before it
    }
    System.exit(0);
  }

  private static Map<String, String> settings(String[] args) {
    Map<String, String> settings = new LinkedHashMap<>();
    Arrays.stream(args)
        .skip(1)
        .forEach(
            setting -> {
              int equals = setting.indexOf('=');
              if (equals < 1) {
                throw new IllegalArgumentException("setting must be name=value, got " + setting);
              }
              settings.put(setting.substring(0, equals), setting.substring(equals + 1));
            });
    return settings;
  }
}
