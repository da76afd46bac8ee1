package dev.varve.restore;

import dev.varve.archive.Chain;
import dev.varve.archive.Ledger;
import dev.varve.archive.Manifest;
import dev.varve.change.InexactSpan;
import dev.varve.change.Site;
import dev.varve.change.Transaction;
import dev.varve.change.VersionVector;
import dev.varve.fault.ExitCode;
import dev.varve.fault.VarveException;
import dev.varve.graph.StoreSchema;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.function.Consumer;
import java.util.function.Predicate;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * Finds out what has to be read to restore a moment. Pure: the same chain, moment and transactions
 * give the same plan; segments are not looked at.
 *
 * <p>A moment's vector is made so that it is a prefix of every site's transactions. In a delta that
 * brings a new site (or a new life of one), that site's transactions are of no use by themselves,
 * because its initial scan is only consistent at the delta's end: there they belong to the moment
 * all together or not at all.
 */
public final class Planner {

  private static final int NAMES_SHOWN = 8;

  private final Chain chain;
  private final Set<String> damaged;
  private final List<Window> windows;
  private final Inexact inexact;
  private final TransactionLog transactions;

  /** Tells the transactions of a manifest. */
  @FunctionalInterface
  public interface TransactionLog {

    /** Hands out what the manifest's transactions file lists, in its order. */
    void forEach(Manifest manifest, Consumer<Transaction> each);
  }

  private Planner(Chain chain, Set<String> damaged, TransactionLog transactions) {
    this.chain = chain;
    this.damaged = damaged;
    windows = Window.of(chain, damaged);
    inexact = Inexact.of(chain);
    this.transactions = transactions;
  }

  /**
   * Plans a restore.
   *
   * @param damaged keys of objects known to be unusable; older ones stand in where they can
   * @param transactions asked only for deltas that the moment falls into
   * @throws VarveException with {@link ExitCode#OUTSIDE_WINDOW} if the moment cannot be restored,
   *     {@link ExitCode#NO_REPOSITORY} if there is nothing at all, {@link ExitCode#DAMAGE_FOUND} if
   *     only damage is in the way
   */
  public static RestorePlan plan(
      Chain chain, Moment moment, Set<String> damaged, TransactionLog transactions) {
    if (chain.links().isEmpty() && chain.damage().isEmpty()) {
      throw new VarveException(
          ExitCode.NO_REPOSITORY,
          "there is no snapshot of graph '" + chain.graph() + "'",
          "check repository.root and graph in the configuration; varve up makes snapshots");
    }
    Planner planner = new Planner(chain, damaged, transactions);
    if (planner.windows.isEmpty()) {
      throw new VarveException(
          ExitCode.DAMAGE_FOUND,
          "no base of graph '" + chain.graph() + "' is whole: nothing can be restored",
          "bring the repository back from a copy; varve verify lists what is damaged");
    }
    return planner.plan(moment);
  }

  private RestorePlan plan(Moment moment) {
    if (moment instanceof Moment.Latest) {
      return at(moment, latest());
    } else if (moment instanceof Moment.AtTime at) {
      return atTime(at);
    } else if (moment instanceof Moment.AtTransaction at) {
      return atTransaction(at);
    } else if (moment instanceof Moment.AtVector at) {
      return at(moment, at.vector());
    } else if (moment instanceof Moment.AtRestorePoint at) {
      return at(moment, point(at).vector());
    }
    throw new IllegalStateException("no plan for " + moment);
  }

  private Ledger.RestorePoint point(Moment.AtRestorePoint at) {
    return chain
        .ledger()
        .flatMap(ledger -> ledger.restorePoint(at.name()))
        .orElseThrow(() -> unknown(at));
  }

  private VarveException unknown(Moment.AtRestorePoint at) {
    List<String> names = chain.restorePoints().stream().map(Ledger.RestorePoint::name).toList();
    return new VarveException(
        ExitCode.USAGE,
        "graph '" + chain.graph() + "' has no restore point '" + at.name() + "'",
        names.isEmpty()
            ? "it has none at all; varve mark sets one"
            : "it has "
                + names.stream()
                    .sorted(Comparator.comparingInt(name -> -alike(name, at.name())))
                    .limit(NAMES_SHOWN)
                    .collect(Collectors.joining(", "))
                + (names.size() > NAMES_SHOWN ? ", …; varve info lists all" : ""));
  }

