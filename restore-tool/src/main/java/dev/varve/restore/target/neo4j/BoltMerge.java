package dev.varve.restore.target.neo4j;

import dev.varve.fault.VarveException;
import dev.varve.restore.branch.BranchContent;
import dev.varve.restore.branch.BranchWrites;
import dev.varve.restore.branch.Merge;
import dev.varve.restore.branch.MergeTarget;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
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
 * nothing. A node for each branch that is written in the same transaction says that it was done,
 * until {@link #forget} is called; so it is done once, whatever the network does, and whoever else
 * tries.
 *
 * <p>Each run has such a node before it begins, and locks those of all runs: of two runs the one
 * that made its node later sees the other's and waits for it.
 */
public final class BoltMerge implements MergeTarget {

  static final String LABEL = "__VarveMerge";
  private static final String CONSTRAINT = "Neo.ClientError.Schema.ConstraintValidationFailed";
  private static final String MARKS = "MATCH (m:`" + LABEL + "`) WHERE m.branch IN $branches ";

  /** The key of the store transaction's metadata that names the branch. */
  private static final String METADATA = "varveBranch";

  private final BoltSession session;
  private final List<String> branches;
  private final String run = UUID.randomUUID().toString();

  /**
   * Connects nowhere yet.
   *
   * @param branches that are merged as one
   */
  public BoltMerge(BoltSettings settings, List<String> branches) {
    this.session = new BoltSession(settings);
    this.branches = List.copyOf(branches);
  }

  /** Takes back what was written. */
  private static final class NotCommitted extends RuntimeException {
    private final transient Merge.Outcome outcome;

    NotCommitted(Merge.Outcome outcome) {
      super("not committed", null, false, false);
      this.outcome = outcome;
    }
  }

  @Override
  public boolean isDone() {
    session.connect();
    Set<String> done = new HashSet<>();
    session
        .repeatable(MARKS + "AND m.done RETURN m.branch", Map.of("branches", branches))
        .forEach(row -> done.add(row.get(0).asString()));
    return Merge.isDone(branches, done);
  }

  /** The last one, which goes on from all others. */
  private String name() {
    return branches.get(branches.size() - 1);
  }

  @Override
  public Merge.Outcome run(
      BranchContent content, Optional<Merge.Take> take, boolean dryRun, BooleanSupplier merged) {
    session.connect();
    Map<String, Object> names = Map.of("branches", branches, "run", run);
    if (!dryRun) {
      session.repeatable(
          "UNWIND $branches AS b CREATE (:`" + LABEL + "` {branch: b, run: $run})", names);
    }
    AtomicReference<Merge.@Nullable Outcome> written = new AtomicReference<>();
    TransactionConfig config =
        TransactionConfig.builder().withMetadata(Map.of(METADATA, name())).build();
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
            Merge.Outcome outcome = written(transaction, content, take);
            if (dryRun) {
              throw new NotCommitted(as(Merge.State.TRIED, outcome));
            }
            if (!outcome.conflicts().isEmpty() && take.isEmpty()) {
              throw new NotCommitted(as(Merge.State.CONFLICTS, outcome));
            }
            transaction.run(MARKS + "AND m.run = $run SET m.done = true", names).consume();
            written.set(outcome);
            return outcome;
          });
    } catch (NotCommitted e) {
      if (e.outcome.state() != Merge.State.ALREADY_MERGED) {
        session.repeatable(MARKS + "AND m.run = $run DELETE m", names);
      }
      return e.outcome;
    } catch (ConstraintInTheWay e) {
      session.repeatable(MARKS + "AND m.run = $run DELETE m", names);
      throw e.asError(name());
    }
  }

  private static Merge.Outcome written(
      Transaction transaction, BranchContent content, Optional<Merge.Take> take) {
    try {
      return new BranchWrites(new BoltMergeGraph(transaction), content, take).run();
    } catch (ClientException e) {
      if (CONSTRAINT.equals(e.code())) {
        throw new ConstraintInTheWay(e);
      }
      throw e;
    }
  }

  private static Merge.Outcome as(Merge.State state, Merge.Outcome outcome) {
    return new Merge.Outcome(state, outcome.conflicts(), outcome.written(), outcome.leftOut());
  }

  /**
   * Takes the nodes of all runs; whether one of them has done it.
   *
   * @throws VarveException if it has done a part of it
   */
  private boolean locked(Transaction transaction) {
    Set<String> done = new HashSet<>();
    for (Record row :
        transaction
            .run(
                MARKS
                    + "WITH m ORDER BY id(m) SET m.lock = true REMOVE m.lock"
                    + " RETURN coalesce(m.done, false), m.branch",
                Map.of("branches", branches))
            .list()) {
      if (row.get(0).asBoolean()) {
        done.add(row.get(1).asString());
      }
    }
    return Merge.isDone(branches, done);
  }

  @Override
  public void forget() {
    session.repeatable(MARKS + "DELETE m", Map.of("branches", branches));
  }

  /** A constraint of the primary that the branch's elements do not meet. */
  static final class ConstraintInTheWay extends RuntimeException {
    private final String what;

    ConstraintInTheWay(ClientException cause) {
      super(cause);
      this.what = String.valueOf(cause.getMessage());
    }

    VarveException asError(String branch) {
      return Merge.constraintInTheWay(branch, what, this);
    }
  }

  @Override
  public void close() {
    session.close();
  }
}
