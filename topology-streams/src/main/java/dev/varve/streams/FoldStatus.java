package dev.varve.streams;

import dev.varve.change.VersionVector;
import java.util.List;

/**
 * What one instance of the fold is doing.
 *
 * @param state of the Kafka Streams client, such as {@code RUNNING}; {@code RESTARTING} after a
 *     thread failed
 * @param folded changes that became versions, lost ones too, since this instance started
 * @param dropped changes and watermarks that the tables included already
 * @param conflicts concurrent changes that were met
 * @param swept elements removed because a new incarnation of their site does not have them
 * @param behind changes that are waiting, as of the last fetch
 * @param partitions those that this instance folds now, in order
 */
public record FoldStatus(
    String state,
    long folded,
    long dropped,
    long conflicts,
    long swept,
    long behind,
    List<Partition> partitions) {

  public FoldStatus {
    partitions = List.copyOf(partitions);
  }

  /**
   * How far one partition of the tables is.
   *
   * @param watermarks the newest watermark of each site, not yet committed perhaps
   * @param vertexVersions how many versions of vertices were ever put into it
   * @param edgeVersions how many versions of edges were ever put into it
   */
  public record Partition(
      int number, VersionVector watermarks, long vertexVersions, long edgeVersions) {}

  public boolean running() {
    return state.equals("RUNNING");
  }
}
