package dev.varve.cdc.connector;

import io.debezium.pipeline.spi.Partition;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;

/** The one source partition of a graph's site. */
record LogPartition(String graph, String site) implements Partition {

  @Override
  public Map<String, String> getSourcePartition() {
    // written as JSON it is a key, compared by its bytes: the order must not change from JVM to JVM
    return new TreeMap<>(Map.of("graph", graph, "site", site));
  }

  Partition.Provider<LogPartition> provider() {
    return () -> Set.of(this);
  }
}
