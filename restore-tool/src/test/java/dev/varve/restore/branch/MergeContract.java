package dev.varve.restore.branch;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.varve.change.Change;
import dev.varve.change.ChangeHeader;
import dev.varve.change.Dot;
import dev.varve.change.Site;
import dev.varve.change.VersionVector;
import dev.varve.fault.VarveException;
import dev.varve.graph.Edge;
import dev.varve.graph.Element;
import dev.varve.graph.ElementHasher;
import dev.varve.graph.ElementId;
import dev.varve.graph.ElementKind;
import dev.varve.graph.Value;
import dev.varve.graph.Vertex;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * What every new primary does with a branch. Before it begins there are the vertices a, b, c and d
 * with {@code v: 1}, and the edges a-e1->b and b-e2->c.
 */
public abstract class MergeContract {

  protected static final Site OLD = new Site("old", 1);
  protected static final String BRANCH = "old-1-10-20";
  protected static final String FOLLOWING = "old-1-21-30";

  private static final long AT_MOST_S = 60;
  private static final long UNDER_WAY_MS = 500;
  private static final Optional<Merge.Take> NOBODY = Optional.empty();
  private static final Optional<Merge.Take> TAKE_BRANCH = Optional.of(Merge.Take.BRANCH);
  private static final Optional<Merge.Take> TAKE_PRIMARY = Optional.of(Merge.Take.PRIMARY);

  private final ElementHasher hasher = new ElementHasher();
  private final Map<String, ElementId> originals = new HashMap<>();
  private final Map<ElementId, Element> before = new HashMap<>();
  private final Map<ElementId, Long> ids = new HashMap<>();
  private final List<List<Change>> transactions = new ArrayList<>();

  /** The store under test; nothing is connected yet. */
  protected abstract MergeTarget open(List<String> branches);

  private MergeTarget open() {
    return open(List.of(BRANCH));
  }

  /** Empties the graph. */
  protected abstract void empty() throws Exception;

  /** Runs Cypher; each row's columns, strings without quotes. */
  protected abstract List<List<String>> rows(String cypher, int columns) throws Exception;

  /** What the old primary called an element. */
  protected abstract String original(ElementKind kind, long id);

  /** What the old primary called an element that it made after it was left behind. */
  protected abstract String originalOfNew(ElementKind kind, int number);

  /** From now on no two vertices may have the same name. */
  protected abstract void forbidTheSameNameTwice() throws Exception;

  /** Holds a lock on vertex a, as a client's transaction that goes on. */
  protected abstract AutoCloseable holdA() throws Exception;

  /** Breaks the merge's transaction as soon as it waits for a lock. */
  protected abstract void breakTheWaitingMerge() throws Exception;

  /** What there is in the store that is Varve's. */
  protected abstract List<String> ofVarve() throws Exception;

  @BeforeEach
  void begin() throws Exception {
    empty();
    rows(
        "CREATE (a:P {name: 'a', v: 1})-[:K {name: 'e1'}]->(b:P {name: 'b', v: 1})"
            + "-[:K {name: 'e2'}]->(c:P {name: 'c', v: 1}), (d:P {name: 'd', v: 1})",
        0);
    for (List<String> row : rows("MATCH (n:P) RETURN n.name, id(n)", 2)) {
      known(row.get(0), ElementKind.VERTEX, Long.parseLong(row.get(1)), vertex(row.get(0), 1));
    }
    for (List<String> row : rows("MATCH (x)-[r:K]->(y) RETURN r.name, id(r), x.name, y.name", 4)) {
      known(
          row.get(0),
          ElementKind.EDGE,
          Long.parseLong(row.get(1)),
          edge(row.get(0), row.get(2), row.get(3), 0));
    }
  }

  private void known(String name, ElementKind kind, long id, Element state) {
    ElementId original = new ElementId(kind, original(kind, id));
    originals.put(name, original);
    ids.put(original, id);
    before.put(original, state);
  }

  protected final ElementId id(String name) {
    return Objects.requireNonNull(originals.get(name), name);
  }

  protected final Vertex vertex(String name, long v) {
    return Vertex.of(Set.of("P"), Map.of("name", Value.Text.of(name), "v", Value.Int.of(v)));
  }

  private Edge edge(String name, String start, String end, long v) {
    Map<String, Value> properties = new HashMap<>(Map.of("name", Value.Text.of(name)));
    if (v > 0) {
      properties.put("v", Value.Int.of(v));
    }
    return Edge.of("K", id(start).id(), id(end).id(), properties);
  }

  /** Names an element that the branch makes. */
  protected final void isNew(String name, ElementKind kind, int number) {
    named(name, new ElementId(kind, originalOfNew(kind, number)));
  }

