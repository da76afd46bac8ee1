package dev.varve.streams;

import dev.varve.wire.RegistryConfig;
import dev.varve.wire.TopicSpecs;
import dev.varve.wire.Topics;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;

/**
 * The fold in a process of its own, to be killed: bootstrap, graph, partitions, state dir, kind.
 */
public final class FoldChild {

  private FoldChild() {}

  public static void main(String[] arguments) throws Exception {
    TopicSpecs topics =
        new TopicSpecs(
            new Topics(arguments[1]),
            Integer.parseInt(arguments[2]),
            Optional.empty(),
            Duration.ofDays(7),
            "lz4");
    FoldConfig config =
        FoldConfig.of(
                topics,
                RegistryConfig.embedded(),
                Map.of("bootstrap.servers", arguments[0]),
                Path.of(arguments[3]))
            .withState(FoldConfig.StateKind.valueOf(arguments[4]))
            .withCommitInterval(Duration.ofMillis(100));
    try (FoldApp app = FoldApp.start(config)) {
      boolean said = false;
      while (app.failure().isEmpty()) {
        if (!said && app.status().folded() > 0) {
          System.out.println("FOLDING");
          System.out.flush();
          said = true;
        }
        if (System.in.available() > 0) {
          return; // asked to end well
        }
        Thread.sleep(20);
      }
      app.failure().get().printStackTrace();
      System.exit(1);
    }
  }
}
