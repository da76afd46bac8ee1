package dev.varve.tail;

import dev.varve.archive.Manifest;
import dev.varve.change.Site;
import dev.varve.change.VersionVector;
import dev.varve.change.Watermark;
import dev.varve.fault.ExitCode;
import dev.varve.fault.VarveException;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * How far each partition has come, which cut all of them have reached, and whether any has a hole.
 *
 * <p>A watermark says how many versions are before it in its partition. Where fewer were read, some
 * are gone: compaction has removed what newer ones replaced. For a base that is no loss as long as
 * the newer ones are in it; for a delta it is, and the tracker refuses to go on.
 *
 * <p>Pure: no Kafka, no I/O, no clock. Places are numbered as in the list given.
 */
public final class CutTracker {

  private final List<Place> places;
  private final State[] states;
  private final VersionVector start;

  /** What the chain has that a new base follows. */
  private final List<Manifest.SiteCut> before;

  /** Where it goes on after. */
  private final Cut begun;

  private CutTracker(
      List<Place> places,
      State[] states,
      VersionVector start,
      List<Manifest.SiteCut> before,
      Cut begun) {
    this.places = List.copyOf(places);
    this.states = states;
    this.start = start;
    this.before = List.copyOf(before);
    this.begun = begun;
  }

  /**
   * Begins at the beginning of all partitions, for a base.
   *
   * @param ends for each place, where its records ended when reading began
   * @param before what the chain has that the base follows; nothing if there is none. Tables that
   *     take the place of lost ones know only the incarnation that scanned the store into them; its
   *     cuts have those before it too, with all that the chain has of them
   */
  public static CutTracker fresh(List<Place> places, long[] ends, List<Manifest.SiteCut> before) {
    State[] states = new State[places.size()];
    for (int i = 0; i < states.length; i++) {
      states[i] = new State(0, ends[i]);
    }
    return new CutTracker(places, states, VersionVector.EMPTY, before, Cut.NOTHING);
  }

  /**
   * Goes on after a cut.
   *
   * @param positions where to go on reading after it, one for each place
   * @param start the cut
   */
  public static CutTracker resumed(
      List<Place> places, List<Manifest.Position> positions, Cut start) {
    return resumed(places, positions, start, new long[places.size()]);
  }

  /**
   * The same for whoever keeps of each element only the newest version. Where several sites write
   * side by side, one that is in the cut may stand behind an older one that is not: until it has
   * been read again nobody can tell that it is the newer one. So the cut does not move before that.
   *
   * @param ends for each place, where its records ended when reading began
   */
  public static CutTracker resumed(
      List<Place> places, List<Manifest.Position> positions, Cut start, long[] ends) {
    State[] states = new State[places.size()];
    for (int i = 0; i < states.length; i++) {
      State state = new State(positions.get(i).versions(), ends[i]);
      state.next = positions.get(i).offset();
      state.strict = true;
      for (Manifest.SiteCut site : start.sites()) {
        Mark mark =
            new Mark(site.seq(), site.committedAtMicros(), -1, 0, site.store(), site.replaces());
        state.latest.put(site.site(), mark);
        state.reached.put(site.site(), new Reach(site.seq(), site.committedAtMicros()));
      }
      states[i] = state;
    }
    return new CutTracker(places, states, start.vector(), List.of(), start);
  }

  /** Where a version or a transaction comes from. */
  public record Stamp(Site site, long seq, long committedAtMicros) {}

  /**
   * A version, or a transaction in its topic, was read.
   *
   * @return how many were before it in its partition
   */
  public long version(int place, long offset, Stamp stamp) {
    State state = states[place];
    Mark mark = state.latest.get(stamp.site());
    if (mark != null && mark.seq >= stamp.seq() && !start.covers(stamp.site(), stamp.seq())) {
      throw new VarveException(
          ExitCode.DAMAGE_FOUND,
          "%s holds at offset %d a version of transaction %s/%d, after the watermark of %d"
                  .formatted(places.get(place), offset, stamp.site(), stamp.seq(), mark.seq)
              + "; nothing was laid down that is wrong",
          "look for who else writes to this topic; then begin a new base");
    }
    state.reached.merge(
        stamp.site(),
        new Reach(stamp.seq(), stamp.committedAtMicros()),
        (old, now) -> now.seq > old.seq ? now : old);
    state.next = offset + 1;
    return state.versions++;
  }