  protected final void named(String name, ElementId original) {
    originals.put(name, original);
  }

  /** A transaction of the branch. */
  protected final void transaction(Change... changes) {
    transactions.add(List.of(changes));
  }

  protected final Change put(String name, Element state) {
    return change(id(name), Optional.of(state));
  }

  protected final Change put(String name, long v) {
    return put(name, vertex(name, v));
  }

  protected final Change connect(String name, String start, String end, long v) {
    return put(name, edge(name, start, end, v));
  }

  protected final Change remove(String name) {
    return change(id(name), Optional.empty());
  }

  private Change change(ElementId id, Optional<Element> state) {
    return new Change(
        id,
        new ChangeHeader(
            new Dot(OLD, 10 + transactions.size(), 0),
            0,
            VersionVector.EMPTY,
            state.map(element -> hasher.hash(id, element)),
            List.of(),
            List.of()),
        state);
  }

  protected final Merge.Outcome merge(Optional<Merge.Take> take, boolean dryRun) {
    try (MergeTarget target = open()) {
      return target.run(content(), take, dryRun, () -> false);
    }
  }

  private BranchContent content() {
    return new BranchContent(transactions, before, ids);
  }

  /** All that the graph holds, but what is Varve's. */
  protected final List<String> graph() throws Exception {
    Stream<String> vertices =
        rows("MATCH (n:P) RETURN n.name, n.v", 2).stream()
            .map(row -> row.get(0) + "=" + row.get(1));
    Stream<String> edges =
        rows("MATCH (x)-[r]->(y) RETURN x.name, r.name, y.name, coalesce(r.v, 0)", 4).stream()
            .map(row -> "%s-%s->%s=%s".formatted(row.get(0), row.get(1), row.get(2), row.get(3)));
    return Stream.concat(vertices, edges).sorted().toList();
  }

  private static List<String> what(Merge.Outcome outcome) {
    return outcome.conflicts().stream().map(Merge.Conflict::what).toList();
  }

  private void isRefusedFor(String... conflicts) throws Exception {
    List<String> there = graph();
    for (boolean dryRun : new boolean[] {true, false}) {
      Merge.Outcome outcome = merge(NOBODY, dryRun);
      assertThat(outcome.state()).isEqualTo(dryRun ? Merge.State.TRIED : Merge.State.CONFLICTS);
      assertThat(what(outcome)).containsExactly(conflicts);
      assertThat(graph()).as("nothing was written").isEqualTo(there);
    }
    assertThat(ofVarve()).isEmpty();
  }

  private void isMergedFor(Optional<Merge.Take> take, long written, long leftOut) {
    assertThat(merge(take, true))
        .satisfies(tried -> assertThat(tried.state()).isEqualTo(Merge.State.TRIED))
        .satisfies(tried -> assertThat(tried.written()).isEqualTo(written));
    Merge.Outcome outcome = merge(take, false);
    assertThat(outcome.state()).isEqualTo(Merge.State.MERGED);
    assertThat(outcome.written()).as("written").isEqualTo(written);
    assertThat(outcome.leftOut()).as("left out").isEqualTo(leftOut);
  }

  @Test
  void transactionsAreWrittenInTheirOrder() throws Exception {
    isNew("x", ElementKind.VERTEX, 1);
    isNew("f", ElementKind.EDGE, 1);
    isNew("g", ElementKind.EDGE, 2);
    isNew("gone", ElementKind.VERTEX, 2);
    transaction(put("x", 7), put("gone", 1), connect("f", "x", "a", 0));
    transaction(put("x", 8), put("a", 2), remove("gone"));
    transaction(connect("g", "x", "x", 3), connect("e1", "a", "b", 4));
    transaction(remove("e2"), remove("c"));
    isMergedFor(NOBODY, 10, 0);
    assertThat(graph())
        .containsExactly("a-e1->b=4", "a=2", "b=1", "d=1", "x-f->a=0", "x-g->x=3", "x=8");
  }

  @Test
  void whatBothHaveChangedIsAConflict() throws Exception {
    transaction(put("a", 2), put("b", 2), connect("e2", "b", "c", 5));
    rows("MATCH (n:P {name: 'a'}) SET n.v = 9", 0);
    rows("MATCH ()-[r:K {name: 'e2'}]->() SET r.v = 9", 0);
    isRefusedFor("was changed by the new primary", "was changed by the new primary");
  }

