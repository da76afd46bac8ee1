package dev.varve.topology;

import static org.assertj.core.api.Assertions.assertThat;

import dev.varve.change.ChangeHeader;
import dev.varve.change.Dot;
import dev.varve.change.Site;
import dev.varve.change.VersionVector;
import dev.varve.graph.ElementHash;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.SortedMap;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

final class FoldTest {

  private static final Site BERLIN = new Site("berlin", 1);
  private static final Site PARIS = new Site("paris", 1);
  private static final ElementHash ONE = new ElementHash(0, 1);
  private static final ElementHash TWO = new ElementHash(0, 2);

  @Test
  void firstChangeBecomesTheElementsVersion() {
    Fold.Won won = won(null, change(BERLIN, 5, 100, VersionVector.EMPTY, ONE));
    assertThat(won.beaten()).isEmpty();
    assertThat(won.version().vector()).isEqualTo(VersionVector.of(BERLIN, 5));
    assertThat(won.version().hash()).contains(ONE);
    assertThat(won.version().replaced()).isEmpty();
    assertThat(won.version().lost()).isFalse();
  }

  @Test
  void laterChangeOfTheSameSiteReplaces() {
    Fold.Won first = won(null, change(BERLIN, 5, 100, VersionVector.EMPTY, ONE));
    Fold.Won second = won(first, change(BERLIN, 9, 100, VersionVector.EMPTY, TWO));
    assertThat(second.beaten()).isEmpty();
    assertThat(second.version().replaced()).contains(ONE);
    assertThat(second.version().vector()).isEqualTo(VersionVector.of(BERLIN, 9));
  }

  @Test
  void laterChangeOfTheSameSiteReplacesThoughItsClockWentBack() {
    Fold.Won first = won(null, change(BERLIN, 5, 100, VersionVector.EMPTY, ONE));
    Fold.Won second = won(first, change(BERLIN, 9, 7, VersionVector.EMPTY, TWO));
    assertThat(second.version().hash()).contains(TWO);
  }

  @Test
  void sameChangeAgainIsDropped() {
    ChangeHeader change = change(BERLIN, 5, 100, VersionVector.EMPTY, ONE);
    assertThat(Fold.apply(digest(won(null, change)), change)).isInstanceOf(Fold.Dropped.class);
  }

  @Test
  void olderChangeIsDropped() {
    Fold.Won won = won(null, change(BERLIN, 5, 100, VersionVector.EMPTY, ONE));
    ChangeHeader older = change(BERLIN, 4, 200, VersionVector.EMPTY, TWO);
    assertThat(Fold.apply(digest(won), older)).isInstanceOf(Fold.Dropped.class);
  }

  @Test
  void changeThatTheVersionsWriterHadSeenIsDropped() {
    Fold.Won won = won(null, change(PARIS, 5, 100, VersionVector.of(BERLIN, 7), ONE));
    ChangeHeader seen = change(BERLIN, 7, 999, VersionVector.EMPTY, TWO);
    assertThat(Fold.apply(digest(won), seen)).isInstanceOf(Fold.Dropped.class);
  }

  @Test
  void changeThatHasSeenAnotherSitesVersionReplacesItWithoutConflict() {
    Fold.Won first = won(null, change(BERLIN, 7, 999, VersionVector.EMPTY, ONE));
    Fold.Won second = won(first, change(PARIS, 1, 100, VersionVector.of(BERLIN, 7), TWO));
    assertThat(second.beaten()).isEmpty();
    assertThat(second.version().replaced()).contains(ONE);
  }

  @Test
  void concurrentChangeWhoseWriterHadSeenMoreWins() {
    Fold.Won first = won(null, change(BERLIN, 3, 999, VersionVector.EMPTY, ONE));
    Fold.Won second = won(first, change(PARIS, 4, 1, VersionVector.EMPTY, TWO));
    assertThat(second.beaten()).contains(new Dot(BERLIN, 3, 0));
    assertThat(second.version().vector()).isEqualTo(VersionVector.parse("berlin@1=3,paris@1=4"));
    assertThat(second.version().weight()).isEqualTo(4);
  }

