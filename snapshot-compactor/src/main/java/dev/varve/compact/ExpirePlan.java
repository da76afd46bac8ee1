package dev.varve.compact;

import dev.varve.archive.Chain;
import dev.varve.archive.Damage;
import dev.varve.archive.Ledger;
import dev.varve.archive.Manifest;
import dev.varve.archive.Repository.Listed;
import dev.varve.change.VersionVector;
import dev.varve.compact.MergePlan.Where;
import dev.varve.fault.ExitCode;
import dev.varve.fault.VarveException;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.SortedSet;
import java.util.TreeSet;
import java.util.stream.Collectors;

/**
 * What of a chain can go. Pure: the same chain, list of objects, policy and time give the same
 * plan.
 *
 * <p>What stays is proved before the plan is given out: everything that could be restored and was
 * to be kept still can be, with objects that are all there.
 *
 * @param numbers of entries that expire, old ledgers among them
 * @param gone the snapshots among them
 * @param before the chain as it is
 * @param after the chain that is left
 */
public record ExpirePlan(SortedSet<Long> numbers, List<Manifest> gone, Chain before, Chain after) {

  /** How long a delta stays after another stands for it: restores may be reading it. */
  public static final Duration STANDBY = Duration.ofHours(24);

  public ExpirePlan {
    numbers = Collections.unmodifiableSortedSet(new TreeSet<>(numbers));
    gone = List.copyOf(gone);
  }

  /**
   * What is kept. A chain is a base or checkpoint and what follows it.
   *
   * @param keepChains how many of the newest
   * @param keepFor those that are needed to restore to any moment in this time; what either of the
   *     two keeps is kept, and if neither is given everything
   * @param keepFine how long every moment can be restored; empty: as long as the chain is kept
   * @param standby how long a delta stays after another stands for it
   * @param uploadAge how old an upload is that has not ended when it is given up
   */
  public record Policy(
      Optional<Integer> keepChains,
      Optional<Duration> keepFor,
      Optional<Duration> keepFine,
      Duration standby,
      Duration uploadAge) {

    /** An upload of a process that is still at it is younger, if nothing is very wrong. */
    public static final Duration UPLOAD_AGE = Duration.ofDays(2);

    /** Nothing that can be restored goes. */
    public static final Policy EVERYTHING =
        new Policy(Optional.empty(), Optional.empty(), Optional.empty(), STANDBY);

    public Policy(
        Optional<Integer> keepChains,
        Optional<Duration> keepFor,
        Optional<Duration> keepFine,
        Duration standby) {
      this(keepChains, keepFor, keepFine, standby, UPLOAD_AGE);
    }

    /** The same, but uploads are given up at another age. */
    public Policy withUploadAge(Duration age) {
      return new Policy(keepChains, keepFor, keepFine, standby, age);
    }

    public Policy {
      if (uploadAge.isNegative() || uploadAge.isZero()) {
        throw new IllegalArgumentException("uploadAge must be > 0, got " + uploadAge);
      }
      if (keepChains.isPresent() && keepChains.get() < 1) {
        throw new IllegalArgumentException("keepChains must be >= 1, got " + keepChains.get());
      }
      if (keepFor.isPresent() && (keepFor.get().isNegative() || keepFor.get().isZero())) {
        throw new IllegalArgumentException("keepFor must be > 0, got " + keepFor.get());
      }
    }
  }

  /** How many objects go, the entries themselves not counted. */
  public long objects() {
    return gone.stream().mapToLong(manifest -> manifest.objects().size()).sum();
  }

  public long bytes() {
    return gone.stream().mapToLong(Manifest::totalBytes).sum();
  }

  public boolean isEmpty() {
    return numbers.isEmpty();
  }

  /**
   * Plans.
   *
   * @param objects all objects of the graph, in one list of the repository
   * @param now by our own clock; commit times that the chain has not reached yet do not count
   * @throws VarveException with {@link ExitCode#DAMAGE_FOUND} if the chain is damaged: then nothing
   *     can be proved
   */
  public static ExpirePlan of(Chain chain, List<Listed> objects, Policy policy, Instant now) {
    if (!chain.damage().isEmpty()) {
      throw refused(
          chain.damage().stream().map(Damage::text).limit(3).collect(Collectors.joining("; ")));
    }
    return new Planner(chain, objects, policy, MergePlan.reference(chain, now)).plan();
  }

  private static VarveException refused(String why) {
    return new VarveException(
        ExitCode.DAMAGE_FOUND,
        "nothing expires, for the chain is damaged: " + why,
        "varve verify lists all damage; bring the objects back from a copy of the repository");
  }

  private static final class Planner {
    private final Chain chain;
    private final Policy policy;
    private final Instant reference;
    private final Map<String, Listed> there = new HashMap<>();
    private final Set<String> unusable;
    private final Instant newestObject;
    private final List<Chain.Stretch> stretches;

