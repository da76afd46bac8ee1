package dev.varve.restore.target.age;

import dev.varve.age.MergedMessage;
import dev.varve.fault.ExitCode;
import dev.varve.fault.VarveException;
import dev.varve.restore.branch.BranchContent;
import dev.varve.restore.branch.BranchWrites;
import dev.varve.restore.branch.Merge;
import dev.varve.restore.branch.MergeTarget;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import java.util.function.BooleanSupplier;

/**
 * Merges a branch into a running graph of Apache AGE, in one transaction like a client's: all of it
 * is there, or nothing. A row of {@link MergeTable} that is written in the same transaction says
 * that it was done, until {@link #forget} is called; who tries at the same time waits for it.
 *
 * <p>AGE knows no locks of elements, and gives out a graphid before its row is seen. So the tables
 * of all labels are locked against writers while it is written; readers go on.
 */
public final class AgeMerge implements MergeTarget {

  /** The class of errors that constraints make. */
  private static final String INTEGRITY = "23";

  /** A writer that does not end is waited for so long, again and again while it is retried. */
  private static final String LOCK_TIMEOUT = "20s";

  private final String graph;
  private final List<String> branches;
  private final AgeSession session;
  private final MergeTable table;
  private final String run = UUID.randomUUID().toString();

  /**
   * Connects nowhere yet.
   *
   * @param branches that are merged as one
   */
  public AgeMerge(AgeSettings settings, List<String> branches) {
    this.graph = settings.uri().graph();
    this.branches = List.copyOf(branches);
    this.session = new AgeSession(settings);
    this.table = new MergeTable(session, graph, this.branches);
  }

  /** Takes back what was written. */
  private static final class NotCommitted extends RuntimeException {
    private final transient Merge.Outcome outcome;

    NotCommitted(Merge.State state, Merge.Outcome outcome) {
      super("not committed", null, false, false);
      this.outcome =
          new Merge.Outcome(state, outcome.conflicts(), outcome.written(), outcome.leftOut());
    }
  }

  @Override
  public boolean isDone() {
    session.connect();
    return Merge.isDone(branches, session.repeatable(table::done).keySet());
  }

  /** The last one, which goes on from all others. */
  private String name() {
    return branches.get(branches.size() - 1);
  }

  @Override
  public Merge.Outcome run(
      BranchContent content, Optional<Merge.Take> take, boolean dryRun, BooleanSupplier merged) {
    session.connect();
    Merge.Outcome[] written = {nothing()};
    try {
      session.commitOnce(
          connection -> table.done(connection).containsValue(run),
          connection -> {
            Set<String> before =
                dryRun ? table.done(connection).keySet() : table.note(connection, run);
            if (Merge.isDone(branches, before) || merged.getAsBoolean()) {
              throw new NotCommitted(Merge.State.ALREADY_MERGED, nothing());
            }
            written[0] = write(connection, content, take, dryRun);
            return true;
          });
      return written[0];
    } catch (NotCommitted e) {
      return e.outcome;
    }
  }

  private static Merge.Outcome nothing() {
    return new Merge.Outcome(Merge.State.MERGED, List.of(), 0, 0);
  }

  private Merge.Outcome write(
      Connection connection, BranchContent content, Optional<Merge.Take> take, boolean dryRun)
      throws SQLException {
    long oid = lock(connection);
    say(connection, new MergedMessage(oid, name()));
    try {
      AgeMergeGraph there = new AgeMergeGraph(connection, graph, new Labels(session, graph));
      there.expect(content);
      Merge.Outcome outcome = new BranchWrites(there, content, take).run();
      if (!outcome.conflicts().isEmpty() && take.isEmpty()) {
        throw new NotCommitted(dryRun ? Merge.State.TRIED : Merge.State.CONFLICTS, outcome);
      }
      there.write();
      if (dryRun) {
        throw new NotCommitted(Merge.State.TRIED, outcome);
      }
      there.raiseSequences();
      return outcome;
    } catch (AgeMergeGraph.Broken e) {
      throw refused(e.error());
    } catch (SQLException e) {
      throw refused(e);
    }
  }

  private SQLException refused(SQLException e) {
    if (String.valueOf(e.getSQLState()).startsWith(INTEGRITY)) {
      throw Merge.constraintInTheWay(name(), String.valueOf(e.getMessage()), e);
    }
    return e;
  }

  /** Keeps writers out of the graph; its number in the catalogue. */
  private long lock(Connection connection) throws SQLException {
    try (PreparedStatement statement =
        connection.prepareStatement(
            "SELECT CAST(graphid AS int8) FROM ag_catalog.ag_graph WHERE name = ?")) {
      statement.setString(1, graph);
      try (ResultSet row = statement.executeQuery()) {
        if (!row.next()) {
          throw new VarveException(
              ExitCode.FAILED,
              "there is no graph '" + graph + "' in the database; nothing was written",
              "name the new primary's graph: age:postgresql://host/database/graph");
        }
        try (Statement lock = connection.createStatement()) {
          lock.execute("SET LOCAL lock_timeout = '" + LOCK_TIMEOUT + "'");
          lock.execute( // the tables of all other labels inherit from these
              "LOCK TABLE "
                  + Sql.name(graph, AgeLabel.VERTICES.name())
                  + ", "
                  + Sql.name(graph, AgeLabel.EDGES.name())
                  + " IN SHARE ROW EXCLUSIVE MODE");
        }
        return row.getLong(1);
      }
    }
  }

  /** Capture finds it in the log with the transaction. */
  private static void say(Connection connection, MergedMessage message) throws SQLException {
    try (PreparedStatement statement =
        connection.prepareStatement("SELECT pg_catalog.pg_logical_emit_message(true, ?, ?)")) {
      statement.setString(1, MergedMessage.PREFIX);
      statement.setString(2, message.text());
      statement.execute();
    }
  }

  @Override
  public void forget() {
    table.forget();
  }

  @Override
  public void close() {
    session.close();
  }
}