  /** How many characters two names begin with in common. */
  private static int alike(String a, String b) {
    int same = 0;
    while (same < Math.min(a.length(), b.length()) && a.charAt(same) == b.charAt(same)) {
      same++;
    }
    return same;
  }

  /** Never silently an older one: if the newest head cannot be restored, latest is not there. */
  private VersionVector latest() {
    Optional<Chain.Link> head = chain.head();
    boolean reached =
        head.isPresent()
            && !damagedAfter(head.get().manifest())
            && chain.wayTowards(head.get().manifest().to(), damaged).isPresent();
    if (!reached) {
      List<RecoverySpan> spans = spans();
      throw new VarveException(
          ExitCode.DAMAGE_FOUND,
          "the newest snapshot is damaged; what can be restored is " + RecoverySpan.describe(spans),
          "bring the damaged objects back from a copy (varve verify lists them), or name the moment"
              + " to restore to, such as --to vv:"
              + spans.get(spans.size() - 1).to().vector());
    }
    return head.get().manifest().to();
  }

  /** Whether an entry after a manifest is damaged: it may have been a delta. */
  private boolean damagedAfter(Manifest head) {
    return chain.damage().stream().anyMatch(damage -> damage.key().compareTo(head.key()) > 0);
  }

  private List<RecoverySpan> spans() {
    return RecoverySpan.of(chain, damaged);
  }

  private RestorePlan atTime(Moment.AtTime at) {
    long micros = Window.micros(at.time());
    for (int i = windows.size() - 1; i >= 0; i--) {
      Window window = windows.get(i);
      if (window.fromMicros() <= micros && micros <= window.toMicros()) {
        Optional<VersionVector> vector = vectorAt(window, micros);
        if (vector.isPresent()
            && (!vector.get().equals(window.to()) || laterAfter(window.to(), micros))) {
          return at(at, vector.get());
        }
      }
    }
    throw outside(at);
  }

  /**
   * Whether all that follows a cut was committed after a time. Where the chain breaks off it may
   * not have been: many transactions can have the same commit time.
   */
  private boolean laterAfter(VersionVector cut, long micros) {
    Optional<Manifest> head = chain.head().map(Chain.Link::manifest);
    if (head.isPresent() && head.get().to().equals(cut) && !damagedAfter(head.get())) {
      return true;
    }
    List<Manifest> next =
        chain.links().stream()
            .map(Chain.Link::manifest)
            .filter(manifest -> !manifest.kind().whole() && manifest.from().equals(cut))
            .toList();
    return !next.isEmpty()
        && next.stream().allMatch(manifest -> manifest.committed().firstMicros() > micros);
  }

  /**
   * The last delta that holds a transaction of that time or before decides.
   *
   * @return empty if that one was thinned
   */
  private Optional<VersionVector> vectorAt(Window window, long micros) {
    for (int i = window.steps().size() - 1; i >= 0; i--) {
      Manifest delta = window.steps().get(i).manifest();
      if (delta.committed().lastMicros() <= micros) {
        return Optional.of(delta.to());
      }
      if (delta.committed().firstMicros() <= micros) {
        if (!window.steps().get(i).everyMoment()) {
          return Optional.empty();
        }
        VersionVector vector =
            prefix(delta, transaction -> transaction.committedAtMicros() <= micros);
        for (Manifest.SiteCut cut : delta.sites()) {
          if (bringsSite(delta, cut.site()) && cut.committedAtMicros() <= micros) {
            vector = vector.with(cut.site(), cut.seq());
          }
        }
        return Optional.of(vector);
      }
    }
    return Optional.of(window.from());
  }

  private RestorePlan atTransaction(Moment.AtTransaction at) {
    for (int i = windows.size() - 1; i >= 0; i--) {
      Window window = windows.get(i);
      Long reached = window.from().seqs().get(at.site());
      if (reached != null && reached == at.seq()) {
        return at(at, window.from());
      }
      if (!window.from().covers(at.site(), at.seq()) && window.to().covers(at.site(), at.seq())) {
        Optional<VersionVector> vector = vectorAt(window, at);
        if (vector.isPresent()) {
          return at(at, vector.get());
        }
      }
    }
    throw outside(at);
  }

