package dev.varve.restore;

import dev.varve.archive.Chain;
import dev.varve.archive.Manifest;
import dev.varve.change.Site;
import dev.varve.change.Transaction;
import dev.varve.change.VersionVector;
import dev.varve.fault.ExitCode;
import dev.varve.fault.VarveException;
import dev.varve.graph.StoreSchema;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.function.Consumer;
import java.util.function.Predicate;
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

  private final Chain chain;
  private final Set<String> damaged;
  private final List<Window> windows;
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
    }
    throw new IllegalStateException("no plan for " + moment);
  }

  /** Never silently an older one: if the newest manifest cannot be used, latest is not there. */
  private VersionVector latest() {
    Window last = windows.get(windows.size() - 1);
    Optional<Chain.Link> newest = chain.newest();
    boolean reached =
        newest.isPresent() && newest.get().manifest().to().equals(last.to()) && !endDamaged();
    if (!reached) {
      throw new VarveException(
          ExitCode.DAMAGE_FOUND,
          "the newest snapshot is damaged; what can be restored is " + describeWindows(),
          "bring the damaged objects back from a copy (varve verify lists them), or name the moment"
              + " to restore to, such as --to vv:"
              + last.to());
    }
    return last.to();
  }

  /** Whether a manifest after the newest usable one is damaged: keys sort as numbers do. */
  private boolean endDamaged() {
    String newest = chain.links().get(chain.links().size() - 1).manifest().key();
    return chain.damage().stream().anyMatch(damage -> damage.key().compareTo(newest) > 0);
  }

  private RestorePlan atTime(Moment.AtTime at) {
    long micros = Window.micros(at.time());
    for (int i = windows.size() - 1; i >= 0; i--) {
      Window window = windows.get(i);
      if (window.fromMicros() <= micros && micros <= window.toMicros()) {
        return at(at, vectorAt(window, micros));
      }
    }
    throw outside(at);
  }

  /** The last delta that holds a transaction of that time or before decides. */
  private VersionVector vectorAt(Window window, long micros) {
    for (int i = window.deltas().size() - 1; i >= 0; i--) {
      Manifest delta = window.deltas().get(i).manifest();
      if (delta.committed().lastMicros() <= micros) {
        return delta.to();
      }
      if (delta.committed().firstMicros() <= micros) {
        VersionVector vector =
            prefix(delta, transaction -> transaction.committedAtMicros() <= micros);
        for (Manifest.SiteCut cut : delta.sites()) {
          if (bringsSite(delta, cut.site()) && cut.committedAtMicros() <= micros) {
            vector = vector.with(cut.site(), cut.seq());
          }
        }
        return vector;
      }
    }
    return window.from();
  }

  private RestorePlan atTransaction(Moment.AtTransaction at) {
    for (int i = windows.size() - 1; i >= 0; i--) {
      Window window = windows.get(i);
      Long reached = window.from().seqs().get(at.site());
      if (reached != null && reached == at.seq()) {
        return at(at, window.from());
      }
      if (!window.from().covers(at.site(), at.seq()) && window.to().covers(at.site(), at.seq())) {
        return at(at, vectorAt(window, at));
      }
    }
    throw outside(at);
  }

  private VersionVector vectorAt(Window window, Moment.AtTransaction at) {
    Manifest delta =
        window.deltas().stream()
            .map(Chain.Link::manifest)
            .filter(manifest -> manifest.to().covers(at.site(), at.seq()))
            .findFirst()
            .orElseThrow();
    Long last = delta.to().seqs().get(at.site());
    boolean atEnd = last != null && last == at.seq();
    if (atEnd && changedSites(delta) == 1) {
      return delta.to();
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
    return before.with(at.site(), at.seq());
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
    for (int i = windows.size() - 1; i >= 0; i--) {
      Window window = windows.get(i);
      if (vector.includes(window.from()) && window.to().includes(vector)) {
        return at(moment, vector, window);
      }
    }
    throw outside(moment);
  }

  private RestorePlan at(Moment moment, VersionVector vector, Window window) {
    List<Chain.Link> whole = new ArrayList<>(List.of(window.base()));
    List<Chain.Link> part = new ArrayList<>();
    VersionVector reached = window.from();
    for (Chain.Link delta : window.deltas()) {
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
    return new VarveException(
        ExitCode.OUTSIDE_WINDOW,
        moment + " is outside the recovery window: " + describeWindows(),
        chain.damage().isEmpty()
            ? "name a moment inside, or --to latest"
            : "parts of the chain are damaged: varve verify says which; name a moment inside");
  }

  /** Windows that touch or overlap are said as one. */
  private String describeWindows() {
    return describe(windows);
  }

  /** What can be restored, in words; windows that touch or overlap are said as one. */
  static String describe(List<Window> windows) {
    if (windows.isEmpty()) {
      return "nothing";
    }
    List<String> spans = new ArrayList<>();
    Window first = windows.get(0);
    Window last = first;
    for (Window next : windows.subList(1, windows.size())) {
      if (!last.to().includes(next.from())) {
        spans.add(span(first, last));
        first = next;
        last = next;
      } else if (next.to().includes(last.to())) {
        last = next;
      }
    }
    spans.add(span(first, last));
    return String.join("; and ", spans);
  }

  private static String span(Window first, Window last) {
    return first.fromTime()
        + " (vv:"
        + first.from()
        + ") to "
        + last.toTime()
        + " (vv:"
        + last.to()
        + ")";
  }
}