  /** A watermark was read. */
  public void watermark(int place, long offset, Watermark watermark) {
    State state = states[place];
    long missing = watermark.versions() - state.versions;
    if (missing != 0) {
      boolean old = state.lastMarkOffset + 1 < state.settleOffset;
      if (missing < 0 || state.strict || !old) {
        throw hole(place, offset, watermark, state.versions);
      }
      state.compacted = true;
      state.versions = watermark.versions();
    }
    Mark known = state.latest.get(watermark.site());
    Optional<Site> replaces =
        watermark.replaces().or(() -> known == null ? Optional.empty() : known.replaces);
    Mark mark =
        new Mark(
            watermark.seq(),
            watermark.committedAtMicros(),
            offset,
            state.versions,
            watermark.store(),
            replaces);
    if (known == null || mark.seq >= known.seq) {
      // one that says nothing new keeps its place: a restart need not read what is after it
      if (known == null || mark.seq > known.seq) {
        state.latest.put(watermark.site(), mark);
      }
      state.first.putIfAbsent(watermark.site(), mark);
    }
    state.lastMarkOffset = offset;
    state.next = offset + 1;
  }

  /** Everything before this offset was read. */
  public void passed(int place, long next) {
    State state = states[place];
    state.next = Math.max(state.next, next);
    if (state.atSettle == null && state.next >= state.settleOffset) {
      state.atSettle = new HashMap<>(state.reached);
    }
  }

  /** Whether everything that was there at the beginning has been read. */
  public boolean settled() {
    for (State state : states) {
      if (state.atSettle == null) {
        return false;
      }
    }
    return true;
  }

  /** Whether something was missing in the place when reading began. */
  public boolean compacted(int place) {
    return states[place].compacted;
  }

  /** A base was laid down: from now on every missing version is a loss. */
  public void baseIsMade() {
    for (State state : states) {
      state.strict = true;
    }
  }

  /** The newest cut that all partitions have reached. */
  public Cut cut() {
    if (isHeld()) {
      return begun;
    }
    SortedMap<Site, Mark> marks = new TreeMap<>();
    for (Site site : common(state -> state.latest)) {
      for (State state : states) {
        marks.merge(site, state.latest(site), (a, b) -> b.seq < a.seq ? b : a);
      }
    }
    return closed(marks);
  }

  /** Whether several sites write, and what was there at the beginning is not read again yet. */
  private boolean isHeld() {
    if (begun.equals(Cut.NOTHING) || settled()) {
      return false;
    }
    Set<Site> living = new TreeSet<>();
    for (State state : states) {
      living.addAll(state.latest.keySet());
      living.addAll(state.reached.keySet());
    }
    for (State state : states) {
      state.latest.values().forEach(mark -> mark.replaces.ifPresent(living::remove));
    }
    return living.size() > 1;
  }

  /** The places that are further than a cut of theirs: reading on there does not move it. */
  public Set<Integer> ahead(VersionVector cut) {
    Set<Integer> ahead = new TreeSet<>();
    if (isHeld()) {
      return ahead;
    }
    for (int place = 0; place < states.length; place++) {
      Map<Site, Mark> latest = states[place].latest;
      boolean further =
          latest.entrySet().stream()
              .anyMatch(entry -> !cut.covers(entry.getKey(), entry.getValue().seq));
      boolean behind = cut.seqs().keySet().stream().anyMatch(site -> !latest.containsKey(site));
      if (further && !behind && holdsNoSiteBack(latest, cut)) {
        ahead.add(place);
      }
    }
    return ahead;
  }

