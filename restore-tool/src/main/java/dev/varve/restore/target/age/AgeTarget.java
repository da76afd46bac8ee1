package dev.varve.restore.target.age;

import dev.varve.age.LabelRule;
import dev.varve.archive.Reached;
import dev.varve.fault.ExitCode;
import dev.varve.fault.VarveException;
import dev.varve.graph.ElementKind;
import dev.varve.graph.StoreSchema;
import dev.varve.restore.GraphTarget;
import dev.varve.restore.LiveElements;
import dev.varve.restore.LiveGraph;
import dev.varve.restore.Progress;
import dev.varve.restore.ReadBack;
import dev.varve.restore.RestoreIdentity;
import dev.varve.restore.convert.Crossed;
import dev.varve.restore.target.Dispatcher;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * A graph of Apache AGE in a running PostgreSQL. Written in parallel, in parts that are committed
 * exactly once; a restore that was interrupted, by kill -9 of either side too, goes on where it
 * stopped (see {@link Bookkeeping}).
 *
 * <p>Elements of a chain of AGE keep their graphids and labels their numbers; those of another kind
 * of store get graphids that are the same at each run.
 */
public final class AgeTarget implements GraphTarget {

  /** How many parts may wait for a connection: enough that none is idle. */
  private static final int PARTS_WAITING = 2;

  private final AgeSettings settings;
  private final String graph;
  private final AgeSession session;
  private final AgeDatabase database;
  private final Bookkeeping bookkeeping;
  private final Labels labels;
  private final Rules rules;
  private final Optional<Beginning> standby;
  private List<String> problems = List.of();

  /** Whether the graph was made by this run. */
  private boolean made;

  private Bookkeeping.@Nullable Root root;
  private @Nullable Numbering numbering;