  @Test
  void clockDecidesBetweenConcurrentChangesThatHadSeenAsMuch() {
    Fold.Won first = won(null, change(BERLIN, 4, 100, VersionVector.EMPTY, ONE));
    assertThat(Fold.apply(digest(first), change(PARIS, 4, 101, VersionVector.EMPTY, TWO)))
        .isInstanceOf(Fold.Won.class);
    assertThat(Fold.apply(digest(first), change(PARIS, 4, 99, VersionVector.EMPTY, TWO)))
        .isInstanceOf(Fold.Lost.class);
  }

  @Test
  void siteDecidesWhereAllElseIsEqual() {
    ChangeHeader berlin = change(BERLIN, 4, 100, VersionVector.EMPTY, ONE);
    ChangeHeader paris = change(PARIS, 4, 100, VersionVector.EMPTY, TWO);
    assertThat(won(won(null, berlin), paris).version().hash()).contains(TWO);
    assertThat(lost(won(null, paris), berlin).kept().hash()).contains(TWO);
  }

  @Test
  void lostChangeIsHistoryAndIsRememberedAsSeen() {
    Fold.Won first = won(null, change(PARIS, 9, 100, VersionVector.EMPTY, ONE));
    ChangeHeader loser = change(BERLIN, 4, 100, VersionVector.EMPTY, TWO);
    Fold.Lost lost = lost(first, loser);
    assertThat(lost.version().lost()).isTrue();
    assertThat(lost.version().hash()).contains(TWO);
    assertThat(lost.version().replaced()).isEmpty();
    assertThat(lost.kept().hash()).contains(ONE);
    assertThat(lost.kept().weight()).isEqualTo(9);
    assertThat(Fold.apply(lost.kept(), loser)).isInstanceOf(Fold.Dropped.class);
  }

  @Test
  void removalIsAVersionWithoutAHash() {
    Fold.Won first = won(null, change(BERLIN, 5, 100, VersionVector.EMPTY, ONE));
    Fold.Won removal = won(first, change(BERLIN, 6, 100, VersionVector.EMPTY, null));
    assertThat(removal.version().removed()).isTrue();
    assertThat(removal.version().replaced()).contains(ONE);
  }

  @Test
  void elementMayComeBackUnderARemovedId() {
    Fold.Won first = won(null, change(BERLIN, 5, 100, VersionVector.EMPTY, ONE));
    Fold.Won removal = won(first, change(BERLIN, 6, 100, VersionVector.EMPTY, null));
    Fold.Won again = won(removal, change(BERLIN, 7, 100, VersionVector.EMPTY, TWO));
    assertThat(again.version().removed()).isFalse();
    assertThat(again.version().replaced()).isEmpty();
  }

  @Test
  void whatWasAlteredIsHandedOn() {
    ChangeHeader change =
        new ChangeHeader(
            new Dot(BERLIN, 5, 3),
            100,
            VersionVector.EMPTY,
            Optional.of(ONE),
            List.of("Person"),
            List.of("age", "name"));
    VersionHeader version = won(null, change).version();
    assertThat(version.dot()).isEqualTo(change.dot());
    assertThat(version.alteredLabels()).containsExactly("Person");
    assertThat(version.alteredProperties()).containsExactly("age", "name");
  }

  /**
   * Whatever the order in which the changes of several sites arrive, and however often, the outcome
   * is the greatest of them, with everything included. Repeat one seed with -Dvarve.seed=…
   */
  @Test
  void outcomeDoesNotDependOnTheOrderOfArrival() {
    Long one = Long.getLong("varve.seed");
    long first = one == null ? 1 : one;
    long last = one == null ? Long.getLong("varve.seeds", 300) : one;
    for (long seed = first; seed <= last; seed++) {
      Random random = new Random(seed);
      List<ChangeHeader> history = history(random);
      VersionDigest expected = greatest(history);
      for (int i = 0; i < 20; i++) {
        List<ChangeHeader> arrival = arrival(history, random);
        Folded folded = Folded.of(arrival);
        assertThat(folded.digest)
            .as("-Dvarve.seed=%d, arrival %d: %s", seed, i, arrival)
            .isEqualTo(expected);
        assertThat(folded.fingerprint)
            .as("fingerprint, -Dvarve.seed=%d, arrival %d: %s", seed, i, arrival)
            .isEqualTo(expected.hash().map(Fingerprint.EMPTY::plus).orElse(Fingerprint.EMPTY));
      }
    }
  }

