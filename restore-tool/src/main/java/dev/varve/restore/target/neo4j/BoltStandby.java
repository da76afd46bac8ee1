package dev.varve.restore.target.neo4j;

import dev.varve.archive.Reached;
import dev.varve.fault.ExitCode;
import dev.varve.fault.VarveException;
import dev.varve.graph.ElementId;
import dev.varve.graph.ElementKind;
import dev.varve.graph.StoreSchema;
import dev.varve.restore.GraphTarget;
import dev.varve.restore.Progress;
import dev.varve.restore.ReadBack;
import dev.varve.restore.RestoreIdentity;
import dev.varve.restore.convert.Crossed;
import dev.varve.restore.convert.Engine;
import dev.varve.restore.convert.RefusedException;
import dev.varve.restore.standby.Advance;
import dev.varve.restore.standby.PartOfAdvance;
import dev.varve.restore.standby.Standby;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.BiConsumer;
import java.util.function.Predicate;
import java.util.function.Supplier;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.neo4j.driver.Record;
import org.neo4j.driver.Transaction;
import org.neo4j.driver.exceptions.ClientException;

/**
 * A running Neo4j that follows a graph; see {@link StandbyMarks} and {@link StandbyCut} for what it
 * has beside the graph. Its log says of every transaction of a replay that it is one: its metadata
 * has {@link dev.varve.change.Transaction#REPLAYED}.
 */
public final class BoltStandby implements Standby {

  private static final int ELEMENTS_A_STRIP = 5_000;

  private final BoltSettings settings;
  private final BoltSession session;
  private final StandbyMarks marks;
  private final StandbyCut cut;
  private final BoltSchema schema;
  private @Nullable String owner;
  private long step;

  /**
   * Whether a draft was being committed that leads to the next step, and its outcome is unknown.
   */
  private boolean unsure;

  /** Connects nowhere yet. */
  public BoltStandby(BoltSettings settings) {
    this.settings = settings;
    session = new BoltSession(settings);
    marks = new StandbyMarks(session);
    cut = new StandbyCut(session);
    schema = new BoltSchema(session);
  }

  @Override
  public Condition inspect() {
    session.connect();
    Bookkeeping bookkeeping = new Bookkeeping(session);
    Optional<StandbyCut.Found> found = cut.read();
    Optional<Bookkeeping.Root> root = bookkeeping.root();
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
    return new BoltTarget(settings, Optional.of(new BoltTarget.Beginning(first, crossed)));
  }

  @Override
  public Condition.At claim(String newOwner) {
    session.connect();
    StandbyCut.Found found = cut.claim(newOwner);
    owner = newOwner;
    step = found.step();
    marks.createForNodes();
    marks.load();
    if (!found.schemaDone()) {
      StoreSchema source = found.reached().schema();
      schema.create(
          found.crossed().map(crossed -> crossed.carried(source, Engine.NEO4J)).orElse(source));
      cut.schemaDone();
    }
    return new Condition.At(found.reached(), found.crossed());
  }

  @Override
  public void apply(Advance advance) {
    StoreSchema before = advance.schemaBefore();
    StoreSchema after = advance.schemaAfter();
    marks.createFor(types(advance));
    if (!before.equals(after)) {
      schema.drop(
          before.rules().stream()
              .filter(rule -> !after.rules().contains(rule))
              .map(StoreSchema.Rule::name)
              .collect(Collectors.toSet()));
    }
    try {
      commit(advance);
    } catch (RefusedException e) {
      schema.create(before); // the standby stays as it was
      throw e;
    }
    if (!before.equals(after)) {
      schema.create(after);
      cut.schemaDone();
    }
  }

  private static Set<String> types(Advance advance) {
    Set<String> types = new TreeSet<>();
    advance.each(
        ElementKind.EDGE,
        changed -> {
          if (!changed.removed()) {
            types.add(changed.called().labels().get(0));
          }
        });
    return types;
  }

  /** Something has to be given up first by one element before another can have it. */
  private static final class ConstraintInTheWay extends RuntimeException {
    ConstraintInTheWay(Throwable cause) {
      super(cause);
    }
  }

  private void commit(Advance advance) {
    try {
      commit(advance, false);
    } catch (ConstraintInTheWay e) {
      commit(advance, true);
    }
  }

  private void commit(Advance advance, boolean giveUp) {
    String own = owner;
    if (own == null) {
      throw new IllegalStateException("claim the standby first");
    }
    long next = step + 1;
    session.commitOnce(
        StandbyCut.replayed(advance.to()),
        transaction ->
            StandbyCut.lock(transaction, own) == next ? Optional.of(next) : Optional.empty(),
        transaction -> {
          long found = StandbyCut.lock(transaction, own);
          if (unsure && found == next) {
            return next; // the draft was committed
          }
          requireStep(found);
          write(transaction, advance, giveUp);
          boolean schemaDone = advance.schemaBefore().equals(advance.schemaAfter());
          StandbyCut.advance(transaction, advance.to(), advance.crossed(), next, schemaDone);
          return next;
        });
    step = next;
    unsure = false;
  }

  private void requireStep(long found) {
    if (found != step) {
      throw new IllegalStateException("the standby is at step " + found + ", not " + step);
    }
  }