  /** Empty if it is inside a delta that was thinned. */
  private Optional<VersionVector> vectorAt(Window window, Moment.AtTransaction at) {
    Window.Step step =
        window.steps().stream()
            .filter(next -> next.manifest().to().covers(at.site(), at.seq()))
            .findFirst()
            .orElseThrow();
    Manifest delta = step.manifest();
    Long last = delta.to().seqs().get(at.site());
    boolean atEnd = last != null && last == at.seq();
    if (atEnd && changedSites(delta) == 1) {
      return Optional.of(delta.to());
    }
    if (!step.everyMoment()) {
      return Optional.empty();
    }
    if (bringsSite(delta, at.site()) && !atEnd) {
      throw new VarveException(
          ExitCode.OUTSIDE_WINDOW,
          at + " is in the middle of the initial scan of " + at.site(),
          "the first transaction of it that can be restored is tx:" + at.site() + "/" + last);
    }
    boolean[] passed = {false};
    VersionVector before =
        prefix(
            delta,
            transaction -> {
              boolean same = transaction.site().equals(at.site());
              boolean belongs = !passed[0] && (!same || transaction.seq() <= at.seq());
              passed[0] |= same && transaction.seq() >= at.seq();
              return belongs;
            });
    return Optional.of(before.with(at.site(), at.seq()));
  }

  /** The cut that a delta begins at, and the transactions in it that belong to the moment. */
  private VersionVector prefix(Manifest delta, Predicate<Transaction> belongs) {
    SortedMap<Site, Long> seqs = new TreeMap<>(delta.from().seqs());
    transactions.forEach(
        delta,
        transaction -> {
          if (belongs.test(transaction) && !bringsSite(delta, transaction.site())) {
            seqs.merge(transaction.site(), transaction.seq(), Math::max);
          }
        });
    return new VersionVector(seqs);
  }

  private static boolean bringsSite(Manifest delta, Site site) {
    return !delta.from().seqs().containsKey(site);
  }

  private static long changedSites(Manifest delta) {
    return delta.to().seqs().entrySet().stream()
        .filter(entry -> !entry.getValue().equals(delta.from().seqs().get(entry.getKey())))
        .count();
  }

  /** The newest base that does not go beyond the vector gives the shortest way. */
  private RestorePlan at(Moment moment, VersionVector vector) {
    RestorePlan plan =
        at(
            moment,
            vector,
            chain.wayTowards(vector, damaged).orElseThrow(() -> outside(moment, vector)));
    Optional<InexactSpan> span = inexact.at(vector);
    if (span.isPresent()) {
      throw notExact(moment, vector, span.get());
    }
    return plan;
  }

  /** What a restore gave would have elements that were removed, and nothing would show it. */
  private VarveException notExact(Moment moment, VersionVector vector, InexactSpan span) {
    List<String> near = new ArrayList<>();
    if (span.first() > 0) {
      cutAt(at(vector, span.site(), span.first() - 1), span.site())
          .ifPresent(cut -> near.add(cut + " before it"));
    }
    cutAt(at(vector, span.site(), span.last() + 1), span.site())
        .ifPresent(cut -> near.add(cut + " after it"));
    return new VarveException(
        ExitCode.OUTSIDE_WINDOW,
        moment
            + " cannot be restored exactly: from "
            + span
            + " the store's log lacked removals, for which was made up behind that",
        near.isEmpty()
            ? "name a moment outside of these; varve info lists them"
            : "the nearest moments that are exact: " + String.join(" and ", near));
  }

  /** The moment of a vector as what can be asked for; empty if it cannot be restored. */
  private Optional<RecoverySpan.Cut> cutAt(VersionVector vector, Site site) {
    Optional<Chain.Stretch> way = chain.wayTowards(vector, damaged);
    if (way.isEmpty()) {
      return Optional.empty();
    }
    RestorePlan plan;
    try {
      plan = at(new Moment.AtVector(vector), vector, way.get());
    } catch (VarveException inAScan) {
      return Optional.empty();
    }
    long wanted = vector.seqs().getOrDefault(site, 0L);
    long[] last = {plan.newestWhole().to().seqs().getOrDefault(site, wanted)};
    plan.part()
        .forEach(
            link ->
                transactions.forEach(
                    link.manifest(),
                    transaction -> {
                      if (transaction.site().equals(site) && transaction.seq() <= wanted) {
                        last[0] = Math.max(last[0], transaction.seq());
                      }
                    }));
    return Optional.of(
        new RecoverySpan.Cut(at(vector, site, last[0]), Window.micros(plan.committedAt())));
  }