  @Test
  void thePrimarysStateCanWin() throws Exception {
    whatBothHaveChangedIsAConflict();
    isMergedFor(TAKE_PRIMARY, 1, 2);
    assertThat(graph()).containsExactly("a-e1->b=0", "a=9", "b-e2->c=9", "b=2", "c=1", "d=1");
  }

  @Test
  void theBranchsStateCanWin() throws Exception {
    whatBothHaveChangedIsAConflict();
    isMergedFor(TAKE_BRANCH, 3, 0);
    assertThat(graph()).containsExactly("a-e1->b=0", "a=2", "b-e2->c=5", "b=2", "c=1", "d=1");
  }

  @Test
  void whatThePrimaryRemovedIsMadeAgainIfTheBranchWins() throws Exception {
    transaction(put("d", 2), connect("e2", "b", "c", 5));
    rows("MATCH (n:P {name: 'd'}) DELETE n", 0);
    rows("MATCH ()-[r:K {name: 'e2'}]->() DELETE r", 0);
    isRefusedFor("was removed from the new primary", "was removed from the new primary");
    isMergedFor(TAKE_BRANCH, 2, 0);
    assertThat(graph()).containsExactly("a-e1->b=0", "a=1", "b-e2->c=5", "b=1", "c=1", "d=2");
  }

  @Test
  void whatThePrimaryRemovedStaysRemovedIfItWins() throws Exception {
    transaction(put("d", 2), connect("e2", "b", "c", 5), put("a", 2));
    rows("MATCH (n:P {name: 'd'}) DELETE n", 0);
    rows("MATCH ()-[r:K {name: 'e2'}]->() DELETE r", 0);
    isMergedFor(TAKE_PRIMARY, 1, 2);
    assertThat(graph()).containsExactly("a-e1->b=0", "a=2", "b=1", "c=1");
  }

  @Test
  void whatBothHaveRemovedIsNoConflict() throws Exception {
    transaction(remove("d"), remove("e1"));
    rows("MATCH (n:P {name: 'd'}) DELETE n", 0);
    rows("MATCH ()-[r:K {name: 'e1'}]->() DELETE r", 0);
    isMergedFor(NOBODY, 0, 2);
    assertThat(graph()).containsExactly("a=1", "b-e2->c=0", "b=1", "c=1");
  }

  @Test
  void aVertexWithNewEdgesIsNotRemovedSilently() throws Exception {
    transaction(remove("d"), put("a", 2));
    rows("MATCH (c:P {name: 'c'}), (d:P {name: 'd'}) CREATE (c)-[:K {name: 'new'}]->(d)", 0);
    isRefusedFor("has relationships in the new primary that the branch does not know");
  }

  @Test
  void aVertexWithNewEdgesStaysIfThePrimaryWins() throws Exception {
    aVertexWithNewEdgesIsNotRemovedSilently();
    isMergedFor(TAKE_PRIMARY, 1, 1);
    assertThat(graph())
        .containsExactly("a-e1->b=0", "a=2", "b-e2->c=0", "b=1", "c-new->d=0", "c=1", "d=1");
  }

  @Test
  void aVertexWithNewEdgesGoesWithThemIfTheBranchWins() throws Exception {
    aVertexWithNewEdgesIsNotRemovedSilently();
    isMergedFor(TAKE_BRANCH, 2, 0);
    assertThat(graph()).containsExactly("a-e1->b=0", "a=2", "b-e2->c=0", "b=1", "c=1");
  }

  @Test
  void anEdgeWithoutAnEndIsLeftOutWhoeverWins() throws Exception {
    isNew("f", ElementKind.EDGE, 1);
    transaction(connect("f", "a", "d", 0), put("b", 2));
    rows("MATCH (n:P {name: 'd'}) DELETE n", 0);
    isRefusedFor("its end " + id("d") + " was removed from the new primary");
    isMergedFor(TAKE_BRANCH, 1, 1);
    assertThat(graph()).containsExactly("a-e1->b=0", "a=1", "b-e2->c=0", "b=2", "c=1");
  }

  @Test
  void anEdgeThatPointsElsewhereIsMadeAnew() throws Exception {
    transaction(connect("e1", "d", "c", 6));
    isMergedFor(NOBODY, 1, 0);
    assertThat(graph()).containsExactly("a=1", "b-e2->c=0", "b=1", "c=1", "d-e1->c=6", "d=1");
  }

  @Test
  void aConstraintInTheWayIsNamedAndNothingIsWritten() throws Exception {
    isNew("x", ElementKind.VERTEX, 1);
    transaction(put("a", 2), put("x", vertex("d", 3)));
    forbidTheSameNameTwice();
    List<String> there = graph();
    for (boolean dryRun : new boolean[] {true, false}) {
      assertThatThrownBy(() -> merge(NOBODY, dryRun))
          .isInstanceOf(VarveException.class)
          .hasMessageContaining("a constraint of the primary forbids what branch " + BRANCH);
      assertThat(graph()).isEqualTo(there);
    }
    assertThat(ofVarve()).isEmpty();
  }

