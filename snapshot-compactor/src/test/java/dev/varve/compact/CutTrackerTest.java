package dev.varve.compact;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.varve.archive.Manifest;
import dev.varve.change.Site;
import dev.varve.change.VersionVector;
import dev.varve.change.Watermark;
import dev.varve.tail.Cut;
import dev.varve.tail.CutTracker;
import dev.varve.tail.CutTracker.Stamp;
import dev.varve.tail.Place;
import dev.varve.tail.SortEntry.Origin;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class CutTrackerTest {

  private static final Site ONE = new Site("neo4j", 1);
  private static final Site TWO = new Site("neo4j", 2);
  private static final List<Place> PLACES = List.of(new Place("v", 0), new Place("e", 0));

  private final CutTracker tracker = fresh(0, 0);

  @Test
  void theCutIsWhatTheSlowestPartitionHasReached() {
    watermark(tracker, 0, 0, ONE, 10, 0);
    assertThat(tracker.cut().vector()).isEqualTo(VersionVector.EMPTY);
    watermark(tracker, 1, 0, ONE, 10, 0);
    watermark(tracker, 0, 1, ONE, 20, 0);
    assertThat(tracker.cut().vector()).isEqualTo(VersionVector.of(ONE, 10));
    assertThat(tracker.cut().committedAtMicros()).isEqualTo(10);
  }

  @Test
  void theBaseIsAtTheFirstCut() {
    for (int place = 0; place < 2; place++) {
      watermark(tracker, place, 0, ONE, 10, 0);
      watermark(tracker, place, 1, ONE, 20, 0);
    }
    assertThat(tracker.baseCut().orElseThrow().vector()).isEqualTo(VersionVector.of(ONE, 10));
  }

  @Test
  void aBaseWaitsUntilWhatWasThereIsRead() {
    CutTracker late = fresh(5, 1);
    watermark(late, 0, 0, ONE, 10, 0);
    watermark(late, 1, 0, ONE, 10, 0);
    late.passed(1, 1);
    late.passed(0, 4);
    assertThat(late.baseCut()).isEmpty();
    late.passed(0, 5);
    assertThat(late.baseCut()).isPresent();
  }

  @Test
  void whereCompactionWasAtWorkABaseIsOnlyMadeIfWhatReplacedIsInIt() {
    CutTracker late = fresh(5, 1);
    version(late, 0, 2, ONE, 9);
    watermark(late, 0, 3, ONE, 10, 3); // two older ones are gone
    version(late, 0, 4, ONE, 12); // perhaps this one replaced one of them
    watermark(late, 1, 0, ONE, 10, 0);
    late.passed(0, 5);
    late.passed(1, 1);
    assertThat(late.baseCut()).isEmpty();
    watermark(late, 0, 6, ONE, 13, 4);
    watermark(late, 1, 2, ONE, 13, 0);
    assertThat(late.baseCut().orElseThrow().vector()).isEqualTo(VersionVector.of(ONE, 13));
  }

  @Test
  void aHoleInWhatWasWrittenSinceIsAnError() {
    version(tracker, 0, 0, ONE, 10);
    assertThatThrownBy(() -> watermark(tracker, 0, 1, ONE, 10, 2))
        .hasMessageContaining("v partition 0 has a hole")
        .hasMessageContaining("counts 2 versions before it, 1 were there");
  }

  @Test
  void moreVersionsThanThereWereIsAnError() {
    version(tracker, 0, 0, ONE, 10);
    version(tracker, 0, 1, ONE, 10);
    assertThatThrownBy(() -> watermark(tracker, 0, 2, ONE, 10, 1)).hasMessageContaining("hole");
  }

  @Test
  void aVersionAfterTheWatermarkOfItsTransactionIsAnError() {
    watermark(tracker, 0, 0, ONE, 10, 0);
    assertThatThrownBy(() -> version(tracker, 0, 1, ONE, 10))
        .hasMessageContaining("after the watermark of 10");
  }

  @Test
  void theNextPositionIsTheFirstVersionThatIsNotCovered() {
    version(tracker, 0, 0, ONE, 10);
    watermark(tracker, 0, 1, ONE, 10, 1);
    watermark(tracker, 1, 0, ONE, 10, 0);
    version(tracker, 0, 2, ONE, 11);
    VersionVector cut = tracker.cut().vector();
    assertThat(tracker.position(0, cut, new Origin(0, 2, 1))).isEqualTo(new Origin(0, 2, 1));
    assertThat(tracker.position(1, cut, null)).isEqualTo(new Origin(1, 1, 0));
  }

  @Test
  void aWatermarkBeyondTheCutIsReadAgain() {
    watermark(tracker, 0, 0, ONE, 10, 0);
    watermark(tracker, 1, 0, ONE, 10, 0);
    watermark(tracker, 0, 7, ONE, 20, 0);
    tracker.passed(0, 9);
    assertThat(tracker.position(0, tracker.cut().vector(), null)).isEqualTo(new Origin(0, 7, 0));
  }

  @Test
  void aSiteWhoseSuccessorIsInTheCutIsInItWhole() {
    for (int place = 0; place < 2; place++) {
      watermark(tracker, place, 0, ONE, 10, 0);
    }
    version(tracker, 0, 1, ONE, 15); // its capture ended before the next watermark
    tracker.watermark(0, 2, new Watermark(TWO, 30, 30, 1, "s", Optional.of(ONE)));
    assertThat(tracker.cut().vector()).isEqualTo(VersionVector.of(ONE, 10));
    tracker.watermark(1, 1, new Watermark(TWO, 30, 30, 0, "s", Optional.of(ONE)));
    assertThat(tracker.cut().vector()).isEqualTo(VersionVector.parse("neo4j@1=15,neo4j@2=30"));
    assertThat(Checkpoint.forgetsTombstones(tracker.cut())).isTrue();
  }

  /** Kafka was lost: the tables know only what was scanned into them since. */
  @Test
  void aBaseThatFollowsAChainHasTheEarlierIncarnationsToo() {
    CutTracker after = fresh(new long[] {0, 0}, cutOf(ONE, 60));
    assertThat(after.cut().vector()).isEqualTo(VersionVector.EMPTY);
    for (int place = 0; place < 2; place++) {
      watermark(after, place, 0, TWO, 82, 0);
    }
    VersionVector base = VersionVector.parse("neo4j@1=60,neo4j@2=82");
    assertThat(after.baseCut().orElseThrow().vector()).isEqualTo(base);
    assertThat(after.baseCut().orElseThrow().sites()).contains(cutOf(ONE, 60));
    after.baseIsMade();
    for (int place = 0; place < 2; place++) {
      watermark(after, place, 1, TWO, 90, 0);
    }
    assertThat(after.cut().vector()).isEqualTo(base.with(TWO, 90));
  }

  @Test
  void whatTheTablesKnowBetterIsNotTakenFromTheChain() {
    CutTracker after = fresh(new long[] {0, 0}, cutOf(ONE, 60));
    for (int place = 0; place < 2; place++) {
      watermark(after, place, 0, ONE, 10, 0);
      watermark(after, place, 1, ONE, 70, 0);
    }
    assertThat(after.baseCut().orElseThrow().vector()).isEqualTo(VersionVector.of(ONE, 10));
    assertThat(after.cut().vector()).isEqualTo(VersionVector.of(ONE, 70));
  }

  @Test
  void aBaseWaitsForASiteThatOnlyTheChainHas() {
    Site other = new Site("elsewhere", 1);
    CutTracker after = fresh(new long[] {0, 0}, cutOf(ONE, 60), cutOf(other, 5));
    for (int place = 0; place < 2; place++) {
      watermark(after, place, 0, TWO, 82, 0);
    }
    assertThat(after.baseCut()).isEmpty();
    assertThat(after.missing()).containsExactly(other);
    for (int place = 0; place < 2; place++) {
      watermark(after, place, 1, other, 6, 0);
    }
    assertThat(after.missing()).isEmpty();
    assertThat(after.baseCut().orElseThrow().vector())
        .isEqualTo(VersionVector.parse("elsewhere@1=6,neo4j@1=60,neo4j@2=82"));
  }

  @Test
  void aCutThatSeveralSitesWroteStaysUntilWhatWasThereIsReadAgain() {
    Site other = new Site("elsewhere", 1);
    Cut start =
        new Cut(VersionVector.of(ONE, 10).with(other, 5), List.of(cutOf(other, 5), cutOf(ONE, 10)));
    CutTracker resumed = resumed(start, 4, 0);
    watermark(resumed, 0, 0, other, 6, 0);
    watermark(resumed, 1, 0, other, 6, 0);
    resumed.passed(0, 1);
    assertThat(resumed.cut()).isEqualTo(start);
    assertThat(resumed.ahead(start.vector())).isEmpty();
    resumed.passed(0, 4);
    assertThat(resumed.cut().vector()).isEqualTo(VersionVector.of(ONE, 10).with(other, 6));
  }

  @Test
  void aCutOfOneSiteGoesOnAtOnce() {
    Cut start = new Cut(VersionVector.of(ONE, 10), List.of(cutOf(ONE, 10)));
    CutTracker resumed = resumed(start, 4, 0);
    watermark(resumed, 0, 0, ONE, 12, 0);
    watermark(resumed, 1, 0, ONE, 12, 0);
    assertThat(resumed.cut().vector()).isEqualTo(VersionVector.of(ONE, 12));
  }

  private static CutTracker resumed(Cut start, long... ends) {
    List<Manifest.Position> positions =
        PLACES.stream()
            .map(
                place ->
                    new Manifest.Position(place.topic(), Optional.empty(), place.partition(), 0, 0))
            .toList();
    CutTracker tracker = CutTracker.resumed(PLACES, positions, start, ends);
    for (int place = 0; place < 2; place++) {
      tracker.passed(place, 0);
    }
    return tracker;
  }

  private static Manifest.SiteCut cutOf(Site site, long seq) {
    return new Manifest.SiteCut(site, "lost", seq, seq, Optional.empty());
  }

  private static CutTracker fresh(long... ends) {
    return fresh(ends, new Manifest.SiteCut[0]);
  }

  private static CutTracker fresh(long[] ends, Manifest.SiteCut... before) {
    CutTracker tracker = CutTracker.fresh(PLACES, ends, List.of(before));
    for (int place = 0; place < 2; place++) {
      tracker.passed(place, 0);
    }
    return tracker;
  }

  private static void version(CutTracker tracker, int place, long offset, Site site, long seq) {
    tracker.version(place, offset, new Stamp(site, seq, seq));
  }

  private static void watermark(
      CutTracker tracker, int place, long offset, Site site, long seq, long versions) {
    tracker.watermark(
        place, offset, new Watermark(site, seq, seq, versions, "s", Optional.empty()));
  }
}
