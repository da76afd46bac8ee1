package dev.varve.compact;

import dev.varve.archive.Chain;
import dev.varve.archive.Ledger;
import dev.varve.archive.Manifest;
import dev.varve.change.Site;
import dev.varve.change.VersionVector;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * Which deltas are merged into longer ones. Pure: the same chain, policy and time give the same
 * plan.
 *
 * <p>Deltas whose commit times are in the same span of time are merged, once the span is over:
 * short spans keep every version, long spans beyond the keep-fine period one version an element.
 * Spans begin at whole multiples of their length. Nothing is merged across a cut at which somebody
 * may want to begin or end: that of a base or checkpoint, a restore point, a new site. The newest
 * base or delta is left alone, and so is a delta in whose midst a restore point lies.
 *
 * @param jobs oldest first; no two of them make the same
 */
public record MergePlan(List<Job> jobs) {

  public MergePlan {
    jobs = List.copyOf(jobs);
  }

  /**
   * What is merged when.
   *
   * @param span deltas of the same span are merged
   * @param bytesMax not more than this is merged into one that keeps every version
   * @param keepFine how long every version is kept; empty: for ever
   * @param thinSpan what is older is merged by spans of this length, one version an element
   */
  public record Policy(
      Duration span, long bytesMax, Optional<Duration> keepFine, Duration thinSpan) {

    public static final Policy USUAL =
        new Policy(
            Duration.ofHours(1), 256L << 20, Optional.of(Duration.ofDays(7)), Duration.ofDays(1));

    public Policy {
      if (!positive(span) || !positive(thinSpan)) {
        throw new IllegalArgumentException("spans must be > 0, got " + span + ", " + thinSpan);
      }
      if (bytesMax < 1) {
        throw new IllegalArgumentException("bytesMax must be > 0, got " + bytesMax);
      }
    }

    private static boolean positive(Duration duration) {
      return !duration.isNegative() && !duration.isZero();
    }

    /** The same, but every version is kept for ever. */
    public Policy keepingAll() {
      return new Policy(span, bytesMax, Optional.empty(), thinSpan);
    }
  }

  /**
   * Something to merge.
   *
   * @param kind {@link Manifest.Kind#MERGED} or {@link Manifest.Kind#THINNED}
   * @param before a snapshot at the cut at which the first delta begins
   * @param deltas each begins where the one before it ends
   */
  public record Job(Manifest.Kind kind, Manifest before, List<Chain.Link> deltas) {
    public Job {
      deltas = List.copyOf(deltas);
      if (deltas.isEmpty() || kind.head() || kind.whole()) {
        throw new IllegalArgumentException("no " + kind + " of " + deltas.size() + " deltas");
      }
      VersionVector at = before.to();
      for (Chain.Link delta : deltas) {
        if (!delta.manifest().from().equals(at)) {
          throw new IllegalArgumentException(delta.manifest().key() + " does not begin at " + at);
        }
        at = delta.manifest().to();
      }
    }

    VersionVector from() {
      return before.to();
    }

    /** The delta at whose cut it ends. */
    public Manifest last() {
      return deltas.get(deltas.size() - 1).manifest();
    }

    /** What it makes, whoever makes it. */
    String what() {
      return kind + " " + from() + " to " + last().to();
    }
  }

  /**
   * Plans.
   *
   * @param now by our own clock; commit times that the chain has not reached yet do not count
   */
  public static MergePlan of(Chain chain, Policy policy, Instant now) {
    return new Planner(chain, policy, now).plan();
  }

  /**
   * The time by which ages count: not later than the newest commit, so that a clock that is wrong
   * ages nothing.
   */
  static Instant reference(Chain chain, Instant now) {
    Instant newest =
        chain.links().stream()
            .mapToLong(link -> link.manifest().committed().lastMicros())
            .mapToObj(MergePlan::instant)
            .max(Instant::compareTo)
            .orElse(now);
    return newest.isBefore(now) ? newest : now;
  }

  static Instant instant(long micros) {
    return Instant.EPOCH.plus(micros, ChronoUnit.MICROS);
  }

  /** Where a restore point is, seen from a delta. */
  enum Where {
    BEFORE,
    INSIDE,
    BEHIND;

    static Where of(VersionVector point, Manifest delta) {
      boolean some = false;
      boolean all = true;
      for (Map.Entry<Site, Long> site : delta.to().seqs().entrySet()) {
        long from = delta.from().seqs().getOrDefault(site.getKey(), -1L);
        if (site.getValue() > from) {
          long at = point.seqs().getOrDefault(site.getKey(), -1L);
          some |= at > from;
          all &= at >= site.getValue();
        }
      }
      return all ? BEHIND : some ? INSIDE : BEFORE;
    }
  }

  private static final class Planner {
    private final Chain chain;
    private final Policy policy;
    private final Instant reference;
    private final Set<VersionVector> bounds = new HashSet<>();
    private final Map<String, Job> jobs = new LinkedHashMap<>();
    private final Set<String> there = new HashSet<>();

    Planner(Chain chain, Policy policy, Instant now) {
      this.chain = chain;
      this.policy = policy;
      this.reference = reference(chain, now);
    }

    MergePlan plan() {
      for (Chain.Link link : chain.links()) {
        Manifest manifest = link.manifest();
        if (manifest.kind().whole()) {
          bounds.add(manifest.to());
        } else {
          there.add(what(manifest.kind(), manifest.from(), manifest.to()));
        }
      }
      for (Chain.Stretch stretch : chain.stretches()) {
        List<Step> steps = steps(stretch);
        thin(steps);
        merge(steps);
      }
      return new MergePlan(List.copyOf(jobs.values()));
    }

