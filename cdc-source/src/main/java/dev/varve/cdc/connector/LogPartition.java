package dev.varve.cdc.connector;

import io.debezium.pipeline.spi.Partition;
import java.util.Map;
import java.util.Set;

/** The one source partition of a graph's site. */
record LogPartition(String graph, String site) implements Partition {

  @Override
  public Map<String, String> getSourcePartition() {
    return Map.of("graph", graph, "site", site);
  }

  Partition.Provider<LogPartition> provider() {
    return () -> Set.of(this);
  }
}
