package dev.varve.bench;

import java.io.BufferedReader;
import java.io.File;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** A server of the distribution in a process of its own, as it would run beside Varve. */
final class ServerProcess implements AutoCloseable {

  private static final String READY = "READY ";
  private static final long STOP_SECONDS_MAX = 30;

  private final Process process;
  private final String address;

  private ServerProcess(Process process, String address) {
    this.process = process;
    this.address = address;
  }

  static ServerProcess kafka(Distribution distribution, Path home) throws IOException {
    return start(
        distribution, "kafka", "512m", "dev.varve.embedded.kafka.EmbeddedKafka", home, List.of());
  }

  static ServerProcess neo4j(Distribution distribution, Path home, List<String> settings)
      throws IOException {
    return start(
        distribution,
        "neo4j",
        "1500m",
        "dev.varve.embedded.neo4j.EmbeddedNeo4jMain",
        home,
        settings);
  }

  private static ServerProcess start(
      Distribution distribution,
      String library,
      String heap,
      String mainClass,
      Path home,
      List<String> settings)
      throws IOException {
    Files.createDirectories(home);
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.add("-Xmx" + heap);
    command.add("-cp");
    command.add(distribution.classPathOf(library));
    command.add(mainClass);
    command.add(home.toString());
    command.addAll(settings);
    Process process =
        new ProcessBuilder(command)
            .redirectError(home.resolveSibling(home.getFileName() + ".log").toFile())
            .start();
    BufferedReader out =
        new BufferedReader(new InputStreamReader(process.getInputStream(), StandardCharsets.UTF_8));
    for (String line = out.readLine(); line != null; line = out.readLine()) {
      if (line.startsWith(READY)) {
        return new ServerProcess(process, line.substring(READY.length()));
      }
    }
    throw new IOException(mainClass + " ended before it was ready, see " + home + ".log");
  }

  String address() {
    return address;
  }

  @Override
  public void close() throws IOException {
    process.getOutputStream().close();
    try {
      if (!process.waitFor(STOP_SECONDS_MAX, TimeUnit.SECONDS)) {
        process.destroyForcibly();
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      process.destroyForcibly();
    }
  }

  /** Where the built distribution lies: the system property {@code varve.home}. */
  record Distribution(Path home) {

    static Distribution find() {
      String home = System.getProperty("varve.home", "cli/target/varve");
      if (!Files.isDirectory(Path.of(home, "lib"))) {
        throw new IllegalStateException(home + " is not a built distribution; run bench/run");
      }
      return new Distribution(Path.of(home).toAbsolutePath());
    }

    String classPathOf(String library) throws IOException {
      try (Stream<Path> own = Files.list(home.resolve("lib").resolve(library));
          Stream<Path> core = Files.list(home.resolve("lib/core"))) {
        // What an isolated class path takes from its parent: the seam and the logging API.
        Stream<Path> shared =
            core.filter(
                jar ->
                    jar.getFileName().toString().startsWith("varve-")
                        || jar.getFileName().toString().startsWith("slf4j-api-"));
        return Stream.concat(own, shared)
            .map(Path::toString)
            .collect(Collectors.joining(File.pathSeparator));
      }
    }
  }
}