  /**
   * Not where indexes have to be made first, nor where relationships go: Neo4j locks their ends,
   * which are not known.
   */
  @Override
  public Optional<Draft> draft(Advance advance, Set<ElementId> later) {
    boolean alone =
        advance.crossed().isPresent()
            || !advance.schemaBefore().equals(advance.schemaAfter())
            || !marks.types().containsAll(types(advance))
            || removesEdges(advance);
    return alone ? Optional.empty() : Optional.of(new BoltDraft(advance, later));
  }

  private static boolean removesEdges(Advance advance) {
    boolean[] removes = {false};
    advance.each(ElementKind.EDGE, changed -> removes[0] |= changed.removed());
    return removes[0];
  }

  private final class BoltDraft implements Draft {
    private final Advance advance;
    private final Set<ElementId> later;
    private final Set<String> types = Set.copyOf(marks.types());
    private BoltSession.@Nullable Open open;

    BoltDraft(Advance advance, Set<ElementId> later) {
      this.advance = advance;
      this.later = later;
    }

    @Override
    public void write() {
      BoltSession.Open begun = session.begin(StandbyCut.replayed(advance.to()));
      open = begun;
      write(begun, changed -> !later.contains(changed.id()));
    }

    private void write(BoltSession.Open begun, Predicate<Advance.Changed> wanted) {
      new StandbyWrites(begun.transaction(), new PartOfAdvance(advance, wanted), types).write();
    }

    @Override
    public void publish() {
      BoltSession.Open begun = Objects.requireNonNull(open);
      long next = step + 1;
      requireStep(StandbyCut.lock(begun.transaction(), Objects.requireNonNull(owner)));
      if (!later.isEmpty()) {
        write(begun, changed -> later.contains(changed.id()));
      }
      StandbyCut.advance(begun.transaction(), advance.to(), Optional.empty(), next, true);
      unsure = true;
      begun.commit();
      unsure = false;
      step = next;
    }

    @Override
    public void discard() {
      if (open != null) {
        open.close();
      }
    }
  }

  private void write(Transaction transaction, Advance advance, boolean giveUp) {
    StandbyWrites writes = new StandbyWrites(transaction, advance, marks.types());
    try {
      if (giveUp) {
        writes.giveUp(unique(advance, ElementKind.VERTEX), unique(advance, ElementKind.EDGE));
      }
      writes.write();
    } catch (ClientException e) {
      if (!e.code().equals("Neo.ClientError.Schema.ConstraintValidationFailed")) {
        throw e;
      }
      if (!giveUp) {
        throw new ConstraintInTheWay(e);
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

  private static Set<String> unique(Advance advance, ElementKind kind) {
    return advance.schemaBefore().rules().stream()
        .filter(rule -> rule.form() == StoreSchema.Form.CONSTRAINT && rule.kind() == kind)
        .filter(rule -> rule.type().contains("UNIQUE") || rule.type().contains("KEY"))
        .map(StoreSchema.Rule::properties)
        .flatMap(List::stream)
        .collect(Collectors.toCollection(TreeSet::new));
  }

  @Override
  public ReadBack readBack(Progress progress) {
    return new BoltReadBack(session, Optional.empty(), true, progress).read();
  }

  @Override
  public boolean namesElements() {
    return true;
  }

  @Override
  public void identities(BiConsumer<ElementId, String> receiver) {
    session.stream(
        "MATCH (n:`" + StandbyMarks.NODE + "`) RETURN n.`" + StandbyMarks.ID + "`, id(n)",
        Map.of(),
        row ->
            receiver.accept(
                ElementId.vertex(Long.toString(row.get(0).asLong())),
                Long.toString(row.get(1).asLong())));
    session.stream(
        "MATCH ()-[r]->() WHERE r.`"
            + StandbyMarks.ID
            + "` IS NOT NULL RETURN r.`"
            + StandbyMarks.ID
            + "`, id(r)",
        Map.of(),
        row ->
            receiver.accept(
                ElementId.edge(Long.toString(row.get(0).asLong())),
                Long.toString(row.get(1).asLong())));
  }

  /** The label and the ids go in batches, then what found them, then the cut. */
  @Override
  public void promoted() {
    cut.promoted();
  }

  @Override
  public void strip(Progress progress) {
    progress.phase("strip", 0);
    if (marks.types().isEmpty()) {
      marks.load();
    }
    strip(
        "MATCH (n:`"
            + StandbyMarks.NODE
            + "`) WITH n LIMIT $limit REMOVE n:`"
            + StandbyMarks.NODE
            + "`, n.`"
            + StandbyMarks.ID
            + "` RETURN count(n)",
        progress);
    for (String type : marks.types()) {
      strip(
          "MATCH ()-[r:"
              + Cypher.name(type)
              + "]->() WHERE r.`"
              + StandbyMarks.ID
              + "` IS NOT NULL WITH r LIMIT $limit REMOVE r.`"
              + StandbyMarks.ID
              + "` RETURN count(r)",
          progress);
    }
    marks.drop();
    cut.remove();
  }

  private void strip(String statement, Progress progress) {
    Map<String, Object> limit = Map.of("limit", ELEMENTS_A_STRIP);
    while (true) {
      List<Record> rows = session.repeatable(statement, limit);
      long stripped = rows.get(0).get(0).asLong();
      if (stripped == 0) {
        return;
      }
      progress.advance(stripped);
    }
  }

  @Override
  public void close() {
    session.close();
  }
}
