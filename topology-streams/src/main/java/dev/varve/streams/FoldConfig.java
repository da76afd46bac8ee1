package dev.varve.streams;

import dev.varve.wire.RegistryConfig;
import dev.varve.wire.TopicSpecs;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;

/**
 * How the fold of one graph is run.
 *
 * @param topics what the graph's topics are like; missing ones are created so
 * @param kafka client settings as Kafka names them, {@code bootstrap.servers} at least; they win
 *     over the fold's own
 * @param stateDir a directory of this instance alone that outlives it: without it every start
 *     restores all state, and begins only when Kafka takes a killed instance for gone
 * @param state where an element's digest is kept
 * @param rocksBytes how much memory RocksDB may take, all tables together, beside the heap
 * @param threads how many partitions are folded at the same time here
 * @param standbys how many other instances keep a copy of a partition's state
 * @param commitInterval how often what was folded becomes visible; less is sooner, more is cheaper
 * @param instance this instance's name, kept over its restarts, where several run: its partitions
 *     wait for it while it is away for less than a session. Absent: it gives them up when it closes
 */
public record FoldConfig(
    TopicSpecs topics,
    RegistryConfig registry,
    Map<String, String> kafka,
    Path stateDir,
    StateKind state,
    long rocksBytes,
    int threads,
    int standbys,
    Duration commitInterval,
    Optional<String> instance) {

  /** Where the digest of an element is kept. */
  public enum StateKind {
    /**
     * On the heap: the fastest, some 150 bytes an element; restored from the table at each start.
     */
    HEAP,
    /**
     * In RocksDB under the state directory: as large as the disk; a clean restart goes on at once.
     */
    ROCKSDB
  }

  public static final long DEFAULT_ROCKS_BYTES = 128L << 20;
  public static final Duration DEFAULT_COMMIT_INTERVAL = Duration.ofSeconds(1);

  private static final String BOOTSTRAP = "bootstrap.servers";

  public FoldConfig {
    kafka = Map.copyOf(kafka);
    if (!kafka.containsKey(BOOTSTRAP)) {
      throw new IllegalArgumentException("kafka settings must have " + BOOTSTRAP);
    }
    if (threads < 1) {
      throw new IllegalArgumentException("threads must be >= 1, got " + threads);
    }
    if (standbys < 0) {
      throw new IllegalArgumentException("standbys must be >= 0, got " + standbys);
    }
    if (rocksBytes < 1) {
      throw new IllegalArgumentException("rocksBytes must be > 0, got " + rocksBytes);
    }
    if (commitInterval.isNegative() || commitInterval.isZero()) {
      throw new IllegalArgumentException("commitInterval must be > 0, got " + commitInterval);
    }
  }

  /** One instance, one thread, digests on the heap. */
  public static FoldConfig of(
      TopicSpecs topics, RegistryConfig registry, Map<String, String> kafka, Path stateDir) {
    return new FoldConfig(
        topics,
        registry,
        kafka,
        stateDir,
        StateKind.HEAP,
        DEFAULT_ROCKS_BYTES,
        1,
        0,
        DEFAULT_COMMIT_INTERVAL,
        Optional.empty());
  }

  public FoldConfig withState(StateKind kind) {
    return new FoldConfig(
        topics,
        registry,
        kafka,
        stateDir,
        kind,
        rocksBytes,
        threads,
        standbys,
        commitInterval,
        instance);
  }

  public FoldConfig withThreads(int count) {
    return new FoldConfig(
        topics,
        registry,
        kafka,
        stateDir,
        state,
        rocksBytes,
        count,
        standbys,
        commitInterval,
        instance);
  }

  public FoldConfig withStandbys(int count) {
    return new FoldConfig(
        topics,
        registry,
        kafka,
        stateDir,
        state,
        rocksBytes,
        threads,
        count,
        commitInterval,
        instance);
  }

  public FoldConfig withCommitInterval(Duration interval) {
    return new FoldConfig(
        topics,
        registry,
        kafka,
        stateDir,
        state,
        rocksBytes,
        threads,
        standbys,
        interval,
        instance);
  }

  public FoldConfig withInstance(String name) {
    return new FoldConfig(
        topics,
        registry,
        kafka,
        stateDir,
        state,
        rocksBytes,
        threads,
        standbys,
        commitInterval,
        Optional.of(name));
  }

  String bootstrap() {
    return kafka.getOrDefault(BOOTSTRAP, "");
  }
}