    Planner(Chain chain, List<Listed> objects, Policy policy, Instant reference) {
      this.chain = chain;
      this.policy = policy;
      this.reference = reference;
      objects.forEach(object -> there.put(object.key(), object));
      this.newestObject =
          objects.stream().map(Listed::modifiedAt).max(Instant::compareTo).orElse(Instant.EPOCH);
      this.unusable =
          chain.links().stream()
              .map(Chain.Link::manifest)
              .filter(manifest -> !complete(manifest))
              .map(Manifest::key)
              .collect(Collectors.toSet());
      this.stretches = chain.stretches(unusable);
    }

    ExpirePlan plan() {
      Ways ways = new Ways(stretches);
      Optional<Chain.Link> head = chain.head();
      if (head.isEmpty() || stretches.isEmpty()) {
        return done(new HashSet<>(chain.links()));
      }
      if (ways.to(head.get().manifest().to()).isEmpty()) {
        throw refused(
            "objects are missing on every way to its end: "
                + unusable.stream().sorted().limit(3).collect(Collectors.joining(", ")));
      }
      VersionVector from = oldestKept();
      Set<Chain.Link> kept = new LinkedHashSet<>();
      for (Chain.Link link : chain.links()) {
        boolean reaches =
            link.manifest().kind().whole()
                ? link.manifest().to().includes(from)
                : !from.includes(link.manifest().to());
        if (link.equals(head.get()) || (reaches && !isStoodFor(link))) {
          kept.add(link);
        }
      }
      keepLeadingOn(from, kept);
      keepRestorePoints(ways, kept);
      ExpirePlan plan = done(kept);
      prove(plan, from, ways);
      return plan;
    }

    private boolean complete(Manifest manifest) {
      for (Manifest.StoredObject object : manifest.objects()) {
        Listed listed = there.get(object.key());
        if (listed == null || listed.bytes() != object.bytes()) {
          return false;
        }
      }
      return true;
    }

    /** The cut at which the oldest chain begins that is kept. */
    private VersionVector oldestKept() {
      List<Manifest> bases = new ArrayList<>();
      for (Chain.Stretch stretch : stretches) {
        Manifest base = stretch.base().manifest();
        if (bases.isEmpty() || !bases.get(bases.size() - 1).to().equals(base.to())) {
          bases.add(base);
        }
      }
      if (policy.keepChains().isEmpty() && policy.keepFor().isEmpty()) {
        return bases.get(0).to();
      }
      int oldest = bases.size() - 1;
      if (policy.keepChains().isPresent()) {
        oldest = Math.max(0, bases.size() - policy.keepChains().get());
      }
      if (policy.keepFor().isPresent()) {
        Instant since = reference.minus(policy.keepFor().get());
        int byAge = bases.size() - 1;
        while (byAge > 0 && time(bases.get(byAge)).isAfter(since)) {
          byAge--;
        }
        oldest = policy.keepChains().isPresent() ? Math.min(oldest, byAge) : byAge;
      }
      return bases.get(oldest).to();
    }

    private static Instant time(Manifest manifest) {
      return MergePlan.instant(manifest.committed().lastMicros());
    }

    /** Whether another snapshot says all of it that is to be kept. */
    private boolean isStoodFor(Chain.Link link) {
      return chain.links().stream().anyMatch(other -> standsFor(other, link.manifest()));
    }

    private boolean standsFor(Chain.Link otherLink, Manifest manifest) {
      Manifest other = otherLink.manifest();
      if (other.number() == manifest.number()
          || other.kind().head()
          || unusable.contains(other.key())
          || !established(other)) {
        return false;
      }
      if (other.kind().whole() || manifest.kind().whole()) {
        return other.kind().whole()
            && manifest.kind().whole()
            && other.to().equals(manifest.to())
            && other.number() > manifest.number();
      }
      boolean same = other.from().equals(manifest.from()) && other.to().equals(manifest.to());
      if (!manifest.from().includes(other.from())
          || !other.to().includes(manifest.to())
          || (same && other.kind() == manifest.kind() && other.number() < manifest.number())) {
        return false;
      }
      return other.kind() == Manifest.Kind.MERGED
          ? manifest.kind().everyMoment()
          : mayBeThin(other);
    }

    /** Whether it has been there for so long that nobody reads any more what it stands for. */
    private boolean established(Manifest manifest) {
      Listed listed = there.get(manifest.key());
      return listed != null && !listed.modifiedAt().plus(policy.standby()).isAfter(newestObject);
    }

    private boolean mayBeThin(Manifest thinned) {
      return policy.keepFine().isPresent()
          && !time(thinned).isAfter(reference.minus(policy.keepFine().get()))
          && chain.restorePoints().stream()
              .noneMatch(point -> Where.of(point.vector(), thinned) == Where.INSIDE);
    }

