package dev.varve.restore;

import dev.varve.archive.Manifest;
import dev.varve.fault.ExitCode;
import dev.varve.fault.VarveException;
import dev.varve.topology.Fingerprint;
import java.util.Optional;

/** What the manifests of a plan promise, and whether what was merged is that. */
final class Promise {

  private Promise() {}

  /**
   * What the target has to hold. Where no hashes were made of what was merged, that is what the
   * manifests say of it: if the target, read back, adds up to that, so does what was merged, and if
   * it does not, {@link #merged} tells which of the two is wrong.
   */
  static ReadBack awaited(RestorePlan plan, GraphMerge graph) {
    if (graph.merged().isPresent()) {
      return merged(plan, graph);
    }
    ReadBack awaited = graph.awaited().orElseThrow(Promise::notRead);
    compare(plan, awaited, Optional.of(awaited.fingerprint()));
    return awaited;
  }

  private static IllegalStateException notRead() {
    return new IllegalStateException("the target did not read every segment");
  }

  /** What was merged, which has to be what the manifests say. */
  static ReadBack merged(RestorePlan plan, GraphMerge graph) {
    ReadBack merged = graph.merged().orElseThrow(Promise::notRead);
    compare(plan, merged, graph.expected());
    return merged;
  }

  private static void compare(RestorePlan plan, ReadBack merged, Optional<Fingerprint> expected) {
    Manifest cut = plan.newestWhole();
    boolean countsDiffer =
        plan.part().isEmpty()
            && (cut.counts().vertices() != merged.vertices()
                || cut.counts().edges() != merged.edges());
    if (countsDiffer || (expected.isPresent() && !expected.get().equals(merged.fingerprint()))) {
      throw new VarveException(
          ExitCode.DAMAGE_FOUND,
          "the segments do not add up to what "
              + cut.key()
              + " promises at vv:"
              + plan.vector()
              + ": fingerprint "
              + merged.fingerprint()
              + " instead of "
              + expected.map(Fingerprint::toString).orElse("?")
              + ", "
              + merged.vertices()
              + " vertices and "
              + merged.edges()
              + " edges",
          "a target that was being written is not done; see what varve verify --level=graph says,"
              + " and restore another moment");
    }
  }
}