  /** Whether the place is beyond the cut for every site that any place is beyond it for. */
  private boolean holdsNoSiteBack(Map<Site, Mark> latest, VersionVector cut) {
    for (State state : states) {
      for (Map.Entry<Site, Mark> entry : state.latest.entrySet()) {
        Mark own = latest.get(entry.getKey());
        if (!cut.covers(entry.getKey(), entry.getValue().seq)
            && (own == null || cut.covers(entry.getKey(), own.seq))) {
          return false;
        }
      }
    }
    return true;
  }

  /**
   * The cut for a base: the earliest, so that as much as possible can be restored to; but where
   * compaction has been at work, only the newest, and only if nothing that it removed is missed.
   */
  public Optional<Cut> baseCut() {
    if (!settled()) {
      return Optional.empty();
    }
    boolean compacted = false;
    for (State state : states) {
      compacted |= state.compacted;
    }
    Cut cut = compacted ? cut() : firstCut();
    if (cut.vector().equals(VersionVector.EMPTY) || !missing().isEmpty()) {
      return Optional.empty();
    }
    for (State state : states) {
      Map<Site, Reach> atSettle = state.atSettle;
      if (state.compacted && atSettle != null && !covers(cut.vector(), atSettle)) {
        return Optional.empty();
      }
    }
    return Optional.of(cut);
  }

  /** Sites that the chain has and no table: a base without them would lose what is theirs. */
  public Set<Site> missing() {
    Set<Site> there = cut().vector().seqs().keySet();
    return before.stream()
        .map(Manifest.SiteCut::site)
        .filter(site -> !there.contains(site))
        .collect(Collectors.toCollection(TreeSet::new));
  }

  /**
   * Where to go on reading a place after a cut.
   *
   * @param firstUncovered the first version of the place that the cut does not cover, if there is
   *     one
   */
  public SortEntry.Origin position(
      int place, VersionVector cut, SortEntry.@Nullable Origin firstUncovered) {
    State state = states[place];
    SortEntry.Origin position = new SortEntry.Origin(place, state.next, state.versions);
    for (Map.Entry<Site, Mark> entry : state.latest.entrySet()) {
      Mark mark = entry.getValue();
      if (!cut.covers(entry.getKey(), mark.seq) && mark.offset < position.offset()) {
        position = new SortEntry.Origin(place, mark.offset, mark.ordinal);
      }
    }
    return firstUncovered != null && firstUncovered.offset() < position.offset()
        ? firstUncovered
        : position;
  }

  private Cut firstCut() {
    SortedMap<Site, Mark> marks = new TreeMap<>();
    Collection<Site> sites = common(state -> state.first);
    for (Site site : sites) {
      boolean later = states[0].latest(site).replaces.map(sites::contains).orElse(false);
      if (!later) {
        for (State state : states) {
          Mark first = state.first.get(site);
          if (first != null) {
            marks.merge(site, first, (a, b) -> b.seq > a.seq ? b : a);
          }
        }
      }
    }
    SortedMap<Site, Mark> reached = new TreeMap<>(marks);
    reached
        .entrySet()
        .removeIf(
            entry -> {
              for (State state : states) {
                if (state.latest(entry.getKey()).seq < entry.getValue().seq) {
                  return true;
                }
              }
              return false;
            });
    return closed(reached);
  }

  private Collection<Site> common(java.util.function.Function<State, Map<Site, Mark>> marksOf) {
    List<Site> sites = new ArrayList<>(marksOf.apply(states[0]).keySet());
    for (State state : states) {
      sites.retainAll(marksOf.apply(state).keySet());
    }
    return sites;
  }