  /** Connects nowhere yet. */
  public AgeTarget(AgeSettings settings) {
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
  AgeTarget(AgeSettings settings, Optional<Beginning> standby) {
    this.settings = settings;
    this.standby = standby;
    graph = settings.uri().graph();
    session = new AgeSession(settings);
    database = new AgeDatabase(session, settings.uri());
    bookkeeping = new Bookkeeping(session, graph);
    labels = new Labels(session, graph);
    rules = new Rules(session, graph);
  }

  @Override
  public String name() {
    return settings.uri().toString();
  }

  @Override
  public Standing open(RestoreIdentity restore, boolean overwrite, Progress progress) {
    session.connect();
    database.requireExtension();
    database.lock(graph);
    Optional<Bookkeeping.Root> found = bookkeeping.root();
    boolean same =
        found.isPresent()
            && found.get().there()
            && found.get().restore().equals(restore.toString());
    if (same && found.get().state() != Bookkeeping.State.DIFFERENT) {
      root = found.get();
      labels.load();
      return found.get().state() == Bookkeeping.State.GOOD ? Standing.COMPARED : Standing.RESUMED;
    }
    if (!overwrite) {
      refuseWhatIsThere(found);
    }
    progress.phase("begin", 0);
    made =
        session.repeatable(
            connection -> {
              boolean created = database.makeGraph(connection, graph, overwrite);
              bookkeeping.begin(connection, restore, settings);
              return created;
            });
    root = bookkeeping.root().orElseThrow();
    labels.load();
    return Standing.FRESH;
  }

  private void refuseWhatIsThere(Optional<Bookkeeping.Root> found) {
    if (found.isPresent() && !found.get().there()) {
      return; // somebody dropped the graph of an unfinished restore: what is there now counts
    }
    if (found.isPresent() && found.get().state() == Bookkeeping.State.DIFFERENT) {
      throw refused("holds a restore that turned out different from the chain");
    }
    if (found.isPresent()) {
      throw refused("holds an unfinished restore of " + found.get().restore());
    }
    labels.load();
    List<String> others =
        labels.all().stream()
            .filter(label -> !label.isDefault())
            .map(AgeLabel::name)
            .sorted()
            .toList();
    if (!others.isEmpty()) {
      throw refused("is not empty: it has the labels " + others);
    }
    for (AgeLabel label : labels.all()) {
      if (database.hasRows(graph, label)) {
        throw refused("is not empty: it has rows in " + label.name());
      }
    }
    List<String> names = labels.all().isEmpty() ? List.of() : rules.names();
    if (!names.isEmpty()) {
      throw refused("is not empty: it has the indexes and constraints " + names);
    }
  }

  private VarveException refused(String why) {
    return new VarveException(
        ExitCode.FAILED,
        "the target " + name() + " " + why,
        "name a graph that does not exist yet, or say --overwrite to drop this one first");
  }

  @Override
  public void write(LiveGraph source, Progress progress) {
    Bookkeeping.Root limits = opened();
    Set<String> done = bookkeeping.done();
    Numbering ids = numberOrLeave(source, done.isEmpty(), progress);
    HighestEntries highest = new HighestEntries();
    Parts parts = new Parts(session, bookkeeping, limits, graph, labels, ids, highest, progress);
    LiveGraph.Size size = source.estimate();
    try (Dispatcher dispatcher = new Dispatcher("write", settings.connections(), PARTS_WAITING)) {
      progress.phase("vertices", size.vertices());
      try (LiveElements vertices = source.vertices(highest::seeRemoved)) {
        parts.write(ElementKind.VERTEX, vertices, done, dispatcher);
      }
      progress.phase("edges", size.edges());
      try (LiveElements edges = source.edges(highest::seeRemoved)) {
        parts.write(ElementKind.EDGE, edges, done, dispatcher);
      }
      if (ids instanceof GivenIds given) {
        highest.see(given, labels.all());
      }
      labels.setSequences(highest.byLabel());
      progress.phase("schema", source.schema().rules().size());
      problems = rules.create(source.schema(), dispatcher, progress);
      analyze(dispatcher);
    }
  }

  /** What cannot be restored at all leaves a target that had nothing as it was. */
  private Numbering numberOrLeave(LiveGraph source, boolean nothingWritten, Progress progress) {
    try {
      return number(source, progress);
    } catch (VarveException e) {
      if (made && nothingWritten) {
        session.repeatable(
            connection -> {
              database.dropGraph(connection, graph);
              return true;
            });
        bookkeeping.remove();
      }
      throw e;
    }
  }

  /** Decides which graphid each element gets, and makes the labels. */
  private Numbering number(LiveGraph source, Progress progress) {
    List<AgeLabel> known = new ArrayList<>();
    for (StoreSchema.Rule rule : source.schema().rules()) {
      LabelRule.of(rule)
          .map(label -> new AgeLabel(label.id(), label.name(), label.kind()))
          .filter(label -> !label.isDefault())
          .ifPresent(known::add);
    }
    Numbering ids = new Numbering.Kept();
    if (known.isEmpty()) {
      boolean byNumber = standby.flatMap(begun -> begun.crossed().get()).isPresent();
      Survey.Found found = Survey.of(source, byNumber, settings.workDirectory(), progress);
      ids = found.numbering();
      known = found.labels();
    }
    numbering = ids;
    labels.make(known);
    return ids;
  }

  private void analyze(Dispatcher dispatcher) {
    for (AgeLabel label : labels.all()) {
      dispatcher.submit(
          new Dispatcher.Task(
              0,
              () ->
                  session.repeatable(
                      connection -> {
                        Labels.analyze(connection, graph, label);
                        return true;
                      })));
    }
    dispatcher.drain();
  }

  @Override
  public List<String> problems() {
    return problems;
  }

  @Override
  public ReadBack readBack(Progress progress) {
    opened();
    if (numbering == null) {
      throw new IllegalStateException("write the target first");
    }
    return new AgeScan(session, settings, numbering, progress).read();
  }

  @Override
  public void finish(boolean good, Progress progress) {
    opened();
    bookkeeping.mark(good ? Bookkeeping.State.GOOD : Bookkeeping.State.DIFFERENT);
    if (good) {
      standby.ifPresent(
          begun -> new StandbyTable(session, graph).begin(begun.first(), begun.crossed().get()));
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
    database.close();
    session.close();
    if (numbering != null) {
      numbering.close();
    }
  }
}
