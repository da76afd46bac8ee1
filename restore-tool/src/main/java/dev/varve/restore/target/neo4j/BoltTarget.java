package dev.varve.restore.target.neo4j;

import dev.varve.archive.Reached;
import dev.varve.fault.ExitCode;
import dev.varve.fault.VarveException;
import dev.varve.restore.GraphTarget;
import dev.varve.restore.LiveGraph;
import dev.varve.restore.Progress;
import dev.varve.restore.ReadBack;
import dev.varve.restore.RestoreIdentity;
import dev.varve.restore.convert.Crossed;
import dev.varve.restore.target.Dispatcher;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * A running Neo4j. Written in parallel, in batches that are committed exactly once; a restore that
 * was interrupted, by kill -9 too, goes on where it stopped (see {@link Bookkeeping}).
 *
 * <p>The target gives its own ids to vertices and edges. Widths of numbers do not survive Bolt.
 */
public final class BoltTarget implements GraphTarget {

  /** How many batches may wait for a writer: enough that none is idle. */
  private static final int BATCHES_WAITING = 32;

  private static final int ELEMENTS_A_WIPE = 20_000;

  private final BoltSettings settings;
  private final BoltSession session;
  private final Bookkeeping bookkeeping;
  private final BoltSchema schema;
  private final IdMap ids;
  private final Optional<Beginning> standby;
  private Bookkeeping.@Nullable Root root;

  /** Connects nowhere yet. */
  public BoltTarget(BoltSettings settings) {
    this(settings, Optional.empty());
  }

  /**
   * What a standby keeps of the restore that it begins with.
   *
   * @param first the cut
   * @param crossed known when the target is opened
   */
  record Beginning(Reached first, Supplier<Optional<Crossed>> crossed) {}

  /**
   * @param standby if the target is to be a standby afterwards
   */
  BoltTarget(BoltSettings settings, Optional<Beginning> standby) {
    this.settings = settings;
    this.standby = standby;
    // what makes a store a standby is nobody's change: no capture of it may ever take it for one
    session = new BoltSession(settings, StandbyCut.restored(standby.isPresent()));
    bookkeeping = new Bookkeeping(session);
    schema = new BoltSchema(session);
    ids = new IdMap(settings.workDirectory());
  }

  @Override
  public String name() {
    return settings.uri().toString();
  }

  @Override
  public Standing open(RestoreIdentity restore, boolean overwrite, Progress progress) {
    session.connect();
    Optional<Bookkeeping.Root> found = bookkeeping.root();
    boolean same = found.isPresent() && found.get().restore().equals(restore.toString());
    if (same && found.get().state() != Bookkeeping.State.DIFFERENT) {
      root = found.get();
      return found.get().state() == Bookkeeping.State.GOOD ? Standing.COMPARED : Standing.RESUMED;
    }
    if (!overwrite) {
      refuseWhatIsThere(found);
    } else {
      wipe(progress);
    }
    root = bookkeeping.begin(restore, settings);
    return Standing.FRESH;
  }

  private void refuseWhatIsThere(Optional<Bookkeeping.Root> found) {
    if (found.isPresent() && found.get().state() == Bookkeeping.State.DIFFERENT) {
      throw refused("holds a restore that turned out different from the chain");
    }
    if (found.isPresent()) {
      throw refused("holds an unfinished restore of " + found.get().restore());
    }
    long vertices =
        session.repeatable("MATCH (n) RETURN count(n)", Map.of()).get(0).get(0).asLong();
    if (vertices > 0) {
      throw refused("is not empty: it has " + vertices + " nodes");
    }
    Set<String> rules = schema.names();
    if (!rules.isEmpty()) {
      throw refused("is not empty: it has the indexes and constraints " + rules);
    }
  }

  private VarveException refused(String why) {
    return new VarveException(
        ExitCode.FAILED,
        "the target " + name() + " " + why,
        "name an empty database, or say --overwrite to remove all that is in this one");
  }

  /** Edges first: a vertex with very many of them would not fit into one transaction with them. */
  private void wipe(Progress progress) {
    progress.phase("wipe", 0);
    schema.drop();
    if (standby.isPresent()) {
      wipeMarked("MATCH ()-[r]->() WITH r LIMIT $limit DELETE r RETURN count(r)", progress);
      wipeMarked("MATCH (n) WITH n LIMIT $limit DETACH DELETE n RETURN count(n)", progress);
      return;
    }
    session.repeatable(
        "MATCH ()-[r]->() CALL { WITH r DELETE r } IN TRANSACTIONS OF 5000 ROWS", Map.of());
    session.repeatable(
        "MATCH (n) CALL { WITH n DETACH DELETE n } IN TRANSACTIONS OF 5000 ROWS", Map.of());
  }

  /** The transactions that a statement makes by itself would not say what they belong to. */
  private void wipeMarked(String statement, Progress progress) {
    Map<String, Object> limit = Map.of("limit", ELEMENTS_A_WIPE);
    while (true) {
      long wiped = session.repeatable(statement, limit).get(0).get(0).asLong();
      if (wiped == 0) {
        return;
      }
      progress.advance(wiped);
    }
  }

  @Override
  public void write(LiveGraph graph, Progress progress) {
    Bookkeeping.Root limits = opened();
    Set<String> done = bookkeeping.done();
    LiveGraph.Size size = graph.estimate();
    try (Dispatcher dispatcher = new Dispatcher("write", settings.writers(), BATCHES_WAITING)) {
      progress.phase("vertices", size.vertices());
      new VertexBatches(session, bookkeeping, limits, ids, standby.isPresent(), progress)
          .write(graph, done, dispatcher);
      progress.phase("edges", size.edges());
      EdgeBatches edges = new EdgeBatches(session, limits, ids, standby.isPresent(), progress);
      edges.write(graph, done, dispatcher);
      if (standby.isPresent()) {
        StandbyMarks marks = new StandbyMarks(session);
        marks.createForNodes();
        marks.createFor(edges.types());
      }
    }
    progress.phase("schema", graph.schema().rules().size());
    schema.create(graph.schema());
  }

  @Override
  public ReadBack readBack(Progress progress) {
    return new BoltReadBack(session, Optional.of(ids), standby.isPresent(), progress).read();
  }

  @Override
  public void finish(boolean good, Progress progress) {
    opened();
    bookkeeping.mark(good ? Bookkeeping.State.GOOD : Bookkeeping.State.DIFFERENT);
    if (good) {
      standby.ifPresent(
          begun -> new StandbyCut(session).begin(begun.first(), begun.crossed().get()));
      bookkeeping.remove();
    }
  }

  private Bookkeeping.Root opened() {
    if (root == null) {
      throw new IllegalStateException("open the target first");
    }
    return root;
  }

  @Override
  public void close() {
    session.close();
    ids.close();
  }
}
