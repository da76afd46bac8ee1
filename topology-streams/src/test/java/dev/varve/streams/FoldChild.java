package dev.varve.streams;

import dev.varve.wire.RegistryConfig;
import dev.varve.wire.TopicSpecs;
import dev.varve.wire.Topics;
import java.io.File;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.streams.processor.TimestampExtractor;

/**
 * The fold in a process of its own, to be killed: bootstrap, graph, partitions, state dir, kind;
 * and perhaps a file, while which is there the fold's thread fails, once.
 */
public final class FoldChild {

  private FoldChild() {}

  /** Fails while a file is there, and removes it. */
  public static final class FailsOnce implements TimestampExtractor {
    @Override
    public long extract(ConsumerRecord<Object, Object> record, long partitionTime) {
      File trouble = new File(System.getProperty("varve.trouble", "nowhere"));
      if (trouble.delete()) {
        throw new IllegalStateException("a failure of the thread's own");
      }
      return record.timestamp();
    }
  }

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
                Map.of(
                    "bootstrap.servers",
                    arguments[0],
                    "default.timestamp.extractor",
                    FailsOnce.class.getName()),
                Path.of(arguments[3]))
            .withState(FoldConfig.StateKind.valueOf(arguments[4]))
            .withCommitInterval(Duration.ofMillis(Integer.getInteger("varve.commit", 100)));
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