    private List<Step> steps(Chain.Stretch stretch) {
      Optional<Chain.Link> head = chain.head();
      List<Step> steps = new ArrayList<>();
      Manifest before = stretch.base().manifest();
      for (Chain.Link delta : stretch.deltas()) {
        steps.add(new Step(before, delta, head.isPresent() && head.get().equals(delta)));
        before = delta.manifest();
      }
      return steps;
    }

    /** A delta on its way. */
    private record Step(Manifest before, Chain.Link link, boolean newest) {
      Manifest delta() {
        return link.manifest();
      }

      Instant time() {
        return instant(delta().committed().lastMicros());
      }
    }

    private void thin(List<Step> steps) {
      if (policy.keepFine().isEmpty()) {
        return;
      }
      for (List<Step> group : groups(steps, policy.thinSpan(), this::old)) {
        boolean done = group.size() == 1 && group.get(0).delta().kind() == Manifest.Kind.THINNED;
        if (!done) {
          add(Manifest.Kind.THINNED, chunks(group));
        }
      }
    }

    private void merge(List<Step> steps) {
      Predicate<Step> wanted =
          step -> step.delta().kind().everyMoment() && !old(step) && over(step, policy.span());
      for (List<Step> group : groups(steps, policy.span(), wanted)) {
        for (List<Step> part : bySize(group)) {
          if (part.size() > 1) {
            add(Manifest.Kind.MERGED, chunks(part));
          }
        }
      }
    }

    private boolean over(Step step, Duration span) {
      return !end(step.time(), span).isAfter(reference);
    }

    /** Whether the whole long span that it belongs to is beyond the keep-fine period. */
    private boolean old(Step step) {
      return policy.keepFine().isPresent()
          && !end(step.time(), policy.thinSpan()).isAfter(reference.minus(policy.keepFine().get()));
    }

    private static Instant end(Instant time, Duration span) {
      return instant((slot(time, span) + 1) * micros(span));
    }

    private static long slot(Instant time, Duration span) {
      return Math.floorDiv(ChronoUnit.MICROS.between(Instant.EPOCH, time), micros(span));
    }

    private static long micros(Duration span) {
      return Math.max(1, span.toNanos() / 1000);
    }

    /** Neighbours of the same span with no bound between them. */
    private List<List<Step>> groups(List<Step> steps, Duration span, Predicate<Step> wanted) {
      List<List<Step>> groups = new ArrayList<>();
      List<Step> open = new ArrayList<>();
      for (Step step : steps) {
        if (!open.isEmpty() && !together(open.get(open.size() - 1), step, span)) {
          groups.add(open);
          open = new ArrayList<>();
        }
        if (step.newest() || bringsSite(step.delta()) || !wanted.test(step) || pinned(step)) {
          if (!open.isEmpty()) {
            groups.add(open);
            open = new ArrayList<>();
          }
        } else {
          open.add(step);
        }
      }
      if (!open.isEmpty()) {
        groups.add(open);
      }
      return groups;
    }

    private boolean together(Step before, Step after, Duration span) {
      return slot(before.time(), span) == slot(after.time(), span)
          && !bounds.contains(after.before().to())
          && chain.restorePoints().stream()
              .map(Ledger.RestorePoint::vector)
              .allMatch(point -> Where.of(point, before.delta()) == Where.of(point, after.delta()));
    }

    private boolean pinned(Step step) {
      return chain.restorePoints().stream()
          .anyMatch(point -> Where.of(point.vector(), step.delta()) == Where.INSIDE);
    }

    private static boolean bringsSite(Manifest delta) {
      return !delta.from().seqs().keySet().equals(delta.to().seqs().keySet());
    }

    private List<List<Step>> bySize(List<Step> group) {
      List<List<Step>> parts = new ArrayList<>();
      List<Step> open = new ArrayList<>();
      long bytes = 0;
      for (Step step : group) {
        long next = step.delta().totalBytes();
        if (!open.isEmpty() && bytes + next > policy.bytesMax()) {
          parts.add(open);
          open = new ArrayList<>();
          bytes = 0;
        }
        open.add(step);
        bytes += next;
      }
      parts.add(open);
      return parts;
    }

    /** Too many to be open at a time are merged in two steps, those that never were first. */
    private static List<List<Step>> chunks(List<Step> group) {
      if (group.size() <= VersionMerge.RUNS_MAX) {
        return List.of(group);
      }
      List<List<Step>> chunks = new ArrayList<>();
      List<Step> open = new ArrayList<>();
      for (Step step : group) {
        boolean other =
            !open.isEmpty()
                && (open.get(0).delta().kind() == Manifest.Kind.DELTA)
                    != (step.delta().kind() == Manifest.Kind.DELTA);
        if (other || open.size() == VersionMerge.RUNS_MAX) {
          chunks.add(open);
          open = new ArrayList<>();
        }
        open.add(step);
      }
      chunks.add(open);
      return chunks;
    }

    private void add(Manifest.Kind kind, List<List<Step>> groups) {
      for (List<Step> group : groups) {
        boolean alone = group.size() == 1 && (kind == Manifest.Kind.MERGED || isThinned(group));
        Job job = new Job(kind, group.get(0).before(), group.stream().map(Step::link).toList());
        if (!alone && !there.contains(job.what())) {
          jobs.putIfAbsent(job.what(), job);
        }
      }
    }

    private static boolean isThinned(Collection<Step> group) {
      return group.stream().allMatch(step -> step.delta().kind() == Manifest.Kind.THINNED);
    }

    private static String what(Manifest.Kind kind, VersionVector from, @Nullable VersionVector to) {
      return kind + " " + from + " to " + to;
    }
  }
}
