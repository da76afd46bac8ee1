package dev.varve.bench;

import com.sun.management.OperatingSystemMXBean;
import dev.varve.change.Change;
import dev.varve.change.ChangeHeader;
import dev.varve.change.Dot;
import dev.varve.change.Site;
import dev.varve.change.VersionVector;
import dev.varve.change.Watermark;
import dev.varve.graph.Element;
import dev.varve.graph.ElementHasher;
import dev.varve.graph.ElementId;
import dev.varve.graph.Value;
import dev.varve.graph.Vertex;
import dev.varve.streams.FoldApp;
import dev.varve.streams.FoldConfig;
import dev.varve.wire.AvroOutput;
import dev.varve.wire.ChangeCodec;
import dev.varve.wire.RecordKind;
import dev.varve.wire.RegistryConfig;
import dev.varve.wire.TopicSpec;
import dev.varve.wire.TopicSpecs;
import dev.varve.wire.Topics;
import dev.varve.wire.WatermarkCodec;
import dev.varve.wire.Wire;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.ExecutionException;
import java.util.function.LongSupplier;
import java.util.function.ToDoubleFunction;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.apache.kafka.common.utils.Utils;

/**
 * The fold against a plain consume-transform-produce loop that does the same by hand, both exactly
 * once, one thread each, a broker in a process of its own. In turns, each on topics of its own;
 * what counts is the rate between the first tenth and the last, start and end left out.
 *
 * <p>{@code -Dvarve.bench.changes=500000 -Dvarve.bench.rounds=3 -Dvarve.bench.state=HEAP}
 */
public final class FoldBench {

  private static final int CHANGES = Integer.getInteger("varve.bench.changes", 500_000);
  private static final int ROUNDS = Integer.getInteger("varve.bench.rounds", 3);
  private static final FoldConfig.StateKind STATE =
      FoldConfig.StateKind.valueOf(System.getProperty("varve.bench.state", "HEAP"));
  private static final int PARTITIONS = 4;
  private static final int CHANGES_PER_ELEMENT = 5;
  private static final int CHANGES_PER_WATERMARK = 1_000;
  private static final Duration COMMIT_INTERVAL = Duration.ofSeconds(1);
  private static final long SAMPLE_MS = 20;
  private static final Site SITE = new Site("bench", 1);

  private FoldBench() {}

  public static void main(String[] arguments) throws Exception {
    Path directory = Files.createTempDirectory("varve-fold-bench");
    try (ServerProcess kafka =
            ServerProcess.kafka(ServerProcess.Distribution.find(), directory.resolve("kafka"));
        Wire wire = Wire.open(RegistryConfig.embedded())) {
      Run run = new Run(kafka.address(), wire, directory);
      run.round(0, CHANGES / 4); // warms up
      List<Rate> plain = new ArrayList<>();
      List<Rate> fold = new ArrayList<>();
      for (int i = 1; i <= ROUNDS; i++) {
        Rates rates = run.round(i, CHANGES);
        plain.add(rates.plain);
        fold.add(rates.fold);
      }
      double plainRate = median(plain, Rate::perSecond);
      double foldRate = median(fold, Rate::perSecond);
      double plainCpu = median(plain, Rate::cpuMicros);
      double foldCpu = median(fold, Rate::cpuMicros);
      Report.print(
          "fold",
          Report.figure("changes", CHANGES),
          Report.figure("bytesPerChange", run.bytesPerChange),
          Report.figure("plainLoopPerSecond", Math.rint(plainRate)),
          Report.figure("foldPerSecond", Math.rint(foldRate)),
          Report.figure("plainLoopCpuMicrosPerChange", plainCpu),
          Report.figure("foldCpuMicrosPerChange", foldCpu),
          Report.figure("cpuRatio", plainCpu / foldCpu),
          Report.figure("ratio", foldRate / plainRate));
    } finally {
      Directories.delete(directory);
    }
    System.exit(0); // whatever threads a client has left
  }

  /**
   * How fast it went.
   *
   * @param cpuMicros of this process, the clients' own threads included, for one change
   */
  private record Rate(double perSecond, double cpuMicros) {}

  private record Rates(Rate plain, Rate fold) {}

  private static final class Run {
    private final String bootstrap;
    private final Wire wire;
    private final Path directory;
    private long bytesPerChange;

    Run(String bootstrap, Wire wire, Path directory) {
      this.bootstrap = bootstrap;
      this.wire = wire;
      this.directory = directory;
    }

    /** Both, on the same changes; which is first changes from round to round. */
    Rates round(int number, int changes) throws Exception {
      TopicSpecs topics =
          new TopicSpecs(
              new Topics("round" + number),
              PARTITIONS,
              Optional.empty(),
              TopicSpecs.DEFAULT_COMPACTION_LAG,
              "lz4");
      TopicSpecs byHand =
          new TopicSpecs(
              new Topics("plain" + number),
              PARTITIONS,
              Optional.empty(),
              TopicSpecs.DEFAULT_COMPACTION_LAG,
              "lz4");
      create(topics, byHand);
      bytesPerChange = produce(topics, changes, new Random(number));
      if (number % 2 == 0) {
        Rate fold = fold(topics, changes);
        return new Rates(plain(topics, byHand, changes), fold);
      }
      Rate plain = plain(topics, byHand, changes);
      return new Rates(plain, fold(topics, changes));
    }

