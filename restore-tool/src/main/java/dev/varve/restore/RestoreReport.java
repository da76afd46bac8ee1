package dev.varve.restore;

import dev.varve.change.VersionVector;
import dev.varve.restore.convert.Findings;
import dev.varve.topology.Fingerprint;
import java.time.Instant;
import java.util.List;
import java.util.Optional;

/**
 * What a restore did.
 *
 * @param moment what was asked for
 * @param vector what that was
 * @param committedAt the latest commit time in it
 * @param standing whether the work was begun or carried on
 * @param expected the fingerprint that the chain promises
 * @param actual the fingerprint of the target, read back; the same, or that of the converted
 *     elements, or there is no report
 * @param conversion what was found on the way into another engine
 * @param segments read
 * @param bytes of segments
 * @param problems what the target did not take beside the elements, one a line
 * @param seconds from the first to the last
 */
public record RestoreReport(
    String graph,
    Moment moment,
    VersionVector vector,
    Instant committedAt,
    String target,
    GraphTarget.Standing standing,
    long vertices,
    long edges,
    int rules,
    Fingerprint expected,
    Fingerprint actual,
    Optional<Findings> conversion,
    int segments,
    long bytes,
    List<String> problems,
    Seconds seconds) {

  public RestoreReport {
    problems = List.copyOf(problems);
  }

  /**
   * How long each part took.
   *
   * @param write data and schema
   * @param readBack to compare
   */
  public record Seconds(double write, double readBack, double total) {}
}