  /** Changes of one element by sites that now and then learn what another one has. */
  private static List<ChangeHeader> history(Random random) {
    List<Site> sites = List.of(BERLIN, PARIS, new Site("rome", 2));
    List<VersionVector> known =
        new ArrayList<>(Collections.nCopies(sites.size(), VersionVector.EMPTY));
    List<ChangeHeader> history = new ArrayList<>();
    for (int i = 1 + random.nextInt(12); i > 0; i--) {
      int writer = random.nextInt(sites.size());
      int heardOf = random.nextInt(sites.size());
      if (random.nextBoolean()) {
        known.set(writer, known.get(writer).union(known.get(heardOf)));
      }
      Site site = sites.get(writer);
      long seq = known.get(writer).seqs().getOrDefault(site, 0L) + 1 + random.nextInt(3);
      VersionVector seen = without(known.get(writer), site);
      known.set(writer, known.get(writer).with(site, seq));
      ElementHash hash = new ElementHash(random.nextLong(), random.nextLong());
      history.add(change(site, seq, random.nextInt(5), seen, random.nextInt(4) == 0 ? null : hash));
    }
    return history;
  }

  /** All changes at least once, in any order, some twice, and all of it once more from anywhere. */
  private static List<ChangeHeader> arrival(List<ChangeHeader> history, Random random) {
    List<ChangeHeader> arrival = new ArrayList<>(history);
    history.stream().filter(change -> random.nextInt(3) == 0).forEach(arrival::add);
    Collections.shuffle(arrival, random);
    arrival.addAll(List.copyOf(arrival.subList(random.nextInt(arrival.size()), arrival.size())));
    return arrival;
  }

  private static VersionDigest greatest(List<ChangeHeader> history) {
    VersionVector everything = VersionVector.EMPTY;
    for (ChangeHeader change : history) {
      everything = everything.union(change.vector());
    }
    return history.stream()
        .map(
            change ->
                new VersionDigest(
                    change.dot(),
                    change.committedAtMicros(),
                    change.vector().weight(),
                    change.vector(),
                    change.hash()))
        .max(VersionDigest.ORDER)
        .orElseThrow()
        .withVector(everything);
  }

  private record Folded(@Nullable VersionDigest digest, Fingerprint fingerprint) {
    static Folded of(List<ChangeHeader> arrival) {
      VersionDigest digest = null;
      Fingerprint fingerprint = Fingerprint.EMPTY;
      for (ChangeHeader change : arrival) {
        Fold.Outcome outcome = Fold.apply(digest, change);
        if (outcome instanceof Fold.Won won) {
          digest = won.version().digest();
          fingerprint = fingerprint.after(won.version());
        } else if (outcome instanceof Fold.Lost lost) {
          digest = lost.kept();
          fingerprint = fingerprint.after(lost.version());
        }
      }
      return new Folded(digest, fingerprint);
    }
  }

  private static VersionVector without(VersionVector vector, Site site) {
    SortedMap<Site, Long> seqs = new TreeMap<>(vector.seqs());
    seqs.remove(site);
    return new VersionVector(seqs);
  }

  private static ChangeHeader change(
      Site site, long seq, long committedAtMicros, VersionVector seen, @Nullable ElementHash hash) {
    return new ChangeHeader(
        new Dot(site, seq, 0),
        committedAtMicros,
        seen,
        Optional.ofNullable(hash),
        List.of(),
        List.of());
  }

  private static VersionDigest digest(Fold.Won won) {
    return won.version().digest();
  }

  private static Fold.Won won(Fold.@Nullable Won previous, ChangeHeader change) {
    Fold.Outcome outcome = Fold.apply(previous == null ? null : digest(previous), change);
    assertThat(outcome).isInstanceOf(Fold.Won.class);
    return (Fold.Won) outcome;
  }

  private static Fold.Lost lost(Fold.Won previous, ChangeHeader change) {
    Fold.Outcome outcome = Fold.apply(digest(previous), change);
    assertThat(outcome).isInstanceOf(Fold.Lost.class);
    return (Fold.Lost) outcome;
  }
}