    private Rate fold(TopicSpecs topics, int changes) throws InterruptedException {
      FoldConfig config =
          FoldConfig.of(
                  topics,
                  RegistryConfig.embedded(),
                  Map.of("bootstrap.servers", bootstrap),
                  directory.resolve("state-" + topics.topics().graph()))
              .withState(STATE)
              .withCommitInterval(COMMIT_INTERVAL);
      try (FoldApp app = FoldApp.start(config)) {
        return steadyRate(
            changes,
            () -> {
              if (app.failure().isPresent()) {
                throw new IllegalStateException(app.failure().get());
              }
              return app.status().folded();
            });
      }
    }

    private Rate plain(TopicSpecs topics, TopicSpecs byHand, int changes)
        throws InterruptedException {
      PlainFold loop = new PlainFold(bootstrap, topics, byHand, wire, COMMIT_INTERVAL);
      Thread thread = new Thread(loop, "plain-fold");
      thread.start();
      try {
        return steadyRate(changes, loop::folded);
      } finally {
        loop.stop();
        thread.join();
      }
    }

    private void create(TopicSpecs... all) throws ExecutionException, InterruptedException {
      try (Admin admin = Admin.create(Map.of("bootstrap.servers", bootstrap))) {
        List<NewTopic> topics = new ArrayList<>();
        for (TopicSpecs specs : all) {
          for (TopicSpec spec : specs.all()) {
            topics.add(
                new NewTopic(spec.name(), spec.partitions(), (short) 1).configs(spec.settings()));
          }
        }
        admin.createTopics(topics).all().get();
      }
    }

    /** Puts changes of vertices with a few properties; returns the mean size of a value. */
    private long produce(TopicSpecs topics, int changes, Random random) throws IOException {
      ChangeCodec codec = new ChangeCodec();
      WatermarkCodec watermarks = new WatermarkCodec();
      ElementHasher hasher = new ElementHasher();
      AvroOutput out = new AvroOutput();
      String topic = topics.topics().changes();
      long bytes = 0;
      try (KafkaProducer<byte[], byte[]> producer =
          new KafkaProducer<>(
              Map.of(
                  "bootstrap.servers",
                  bootstrap,
                  "compression.type",
                  "lz4",
                  "linger.ms",
                  "20",
                  "batch.size",
                  "131072",
                  "max.in.flight.requests.per.connection",
                  "1"),
              new ByteArraySerializer(),
              new ByteArraySerializer())) {
        for (int seq = 1; seq <= changes; seq++) {
          ElementId id = ElementId.vertex("" + random.nextInt(changes / CHANGES_PER_ELEMENT));
          Element element = vertex(random);
          ChangeHeader header =
              new ChangeHeader(
                  new Dot(SITE, seq, 0),
                  seq,
                  VersionVector.EMPTY,
                  Optional.of(hasher.hash(id, element)),
                  List.of(),
                  List.of());
          codec.write(new Change(id, header, Optional.of(element)), out.clear());
          byte[] key = id.toString().getBytes(StandardCharsets.UTF_8);
          byte[] value = wire.frame(RecordKind.CHANGE, out);
          bytes += value.length;
          int partition = Utils.toPositive(Utils.murmur2(key)) % PARTITIONS;
          var unused = producer.send(new ProducerRecord<>(topic, partition, key, value));
          if (seq % CHANGES_PER_WATERMARK == 0) {
            watermarks.write(
                new Watermark(SITE, seq, seq, 0, "bench", Optional.empty()), out.clear());
            byte[] watermark = wire.frame(RecordKind.WATERMARK, out);
            byte[] watermarkKey = ("w" + SITE).getBytes(StandardCharsets.UTF_8);
            for (int i = 0; i < PARTITIONS; i++) {
              var alsoUnused =
                  producer.send(new ProducerRecord<>(topic, i, watermarkKey, watermark));
            }
          }
        }
        producer.flush();
      }
      return bytes / changes;
    }

    private static Element vertex(Random random) {
      byte[] letters = new byte[120];
      for (int i = 0; i < letters.length; i++) {
        letters[i] = (byte) ('a' + random.nextInt(26));
      }
      return Vertex.of(
          Set.of("Person"),
          Map.of(
              "name",
              Value.Text.of(new String(letters, 0, 30, StandardCharsets.US_ASCII)),
              "about",
              Value.Text.of(new String(letters, 30, 90, StandardCharsets.US_ASCII)),
              "age",
              Value.Int.of(random.nextInt(100)),
              "score",
              Value.Float.of(random.nextDouble())));
    }
  }

  /** Changes per second between a tenth and nine tenths of all. */
  private static Rate steadyRate(int changes, LongSupplier done) throws InterruptedException {
    long from = 0;
    long fromNanos = 0;
    long fromCpuNanos = 0;
    while (true) {
      long count = done.getAsLong();
      long nanos = System.nanoTime();
      if (fromNanos == 0 && count >= changes / 10) {
        from = count;
        fromNanos = nanos;
        fromCpuNanos = cpuNanos();
      }
      if (count >= changes - changes / 10) {
        double changesDone = count - from;
        return new Rate(
            changesDone * 1e9 / (nanos - fromNanos),
            (cpuNanos() - fromCpuNanos) / 1e3 / changesDone);
      }
      Thread.sleep(SAMPLE_MS);
    }
  }

  private static long cpuNanos() {
    return ManagementFactory.getPlatformMXBean(OperatingSystemMXBean.class).getProcessCpuTime();
  }

  private static double median(List<Rate> rates, ToDoubleFunction<Rate> figure) {
    double[] sorted = rates.stream().mapToDouble(figure).toArray();
    Arrays.sort(sorted);
    return sorted[sorted.length / 2];
  }
}