  /** The same with another number for one site, be it a smaller one. */
  private static VersionVector at(VersionVector vector, Site site, long seq) {
    SortedMap<Site, Long> seqs = new TreeMap<>(vector.seqs());
    seqs.put(site, seq);
    return new VersionVector(seqs);
  }

  private RestorePlan at(Moment moment, VersionVector vector, Chain.Stretch way) {
    List<Chain.Link> whole = new ArrayList<>(List.of(way.base()));
    List<Chain.Link> part = new ArrayList<>();
    VersionVector reached = way.from();
    for (Chain.Link delta : way.deltas()) {
      if (reached.includes(vector)) {
        break;
      }
      reached = delta.manifest().to();
      (vector.includes(reached) ? whole : part).add(delta);
    }
    for (Chain.Link link : part) {
      refuseHalfAScan(moment, vector, link.manifest());
    }
    Manifest last = whole.get(whole.size() - 1).manifest();
    Follower follower = new Follower(vector, last);
    part.forEach(link -> transactions.forEach(link.manifest(), follower));
    boolean derivable =
        part.size() <= 1 && part.stream().allMatch(link -> oneSite(link.manifest()));
    return new RestorePlan(
        chain.graph(),
        moment,
        vector,
        Window.instant(follower.committedAtMicros),
        whole,
        part,
        derivable,
        follower.schema,
        stores(vector, whole, part),
        damaged.stream().sorted().toList());
  }

  /** Schema and commit time after the last whole manifest and some transactions. */
  private static final class Follower implements Consumer<Transaction> {
    private final VersionVector vector;
    private StoreSchema schema;
    private long committedAtMicros;

    Follower(VersionVector vector, Manifest last) {
      this.vector = vector;
      schema = last.schema();
      committedAtMicros = last.committed().lastMicros();
    }

    @Override
    public void accept(Transaction transaction) {
      if (vector.covers(transaction.site(), transaction.seq())) {
        committedAtMicros = Math.max(committedAtMicros, transaction.committedAtMicros());
        schema = transaction.schema().map(schema::after).orElse(schema);
      }
    }
  }

  private static boolean oneSite(Manifest delta) {
    return changedSites(delta) == 1;
  }

  private void refuseHalfAScan(Moment moment, VersionVector vector, Manifest delta) {
    delta
        .to()
        .seqs()
        .forEach(
            (site, seq) -> {
              Long wanted = vector.seqs().get(site);
              if (bringsSite(delta, site) && wanted != null && wanted < seq) {
                throw new VarveException(
                    ExitCode.OUTSIDE_WINDOW,
                    moment + " is in the middle of the initial scan of " + site,
                    "the first transaction of it that can be restored is tx:" + site + "/" + seq);
              }
            });
  }

  private static List<String> stores(
      VersionVector vector, List<Chain.Link> whole, List<Chain.Link> part) {
    Set<String> stores = new TreeSet<>();
    Stream.concat(whole.stream(), part.stream())
        .flatMap(link -> link.manifest().sites().stream())
        .filter(site -> vector.seqs().containsKey(site.site()))
        .forEach(site -> stores.add(site.store()));
    return List.copyOf(stores);
  }

  private VarveException outside(Moment moment) {
    return outside(moment, VersionVector.EMPTY);
  }

  private VarveException outside(Moment moment, VersionVector vector) {
    Neighbours near = Neighbours.of(RecoverySpan.cuts(chain.restorable(damaged)), moment, vector);
    List<String> hints = new ArrayList<>();
    if (near.before().isPresent() && near.after().isPresent()) {
      hints.add(
          "the nearest moments that can be restored are "
              + near.before().get()
              + " before it and "
              + near.after().get()
              + " after it");
    } else {
      hints.add("name a moment inside, or --to latest");
    }
    if (!chain.damage().isEmpty() || !damaged.isEmpty()) {
      hints.add("parts of the chain are damaged: varve verify says which");
    }
    return new VarveException(
        ExitCode.OUTSIDE_WINDOW,
        moment + " is outside the recovery window: " + RecoverySpan.describe(spans()),
        String.join("; ", hints));
  }
}
