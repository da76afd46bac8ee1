package dev.varve.restore;

import dev.varve.archive.Chain;
import dev.varve.archive.Damage;
import dev.varve.archive.DamagedException;
import dev.varve.archive.Manifest;
import dev.varve.archive.Repository;
import dev.varve.archive.TransactionsReader;
import dev.varve.change.Transaction;
import dev.varve.fault.ExitCode;
import dev.varve.fault.VarveException;
import dev.varve.restore.convert.Conversion;
import dev.varve.restore.convert.Crossing;
import dev.varve.restore.convert.Engine;
import dev.varve.restore.convert.Findings;
import java.io.IOException;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Consumer;
import java.util.function.Supplier;
import java.util.stream.Collectors;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Restores a graph: plans, then merges, writes, reads back and compares. */
public final class Restore {

  private static final Logger LOG = LoggerFactory.getLogger(Restore.class);
  private static final double NANOS_A_SECOND = 1e9;

  private Restore() {}

  /**
   * Plans the restore of a moment. Looks whether each object that would be read is there and of the
   * right length; where one is not, another way to the same moment is planned if there is one.
   */
  public static RestorePlan plan(Repository repository, String graph, Moment moment) {
    return plan(repository, load(repository, graph), moment, Set.of());
  }

  /** Plans the restore of a moment of a chain that was loaded. */
  public static RestorePlan plan(Repository repository, Chain chain, Moment moment) {
    return plan(repository, chain, moment, Set.of());
  }

  /**
   * Plans the restore of a moment of a chain.
   *
   * @param damaged keys of objects known to be unusable
   */
  static RestorePlan plan(Repository repository, Chain chain, Moment moment, Set<String> damaged) {
    Set<String> avoided = new TreeSet<>(damaged);
    while (true) {
      Set<String> found;
      try {
        RestorePlan plan =
            Planner.plan(
                chain,
                moment,
                avoided,
                (manifest, each) -> transactions(repository, manifest, each));
        found = unusable(repository, plan);
        if (found.isEmpty()) {
          return plan;
        }
      } catch (DamagedException e) {
        if (avoided.contains(e.key())) {
          throw e;
        }
        found = Set.of(e.key());
      }
      LOG.warn("damaged, looking for a way round: {}", found);
      avoided.addAll(found);
    }
  }

  /** Loads a chain, with an I/O error in words for an operator. */
  static Chain load(Repository repository, String graph) {
    try {
      return Chain.load(repository, graph);
    } catch (IOException e) {
      throw unreadable(repository, e);
    }
  }

  static VarveException unreadable(Repository repository, IOException e) {
    return new VarveException(
        ExitCode.FAILED,
        "cannot read the repository " + repository.location() + ": " + e,
        "see that it can be reached and read",
        e);
  }

  private static void transactions(
      Repository repository, Manifest manifest, Consumer<Transaction> each) {
    if (manifest.transactions().isEmpty()) {
      return;
    }
    try (TransactionsReader reader =
        TransactionsReader.open(repository, manifest.transactions().get())) {
      for (Transaction next = reader.next(); next != null; next = reader.next()) {
        each.accept(next);
      }
    } catch (IOException e) {
      throw unreadable(repository, e);
    }
  }

  private static Set<String> unusable(Repository repository, RestorePlan plan) {
    List<Manifest.StoredObject> objects =
        plan.manifests().stream()
            .flatMap(manifest -> manifest.segments().stream())
            .map(Manifest.Segment::object)
            .toList();
    try {
      return Presence.of(repository, plan.graph(), objects.size()).wrong(objects).stream()
          .map(Damage::key)
          .collect(Collectors.toSet());
    } catch (IOException e) {
      throw unreadable(repository, e);
    }
  }

  /** Opens the target of a restore, anew for each attempt. */
  @FunctionalInterface
  public interface Opening {

