package dev.varve.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

/**
 * What {@code docker-compose.yml} brings up, under a name of its own, with ports and passwords of
 * its own. Removed with its volumes when closed.
 *
 * <p>On the public images, or, if {@code VARVE_TEST_JRE_IMAGE} says that none can be pulled, on
 * those that {@code deploy/images/stack.sh} builds.
 */
final class ComposeStack implements AutoCloseable {

  private static final Path ROOT = Path.of("..").toAbsolutePath().normalize();
  private static final Duration UP_AT_MOST = Duration.ofMinutes(12);
  private static final Duration COMMAND_AT_MOST = Duration.ofMinutes(3);

  private final Path directory;
  private final Map<String, String> environment;
  private final int boltPort;

  private ComposeStack(Path directory, Map<String, String> environment, int boltPort) {
    this.directory = directory;
    this.environment = environment;
    this.boltPort = boltPort;
  }

  /** Whether there is a compose that can be used. */
  static boolean available() throws InterruptedException {
    try {
      Process process =
          new ProcessBuilder("docker", "compose", "version")
              .redirectErrorStream(true)
              .redirectOutput(ProcessBuilder.Redirect.DISCARD)
              .start();
      return process.waitFor() == 0;
    } catch (IOException e) {
      return false; // no docker command
    }
  }

  /** As the README says, by one command. */
  static ComposeStack up(Path directory) throws IOException, InterruptedException {
    int boltPort = freePort();
    Map<String, String> environment = new HashMap<>();
    environment.put("COMPOSE_PROJECT_NAME", "varve-it-" + boltPort);
    environment.put("SECRETS", directory.resolve("secrets").toString());
    environment.put("NEO4J_PORT", Integer.toString(boltPort));
    for (String port : List.of("NEO4J_HTTP_PORT", "STANDBY_PORT", "STANDBY_HTTP_PORT")) {
      environment.put(port, Integer.toString(freePort()));
    }
    environment.put("FLUSH_EVERY", "2s");
    ComposeStack stack = new ComposeStack(directory, environment, boltPort);
    String local = System.getenv("VARVE_TEST_JRE_IMAGE");
    if (local != null && !local.isBlank()) {
      stack
          .done(stack.run(UP_AT_MOST, "sh", "deploy/images/stack.sh"))
          .out()
          .lines()
          .map(line -> line.split("=", 2))
          .forEach(variable -> environment.put(variable[0], variable[1]));
    }
    try {
      stack.done(stack.run(UP_AT_MOST, "deploy/up"));
    } catch (Throwable e) {
      stack.close();
      throw e;
    }
    return stack;
  }

  String boltUri() {
    return "bolt://127.0.0.1:" + boltPort;
  }

  String password() throws IOException {
    return Files.readString(directory.resolve("secrets/neo4j-password"));
  }

  /** Runs a command of Varve in one of its containers. */
  Installed.Result varve(String... arguments) throws IOException, InterruptedException {
    return compose(
        Stream.concat(Stream.of("exec", "-T", "compact", "varve"), Stream.of(arguments))
            .toArray(String[]::new));
  }

  void kill(String service) throws IOException, InterruptedException {
    done(compose("kill", service));
  }

  void start(String service) throws IOException, InterruptedException {
    done(compose("start", service));
  }

  /** Whether a service runs, and how often it had to be started again. */
  String state(String service) throws IOException, InterruptedException {
    String container = done(compose("ps", "-q", service)).out().strip();
    return done(run(
            COMMAND_AT_MOST,
            "docker",
            "inspect",
            "-f",
            "{{.State.Status}}, restarted {{.RestartCount}} times",
            container))
        .out()
        .strip();
  }

  String logs() throws IOException, InterruptedException {
    return compose("logs", "--no-color", "--tail=60").out();
  }

  private Installed.Result compose(String... arguments) throws IOException, InterruptedException {
    return run(
        COMMAND_AT_MOST,
        Stream.concat(Stream.of("docker", "compose"), Stream.of(arguments)).toArray(String[]::new));
  }

  private Installed.Result run(Duration atMost, String... command)
      throws IOException, InterruptedException {
    Path out = Files.createTempFile(directory, "out", ".txt");
    Path err = Files.createTempFile(directory, "err", ".txt");
    ProcessBuilder builder =
        new ProcessBuilder(new ArrayList<>(List.of(command)))
            .directory(ROOT.toFile())
            .redirectInput(Path.of("/dev/null").toFile())
            .redirectOutput(out.toFile())
            .redirectError(err.toFile());
    builder.environment().putAll(environment);
    Process process = builder.start();
    if (!process.waitFor(atMost.toMillis(), TimeUnit.MILLISECONDS)) {
      process.descendants().forEach(ProcessHandle::destroyForcibly);
      process.destroyForcibly().waitFor();
      throw new AssertionError(
          List.of(command) + " did not end:\n" + Files.readString(out) + Files.readString(err));
    }
    return new Installed.Result(process.exitValue(), Files.readString(out), Files.readString(err));
  }

  private Installed.Result done(Installed.Result result) throws IOException, InterruptedException {
    assertThat(result.exitCode()).as(() -> result + "\n" + logsUnlessThatFails()).isZero();
    return result;
  }

  private String logsUnlessThatFails() {
    try {
      return logs();
    } catch (IOException e) {
      return "no logs: " + e;
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return "no logs: interrupted";
    }
  }

  private static int freePort() throws IOException {
    try (ServerSocket socket = new ServerSocket(0)) {
      return socket.getLocalPort();
    }
  }

  @Override
  public void close() throws IOException, InterruptedException {
    done(compose("--profile", "standby", "down", "-v", "--timeout", "5"));
  }
}
