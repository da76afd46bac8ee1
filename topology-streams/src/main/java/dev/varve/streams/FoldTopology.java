package dev.varve.streams;

import dev.varve.wire.TopicSpecs;
import dev.varve.wire.Topics;
import dev.varve.wire.Wire;
import java.util.function.Supplier;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.apache.kafka.streams.AutoOffsetReset;
import org.apache.kafka.streams.Topology;

/**
 * The fold's shape: changes, one processor, two tables, conflicts.
 *
 * <p>The tables are the stores' changelogs, and Streams makes their names of the application's id
 * and the stores' names; {@link Topics} says the same names, and neither may ever change.
 */
final class FoldTopology {

  private FoldTopology() {}

  /**
   * @param digests makes the digests of one partition of one table
   */
  static Topology of(
      TopicSpecs topics,
      Wire wire,
      FoldConfig.StateKind state,
      Supplier<Digests> digests,
      FoldProgress progress) {
    int partitions = topics.partitions();
    boolean persistent = state == FoldConfig.StateKind.ROCKSDB;
    Topology topology = new Topology();
    // where to begin is decided by FoldTopics; a gap later on is an error, not a new beginning
    topology.addSource(
        AutoOffsetReset.none(),
        "changes",
        new ByteArrayDeserializer(),
        new ByteArrayDeserializer(),
        topics.topics().changes());
    topology.addProcessor("fold", () -> new FoldProcessor(wire, partitions, progress), "changes");
    for (String table : new String[] {FoldProcessor.VERTICES, FoldProcessor.EDGES}) {
      topology.addStateStore(
          new StoreMaker<>(
              table, true, () -> new TopologyTable(table, persistent, digests.get(), wire)),
          "fold");
    }
    topology.addStateStore(new StoreMaker<>(StateAnchor.NAME, false, StateAnchor::new), "fold");
    topology.addSink(
        "conflicts",
        topics.topics().conflicts(),
        new ByteArraySerializer(),
        new ByteArraySerializer(),
        "fold");
    return topology;
  }
}
