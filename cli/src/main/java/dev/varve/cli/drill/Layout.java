package dev.varve.cli.drill;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * Where a pair keeps what it has.
 *
 * @param directory of its own
 * @param need what the chain is kept on
 */
record Layout(Path directory, Scenario.Need need) {

  /** Of a server or a repository. */
  Path data(String name) {
    return directory.resolve(name);
  }

  /** What is mounted there, if the chain is kept on a small disk. */
  Path disk() {
    return data("disk");
  }

  /** Where the chain's objects are, if it is kept in files. */
  Path chainFiles() {
    return need == Scenario.Need.SMALL_DISK ? disk().resolve("chains") : data("chains");
  }

  Path configFile() {
    return data("varve.yaml");
  }

  /** The file that names the new primary once there is one. */
  Path announced() {
    return data("primary.json");
  }

  /** What promote said, once it has ended. */
  Path promoted() {
    return data("promoted.json");
  }

  /** What promote ended with, a line each time that it was tried. */
  Path promoteExits() {
    return data("promote-exits");
  }

  Path logs() {
    return data("logs");
  }

  Path log(String name) {
    return logs().resolve(name + ".log");
  }

  /**
   * Writes the configuration.
   *
   * @param source the primary's address
   * @param root of the repository
   * @param bootstrap the brokers
   * @param fence what shuts the primary off, and clients out
   */
  void configure(String source, String root, String bootstrap, Fence fence) throws IOException {
    Files.writeString(
        configFile(),
        """
        graph: %s
        source: { uri: "%s", user: none }
        repository: { root: "%s" }
        data: work
        fold: { commitEvery: 100ms }
        compact: { flushEvery: %s }
        kafka: { bootstrap: "%s", replicationFactor: 3 }
        observe: { members: "%s" }
        promote: { quiesce: "%s", fence: "%s", announce: "%s" }
        """
            .formatted(
                Pair.GRAPH,
                source,
                root,
                Pair.FLUSH_EVERY,
                bootstrap,
                String.join(", ", Pair.OBSERVERS),
                fence.quiesceUrl(),
                fence.fenceUrl(),
                announced()));
  }
}
