package dev.varve.cli;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.BufferedReader;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * The distribution as a user has it: its commands and its servers, each in a process of its own.
 */
final class Installed {

  static final Path HOME =
      Path.of(System.getProperty("varve.home", "target/varve")).toAbsolutePath();

  /** Longer than the fold waits for the open transaction of one that was killed. */
  static final Duration AT_MOST = Duration.ofMinutes(5);

  private static final ObjectMapper JSON = new ObjectMapper();

  /** Most processes end before the second one has paid for itself. */
  private static final String FIRST_COMPILER = "-XX:TieredStopAtLevel=1";

  private Installed() {}

  /** How a command ended. */
  record Result(int exitCode, String out, String err) {
    JsonNode json() throws IOException {
      return JSON.readTree(out);
    }

    @Override
    public String toString() {
      return "exit " + exitCode + "\n" + out + "\n" + err;
    }
  }

  /** Runs a command to its end. */
  static Result run(Path directory, Map<String, String> environment, String... arguments)
      throws IOException, InterruptedException {
    return run(AT_MOST, directory, environment, arguments);
  }

  /** Runs a command to its end, which may take so long. */
  static Result run(
      Duration atMost, Path directory, Map<String, String> environment, String... arguments)
      throws IOException, InterruptedException {
    Path out = Files.createTempFile(directory, "out", ".txt");
    Path err = Files.createTempFile(directory, "err", ".txt");
    Process process = launch(directory, environment, out, err, arguments);
    if (!process.waitFor(atMost.toMillis(), TimeUnit.MILLISECONDS)) {
      process.descendants().forEach(ProcessHandle::destroyForcibly);
      process.destroyForcibly().waitFor();
      throw new AssertionError(
          List.of(arguments) + " did not end:\n" + Files.readString(out) + Files.readString(err));
    }
    return new Result(process.exitValue(), Files.readString(out), Files.readString(err));
  }

  /** Starts a command that goes on; what it logs is added to a file. */
  static Process start(
      Path directory, Map<String, String> environment, Path log, String... arguments)
      throws IOException {
    return launch(directory, environment, log, log, arguments);
  }

  private static Process launch(
      Path directory, Map<String, String> environment, Path out, Path err, String... arguments)
      throws IOException {
    List<String> command = new ArrayList<>(List.of(HOME.resolve("varve").toString()));
    command.addAll(List.of(arguments));
    ProcessBuilder builder = new ProcessBuilder(command).directory(directory.toFile());
    builder.environment().keySet().removeIf(name -> name.startsWith("VARVE_"));
    builder.environment().put("VARVE_HEAP", "768m");
    builder.environment().put("VARVE_JAVA_OPTS", FIRST_COMPILER);
    builder.environment().putAll(environment);
    builder.redirectInput(ProcessBuilder.Redirect.from(Path.of("/dev/null").toFile()));
    builder.redirectOutput(ProcessBuilder.Redirect.appendTo(out.toFile()));
    builder.redirectError(ProcessBuilder.Redirect.appendTo(err.toFile()));
    return builder.start();
  }

  /** A server in a process of its own, which can be killed and started again at its address. */
  static final class Server implements AutoCloseable {

    private final List<String> command;
    private final Path log;
    private Process process;
    private String address;

    private Server(List<String> command, Path log) throws IOException {
      this.command = command;
      this.log = log;
      this.process = launch();
      this.address = ready();
    }

    static Server neo4j(Path home, String... settings) throws IOException {
      return new Server(
          command("neo4j", "dev.varve.embedded.neo4j.EmbeddedNeo4jMain", home, settings),
          home.resolveSibling(home.getFileName() + ".log"));
    }

    /** As somebody's Neo4j is before Varve comes. */
    static Server neo4jWithoutPlugin(Path home) throws IOException {
      List<String> command = command("neo4j", "dev.varve.embedded.neo4j.EmbeddedNeo4jMain", home);
      int classPath = command.indexOf("-cp") + 1;
      try (Stream<Path> jars = Files.list(HOME.resolve("lib/neo4j"))) {
        String others =
            jars.map(Path::toString)
                .filter(jar -> !jar.contains("varve-neo4j-plugin"))
                .collect(Collectors.joining(":"));
        command.set(classPath, others + ":" + HOME.resolve("lib/core/*"));
      }
      return new Server(command, home.resolveSibling(home.getFileName() + ".log"));
    }

    static Server kafka(Path home, String... settings) throws IOException {
      return new Server(
          command("kafka", "dev.varve.embedded.kafka.EmbeddedKafka", home, settings),
          home.resolveSibling(home.getFileName() + ".log"));
    }

    private static List<String> command(
        String library, String main, Path home, String... settings) {
      String classPath =
          HOME.resolve("lib/" + library + "/*")
              + ":"
              + HOME.resolve("lib/core/*"); // for what comes from outside
      List<String> command =
          new ArrayList<>(
              List.of(
                  Path.of(System.getProperty("java.home"), "bin/java").toString(),
                  "-Xmx512m",
                  "-XX:+UseSerialGC",
                  FIRST_COMPILER,
                  "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn",
                  "-cp",
                  classPath,
                  main,
                  home.toString()));
      command.addAll(List.of(settings));
      return command;
    }

    String address() {
      return address;
    }

    /** Kills it and starts it again. */
    void killAndRestart() throws IOException, InterruptedException {
      kill();
      restart();
    }

    long pid() {
      return process.pid();
    }

    void kill() throws InterruptedException {
      process.destroyForcibly().waitFor();
    }

    void restart() throws IOException {
      process = launch();
      address = ready();
    }

    private Process launch() throws IOException {
      Files.createDirectories(log.toAbsolutePath().getParent());
      return new ProcessBuilder(command)
          .redirectError(ProcessBuilder.Redirect.appendTo(log.toFile()))
          .start();
    }

    private String ready() throws IOException {
      BufferedReader out = process.inputReader(StandardCharsets.UTF_8);
      for (String line = out.readLine(); line != null; line = out.readLine()) {
        if (line.startsWith("READY ")) {
          return line.substring("READY ".length());
        }
      }
      throw new IOException("the server did not start, see\n" + Files.readString(log));
    }

    @Override
    public void close() {
      process.destroyForcibly();
      try {
        process.waitFor();
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
      }
    }
  }
}