    /** What follows a base that is kept goes on to follow it. */
    private void keepLeadingOn(VersionVector from, Set<Chain.Link> kept) {
      Set<VersionVector> reached = new HashSet<>();
      for (Chain.Stretch stretch : remaining(kept).stretches(unusable)) {
        reached.add(stretch.to());
      }
      for (Chain.Stretch stretch : stretches) {
        if (stretch.from().includes(from) && kept.contains(stretch.base())) {
          boolean leadsOn =
              remaining(kept).waysTo(stretch.to(), unusable).stream()
                  .anyMatch(way -> way.base().equals(stretch.base()));
          if (!leadsOn) {
            kept.addAll(stretch.deltas());
          }
        }
      }
    }

    private void keepRestorePoints(Ways ways, Set<Chain.Link> kept) {
      for (Ledger.RestorePoint point : chain.restorePoints()) {
        boolean still =
            new Ways(remaining(kept).stretches(unusable)).to(point.vector()).isPresent();
        if (!still) {
          ways.to(point.vector())
              .ifPresent(
                  way -> {
                    kept.add(way.base());
                    kept.addAll(way.deltas());
                  });
        }
      }
    }

    private Chain remaining(Set<Chain.Link> kept) {
      return new Chain(
          chain.graph(),
          chain.links().stream().filter(kept::contains).toList(),
          chain.ledger(),
          chain.fallback(),
          chain.tip(),
          List.of());
    }

    private ExpirePlan done(Set<Chain.Link> kept) {
      SortedSet<Long> numbers = new TreeSet<>();
      List<Manifest> gone = new ArrayList<>();
      for (Chain.Link link : chain.links()) {
        if (!kept.contains(link)) {
          numbers.add(link.manifest().number());
          gone.add(link.manifest());
        }
      }
      Set<Long> oldLedgers = oldLedgers();
      numbers.addAll(oldLedgers);
      if (!numbers.isEmpty()) { // the next one follows, and is written twice
        chain.ledger().ifPresent(newest -> numbers.add(newest.number()));
        chain.fallback().ifPresent(earlier -> numbers.add(earlier.number()));
      }
      return new ExpirePlan(numbers, gone, chain, remaining(kept));
    }

    /**
     * In an undamaged chain, what is neither a snapshot nor expired is a ledger. The one before the
     * newest stays: it counts if that is lost.
     */
    private Set<Long> oldLedgers() {
      Set<Long> snapshots =
          chain.links().stream().map(link -> link.manifest().number()).collect(Collectors.toSet());
      Set<Long> ledgers = new TreeSet<>();
      long until = chain.fallback().or(chain::ledger).map(Ledger::number).orElse(0L);
      for (long number = 1; number < until; number++) {
        if (!snapshots.contains(number) && !chain.ledger().get().isExpired(number)) {
          ledgers.add(number);
        }
      }
      return ledgers;
    }

    /** Everything that was to be kept and could be restored still can be. */
    private void prove(ExpirePlan plan, VersionVector from, Ways before) {
      Ways after = new Ways(plan.after().stretches(unusable));
      Manifest head = chain.head().orElseThrow().manifest();
      require(after.to(head.to()).isPresent(), "latest");
      for (Ledger.RestorePoint point : chain.restorePoints()) {
        require(
            before.to(point.vector()).isEmpty() || after.to(point.vector()).isPresent(),
            "restore point " + point.name());
      }
      for (Chain.Stretch stretch : stretches) {
        if (stretch.from().includes(from)) {
          require(after.to(stretch.from()).isPresent(), "the cut " + stretch.from());
        }
        VersionVector at = stretch.from();
        for (Chain.Link link : stretch.deltas()) {
          Manifest step = link.manifest();
          if (!from.includes(step.to())) {
            proveStep(at.includes(from) ? at : from, step, plan, after);
          }
          at = step.to();
        }
      }
    }

    private void proveStep(VersionVector from, Manifest step, ExpirePlan plan, Ways after) {
      boolean thinned =
          plan.after().links().stream()
              .map(Chain.Link::manifest)
              .anyMatch(
                  other ->
                      other.kind() == Manifest.Kind.THINNED
                          && step.from().includes(other.from())
                          && other.to().includes(step.to())
                          && mayBeThin(other)
                          && after.to(other.to()).isPresent());
      boolean held =
          step.kind().everyMoment()
              ? after.holdEveryMoment(from, step.to())
              : after.to(step.to()).isPresent();
      require(thinned || held, "the moments from " + from + " to " + step.to());
    }

    private static void require(boolean still, String what) {
      if (!still) {
        throw new IllegalStateException(
            "the plan to expire would take away " + what + "; nothing was removed");
      }
    }
  }
}
