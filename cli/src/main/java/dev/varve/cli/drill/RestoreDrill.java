package dev.varve.cli.drill;

import dev.varve.archive.Repository;
import dev.varve.change.VersionVector;
import dev.varve.restore.Moment;
import dev.varve.restore.Progress;
import dev.varve.restore.Restore;
import dev.varve.restore.RestorePlan;
import dev.varve.restore.RestoreReport;
import dev.varve.restore.Verify;
import dev.varve.restore.convert.Conversion;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.function.Supplier;

/**
 * Restores a chain into a store that nobody needs, as one would after a disaster, and measures it.
 * The restore reads back what it wrote and compares; a chain that does not lead there, or a store
 * that holds something else, is an error, and so is damage.
 */
public final class RestoreDrill {

  private static final double NANOS_A_SECOND = 1e9;
  private static final double MILLIS_A_SECOND = 1e3;

  private final Repository repository;
  private final String graph;
  private final Moment moment;
  private final Clock clock;
  private final Progress progress;
  private final long began = System.nanoTime();
  private final List<Outcome.Step> steps = new ArrayList<>();

  public RestoreDrill(
      Repository repository, String graph, Moment moment, Clock clock, Progress progress) {
    this.repository = repository;
    this.graph = graph;
    this.moment = moment;
    this.clock = clock;
    this.progress = progress;
  }

  /**
   * Runs it.
   *
   * @param head asks the store for the number of its last transaction
   * @param level how closely the chain is looked at afterwards; absent for not at all
   */
  public Outcome run(
      Restore.Opening target,
      Conversion conversion,
      boolean overwrite,
      Supplier<OptionalLong> head,
      Optional<Verify.Level> level) {
    Instant at = clock.instant();
    RestorePlan plan =
        step(
            "plan",
            () -> Restore.plan(repository, graph, moment),
            found -> found.segments() + " segments, " + found.bytes() + " bytes");
    Outcome.Rpo rpo = rpo(plan, head.get(), at);
    RestoreReport report =
        step(
            "restore and compare",
            () ->
                Restore.run(
                    repository,
                    graph,
                    new Moment.AtVector(plan.vector()),
                    target,
                    conversion,
                    overwrite,
                    progress),
            done -> "fingerprint " + done.actual());
    double rto = secondsSince(began);
    Optional<Verify.Report> verified =
        level.map(
            how ->
                step(
                    "verify the chain",
                    () -> Verify.run(repository, graph, how, Optional.empty(), progress),
                    found -> found.damage().size() + " damaged"));
    return new Outcome(
        "restore",
        at,
        new Outcome.Measured(),
        Optional.of(rto),
        rpo,
        Optional.of(true),
        damage(verified),
        steps,
        facts(plan, report, verified),
        List.of());
  }

  private static List<String> damage(Optional<Verify.Report> verified) {
    return verified.stream()
        .flatMap(report -> report.damage().stream())
        .map(damage -> damage.text())
        .toList();
  }

  private interface Work<T> {
    T run();
  }

  private interface Words<T> {
    String of(T result);
  }

  private <T> T step(String name, Work<T> work, Words<T> words) {
    double at = secondsSince(began);
    T result = work.run();
    steps.add(new Outcome.Step(name, at, secondsSince(began) - at, words.of(result)));
    return result;
  }

  private static Outcome.Rpo rpo(RestorePlan plan, OptionalLong head, Instant at) {
    Optional<Long> transactions =
        head.isPresent()
            ? Optional.of(Math.max(0, head.getAsLong() - newest(plan.vector())))
            : Optional.empty();
    double seconds = Duration.between(plan.committedAt(), at).toMillis() / MILLIS_A_SECOND;
    return new Outcome.Rpo(transactions, Optional.empty(), Optional.of(Math.max(0, seconds)));
  }

  /** Of the incarnation that is written to now. */
  private static long newest(VersionVector vector) {
    return vector.seqs().entrySet().stream()
        .max(java.util.Comparator.comparingInt(entry -> entry.getKey().incarnation()))
        .map(Map.Entry::getValue)
        .orElse(0L);
  }

  private static Map<String, String> facts(
      RestorePlan plan, RestoreReport report, Optional<Verify.Report> verified) {
    Map<String, String> facts = new LinkedHashMap<>();
    facts.put("moment", "vv:" + report.vector() + ", committed at " + report.committedAt());
    facts.put("target", report.target());
    facts.put("vertices", Long.toString(report.vertices()));
    facts.put("edges", Long.toString(report.edges()));
    facts.put("fingerprint", report.actual().toString());
    facts.put("segments", Integer.toString(plan.segments()));
    facts.put("bytes", Long.toString(plan.bytes()));
    verified.ifPresent(
        found -> facts.put("verified", found.objects() + " objects, " + found.bytes() + " bytes"));
    return facts;
  }

  private static double secondsSince(long nanos) {
    return (System.nanoTime() - nanos) / NANOS_A_SECOND;
  }
}
