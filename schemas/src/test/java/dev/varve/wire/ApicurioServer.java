package dev.varve.wire;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Properties;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * A real Apicurio Registry in a process of its own, on a free port of the loopback interface, its
 * schemas in a directory.
 */
final class ApicurioServer implements AutoCloseable {

  static final int JAVA_FEATURE_MIN = 21;

  private static final Path ARCHIVE = Path.of("target/apicurio/apicurio.tar.gz");
  private static final Path UNPACKED = Path.of("target/apicurio/unpacked");
  private static final Pattern LISTENING = Pattern.compile("Listening on: http://[^:]+:([0-9]+)");
  private static final int LINES_KEPT_MAX = 200;

  private final Process process;
  private final int port;

  private ApicurioServer(Process process, int port) {
    this.process = process;
    this.port = port;
  }

  /**
   * Starts a server and waits until it listens.
   *
   * @param java the home of a Java that is new enough
   * @param home where the schemas are kept over a restart
   */
  static ApicurioServer start(Path java, Path home) throws IOException {
    unpack();
    Path log = home.resolve("apicurio.log");
    List<String> command =
        List.of(
            java.resolve("bin/java").toString(),
            "-Xmx256m",
            "-XX:+UseSerialGC",
            "-XX:TieredStopAtLevel=1",
            "-Dquarkus.http.host=127.0.0.1",
            "-Dquarkus.http.port=0",
            "-Dquarkus.management.host=127.0.0.1",
            "-Dquarkus.management.port=0",
            "-Dapicurio.storage.kind=sql",
            "-Dapicurio.storage.sql.kind=h2",
            "-Dapicurio.datasource.url=jdbc:h2:file:" + home.resolve("registry").toAbsolutePath(),
            "-jar",
            UNPACKED.resolve("quarkus-run.jar").toAbsolutePath().toString());
    Process process =
        new ProcessBuilder(command).directory(home.toFile()).redirectErrorStream(true).start();
    List<String> lines = new ArrayList<>();
    BufferedReader out =
        new BufferedReader(new InputStreamReader(process.getInputStream(), StandardCharsets.UTF_8));
    for (String line = out.readLine(); line != null; line = out.readLine()) {
      if (lines.size() < LINES_KEPT_MAX) {
        lines.add(line);
      }
      Matcher matcher = LISTENING.matcher(line);
      if (matcher.find()) {
        drain(out, log);
        return new ApicurioServer(process, Integer.parseInt(matcher.group(1)));
      }
    }
    throw new IllegalStateException("Apicurio ended before it listened: " + lines);
  }

  /** The home of a Java that the server runs on, if there is one. */
  static Optional<Path> java() {
    List<Path> candidates = new ArrayList<>();
    candidates.add(Path.of(System.getProperty("java.home")));
    System.getenv()
        .forEach(
            (name, value) -> {
              if (name.startsWith("JAVA_HOME") && !value.isBlank()) {
                candidates.add(Path.of(value));
              }
            });
    Path installed = Path.of("/usr/lib/jvm");
    if (Files.isDirectory(installed)) {
      try (Stream<Path> homes = Files.list(installed)) {
        homes.sorted().forEach(candidates::add);
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }
    return candidates.stream().filter(home -> feature(home) >= JAVA_FEATURE_MIN).findFirst();
  }

  int port() {
    return port;
  }

  /** The address of its Confluent-compatible API. */
  String url() {
    return "http://127.0.0.1:" + port + "/apis/ccompat/v7";
  }

  @Override
  public void close() {
    process.destroy();
    try {
      if (!process.waitFor(30, TimeUnit.SECONDS)) {
        process.destroyForcibly().waitFor();
      }
    } catch (InterruptedException e) {
      process.destroyForcibly();
      Thread.currentThread().interrupt();
    }
  }

  private static int feature(Path home) {
    Path release = home.resolve("release");
    if (!Files.isExecutable(home.resolve("bin/java")) || !Files.isRegularFile(release)) {
      return 0;
    }
    Properties properties = new Properties();
    try (InputStream in = Files.newInputStream(release)) {
      properties.load(in);
    } catch (IOException e) {
      return 0;
    }
    String version = properties.getProperty("JAVA_VERSION", "").replace("\"", "");
    return version.isEmpty() ? 0 : Runtime.Version.parse(version).feature();
  }

  private static void unpack() throws IOException {
    Path done = UNPACKED.resolve("unpacked.ok");
    if (Files.exists(done)) {
      return;
    }
    Files.createDirectories(UNPACKED);
    Process tar =
        new ProcessBuilder("tar", "xzf", ARCHIVE.toString(), "-C", UNPACKED.toString())
            .inheritIO()
            .start();
    try {
      if (tar.waitFor() != 0) {
        throw new IOException("tar could not unpack " + ARCHIVE);
      }
    } catch (InterruptedException e) {
      throw new IOException("stopped while unpacking " + ARCHIVE, e);
    }
    Files.createFile(done);
  }

  /** A process whose output nobody reads stops when the pipe is full. */
  private static void drain(BufferedReader out, Path log) {
    Thread reader =
        new Thread(
            () -> {
              try (out) {
                for (String line = out.readLine(); line != null; line = out.readLine()) {
                  Files.writeString(
                      log, line + "\n", StandardOpenOption.CREATE, StandardOpenOption.APPEND);
                }
              } catch (IOException e) {
                // the process ended, or the test's directory is gone
              }
            },
            "apicurio-output");
    reader.setDaemon(true);
    reader.start();
  }
}
