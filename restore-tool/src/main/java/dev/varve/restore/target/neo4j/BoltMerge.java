package dev.varve.restore.target.neo4j;

import dev.varve.fault.ExitCode;
import dev.varve.fault.VarveException;
import dev.varve.restore.branch.BranchContent;
import dev.varve.restore.branch.Merge;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;
import org.neo4j.driver.Record;
import org.neo4j.driver.Transaction;
import org.neo4j.driver.TransactionConfig;
import org.neo4j.driver.exceptions.ClientException;

/**
 * Merges a branch into a running Neo4j, in one transaction like a client's: all of it is there, or
 * nothing. A node that is written in the same transaction says that it was done, until {@link
 * #forget} is called; so it is done once, whatever the network does, and whoever else tries.
 *
 * <p>Each run has such a node before it begins, and locks those of all runs: of two runs the one
 * that made its node later sees the other's and waits for it.
 */
public final class BoltMerge implements AutoCloseable {

  private static final String LABEL = "__VarveMerge";
  private static final String MARKS = "MATCH (m:`" + LABEL + "` {branch: $branch}) ";

  /** The key of the store transaction's metadata that names the branch. */
  private static final String METADATA = "varveBranch";

  private final BoltSession session;
  private final String branch;
  private final String run = UUID.randomUUID().toString();

  /** Connects nowhere yet. */
  public BoltMerge(BoltSettings settings, String branch) {
    this.session = new BoltSession(settings);
    this.branch = branch;
  }

  /** Takes back what was written. */
  private static final class NotCommitted extends RuntimeException {
    private final transient Merge.Outcome outcome;

    NotCommitted(Merge.Outcome outcome) {
      super("not committed", null, false, false);
      this.outcome = outcome;
    }
  }

  /**
   * Merges.
   *
   * @param take whose state wins where there are conflicts; if absent, nothing is written then
   * @param dryRun whether to take everything back
   * @param merged whether the repository says that it was merged
   * @throws VarveException if the store refuses it; nothing was written then
   */
  public Merge.Outcome run(
      BranchContent content, Optional<Merge.Take> take, boolean dryRun, BooleanSupplier merged) {
    session.connect();
    Map<String, Object> names = Map.of("branch", branch, "run", run);
    if (!dryRun) {
      session.repeatable("CREATE (:`" + LABEL + "` {branch: $branch, run: $run})", names);
    }
    AtomicReference<Merge.@Nullable Outcome> written = new AtomicReference<>();
    TransactionConfig config =
        TransactionConfig.builder().withMetadata(Map.of(METADATA, branch)).build();
    try {
      return session.commitOnce(
          config,
          transaction ->
              locked(transaction) ? Optional.ofNullable(written.get()) : Optional.empty(),
          transaction -> {
            if (locked(transaction) || merged.getAsBoolean()) {
              throw new NotCommitted(
                  new Merge.Outcome(Merge.State.ALREADY_MERGED, List.of(), 0, 0));
            }
            Merge.Outcome outcome = new MergeWrites(transaction, content, take).run();
            if (dryRun) {
              throw new NotCommitted(as(Merge.State.TRIED, outcome));
            }
            if (!outcome.conflicts().isEmpty() && take.isEmpty()) {
              throw new NotCommitted(as(Merge.State.CONFLICTS, outcome));
            }
            transaction.run(MARKS + "WHERE m.run = $run SET m.done = true", names).consume();
            written.set(outcome);
            return outcome;
          });
    } catch (NotCommitted e) {
      if (e.outcome.state() != Merge.State.ALREADY_MERGED) {
        session.repeatable(MARKS + "WHERE m.run = $run DELETE m", names);
      }
      return e.outcome;
    } catch (ConstraintInTheWay e) {
      session.repeatable(MARKS + "WHERE m.run = $run DELETE m", names);
      throw e.asError(branch);
    }
  }

  private static Merge.Outcome as(Merge.State state, Merge.Outcome outcome) {
    return new Merge.Outcome(state, outcome.conflicts(), outcome.written(), outcome.leftOut());
  }

  /** Takes the nodes of all runs; whether one of them has done it. */
  private boolean locked(Transaction transaction) {
    boolean done = false;
    for (Record row :
        transaction
            .run(
                MARKS
                    + "WITH m ORDER BY id(m) SET m.lock = true REMOVE m.lock"
                    + " RETURN coalesce(m.done, false)",
                Map.of("branch", branch))
            .list()) {
      done |= row.get(0).asBoolean();
    }
    return done;
  }

  /** Removes the nodes that say that it was done; the repository says so by now. */
  public void forget() {
    session.repeatable(MARKS + "DELETE m", Map.of("branch", branch));
  }

  /** A constraint of the primary that the branch's elements do not meet. */
  static final class ConstraintInTheWay extends RuntimeException {
    private final String what;

    ConstraintInTheWay(ClientException cause) {
      super(cause);
      this.what = String.valueOf(cause.getMessage());
    }

    VarveException asError(String branch) {
      return new VarveException(
          ExitCode.FAILED,
          "a constraint of the primary forbids what branch %s has: %s; nothing of it was written"
              .formatted(branch, what),
          "both may have created the same thing: look at 'varve log --branch "
              + branch
              + "', and"
              + " change or remove the primary's element first",
          this);
    }
  }

  @Override
  public void close() {
    session.close();
  }
}
