package dev.varve.replay;

import dev.varve.archive.Manifest;
import dev.varve.change.Site;
import dev.varve.change.Transaction;
import dev.varve.change.VersionVector;
import dev.varve.graph.StoreSchema;
import dev.varve.tail.Cut;
import dev.varve.tail.SortEntry.Origin;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * The transactions that were read and are not applied yet, and which of them come next. Pure: no
 * store, no Kafka, no clock.
 */
final class Backlog {

  private final SortedMap<Site, NavigableMap<Long, Entry>> sites = new TreeMap<>();

  /** What is known of one transaction. */
  private static final class Entry {
    private long committedAtMicros;
    private long versions;
    private long bytes;
    private @Nullable Origin origin;
    private StoreSchema.@Nullable Change schema;
  }

  /**
   * How much may be applied at once; a transaction that has more is applied by itself.
   *
   * @param bytes of encoded versions
   */
  record Limits(long versions, long bytes) {
    static final Limits NONE = new Limits(Long.MAX_VALUE, Long.MAX_VALUE);
  }

  /** What comes next. */
  sealed interface Next {

    /** Apply up to this cut. */
    record Take(Cut cut) implements Next {}

    /**
     * Nothing yet.
     *
     * @param barred whether of every site something was read that may not be applied
     */
    record Nothing(boolean barred) implements Next {}
  }

  /** A version of a transaction was read. */
  void version(Site site, long seq, long committedAtMicros, long bytes) {
    Entry entry = entry(site, seq);
    entry.committedAtMicros = committedAtMicros;
    entry.versions++;
    entry.bytes += bytes;
  }

  /** The transaction itself was read. */
  void transaction(Transaction transaction, Origin origin) {
    Entry entry = entry(transaction.site(), transaction.seq());
    entry.committedAtMicros = transaction.committedAtMicros();
    entry.origin = origin;
    entry.schema = transaction.schema().orElse(null);
  }

  private Entry entry(Site site, long seq) {
    return sites
        .computeIfAbsent(site, missing -> new TreeMap<>())
        .computeIfAbsent(seq, missing -> new Entry());
  }

  /** What a cut covers is done. */
  void forget(VersionVector cut) {
    sites.forEach(
        (site, entries) -> {
          Long seq = cut.seqs().get(site);
          if (seq != null) {
            entries.headMap(seq, true).clear();
          }
        });
    sites.values().removeIf(Map::isEmpty);
  }

  void clear() {
    sites.clear();
  }

  /** How many transactions wait. */
  long transactions() {
    return sites.values().stream().mapToLong(Map::size).sum();
  }

  /** When the first of them was committed. */
  OptionalLong oldestMicros() {
    return sites.values().stream()
        .flatMap(entries -> entries.values().stream().limit(1))
        .mapToLong(entry -> entry.committedAtMicros)
        .min();
  }

  /** The sites that have any. */
  Set<Site> sites() {
    return new HashSet<>(sites.keySet());
  }

  /** Where the first transaction that a cut does not cover stands in its topic. */
  Optional<Origin> firstUncovered(VersionVector cut) {
    return sites.entrySet().stream()
        .flatMap(
            site ->
                site.getValue().entrySet().stream()
                    .filter(entry -> !cut.covers(site.getKey(), entry.getKey()))
                    .map(entry -> Optional.ofNullable(entry.getValue().origin)))
        .flatMap(Optional::stream)
        .min(Comparator.comparingLong(Origin::offset));
  }

  /** The schema after the transactions between two cuts. */
  StoreSchema schema(StoreSchema before, VersionVector to) {
    List<Entry> changes = new ArrayList<>();
    sites.forEach(
        (site, entries) ->
            entries.forEach(
                (seq, entry) -> {
                  if (entry.schema != null && to.covers(site, seq)) {
                    changes.add(entry);
                  }
                }));
    changes.sort(
        Comparator.comparingLong(entry -> entry.origin == null ? 0 : entry.origin.offset()));
    StoreSchema schema = before;
    for (Entry entry : changes) {
      if (entry.schema != null) {
        schema = schema.after(entry.schema);
      }
    }
    return schema;
  }

