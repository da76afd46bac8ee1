package dev.varve.restore;

import dev.varve.archive.Chain;
import dev.varve.archive.Manifest;
import dev.varve.change.VersionVector;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * A stretch of time that can be restored to: every moment in it, or some single moments. Between
 * two spans nothing can be restored.
 *
 * @param from the earliest cut
 * @param to the latest cut
 * @param continuous whether every moment in between can be restored, or only cuts
 * @param cuts how many cuts there are, the two at its ends among them
 */
public record RecoverySpan(Cut from, Cut to, boolean continuous, int cuts) {

  /**
   * A moment that can be restored from whole snapshots.
   *
   * @param vector what it includes
   * @param micros the latest commit time in it
   */
  public record Cut(VersionVector vector, long micros) {

    public Instant time() {
      return Window.instant(micros);
    }

    /** The time, and how {@code --to} takes it exactly. */
    @Override
    public String toString() {
      return time() + " (vv:" + vector + ")";
    }
  }

  /**
   * What can be restored from a chain, oldest first.
   *
   * @param damaged keys of objects that cannot be used
   */
  public static List<RecoverySpan> of(Chain chain, Set<String> damaged) {
    List<Chain.Link> links = chain.restorable(damaged);
    List<Cut> cuts = cuts(links);
    if (cuts.isEmpty()) {
      return List.of();
    }
    Map<VersionVector, Integer> places = new HashMap<>();
    for (int i = 0; i < cuts.size(); i++) {
      places.put(cuts.get(i).vector(), i);
    }
    // how many steps begin at a cut, less those that end at it: their sum is how many pass
    int[] fine = new int[cuts.size()];
    int[] coarse = new int[cuts.size()];
    for (Chain.Link link : links) {
      Manifest manifest = link.manifest();
      Integer begin = places.get(manifest.from());
      Integer end = places.get(manifest.to());
      if (!manifest.kind().whole() && begin != null && end != null) {
        int[] steps = Chain.everyMoment(manifest, damaged) ? fine : coarse;
        steps[begin]++;
        steps[end]--;
      }
    }
    for (int i = 1; i < cuts.size(); i++) {
      fine[i] += fine[i - 1];
      coarse[i] += coarse[i - 1];
    }
    return spans(cuts, fine, coarse);
  }

  /** The cuts that can be restored, earliest first. */
  static List<Cut> cuts(List<Chain.Link> restorable) {
    Map<VersionVector, Long> times = new HashMap<>();
    for (Chain.Link link : restorable) {
      Manifest manifest = link.manifest();
      times.merge(manifest.to(), manifest.committed().lastMicros(), Math::max);
    }
    return times.entrySet().stream()
        .map(entry -> new Cut(entry.getKey(), entry.getValue()))
        .sorted(Comparator.comparingLong(cut -> extent(cut.vector())))
        .toList();
  }

  private static List<RecoverySpan> spans(List<Cut> cuts, int[] fine, int[] coarse) {
    List<RecoverySpan> spans = new ArrayList<>();
    int last = cuts.size() - 1;
    for (int from = 0; from <= last; ) {
      int to = from;
      boolean continuous = from < last && fine[from] > 0;
      if (continuous) {
        while (to < last && fine[to] > 0) {
          to++;
        }
      } else {
        while (to < last && coarse[to] > 0 && !(to + 1 < last && fine[to + 1] > 0)) {
          to++;
        }
      }
      long latest = 0;
      for (int i = from; i <= to; i++) {
        latest = Math.max(latest, cuts.get(i).micros());
      }
      Cut end = new Cut(cuts.get(to).vector(), latest);
      spans.add(new RecoverySpan(cuts.get(from), end, continuous, to - from + 1));
      from = to + 1;
    }
    return spans;
  }

  /** Grows with every cut that includes another. */
  static long extent(VersionVector cut) {
    return cut.seqs().values().stream().mapToLong(seq -> seq + 1).sum();
  }

  /** All spans in one sentence. */
  static String describe(List<RecoverySpan> spans) {
    return spans.isEmpty()
        ? "nothing"
        : spans.stream().map(RecoverySpan::toString).collect(Collectors.joining("; and "));
  }

  @Override
  public String toString() {
    if (continuous) {
      return from + " to " + to;
    }
    return cuts == 1 ? "only " + to : cuts + " single moments from " + from + " to " + to;
  }
}
