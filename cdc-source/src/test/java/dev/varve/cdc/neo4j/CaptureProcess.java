package dev.varve.cdc.neo4j;

import dev.varve.cdc.Capture;
import dev.varve.cdc.CaptureConfig;
import dev.varve.wire.RegistryConfig;
import dev.varve.wire.TopicSpecs;
import dev.varve.wire.Topics;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;

/** Capture in a process of its own, to be killed. */
final class CaptureProcess {

  private CaptureProcess() {}

  static Process spawn(String bootstrap, String uri, String graph, int partitions)
      throws IOException {
    return new ProcessBuilder(
            Path.of(System.getProperty("java.home"), "bin", "java").toString(),
            "-Xmx256m",
            "-XX:+UseSerialGC",
            "-XX:TieredStopAtLevel=1",
            "-cp",
            System.getProperty("java.class.path"),
            CaptureProcess.class.getName(),
            bootstrap,
            uri,
            graph,
            Integer.toString(partitions))
        .redirectError(ProcessBuilder.Redirect.INHERIT)
        .start();
  }

  public static void main(String[] args) throws IOException {
    CaptureConfig config =
        CaptureConfig.of(
            Neo4jSource.of(args[1], Optional.empty(), Optional.empty(), "neo4j"),
            "neo4j",
            Map.of("bootstrap.servers", args[0]),
            RegistryConfig.embedded(),
            new TopicSpecs(
                new Topics(args[2]),
                Integer.parseInt(args[3]),
                Optional.empty(),
                Duration.ofDays(7),
                "lz4"));
    try (Capture capture = Capture.start(config)) {
      System.out.println("READY");
      System.out.flush();
      while (System.in.read() >= 0) {
        // until it is killed, or its parent is gone
      }
    }
  }
}