    /**
     * Makes the target; it is not connected yet.
     *
     * @param findings of the survey, which was made when the target is opened; absent if there was
     *     none because nothing has to be converted
     */
    GraphTarget open(Supplier<Optional<Findings>> findings);
  }

  /**
   * Plans and carries out a restore. Where an object turns out to be damaged while it is read, the
   * work goes on by way of others that lead to the same moment, if there are any.
   *
   * @param conversion see {@link #run(RestorePlan, Repository, GraphTarget, Conversion, boolean,
   *     Progress)}
   * @param overwrite see there too
   */
  public static RestoreReport run(
      Repository repository,
      String graph,
      Moment moment,
      Opening target,
      Conversion conversion,
      boolean overwrite,
      Progress progress) {
    Set<String> damaged = new TreeSet<>();
    RestorePlan plan = plan(repository, load(repository, graph), moment, damaged);
    AtomicBoolean begun = new AtomicBoolean();
    AtomicReference<Optional<Findings>> findings = new AtomicReference<>(Optional.empty());
    while (true) {
      try (GraphTarget opened = target.open(findings::get)) {
        // what is there once it was begun is of this restore, and is carried on
        boolean remove = overwrite && !begun.get();
        return run(
            plan, repository, opened, conversion, remove, progress, new Marks(begun, findings));
      } catch (DamagedException e) {
        damaged.addAll(plan.avoided());
        if (!damaged.add(e.key())) {
          throw e;
        }
        LOG.warn("{}; looking for a way round", e.getMessage());
        plan = around(repository, plan, damaged, e);
      }
    }
  }

  /**
   * Another plan for the same moment. The chain may have gone on: what is missing now may have been
   * merged and have expired.
   */
  private static RestorePlan around(
      Repository repository, RestorePlan plan, Set<String> damaged, DamagedException damage) {
    try {
      Chain chain = load(repository, plan.graph());
      return plan(repository, chain, new Moment.AtVector(plan.vector()), damaged)
          .forMoment(plan.moment());
    } catch (VarveException none) {
      damage.addSuppressed(none);
      throw damage;
    }
  }

  /**
   * Looks over what a restore into another engine would convert or refuse, and writes nothing;
   * absent if it is the same engine.
   */
  public static Optional<Findings> survey(
      RestorePlan plan, Repository repository, Conversion conversion, Progress progress) {
    return crossing(plan, conversion).map(way -> survey(plan, repository, way, progress));
  }

  /** The same on a way that is known. */
  public static Findings survey(
      RestorePlan plan, Repository repository, Crossing crossing, Progress progress) {
    try (GraphMerge graph = new GraphMerge(plan, repository)) {
      return survey(plan, graph, crossing, progress);
    }
  }

  private static Optional<Crossing> crossing(RestorePlan plan, Conversion conversion) {
    return conversion.from(Engine.ofStores(plan.stores()));
  }

  /** What is surveyed is what the chain promises. */
  private static Findings survey(
      RestorePlan plan, GraphMerge graph, Crossing crossing, Progress progress) {
    Findings findings = crossing.survey(graph, progress);
    Promise.merged(plan, graph);
    return findings;
  }

  /** Carries out a plan into a target that holds the graph as it is. */
  public static RestoreReport run(
      RestorePlan plan,
      Repository repository,
      GraphTarget target,
      boolean overwrite,
      Progress progress) {
    return run(plan, repository, target, Conversion.NONE, overwrite, progress);
  }

  /**
   * Carries out a plan. The target is declared done only if what it holds, read back, is what the
   * chain promises, or what became of that where the target is another engine.
   *
   * @param conversion what the target is; another engine's is only opened when the whole graph has
   *     been surveyed and nothing is in the way
   * @param overwrite whether what is in the target may be removed
   * @throws VarveException with {@link ExitCode#DAMAGE_FOUND} if the chain is not what it promises,
   *     {@link ExitCode#FAILED} if the target is not
   */
  public static RestoreReport run(
      RestorePlan plan,
      Repository repository,
      GraphTarget target,
      Conversion conversion,
      boolean overwrite,
      Progress progress) {
    Marks marks = new Marks(new AtomicBoolean(), new AtomicReference<>(Optional.empty()));
    return run(plan, repository, target, conversion, overwrite, progress, marks);
  }