  /**
   * A site whose successor is in the cut is in it with all that there is of it: its capture never
   * came to set a watermark after its last changes.
   */
  private Cut closed(SortedMap<Site, Mark> marks) {
    List<Manifest.SiteCut> sites = new ArrayList<>();
    SortedMap<Site, Long> seqs = new TreeMap<>();
    for (Map.Entry<Site, Mark> entry : marks.entrySet()) {
      Mark mark = entry.getValue();
      Site site = entry.getKey();
      Reach reach = new Reach(mark.seq, mark.committedAtMicros);
      Reach farthest = replaced(site, marks) ? farthest(site) : null;
      if (farthest != null && farthest.seq > reach.seq) {
        reach = farthest;
      }
      seqs.put(site, reach.seq);
      sites.add(
          new Manifest.SiteCut(
              site, mark.store, reach.seq, reach.committedAtMicros, mark.replaces));
    }
    for (Mark mark : marks.values()) {
      Optional<Site> old = mark.replaces;
      if (old.isPresent() && !seqs.containsKey(old.get())) {
        Reach reach = farthest(old.get());
        if (reach != null) {
          seqs.put(old.get(), reach.seq);
          sites.add(
              new Manifest.SiteCut(
                  old.get(), mark.store, reach.seq, reach.committedAtMicros, Optional.empty()));
        }
      }
    }
    for (Manifest.SiteCut old : before) {
      if (!seqs.containsKey(old.site()) && succeeded(old.site(), marks)) {
        seqs.put(old.site(), old.seq());
        sites.add(old);
      }
    }
    sites.sort(java.util.Comparator.comparing(Manifest.SiteCut::site));
    return new Cut(new VersionVector(seqs), sites);
  }

  private static boolean replaced(Site site, SortedMap<Site, Mark> marks) {
    return marks.values().stream().anyMatch(mark -> mark.replaces.equals(Optional.of(site)));
  }

  private static boolean succeeded(Site old, SortedMap<Site, Mark> marks) {
    return marks.keySet().stream()
        .anyMatch(site -> site.name().equals(old.name()) && site.incarnation() > old.incarnation());
  }

  private @Nullable Reach farthest(Site site) {
    Reach result = null;
    for (State state : states) {
      Reach here = state.reached.get(site);
      if (here != null && (result == null || here.seq > result.seq)) {
        result = here;
      }
    }
    return result;
  }

  private static boolean covers(VersionVector cut, Map<Site, Reach> reached) {
    return reached.entrySet().stream().allMatch(e -> cut.covers(e.getKey(), e.getValue().seq));
  }

  private TableGapException hole(int place, long offset, Watermark watermark, long read) {
    return new TableGapException(
        ExitCode.DAMAGE_FOUND,
        "%s has a hole: the watermark at offset %d counts %d versions before it, %d were there"
                .formatted(places.get(place), offset, watermark.versions(), read)
            + "; everything laid down up to now is whole",
        watermark.versions() > read
            ? "the compactor was down for longer than the topic's compaction lag; begin a new base"
                + " (startOver), and give the topics a longer lag"
            : "look for who else writes to this topic; then begin a new base (startOver)");
  }

  /** A watermark: where it stands and what it says. */
  private record Mark(
      long seq,
      long committedAtMicros,
      long offset,
      long ordinal,
      String store,
      Optional<Site> replaces) {}

  /** The newest transaction of a site that was seen. */
  private record Reach(long seq, long committedAtMicros) {}

  /** One partition. */
  private static final class State {
    final long settleOffset;
    final Map<Site, Mark> first = new HashMap<>();
    final Map<Site, Mark> latest = new HashMap<>();
    final Map<Site, Reach> reached = new HashMap<>();
    @Nullable Map<Site, Reach> atSettle;
    long versions;
    long next;
    long lastMarkOffset = -1;
    boolean compacted;
    boolean strict;

    State(long versions, long settleOffset) {
      this.versions = versions;
      this.settleOffset = settleOffset;
    }

    Mark latest(Site site) {
      Mark mark = latest.get(site);
      if (mark == null) {
        throw new IllegalStateException("no watermark of " + site);
      }
      return mark;
    }
  }
}
