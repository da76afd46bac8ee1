package dev.varve.restore.target.age;

import dev.varve.age.ReplayedMessage;
import dev.varve.archive.Reached;
import dev.varve.fault.ExitCode;
import dev.varve.fault.VarveException;
import dev.varve.graph.ElementId;
import dev.varve.graph.StoreSchema;
import dev.varve.restore.GraphTarget;
import dev.varve.restore.Progress;
import dev.varve.restore.ReadBack;
import dev.varve.restore.RestoreIdentity;
import dev.varve.restore.convert.Crossed;
import dev.varve.restore.convert.Engine;
import dev.varve.restore.standby.Advance;
import dev.varve.restore.standby.PartOfAdvance;
import dev.varve.restore.standby.Standby;
import dev.varve.restore.target.Dispatcher;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.function.Predicate;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A graph of Apache AGE that follows another. Elements of AGE keep their graphids, those of another
 * engine their numbers in them; so all that it has beside the graph is a row of {@link
 * StandbyTable} and {@linkplain StandbyIndexes indexes} of each label. Labels are made and dropped
 * in the transaction that applies their elements.
 */
public final class AgeStandby implements Standby {

  private static final Logger LOG = LoggerFactory.getLogger(AgeStandby.class);

  private final AgeSettings settings;
  private final String graph;
  private final AgeSession session;
  private final StandbyTable table;
  private final Labels labels;
  private final Rules rules;
  private @Nullable String owner;
  private long step;

  /**
   * Whether a draft was being committed that leads to the next step, and its outcome is unknown.
   */
  private boolean unsure;

  /** Connects nowhere yet. */
  public AgeStandby(AgeSettings settings) {
    this.settings = settings;
    graph = settings.uri().graph();
    session = new AgeSession(settings);
    table = new StandbyTable(session, graph);
    labels = new Labels(session, graph);
    rules = new Rules(session, graph);
  }

  @Override
  public Condition inspect() {
    session.connect();
    try (AgeDatabase database = new AgeDatabase(session, settings.uri())) {
      database.requireExtension();
    }
    Bookkeeping bookkeeping = new Bookkeeping(session, graph);
    Optional<Bookkeeping.Root> root = bookkeeping.root().filter(Bookkeeping.Root::there);
    Optional<StandbyTable.Found> found = table.read();
    if (found.isPresent()) {
      if (root.isPresent()) {
        bookkeeping.remove(); // all that the restore had left to do
      }
      return new Condition.At(found.get().reached(), found.get().crossed());
    }
    return root.filter(restore -> restore.state() != Bookkeeping.State.DIFFERENT)
        .<Condition>map(
            restore -> new Condition.Unfinished(RestoreIdentity.parse(restore.restore()).vector()))
        .orElseGet(Condition.NoStandby::new);
  }

  @Override
  public GraphTarget bootstrap(Reached first, Supplier<Optional<Crossed>> crossed) {
    return new AgeTarget(settings, Optional.of(new AgeTarget.Beginning(first, crossed)));
  }

  @Override
  public Condition.At claim(String newOwner) {
    StandbyTable.Found found = table.claim(newOwner);
    owner = newOwner;
    step = found.step();
    session.repeatable(
        connection -> {
          StandbyIndexes indexes = new StandbyIndexes(connection, graph);
          for (AgeLabel label : Labels.list(connection, graph)) {
            indexes.make(label, found.crossed().isPresent());
          }
          return true;
        });
    if (!found.rulesDone()) {
      StoreSchema source = found.reached().schema();
      make(found.crossed().map(crossed -> crossed.carried(source, Engine.AGE)).orElse(source));
    }
    return new Condition.At(found.reached(), found.crossed());
  }

  @Override
  public void apply(Advance advance) {
    String own = owner;
    if (own == null) {
      throw new IllegalStateException("claim the standby first");
    }
    long next = step + 1;
    boolean rulesDone = advance.schemaBefore().equals(advance.schemaAfter());
    session.commitOnce(
        connection -> table.lock(connection, own) == next,
        connection -> {
          long found = table.lock(connection, own);
          if (unsure && found == next) {
            return true; // the draft was committed
          }
          requireStep(found);
          write(connection, advance);
          table.advance(connection, advance.to(), advance.crossed(), next, rulesDone);
          return true;
        });
    step = next;
    unsure = false;
    if (!rulesDone) {
      make(advance.schemaAfter());
    }
  }

  private void requireStep(long found) {
    if (found != step) {
      throw new IllegalStateException("the standby is at step " + found + ", not " + step);
    }
  }

  /** Not where labels, indexes or constraints are made or dropped. */
  @Override
  public Optional<Draft> draft(Advance advance, Set<ElementId> later) {
    return advance.crossed().isEmpty() && advance.schemaBefore().equals(advance.schemaAfter())
        ? Optional.of(new AgeDraft(advance, later))
        : Optional.empty();
  }

  private final class AgeDraft implements Draft {
    private final Advance advance;
    private final Set<ElementId> later;
    private @Nullable Connection connection;
    private @Nullable StandbyLabels there;

    AgeDraft(Advance advance, Set<ElementId> later) {
      this.advance = advance;
      this.later = later;
    }

    @Override
    public void write() {
      try {
        Connection own = session.borrow();
        connection = own;
        sayReplayed(own);
        StandbyLabels found = new StandbyLabels(own, graph, labels, false);
        found.requireAll(advance);
        there = found;
        rows(own, found, changed -> !later.contains(changed.id())).write();
      } catch (SQLException e) {
        throw session.translated(e);
      }
    }