  /**
   * What is told to others while a restore is carried out.
   *
   * @param begun whether the target was opened
   * @param findings of the survey
   */
  private record Marks(AtomicBoolean begun, AtomicReference<Optional<Findings>> findings) {}

  private static RestoreReport run(
      RestorePlan plan,
      Repository repository,
      GraphTarget target,
      Conversion conversion,
      boolean overwrite,
      Progress progress,
      Marks marks) {
    long start = System.nanoTime();
    try (GraphMerge merged = new GraphMerge(plan, repository)) {
      Optional<Crossing> crossing = crossing(plan, conversion);
      Optional<Findings> findings = crossing.map(way -> survey(plan, merged, way, progress));
      findings.flatMap(found -> found.obstacle(conversion.agreed())).ifPresent(Restore::refuse);
      marks.findings().set(findings);
      LiveGraph source = merged.foretold() ? merged.unhashed() : merged;
      LiveGraph graph = crossing.isEmpty() ? source : crossing.get().converted(source);
      GraphTarget.Standing standing = target.open(plan.identity(), overwrite, progress);
      marks.begun().set(true);
      if (standing == GraphTarget.Standing.COMPARED) {
        readThrough(merged, progress);
      } else {
        target.write(graph, progress);
      }
      ReadBack promised = Promise.awaited(plan, merged);
      ReadBack expected = findings.map(Findings::expected).orElse(promised);
      long written = System.nanoTime();
      ReadBack actual = expected;
      if (standing != GraphTarget.Standing.COMPARED) {
        progress.phase("read back", expected.vertices() + expected.edges());
        actual = target.readBack(progress);
      }
      boolean good = actual.equals(expected);
      if (!good && merged.merged().isEmpty()) {
        readThrough(merged, progress); // is it the chain?
        Promise.merged(plan, merged);
      }
      target.finish(good, progress);
      if (!good) {
        throw different(target, expected, actual);
      }
      long end = System.nanoTime();
      return new RestoreReport(
          plan.graph(),
          plan.moment(),
          plan.vector(),
          plan.committedAt(),
          target.name(),
          standing,
          actual.vertices(),
          actual.edges(),
          graph.schema().rules().size(),
          promised.fingerprint(),
          actual.fingerprint(),
          findings,
          plan.segments(),
          plan.bytes(),
          target.problems(),
          new RestoreReport.Seconds(
              (written - start) / NANOS_A_SECOND,
              (end - written) / NANOS_A_SECOND,
              (end - start) / NANOS_A_SECOND));
    }
  }

  private static void refuse(VarveException obstacle) {
    throw obstacle;
  }

  /** An earlier run compared the target; what it compared it with is computed again. */
  private static void readThrough(LiveGraph graph, Progress progress) {
    progress.phase("segments", graph.estimate().vertices() + graph.estimate().edges());
    drain(graph.vertices(), progress);
    drain(graph.edges(), progress);
  }

  private static void drain(LiveElements elements, Progress progress) {
    try (elements) {
      while (elements.next() != null) {
        progress.advance(1);
      }
    }
  }

  private static VarveException different(GraphTarget target, ReadBack promised, ReadBack actual) {
    return new VarveException(
        ExitCode.FAILED,
        "the target "
            + target.name()
            + " does not hold what was written to it: "
            + actual.vertices()
            + " vertices and "
            + actual.edges()
            + " edges with fingerprint "
            + actual.fingerprint()
            + " instead of "
            + promised.vertices()
            + " and "
            + promised.edges()
            + " with "
            + promised.fingerprint(),
        "see that nobody else writes to the target, and restore again with --overwrite");
  }
}