  /**
   * The cut to apply next. Between two watermarks any number of whole transactions of a site may be
   * taken, in their order; a site that is new comes with all that it has at its first watermark.
   *
   * @param from the standby's cut
   * @param reached a cut that everything was read up to
   */
  Next next(Cut from, Cut reached, Limits limits, Boundary boundary) {
    SortedMap<Site, Long> wanted = new TreeMap<>(from.vector().seqs());
    Set<Site> held = replacedByBarred(from, reached, boundary);
    boolean barred = true;
    Site advancing = null;
    long farthest = 0;
    int advances = 0;
    for (Manifest.SiteCut cut : reached.sites()) {
      Site site = cut.site();
      Long done = from.vector().seqs().get(site);
      Optional<Long> bar = bar(site, done, cut, boundary);
      barred &= bar.isPresent() || replaced(reached, site);
      long upTo = cut.seq();
      if (bar.isPresent() && bar.get() <= upTo) {
        Long before = entries(site).lowerKey(bar.get());
        upTo = before == null ? -1 : before;
        if (done == null) {
          continue;
        }
      }
      if (!held.contains(site) && (done == null || upTo > done)) {
        wanted.put(site, upTo);
        advancing = site;
        farthest = upTo;
        advances++;
      }
    }
    if (advancing == null) {
      return new Next.Nothing(barred);
    }
    Long done = from.vector().seqs().get(advancing);
    if (advances == 1 && done != null) {
      wanted.put(advancing, within(advancing, done, farthest, limits));
    }
    return new Next.Take(cut(new VersionVector(wanted), from, reached));
  }

  /**
   * The last transaction of a site that was replaced may be there in part; what replaced it has the
   * rest.
   */
  private Set<Site> replacedByBarred(Cut from, Cut reached, Boundary boundary) {
    Set<Site> held = new HashSet<>();
    for (Manifest.SiteCut cut : reached.sites()) {
      boolean isNew = !from.vector().seqs().containsKey(cut.site());
      if (isNew
          && bar(cut.site(), null, cut, boundary).filter(seq -> seq <= cut.seq()).isPresent()) {
        cut.replaces().ifPresent(held::add);
      }
    }
    return held;
  }

  /** The first transaction that may not be applied. */
  private Optional<Long> bar(
      Site site, @Nullable Long done, Manifest.SiteCut cut, Boundary boundary) {
    for (Map.Entry<Long, Entry> entry :
        entries(site).tailMap(done == null ? -1L : done, false).entrySet()) {
      if (!boundary.admits(site, entry.getKey(), entry.getValue().committedAtMicros)) {
        return Optional.of(entry.getKey());
      }
    }
    boolean ahead = done == null || cut.seq() > done;
    return ahead && !boundary.admits(site, cut.seq(), cut.committedAtMicros())
        ? Optional.of(cut.seq())
        : Optional.empty();
  }

  private NavigableMap<Long, Entry> entries(Site site) {
    return sites.getOrDefault(site, new TreeMap<>());
  }

  private static boolean replaced(Cut cut, Site site) {
    return cut.sites().stream().anyMatch(other -> other.replaces().equals(Optional.of(site)));
  }

  private long within(Site site, long done, long upTo, Limits limits) {
    long versions = 0;
    long bytes = 0;
    long last = done;
    for (Map.Entry<Long, Entry> next : entries(site).subMap(done, false, upTo, true).entrySet()) {
      versions += next.getValue().versions;
      bytes += next.getValue().bytes;
      if (last > done && (versions > limits.versions() || bytes > limits.bytes())) {
        return last;
      }
      last = next.getKey();
    }
    return upTo;
  }

  private Cut cut(VersionVector vector, Cut from, Cut reached) {
    List<Manifest.SiteCut> cuts = new ArrayList<>();
    vector
        .seqs()
        .forEach(
            (site, seq) -> {
              Optional<Manifest.SiteCut> known = of(from, site).filter(cut -> cut.seq() == seq);
              cuts.add(known.orElseGet(() -> at(of(reached, site).orElseThrow(), seq)));
            });
    return new Cut(vector, cuts);
  }

  private static Optional<Manifest.SiteCut> of(Cut cut, Site site) {
    return cut.sites().stream().filter(known -> known.site().equals(site)).findFirst();
  }

  private Manifest.SiteCut at(Manifest.SiteCut reached, long seq) {
    if (reached.seq() == seq) {
      return reached;
    }
    Entry entry = entries(reached.site()).get(seq);
    if (entry == null) {
      throw new IllegalStateException("no transaction " + reached.site() + "/" + seq);
    }
    return new Manifest.SiteCut(
        reached.site(), reached.store(), seq, entry.committedAtMicros, reached.replaces());
  }
}