    private StandbyRows rows(
        Connection own, StandbyLabels found, Predicate<Advance.Changed> wanted) {
      return new StandbyRows(own, graph, found, new PartOfAdvance(advance, wanted));
    }

    @Override
    public void publish() {
      Connection own = Objects.requireNonNull(connection);
      long next = step + 1;
      try {
        requireStep(table.lock(own, Objects.requireNonNull(owner)));
        StandbyRows rest =
            rows(own, Objects.requireNonNull(there), changed -> later.contains(changed.id()));
        if (!later.isEmpty()) {
          rest.write();
        }
        rest.raise();
        table.advance(own, advance.to(), Optional.empty(), next, true);
        unsure = true;
        own.commit();
      } catch (SQLException e) {
        throw session.translated(e);
      }
      unsure = false;
      step = next;
      session.giveBack(own);
    }

    @Override
    public void discard() {
      if (connection != null) {
        AgeSession.discard(connection);
      }
    }
  }

  private void write(Connection connection, Advance advance) throws SQLException {
    try {
      sayReplayed(connection);
      boolean converted = advance.crossed().isPresent();
      StandbyLabels there = new StandbyLabels(connection, graph, labels, converted);
      if (converted) {
        new ConvertedRows(connection, graph, there, advance).write();
      } else {
        StandbyRows rows = new StandbyRows(connection, graph, there, advance);
        rows.write();
        rows.raise();
      }
    } catch (SQLException e) {
      String state = String.valueOf(e.getSQLState());
      if (state.equals(NO_PRIVILEGE) && String.valueOf(e.getMessage()).contains(MESSAGES)) {
        throw unmarked(e);
      }
      if (state.equals(TOO_LONG)) {
        throw new VarveException(
            ExitCode.FAILED,
            "an index of the standby cannot hold what the source has at vv:"
                + advance.to().vector()
                + ": "
                + e.getMessage()
                + "; nothing of it was applied",
            "drop that index in the standby, and start again",
            e);
      }
      if (!state.startsWith(INTEGRITY)) {
        throw e;
      }
      throw new VarveException(
          ExitCode.FAILED,
          "a constraint of the standby forbids what the source has at vv:"
              + advance.to().vector()
              + ": "
              + e.getMessage()
              + "; nothing of it was applied",
          "drop that constraint in the standby if the source does not have it, and start again",
          e);
    }
  }

  /** Capture passes a transaction over that begins so. */
  private void sayReplayed(Connection connection) throws SQLException {
    long oid;
    try (PreparedStatement statement =
        connection.prepareStatement(
            "SELECT CAST(graphid AS int8) FROM ag_catalog.ag_graph WHERE name = ?")) {
      statement.setString(1, graph);
      try (ResultSet row = statement.executeQuery()) {
        row.next(); // the row of the standby's table is of this graph
        oid = row.getLong(1);
      }
    }
    try (PreparedStatement statement =
        connection.prepareStatement("SELECT pg_catalog.pg_logical_emit_message(true, ?, ?)")) {
      statement.setString(1, ReplayedMessage.PREFIX);
      statement.setString(2, new ReplayedMessage(oid).text());
      statement.execute();
    }
  }

  /** The class of errors that constraints make. */
  private static final String INTEGRITY = "23";

  /** Of a value that does not fit into a page of an index. */
  private static final String TOO_LONG = "54000";

  private static final String NO_PRIVILEGE = "42501";
  private static final String MESSAGES = "pg_logical_emit_message";

  /** Everybody may, unless somebody took it away. */
  private VarveException unmarked(SQLException e) {
    String who =
        settings.uri().user().map(Sql::name).orElseGet(() -> System.getProperty("user.name"));
    return new VarveException(
        ExitCode.FAILED,
        "the role may not mark in the log what is replayed: "
            + e.getMessage()
            + "; nothing of it was applied",
        "as a superuser, in that database: SELECT format('GRANT EXECUTE ON FUNCTION %s TO "
            + who
            + "', oid::regprocedure) FROM pg_proc WHERE proname = '"
            + MESSAGES
            + "', and what that prints",
        e);
  }

  private void make(StoreSchema schema) {
    try (Dispatcher dispatcher = new Dispatcher("rules", 1, 1)) {
      List<String> problems = rules.create(schema, dispatcher, Progress.NONE);
      problems.forEach(problem -> LOG.warn("the standby lacks {}", problem));
    }
    table.rulesDone();
  }

  @Override
  public ReadBack readBack(Progress progress) {
    boolean converted = table.read().flatMap(StandbyTable.Found::crossed).isPresent();
    if (!converted) {
      return new AgeScan(session, settings, new Numbering.Kept(), progress).read();
    }
    long loose = session.repeatable(connection -> LooseEnds.count(connection, graph));
    if (loose > 0) {
      throw new VarveException(
          ExitCode.DAMAGE_FOUND,
          "in the standby %,d ends of edges lead to no vertex".formatted(loose),
          "somebody wrote to the standby; restore it anew with --overwrite");
    }
    return new AgeScan(session, settings, new ByNumber(), progress).read();
  }

  @Override
  public void strip(Progress progress) {
    progress.phase("strip", 0);
    session.repeatable(
        connection -> {
          StandbyIndexes indexes = new StandbyIndexes(connection, graph);
          for (AgeLabel label : Labels.list(connection, graph)) {
            indexes.drop(label);
          }
          return true;
        });
    table.remove();
  }

  @Override
  public void close() {
    session.close();
  }
}
