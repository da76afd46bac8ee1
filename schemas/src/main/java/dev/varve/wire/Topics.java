package dev.varve.wire;

/**
 * The Kafka topics of one graph. Names are fixed for ever: the topology tables are bound to them.
 *
 * @param graph the graph's name: letters, digits, dash and underscore
 */
public record Topics(String graph) {

  public Topics {
    if (!graph.matches("[A-Za-z0-9][A-Za-z0-9_-]{0,99}")) {
      throw new IllegalArgumentException(
          "graph name must be letters, digits, '-' or '_', got '" + graph + "'");
    }
  }

  /** Changes and watermarks, partitioned by element id. */
  public String changes() {
    return "varve." + graph + ".changes";
  }

  /** What is known of each transaction, and watermarks; one partition, in commit order. */
  public String transactions() {
    return "varve." + graph + ".transactions";
  }

  /** Where capture stands; compacted, one partition. */
  public String offsets() {
    return "varve." + graph + ".offsets";
  }

  /** Concurrent changes and which of them won. */
  public String conflicts() {
    return "varve." + graph + ".conflicts";
  }

  /** What each observer sees of the store; compacted, one partition. */
  public String observers() {
    return "varve." + graph + ".observers";
  }

  /** The application id of the fold. */
  public String application() {
    return "varve." + graph;
  }

  /** The topology table of vertices. */
  public String vertices() {
    return application() + "-vertices-changelog";
  }

  /** The topology table of edges. */
  public String edges() {
    return application() + "-edges-changelog";
  }
}
