package dev.varve.replay;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.varve.archive.Manifest;
import dev.varve.archive.Reached;
import dev.varve.change.Site;
import dev.varve.change.VersionVector;
import dev.varve.fault.ExitCode;
import dev.varve.fault.VarveException;
import dev.varve.graph.StoreSchema;
import dev.varve.restore.Moment;
import dev.varve.tail.Cut;
import dev.varve.topology.Fingerprint;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;

class BacklogTest {

  private static final Site HERE = Site.parse("here@1");
  private static final Site THERE = Site.parse("there@1");
  private static final long SECOND = 1_000_000;

  private final Backlog backlog = new Backlog();

  /** Transactions 10, 20, 30, 40 of a site, two versions each, a second apart. */
  private void four(Site site) {
    for (long seq = 10; seq <= 40; seq += 10) {
      backlog.version(site, seq, seq / 10 * SECOND, 100);
      backlog.version(site, seq, seq / 10 * SECOND, 100);
    }
  }

  private static Cut cut(Map<Site, Long> seqs) {
    List<Manifest.SiteCut> cuts = new ArrayList<>();
    seqs.forEach(
        (site, seq) ->
            cuts.add(
                new Manifest.SiteCut(site, "store", seq, seq / 10 * SECOND, Optional.empty())));
    return new Cut(new VersionVector(new TreeMap<>(seqs)), cuts);
  }

  private Optional<VersionVector> next(Cut from, Cut reached, long versions, Boundary boundary) {
    Backlog.Next next =
        backlog.next(from, reached, new Backlog.Limits(versions, Long.MAX_VALUE), boundary);
    return next instanceof Backlog.Next.Take take
        ? Optional.of(take.cut().vector())
        : Optional.empty();
  }

  private boolean barred(Cut from, Cut reached, Boundary boundary) {
    return backlog.next(from, reached, Backlog.Limits.NONE, boundary)
            instanceof Backlog.Next.Nothing nothing
        && nothing.barred();
  }

  @Test
  void takesWholeTransactionsUpToTheLimitAndALargerOneByItself() {
    four(HERE);
    Cut from = cut(Map.of(HERE, 0L));
    Cut reached = cut(Map.of(HERE, 35L));
    assertThat(next(from, reached, 5, Boundary.NONE)).contains(VersionVector.of(HERE, 20));
    assertThat(next(from, reached, 1, Boundary.NONE)).contains(VersionVector.of(HERE, 10));
    assertThat(next(from, reached, 99, Boundary.NONE)).contains(VersionVector.of(HERE, 35));
    assertThat(next(cut(Map.of(HERE, 30L)), reached, 1, Boundary.NONE))
        .contains(VersionVector.of(HERE, 35));
    assertThat(next(reached, reached, 1, Boundary.NONE)).isEmpty();
  }

  @Test
  void stopsBeforeWhatIsBeyondTheMoment() {
    four(HERE);
    Cut from = cut(Map.of(HERE, 0L));
    Cut reached = cut(Map.of(HERE, 40L));
    for (Boundary boundary :
        List.of(
            Boundary.until(Moment.parse("1970-01-01T00:00:02Z")),
            Boundary.until(Moment.parse("tx:here@1/20")),
            Boundary.until(Moment.parse("vv:here@1=25")),
            Boundary.behind(
                Duration.ofSeconds(60), Clock.fixed(Instant.ofEpochSecond(62), ZoneOffset.UTC)))) {
      assertThat(next(from, reached, 99, boundary)).contains(VersionVector.of(HERE, 20));
      assertThat(barred(cut(Map.of(HERE, 20L)), reached, boundary)).isTrue();
      assertThat(barred(cut(Map.of(HERE, 20L)), cut(Map.of(HERE, 20L)), boundary))
          .as("what is read already shows that nothing more belongs to it")
          .isTrue();
    }
    assertThat(barred(cut(Map.of(HERE, 40L)), reached, Boundary.until(Moment.parse("latest"))))
        .isFalse();
  }

  @Test
  void aSiteThatIsNewComesWholeOrNotAtAll() {
    four(HERE);
    four(THERE);
    Cut from = cut(Map.of(HERE, 0L));
    Cut reached = cut(Map.of(HERE, 40L, THERE, 40L));
    assertThat(next(from, reached, 1, Boundary.NONE)).contains(reached.vector());
    assertThat(next(from, reached, 99, Boundary.until(Moment.parse("1970-01-01T00:00:02Z"))))
        .contains(VersionVector.of(HERE, 20));
  }

  @Test
  void aSiteThatWasReplacedGoesNoFartherWithoutItsSuccessor() {
    four(HERE);
    four(HERE.next());
    Cut from = cut(Map.of(HERE, 0L));
    Manifest.SiteCut successor =
        new Manifest.SiteCut(HERE.next(), "store", 40, 4 * SECOND, Optional.of(HERE));
    Cut old = cut(Map.of(HERE, 40L));
    Cut reached =
        new Cut(old.vector().with(HERE.next(), 40), List.of(old.sites().get(0), successor));
    assertThat(next(from, reached, 99, Boundary.NONE)).contains(reached.vector());
    assertThat(next(from, reached, 99, Boundary.until(Moment.parse("1970-01-01T00:00:02Z"))))
        .isEmpty();
  }

  @Test
  void whatWasAppliedIsForgotten() {
    four(HERE);
    backlog.forget(VersionVector.of(HERE, 25));
    assertThat(backlog.transactions()).isEqualTo(2);
    assertThat(backlog.oldestMicros()).hasValue(3 * SECOND);
    assertThat(backlog.sites()).containsExactly(HERE);
  }

  @Test
  void aStandbyDoesNotGoBack() {
    Cut at = cut(Map.of(HERE, 30L));
    Reached reached =
        new Reached(
            "g",
            new Manifest.Parent(1, "0".repeat(64)),
            at.vector(),
            at.sites(),
            3 * SECOND,
            List.of(),
            Fingerprint.EMPTY,
            true,
            StoreSchema.EMPTY);
    for (String moment :
        List.of("1970-01-01T00:00:02Z", "tx:here@1/20", "vv:here@1=20", "vv:there@1=7")) {
      assertThatThrownBy(() -> Ends.refuseIfPassed(Moment.parse(moment), reached))
          .as(moment)
          .isInstanceOfSatisfying(
              VarveException.class,
              e -> assertThat(e.exitCode()).isEqualTo(ExitCode.OUTSIDE_WINDOW));
    }
    for (String moment :
        List.of("latest", "1970-01-01T00:00:03Z", "tx:here@1/30", "vv:here@1=30")) {
      Ends.refuseIfPassed(Moment.parse(moment), reached);
    }
  }
}
