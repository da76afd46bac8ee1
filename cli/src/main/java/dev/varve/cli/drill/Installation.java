package dev.varve.cli.drill;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * Where Varve is installed, and how its commands and servers are started from there.
 *
 * @param home has {@code varve} and {@code lib} in it
 */
record Installation(Path home) {

  /** A dozen processes share a machine: compiling less is worth more than running faster. */
  static final String JAVA_OPTIONS = "-XX:TieredStopAtLevel=1";

  static final String HEAP = "512m";

  List<String> varve(List<String> arguments) {
    List<String> command = new ArrayList<>();
    command.add(home.resolve("varve").toString());
    command.addAll(arguments);
    return command;
  }

  List<String> kafka(Path data, List<String> settings) {
    return server("kafka", "dev.varve.embedded.kafka.EmbeddedKafka", data, settings);
  }

  List<String> neo4j(Path data) {
    return server("neo4j", "dev.varve.embedded.neo4j.EmbeddedNeo4jMain", data, List.of());
  }

  List<String> objectStore(Path data, List<String> settings) {
    return server("s3", "dev.varve.embedded.s3.S3Server", data, settings);
  }

  private List<String> server(String library, String main, Path data, List<String> settings) {
    List<String> command =
        new ArrayList<>(
            List.of(
                Path.of(System.getProperty("java.home"), "bin/java").toString(),
                "-Xmx" + HEAP,
                "-XX:+UseSerialGC",
                JAVA_OPTIONS,
                "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn",
                "-cp",
                home.resolve("lib/" + library + "/*") + ":" + home.resolve("lib/core/*"),
                main,
                data.toString()));
    command.addAll(settings);
    return command;
  }
}