  @Test
  void itIsDoneOnce() throws Exception {
    isNew("x", ElementKind.VERTEX, 1);
    transaction(put("x", 7), put("a", 2));
    isMergedFor(NOBODY, 2, 0);
    List<String> there = graph();
    assertThat(merge(NOBODY, false).state()).isEqualTo(Merge.State.ALREADY_MERGED);
    assertThat(merge(TAKE_BRANCH, true).state()).isEqualTo(Merge.State.ALREADY_MERGED);
    try (MergeTarget target = open()) {
      target.forget(); // the repository says so
      assertThat(target.run(content(), NOBODY, false, () -> true).state())
          .isEqualTo(Merge.State.ALREADY_MERGED);
      target.forget();
    }
    assertThat(graph()).isEqualTo(there);
    assertThat(ofVarve()).isEmpty();
  }

  /** Two that go on from each other go together, and are known to have gone each by itself. */
  @Test
  void severalAreDoneAsOne() throws Exception {
    transaction(put("a", 2));
    transaction(put("a", 3));
    try (MergeTarget both = open(List.of(BRANCH, FOLLOWING))) {
      assertThat(both.isDone()).isFalse();
      assertThat(both.run(content(), NOBODY, false, () -> false).state())
          .isEqualTo(Merge.State.MERGED);
      assertThat(both.isDone()).isTrue();
    }
    try (MergeTarget first = open()) {
      assertThat(first.isDone()).isTrue();
      first.forget(); // the repository says so of the first
    }
    try (MergeTarget second = open(List.of(FOLLOWING));
        MergeTarget both = open(List.of(BRANCH, FOLLOWING))) {
      assertThat(second.isDone()).isTrue();
      assertThatThrownBy(both::isDone).hasMessageContaining(FOLLOWING + " was merged before");
      assertThatThrownBy(() -> both.run(content(), NOBODY, false, () -> false))
          .hasMessageContaining(FOLLOWING + " was merged before");
      both.forget();
      assertThat(second.isDone()).isFalse();
    }
    assertThat(graph()).contains("a=3");
    assertThat(ofVarve()).isEmpty();
  }

  @Test
  @Timeout(AT_MOST_S)
  void ofTwoAtTheSameTimeOneDoesIt() throws Exception {
    isNew("x", ElementKind.VERTEX, 1);
    transaction(put("x", 7), put("a", 2));
    List<CompletableFuture<Merge.Outcome>> both;
    try (AutoCloseable held = holdA()) {
      both =
          Stream.of(1, 2)
              .map(i -> CompletableFuture.supplyAsync(() -> merge(NOBODY, false)))
              .toList();
      Thread.sleep(UNDER_WAY_MS);
    }
    List<Merge.State> states = new ArrayList<>();
    for (CompletableFuture<Merge.Outcome> one : both) {
      states.add(one.get(AT_MOST_S, TimeUnit.SECONDS).state());
    }
    assertThat(states).containsExactlyInAnyOrder(Merge.State.MERGED, Merge.State.ALREADY_MERGED);
    assertThat(graph())
        .containsExactly("a-e1->b=0", "a=2", "b-e2->c=0", "b=1", "c=1", "d=1", "x=7");
  }

  @Test
  @Timeout(AT_MOST_S)
  void aTransactionThatIsBrokenOffIsDoneAgain() throws Exception {
    isNew("x", ElementKind.VERTEX, 1);
    transaction(put("x", 7), put("a", 2));
    List<String> there = graph();
    CompletableFuture<Merge.Outcome> merging;
    try (AutoCloseable held = holdA()) {
      merging = CompletableFuture.supplyAsync(() -> merge(NOBODY, false));
      breakTheWaitingMerge();
    }
    Merge.State state;
    try {
      state = merging.get(AT_MOST_S, TimeUnit.SECONDS).state();
    } catch (ExecutionException e) { // the store's word for it says that it is not to be retried
      assertThat(e).hasCauseInstanceOf(VarveException.class);
      assertThat(graph()).isEqualTo(there);
      state = merge(NOBODY, false).state();
    }
    assertThat(state).isEqualTo(Merge.State.MERGED);
    assertThat(graph())
        .containsExactly("a-e1->b=0", "a=2", "b-e2->c=0", "b=1", "c=1", "d=1", "x=7");
  }
}
