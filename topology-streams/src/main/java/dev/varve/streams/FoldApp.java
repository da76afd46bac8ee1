package dev.varve.streams;

import dev.varve.fault.ExitCode;
import dev.varve.fault.VarveException;
import dev.varve.wire.TopicSpecs;
import dev.varve.wire.Wire;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.management.ManagementFactory;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.Properties;
import java.util.TreeMap;
import java.util.UUID;
import java.util.concurrent.atomic.AtomicBoolean;
import javax.management.JMException;
import javax.management.ObjectName;
import javax.management.StandardMBean;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.Metric;
import org.apache.kafka.streams.CloseOptions;
import org.apache.kafka.streams.KafkaStreams;
import org.apache.kafka.streams.StreamsConfig;
import org.apache.kafka.streams.errors.StreamsException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One instance of the fold of one graph, from start to close. Several may run, in processes of
 * their own; Kafka shares the partitions out between them.
 *
 * <p>What cannot be folded stops the instance: {@link #failure} says why, and nothing of the
 * transaction in which it was met is committed. Other failures are met by {@link FoldClient}.
 */
public final class FoldApp implements AutoCloseable {

  private static final Logger LOG = LoggerFactory.getLogger(FoldApp.class);

  private static final Duration ADMIN_TIMEOUT = Duration.ofSeconds(20);
  private static final Duration SESSION_TIMEOUT = Duration.ofSeconds(15);

  /** Longer than sweeping takes: that is one transaction, whatever the interval of commits. */
  private static final Duration TRANSACTION_TIMEOUT = Duration.ofMinutes(3);

  private final FoldConfig config;
  private final FoldProgress progress;
  private final FoldClient client;
  private final FoldWatch watch;
  private final Wire wire;
  private final Optional<RocksMemory> memory;
  private final Optional<ObjectName> bean;
  private final AtomicBoolean closed = new AtomicBoolean();

  private FoldApp(
      FoldConfig config,
      FoldProgress progress,
      FoldClient client,
      Wire wire,
      Optional<RocksMemory> memory,
      String instance) {
    this.config = config;
    this.progress = progress;
    this.client = client;
    this.watch =
        FoldWatch.start(
            () -> client.state().equals("RUNNING"), () -> admin(config), config.topics());
    this.wire = wire;
    this.memory = memory;
    this.bean = register(instance);
  }

  /**
   * Prepares the topics and starts folding; returns before the state is restored.
   *
   * @throws VarveException if the registry or Kafka cannot be reached, the topics are not as they
   *     have to be, or another instance uses the state directory
   */
  public static FoldApp start(FoldConfig config) {
    String instance = config.instance().orElseGet(() -> instanceOf(config.stateDir()));
    Wire wire = Wire.open(config.registry());
    Optional<RocksMemory> memory =
        config.state() == FoldConfig.StateKind.ROCKSDB
            ? Optional.of(new RocksMemory(config.rocksBytes()))
            : Optional.empty();
    try {
      prepareTopics(config);
      FoldProgress progress = new FoldProgress();
      FoldClient client =
          FoldClient.start(
              () ->
                  new KafkaStreams(
                      FoldTopology.of(
                          config.topics(),
                          wire,
                          config.state(),
                          () ->
                              memory.isPresent()
                                  ? new RocksDigests(memory.get())
                                  : new HeapDigests(),
                          progress),
                      properties(config, instance)));
      return new FoldApp(config, progress, client, wire, memory, instance);
    } catch (RuntimeException e) {
      wire.close();
      memory.ifPresent(RocksMemory::close);
      throw e instanceof StreamsException ? notStarted(config, e) : e;
    }
  }

  /** What this instance is doing; works after {@link #close} too. */
  public FoldStatus status() {
    return new FoldStatus(
        client.state(),
        progress.folded.sum(),
        progress.dropped.sum(),
        progress.conflicts.sum(),
        progress.swept.sum(),
        behind(),
        progress.partitions());
  }

  /** Why the fold has stopped by itself, a {@link VarveException} where it knows. */
  public Optional<Throwable> failure() {
    return client.failure();
  }

  /** Commits what was folded and stops; a second call does nothing. */
  @Override
  public void close() {
    if (!closed.compareAndSet(false, true)) {
      return;
    }
    CloseOptions.GroupMembershipOperation leave =
        config.instance().isPresent()
            ? CloseOptions.GroupMembershipOperation.REMAIN_IN_GROUP
            : CloseOptions.GroupMembershipOperation.LEAVE_GROUP;
    watch.close();
    boolean stopped = client.close(leave);
    bean.ifPresent(FoldApp::unregister);
    if (stopped) { // else threads may still use them; a leak is better than a crash
      memory.ifPresent(RocksMemory::close);
      wire.close();
    } else {
      LOG.warn("threads of the fold have not stopped");
    }
  }

  private long behind() {
    double sum = 0;
    for (Metric metric : client.metrics().values()) {
      if (metric.metricName().name().equals("records-lag")
          && config.topics().topics().changes().equals(metric.metricName().tags().get("topic"))
          && metric.metricValue() instanceof Double lag
          && !lag.isNaN()) {
        sum += lag;
      }
    }
    return (long) sum;
  }

  // starting

  private static void prepareTopics(FoldConfig config) {
    try (Admin admin = admin(config)) {
      new FoldTopics(admin, config.topics(), config.bootstrap()).prepare();
    } catch (KafkaException e) { // from creating the client
      throw new VarveException(
          ExitCode.FAILED,
          "cannot use Kafka at " + config.bootstrap() + ": " + causes(e),
          "check the address and the kafka settings",
          e);
    }
  }

  private static Admin admin(FoldConfig config) {
    Map<String, Object> settings = new HashMap<>(config.kafka());
    settings.putIfAbsent("default.api.timeout.ms", (int) ADMIN_TIMEOUT.toMillis());
    settings.putIfAbsent("request.timeout.ms", (int) ADMIN_TIMEOUT.dividedBy(2).toMillis());
    return Admin.create(settings);
  }

  private static Properties properties(FoldConfig config, String instance) {
    Map<String, Object> p = new TreeMap<>();
    p.put(StreamsConfig.APPLICATION_ID_CONFIG, config.topics().topics().application());
    p.put(StreamsConfig.STATE_DIR_CONFIG, config.stateDir().toAbsolutePath().toString());
    p.put(StreamsConfig.PROCESSING_GUARANTEE_CONFIG, StreamsConfig.EXACTLY_ONCE_V2);
    p.put(StreamsConfig.NUM_STREAM_THREADS_CONFIG, config.threads());
    p.put(StreamsConfig.NUM_STANDBY_REPLICAS_CONFIG, config.standbys());
    p.put(StreamsConfig.COMMIT_INTERVAL_MS_CONFIG, config.commitInterval().toMillis());
    p.put(StreamsConfig.STATESTORE_CACHE_MAX_BYTES_CONFIG, 0);
    // what waits in memory is counted in changes, however large they are
    p.put(StreamsConfig.BUFFERED_RECORDS_PER_PARTITION_CONFIG, 2_000);
    p.put(StreamsConfig.consumerPrefix("max.poll.records"), 1_000);
    p.put(StreamsConfig.consumerPrefix("fetch.max.bytes"), 16 << 20);
    p.put(StreamsConfig.mainConsumerPrefix("group.instance.id"), instance);
    p.put(StreamsConfig.mainConsumerPrefix("session.timeout.ms"), (int) SESSION_TIMEOUT.toMillis());
    p.put(StreamsConfig.producerPrefix("compression.type"), config.topics().compression());
    p.put(StreamsConfig.producerPrefix("batch.size"), 128 << 10);
    p.put(StreamsConfig.producerPrefix("linger.ms"), 20);
    p.put(StreamsConfig.producerPrefix("max.request.size"), TopicSpecs.TABLE_RECORD_BYTES_MAX);
    p.put(StreamsConfig.producerPrefix("buffer.memory"), 2L * TopicSpecs.RECORD_BYTES_MAX);
    p.put(
        StreamsConfig.producerPrefix("transaction.timeout.ms"),
        (int) TRANSACTION_TIMEOUT.toMillis());
    p.putAll(config.kafka());
    Properties properties = new Properties();
    properties.putAll(p);
    return properties;
  }

  /**
   * The name under which this instance is a member of the group, the same after every start: so a
   * killed one takes its place again at once.
   */
  private static String instanceOf(Path stateDir) {
    try {
      Path file = Files.createDirectories(stateDir).resolve("instance");
      if (!Files.exists(file)) {
        Path written = stateDir.resolve("instance.new");
        Files.writeString(written, UUID.randomUUID() + "\n", StandardCharsets.US_ASCII);
        Files.move(written, file, StandardCopyOption.ATOMIC_MOVE);
      }
      return Files.readString(file).strip();
    } catch (IOException e) {
      throw new VarveException(
          ExitCode.FAILED,
          "cannot write to the fold's state directory " + stateDir + ": " + e,
          "name a directory that this user may write to",
          new UncheckedIOException(e));
    }
  }

  private static VarveException notStarted(FoldConfig config, RuntimeException e) {
    return new VarveException(
        ExitCode.FENCED,
        "the fold cannot use its state directory " + config.stateDir() + ": " + causes(e),
        "stop the other instance that uses it, or name another directory for this one",
        e);
  }

  private static String causes(Throwable error) {
    StringBuilder text = new StringBuilder(String.valueOf(error.getMessage()));
    for (Throwable cause = error.getCause(); cause != null; cause = cause.getCause()) {
      text.append(": ").append(cause.getMessage());
    }
    return text.toString();
  }

  // showing

  private Optional<ObjectName> register(String instance) {
    try {
      ObjectName name =
          new ObjectName(
              "dev.varve:type=Fold,graph=%s,instance=%s"
                  .formatted(
                      ObjectName.quote(config.topics().topics().graph()),
                      ObjectName.quote(instance)));
      ManagementFactory.getPlatformMBeanServer()
          .registerMBean(new StandardMBean(new Metrics(), FoldMetrics.class), name);
      return Optional.of(name);
    } catch (JMException e) {
      LOG.warn("the fold is not shown over JMX", e);
      return Optional.empty();
    }
  }

  private static void unregister(ObjectName name) {
    try {
      ManagementFactory.getPlatformMBeanServer().unregisterMBean(name);
    } catch (JMException e) {
      LOG.warn("{} is still shown over JMX", name, e);
    }
  }

  private final class Metrics implements FoldMetrics {
    @Override
    public String getState() {
      return status().state();
    }

    @Override
    public long getFolded() {
      return progress.folded.sum();
    }

    @Override
    public long getDropped() {
      return progress.dropped.sum();
    }

    @Override
    public long getConflicts() {
      return progress.conflicts.sum();
    }

    @Override
    public long getSwept() {
      return progress.swept.sum();
    }

    @Override
    public long getBehind() {
      return behind();
    }

    @Override
    public Map<String, String> getWatermarks() {
      Map<String, String> watermarks = new TreeMap<>();
      progress
          .partitions()
          .forEach(
              partition ->
                  watermarks.put(
                      Integer.toString(partition.number()), partition.watermarks().toString()));
      return watermarks;
    }
  }
}
