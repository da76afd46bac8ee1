package dev.varve.wire;

import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;

/**
 * What the topics of one graph have to be like, whoever creates them first.
 *
 * <p>All but the offsets have the broker's time in their records ({@code LogAppendTime}): with the
 * time of commit, which may be years ago when a graph is scanned for the first time, retention and
 * compaction would count from then and remove what nobody has read yet.
 *
 * @param partitions of the changes, and so of the two topology tables
 * @param replicas of each partition; absent: three, or as many as there are brokers
 * @param compactionLag how long every version and every transaction is certain to be kept: the
 *     longest outage of the compactor that loses nothing
 * @param compression {@code lz4} or {@code zstd}; what producers use too
 */
public record TopicSpecs(
    Topics topics,
    int partitions,
    Optional<Integer> replicas,
    Duration compactionLag,
    String compression) {

  /** The greatest size of one record: an element with all its properties. */
  public static final int RECORD_BYTES_MAX = 64 << 20;

  /** The same in a topology table: a version's header is a little longer than a change's. */
  public static final int TABLE_RECORD_BYTES_MAX = RECORD_BYTES_MAX + (1 << 20);

  public static final int DEFAULT_PARTITIONS = 4;
  public static final Duration DEFAULT_COMPACTION_LAG = Duration.ofDays(7);

  private static final int USUAL_REPLICAS = 3;
  private static final String CLEANUP = "cleanup.policy";
  private static final String MESSAGE_BYTES = "max.message.bytes";
  private static final String TIMESTAMP = "message.timestamp.type";

  public TopicSpecs {
    if (partitions < 1) {
      throw new IllegalArgumentException("partitions must be >= 1, got " + partitions);
    }
    if (replicas.isPresent() && (replicas.get() < 1 || replicas.get() > Short.MAX_VALUE)) {
      throw new IllegalArgumentException("replicas must be >= 1, got " + replicas.get());
    }
    if (compactionLag.isNegative()) {
      throw new IllegalArgumentException("compactionLag must be >= 0, got " + compactionLag);
    }
    if (!Set.of("lz4", "zstd").contains(compression)) {
      throw new IllegalArgumentException("compression must be lz4 or zstd, got " + compression);
    }
  }

  /** With the usual settings. */
  public static TopicSpecs of(String graph) {
    return new TopicSpecs(
        new Topics(graph), DEFAULT_PARTITIONS, Optional.empty(), DEFAULT_COMPACTION_LAG, "lz4");
  }

  public TopicSpec changes() {
    return kept(topics.changes(), partitions);
  }

  public TopicSpec transactions() {
    return kept(topics.transactions(), 1);
  }

  public TopicSpec conflicts() {
    return kept(topics.conflicts(), partitions);
  }

  public TopicSpec offsets() {
    return spec(topics.offsets(), 1, Map.of(CLEANUP, "compact"), Set.of(CLEANUP));
  }

  /** Made by observers, who need nothing of the others: when a broker took a record decides. */
  public TopicSpec observers() {
    return spec(
        topics.observers(),
        1,
        Map.of(CLEANUP, "compact", TIMESTAMP, "LogAppendTime"),
        Set.of(CLEANUP, TIMESTAMP));
  }

  public TopicSpec vertices() {
    return table(topics.vertices());
  }

  public TopicSpec edges() {
    return table(topics.edges());
  }

  public List<TopicSpec> all() {
    return List.of(changes(), transactions(), conflicts(), offsets(), vertices(), edges());
  }

  /** How many replicas a topic gets in a cluster of so many brokers. */
  public int replicasAmong(int brokers) {
    return replicas.orElse(Math.min(USUAL_REPLICAS, brokers));
  }

  /** Whether a cluster of so many brokers is too small for the usual number of replicas. */
  public boolean fewerReplicasThanUsual(int brokers) {
    return replicas.isEmpty() && brokers < USUAL_REPLICAS;
  }

  private TopicSpec kept(String name, int partitionCount) {
    return spec(
        name,
        partitionCount,
        Map.of(
            CLEANUP,
            "delete",
            "retention.ms",
            Long.toString(compactionLag.toMillis()),
            "retention.bytes",
            "-1",
            TIMESTAMP,
            "LogAppendTime"),
        Set.of(CLEANUP, TIMESTAMP, "retention.bytes"));
  }

  private TopicSpec table(String name) {
    return spec(
        name,
        partitions,
        Map.of(
            CLEANUP,
            "compact",
            "min.compaction.lag.ms",
            Long.toString(compactionLag.toMillis()),
            TIMESTAMP,
            "LogAppendTime",
            MESSAGE_BYTES,
            Integer.toString(TABLE_RECORD_BYTES_MAX)),
        Set.of(CLEANUP, TIMESTAMP));
  }

  private TopicSpec spec(
      String name, int partitionCount, Map<String, String> own, Set<String> required) {
    TreeMap<String, String> settings = new TreeMap<>(own);
    settings.put("compression.type", compression);
    settings.putIfAbsent(MESSAGE_BYTES, Integer.toString(RECORD_BYTES_MAX));
    return new TopicSpec(name, partitionCount, settings, required);
  }
}
