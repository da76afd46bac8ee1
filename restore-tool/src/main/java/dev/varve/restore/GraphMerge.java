package dev.varve.restore;

import dev.varve.archive.Repository;
import dev.varve.graph.ElementId;
import dev.varve.graph.ElementKind;
import dev.varve.graph.StoreSchema;
import dev.varve.topology.Fingerprint;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Consumer;

/**
 * The graph of a plan, merged from its segments: of each element the newest version that belongs to
 * the moment, unless that one is a removal. Streams; nothing of the chain is altered.
 *
 * <p>Each pass checks every segment that it reads to the end. What the first whole pass over each
 * kind added up to is kept for {@link #expected}. A base has no hashes, so making them is a good
 * part of a pass's work: {@link #unhashed} passes leave it out, where what they give is compared
 * with what the chain promises elsewhere.
 */
public final class GraphMerge implements LiveGraph, AutoCloseable {

  /** Each open run holds a block, about a quarter of a megabyte. */
  private static final int MAX_OPEN_RUNS = 192;

  private final RestorePlan plan;
  private final Repository repository;
  private final Runs merger;
  private final Map<ElementKind, List<Runs.Run>> runs = new EnumMap<>(ElementKind.class);
  private final Map<ElementKind, MergePass.Totals> totals = new EnumMap<>(ElementKind.class);

  public GraphMerge(RestorePlan plan, Repository repository) {
    this(plan, repository, MAX_OPEN_RUNS);
  }

  GraphMerge(RestorePlan plan, Repository repository, int maxOpenRuns) {
    this.plan = plan;
    this.repository = repository;
    merger = new Runs(plan.vector(), maxOpenRuns);
  }

  @Override
  public LiveElements vertices() {
    return vertices(removed -> {});
  }

  @Override
  public LiveElements edges() {
    return edges(removed -> {});
  }

  @Override
  public LiveElements vertices(Consumer<ElementId> removed) {
    return pass(ElementKind.VERTEX, true, removed);
  }

  @Override
  public LiveElements edges(Consumer<ElementId> removed) {
    return pass(ElementKind.EDGE, true, removed);
  }

  /**
   * The same graph in passes that make no hashes: they count elements, and {@link #expected} is
   * known after them where {@link #foretold}, but {@link #merged} is not. An element's own hash can
   * still be asked for.
   */
  public LiveGraph unhashed() {
    return new Unhashed();
  }

  private final class Unhashed implements LiveGraph {
    @Override
    public LiveElements vertices() {
      return vertices(removed -> {});
    }

    @Override
    public LiveElements edges() {
      return edges(removed -> {});
    }

    @Override
    public LiveElements vertices(Consumer<ElementId> removed) {
      return pass(ElementKind.VERTEX, false, removed);
    }

    @Override
    public LiveElements edges(Consumer<ElementId> removed) {
      return pass(ElementKind.EDGE, false, removed);
    }

    @Override
    public StoreSchema schema() {
      return plan.schema();
    }

    @Override
    public Size estimate() {
      return plan.estimate();
    }
  }

  @Override
  public StoreSchema schema() {
    return plan.schema();
  }

  @Override
  public Size estimate() {
    return plan.estimate();
  }

  /**
   * How many elements there are and what they add up to; absent as long as no hashing pass over
   * each kind has come to its end.
   */
  public synchronized Optional<ReadBack> merged() {
    MergePass.Totals vertices = totals.get(ElementKind.VERTEX);
    MergePass.Totals edges = totals.get(ElementKind.EDGE);
    return vertices == null || edges == null || vertices.sum().isEmpty() || edges.sum().isEmpty()
        ? Optional.empty()
        : Optional.of(
            new ReadBack(
                vertices.live(), edges.live(), vertices.sum().get().plus(edges.sum().get())));
  }

  /**
   * How many elements there are, and what they have to add up to by the chain's promise; absent as
   * long as no pass over each kind has come to its end, and where the chain does not say.
   */
  public synchronized Optional<ReadBack> awaited() {
    MergePass.Totals vertices = totals.get(ElementKind.VERTEX);
    MergePass.Totals edges = totals.get(ElementKind.EDGE);
    return vertices == null || edges == null
        ? Optional.empty()
        : expected().map(sum -> new ReadBack(vertices.live(), edges.live(), sum));
  }

  /** Whether {@link #expected} is known without the hashes of a base. */
  public boolean foretold() {
    return plan.derivable() || plan.fingerprint().isPresent();
  }

  /**
   * The fingerprint that the chain promises: that of the cut, or at a moment between two cuts that
   * of the one before and what each version after it changed. Absent where it cannot be derived, or
   * before a pass over each kind has come to its end.
   */
  public synchronized Optional<Fingerprint> expected() {
    MergePass.Totals vertices = totals.get(ElementKind.VERTEX);
    MergePass.Totals edges = totals.get(ElementKind.EDGE);
    if (!plan.derivable() || vertices == null || edges == null) {
      return plan.fingerprint();
    }
    return Optional.of(plan.newestWhole().fingerprint().plus(vertices.moved()).plus(edges.moved()));
  }

  private MergePass pass(ElementKind kind, boolean hashed, Consumer<ElementId> removed) {
    NewestVersions newest = NewestVersions.of(runs(kind), plan.vector(), hashed);
    return new MergePass(
        kind, repository.location(), newest, hashed, removed, found -> keep(kind, found));
  }

  private synchronized List<Runs.Run> runs(ElementKind kind) {
    return runs.computeIfAbsent(kind, missing -> merger.of(plan, repository, kind));
  }

  private synchronized void keep(ElementKind kind, MergePass.Totals found) {
    totals.merge(kind, found, (known, more) -> known.sum().isPresent() ? known : more);
  }

  /** Removes what a long chain was merged into; no pass may be open any more. */
  @Override
  public synchronized void close() {
    runs.clear();
    merger.close();
  }
}
