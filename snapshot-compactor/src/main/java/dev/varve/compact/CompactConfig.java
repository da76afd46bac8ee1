package dev.varve.compact;

import dev.varve.archive.Repository;
import dev.varve.tail.Retry;
import dev.varve.wire.RegistryConfig;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import java.util.function.Consumer;

/**
 * How a compactor runs.
 *
 * @param graph which graph
 * @param kafka settings of Kafka's clients, {@code bootstrap.servers} among them
 * @param registry where the schemas are
 * @param repository where snapshots go
 * @param workDirectory for sort runs and files that are being written; whatever a killed compactor
 *     left in it is removed
 * @param flushInterval how long a delta is collected at most
 * @param flushBytes how much a delta is collected of at most, before compression
 * @param segmentBytes a segment is closed when it is this long, after compression
 * @param sortBytes memory for sorting; what does not fit is sorted in files
 * @param retry how to meet a repository or disk that fails
 * @param topicsWait how long to wait for the topics to come into being
 * @param startOver begin with a new base though there is a chain, because the tables no longer hold
 *     what follows it; what lies between is not in the recovery window
 * @param compressionLevel of segments, 1 to 19
 */
public record CompactConfig(
    String graph,
    Map<String, String> kafka,
    RegistryConfig registry,
    Repository repository,
    Path workDirectory,
    Duration flushInterval,
    long flushBytes,
    long segmentBytes,
    long sortBytes,
    Retry retry,
    Duration topicsWait,
    boolean startOver,
    int compressionLevel) {

  public static final Duration DEFAULT_FLUSH_INTERVAL = Duration.ofSeconds(60);
  public static final long DEFAULT_FLUSH_BYTES = 1L << 30;
  public static final long DEFAULT_SEGMENT_BYTES = 32L << 20;
  public static final int DEFAULT_COMPRESSION_LEVEL = 1;
  public static final long DEFAULT_SORT_BYTES = 64L << 20;
  public static final Duration DEFAULT_TOPICS_WAIT = Duration.ofMinutes(10);

  private static final int COMPRESSION_LEVEL_MAX = 19;
  private static final long SORT_BYTES_MIN = 64L << 10;
  private static final long SORT_BYTES_MAX = 1L << 30;

  public CompactConfig {
    kafka = Map.copyOf(kafka);
    if (!kafka.containsKey("bootstrap.servers")) {
      throw new IllegalArgumentException("kafka must have bootstrap.servers");
    }
    if (flushInterval.isNegative() || flushInterval.isZero()) {
      throw new IllegalArgumentException("flushInterval must be > 0, got " + flushInterval);
    }
    if (flushBytes < 1 || segmentBytes < 1) {
      throw new IllegalArgumentException(
          "flushBytes and segmentBytes must be > 0, got " + flushBytes + " and " + segmentBytes);
    }
    if (sortBytes < SORT_BYTES_MIN || sortBytes > SORT_BYTES_MAX) {
      throw new IllegalArgumentException(
          "sortBytes must be %d to %d, got %d"
              .formatted(SORT_BYTES_MIN, SORT_BYTES_MAX, sortBytes));
    }
    if (compressionLevel < 1 || compressionLevel > COMPRESSION_LEVEL_MAX) {
      throw new IllegalArgumentException(
          "compressionLevel must be 1 to %d, got %d"
              .formatted(COMPRESSION_LEVEL_MAX, compressionLevel));
    }
  }

  /** With the usual settings. */
  public static CompactConfig of(
      String graph,
      Map<String, String> kafka,
      RegistryConfig registry,
      Repository repository,
      Path workDirectory) {
    return new CompactConfig(
        graph,
        kafka,
        registry,
        repository,
        workDirectory,
        DEFAULT_FLUSH_INTERVAL,
        DEFAULT_FLUSH_BYTES,
        DEFAULT_SEGMENT_BYTES,
        DEFAULT_SORT_BYTES,
        Retry.USUAL,
        DEFAULT_TOPICS_WAIT,
        false,
        DEFAULT_COMPRESSION_LEVEL);
  }

  public CompactConfig withFlushInterval(Duration interval) {
    return with(change -> change.flushInterval = interval);
  }

  /** This configuration with other sizes; see the record's parameters. */
  public CompactConfig withSizes(long flush, long segment, long sort) {
    return with(
        change -> {
          change.flushBytes = flush;
          change.segmentBytes = segment;
          change.sortBytes = sort;
        });
  }

  public CompactConfig withRetry(Retry other) {
    return with(change -> change.retry = other);
  }

  public CompactConfig withTopicsWait(Duration wait) {
    return with(change -> change.topicsWait = wait);
  }

  public CompactConfig withStartOver(boolean over) {
    return with(change -> change.startOver = over);
  }

  public CompactConfig withCompressionLevel(int level) {
    return with(change -> change.compressionLevel = level);
  }

  private CompactConfig with(Consumer<Change> what) {
    Change change = new Change();
    what.accept(change);
    return new CompactConfig(
        graph,
        kafka,
        registry,
        repository,
        workDirectory,
        change.flushInterval,
        change.flushBytes,
        change.segmentBytes,
        change.sortBytes,
        change.retry,
        change.topicsWait,
        change.startOver,
        change.compressionLevel);
  }

  /** What may be other than usual. */
  private final class Change {
    private Duration flushInterval = CompactConfig.this.flushInterval;
    private long flushBytes = CompactConfig.this.flushBytes;
    private long segmentBytes = CompactConfig.this.segmentBytes;
    private long sortBytes = CompactConfig.this.sortBytes;
    private Retry retry = CompactConfig.this.retry;
    private Duration topicsWait = CompactConfig.this.topicsWait;
    private boolean startOver = CompactConfig.this.startOver;
    private int compressionLevel = CompactConfig.this.compressionLevel;
  }

  /** Without the values of Kafka's settings, which may be secret. */
  @Override
  public String toString() {
    return "CompactConfig[" + graph + ", repository " + repository.location() + "]";
  }
}
