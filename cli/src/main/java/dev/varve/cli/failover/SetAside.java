package dev.varve.cli.failover;

import dev.varve.archive.Branch;
import dev.varve.archive.BranchWriter;
import dev.varve.archive.Branches;
import dev.varve.archive.Manifest;
import dev.varve.archive.Repository;
import dev.varve.cdc.CaptureSource;
import dev.varve.cdc.CaptureState;
import dev.varve.cdc.Promotion;
import dev.varve.cdc.Remainder;
import dev.varve.change.VersionVector;
import dev.varve.fault.ExitCode;
import dev.varve.fault.VarveException;
import dev.varve.tail.WorkDirectory;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.time.Clock;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.UUID;
import java.util.function.BooleanSupplier;

/**
 * Takes out of an old primary what only it knows, and lays it beside the chain as a branch. Done
 * again it finds the same branch; what the store was given since becomes one that goes on from it.
 */
public final class SetAside {

  private final Repository repository;
  private final String graph;
  private final Path work;
  private final String version;
  private final Clock clock;

  /**
   * @param work a directory for the branch's files while they are written
   * @param version of this program
   */
  public SetAside(Repository repository, String graph, Path work, String version, Clock clock) {
    this.repository = repository;
    this.graph = graph;
    this.work = work;
    this.version = version;
    this.clock = clock;
  }

  /**
   * What was done.
   *
   * @param found what only the store knows, in a branch or not before
   * @param branches all of the store, the oldest first
   * @param made the one that is new
   */
  public record Result(Remainder found, List<Branch> branches, Optional<Branch> made) {
    public Result {
      branches = List.copyOf(branches);
    }
  }

  /**
   * Reads the store's log from where its capture stood to its end; alters nothing in the store.
   *
   * @param captured where that was
   * @param promotion what left it behind
   * @param rejoined whether it is a standby by now: what is in its log then was made by becoming
   *     one, and it was let become one because all that only it knew had been set aside; asked when
   *     the store has answered
   * @throws dev.varve.cdc.StoreUnavailableException if the store cannot be reached
   * @throws dev.varve.cdc.LogGapException if it is another store, or its log no longer reaches back
   *     so far
   * @throws VarveException if the branch cannot be written; there is then none
   */
  public Result run(
      CaptureSource old, CaptureState captured, Promotion promotion, BooleanSupplier rejoined) {
    try (WorkDirectory directory = WorkDirectory.claim(work, "branch-")) {
      Branches before = Branches.load(repository, graph);
      Optional<Branch> newest = before.newestOf(captured.site(), captured.store());
      BranchWriter.Origin origin =
          new BranchWriter.Origin(
              graph,
              captured.site(),
              captured.store(),
              cut(captured),
              new Branch.Successor(promotion.store(), promotion.address(), promotion.at()));
      try (BranchWriter writer = new BranchWriter(directory.path(), origin, newest)) {
        Remainder found = Remainder.read(old, captured, writer::add);
        if (!found.isEmpty() && rejoined.getAsBoolean()) {
          return new Result(
              new Remainder(0, 0, OptionalLong.empty(), OptionalLong.empty()),
              before.of(captured.site(), captured.store()),
              Optional.empty());
        }
        Optional<Branch> made =
            writer.publish(
                repository,
                new Manifest.Writer("branch-" + UUID.randomUUID(), version),
                clock.instant());
        Branches after = made.isPresent() ? Branches.load(repository, graph) : before;
        return new Result(found, after.of(captured.site(), captured.store()), made);
      }
    } catch (IOException | UncheckedIOException e) {
      throw new VarveException(
          ExitCode.FAILED,
          "what only the old primary knows could not be set aside: " + e.getMessage(),
          "check the repository and the room in "
              + work
              + ", then run 'varve branch save'; keep the old store until then",
          e);
    }
  }

  /** Everything that was captured. */
  static VersionVector cut(CaptureState captured) {
    return captured.seen().with(captured.site(), captured.seq());
  }
}
