package dev.varve.restore;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.varve.archive.Chain;
import dev.varve.archive.Damage;
import dev.varve.archive.Ledger;
import dev.varve.archive.Manifest;
import dev.varve.change.InexactSpan;
import dev.varve.change.Site;
import dev.varve.change.Transaction;
import dev.varve.change.VersionVector;
import dev.varve.fault.ExitCode;
import dev.varve.fault.VarveException;
import dev.varve.graph.ElementKind;
import dev.varve.graph.StoreSchema;
import dev.varve.topology.Fingerprint;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;

/**
 * A chain of one site: base at 10, deltas to 20 and 30, checkpoint, delta to 40. Transaction n is
 * committed at second n.
 */
class PlannerTest {

  private static final Site SITE = Site.parse("n@1");
  private static final Site NEXT = Site.parse("n@2");
  private static final long SECOND = 1_000_000;

  private final List<Chain.Link> links = new ArrayList<>();
  private final Map<Long, List<Transaction>> transactions = new HashMap<>();

  private Optional<Ledger> ledger = Optional.empty();
  private List<InexactSpan> inexact = List.of();

  PlannerTest() {
    add(Manifest.Kind.BASE, "", "n@1=10", 1, 10);
    delta(10, 20);
    delta(20, 30);
    add(Manifest.Kind.CHECKPOINT, "", "n@1=30", 30, 30);
    delta(30, 40);
  }

  private void delta(long from, long to) {
    add(Manifest.Kind.DELTA, "n@1=" + from, "n@1=" + to, from + 1, to);
    List<Transaction> list = new ArrayList<>();
    for (long seq = from + 1; seq <= to; seq++) {
      if (seq % 10 != 7) { // numbers have gaps
        list.add(transaction(SITE, seq, seq * SECOND));
      }
    }
    transactions.put((long) links.size(), list);
  }

  private static Transaction transaction(Site site, long seq, long micros) {
    Optional<StoreSchema.Change> schema =
        seq == 24
            ? Optional.of(new StoreSchema.Change(false, List.of(RULE), List.of()))
            : Optional.empty();
    return new Transaction(site, seq, micros, Optional.empty(), new TreeMap<>(), List.of(), schema);
  }

  private static final StoreSchema.Rule RULE =
      new StoreSchema.Rule(
          "r",
          StoreSchema.Form.INDEX,
          "RANGE",
          ElementKind.VERTEX,
          List.of("L"),
          List.of("k"),
          Optional.empty());

  private void add(Manifest.Kind kind, String from, String to, long firstSecond, long lastSecond) {
    long number = links.size() + 1;
    VersionVector cut = VersionVector.parse(to);
    List<Manifest.SiteCut> sites = new ArrayList<>();
    cut.seqs()
        .forEach(
            (site, seq) ->
                sites.add(
                    new Manifest.SiteCut(
                        site, "store-of-" + site, seq, lastSecond * SECOND, Optional.empty())));
    Manifest manifest =
        new Manifest(
            "g",
            number,
            kind,
            Optional.empty(),
            VersionVector.parse(from),
            cut,
            new Manifest.CommitSpan(firstSecond * SECOND, lastSecond * SECOND),
            List.of(),
            sites,
            new Manifest.Counts(100 + number, 200 + number, 10, 0, 10),
            new Fingerprint(0, number),
            StoreSchema.EMPTY,
            List.of(
                new Manifest.Segment(
                    ElementKind.VERTEX,
                    new Manifest.StoredObject(
                        "g/segments/s" + number, 1000 * number, "0".repeat(64)),
                    10,
                    2,
                    "1",
                    "9")),
            Optional.empty(),
            inexact,
            new Manifest.Writer("test", "0"),
            Manifest.Encoding.ZSTD,
            Instant.EPOCH);
    links.add(new Chain.Link(manifest, "f".repeat(64)));
  }

  private RestorePlan plan(String moment) {
    return plan(moment, Set.of(), List.of());
  }

  private RestorePlan plan(String moment, Set<String> damagedKeys, List<Damage> damage) {
    return Planner.plan(
        new Chain("g", links, ledger, Optional.empty(), damage),
        Moment.parse(moment),
        damagedKeys,
        (manifest, each) -> transactions.getOrDefault(manifest.number(), List.of()).forEach(each));
  }

  private static String at(long second) {
    return Instant.ofEpochSecond(second).toString();
  }

  private static List<Long> numbers(List<Chain.Link> links) {
    return links.stream().map(link -> link.manifest().number()).toList();
  }

  @Test
  void latestBeginsAtTheNewestCheckpoint() {
    RestorePlan plan = plan("latest");
    assertThat(plan.vector()).isEqualTo(VersionVector.parse("n@1=40"));
    assertThat(numbers(plan.whole())).containsExactly(4L, 5L);
    assertThat(plan.part()).isEmpty();
    assertThat(plan.fingerprint()).contains(new Fingerprint(0, 5));
    assertThat(plan.bytes()).isEqualTo(9000);
    assertThat(plan.versions()).isEqualTo(20);
    assertThat(plan.estimate()).isEqualTo(new LiveGraph.Size(105, 205, 9000));
    assertThat(plan.committedAt()).isEqualTo(Instant.ofEpochSecond(40));
  }

  @Test
  void aTimeIsInclusive() {
    assertThat(plan(at(23)).vector()).isEqualTo(VersionVector.parse("n@1=23"));
    assertThat(plan("1970-01-01T00:00:22.999999Z").vector())
        .isEqualTo(VersionVector.parse("n@1=22"));
    assertThat(plan("1970-01-01T00:00:23.0000009Z").vector())
        .isEqualTo(VersionVector.parse("n@1=23"));
  }

  @Test
  void aTimeInADeltaReadsItInPart() {
    RestorePlan plan = plan(at(23));
    assertThat(numbers(plan.whole())).containsExactly(1L, 2L);
    assertThat(numbers(plan.part())).containsExactly(3L);
    assertThat(plan.fingerprint()).isEmpty();
    assertThat(plan.derivable()).isTrue();
    assertThat(plan.schema()).isEqualTo(StoreSchema.EMPTY);
    assertThat(plan.committedAt()).isEqualTo(Instant.ofEpochSecond(23));
    assertThat(plan.estimate()).isEqualTo(new LiveGraph.Size(110, 202, 6000));
    assertThat(plan(at(24)).schema().rules()).containsExactly(RULE);
  }

  @Test
  void aTimeAtTheEndOfADeltaIsItsCut() {
    RestorePlan plan = plan(at(20));
    assertThat(numbers(plan.whole())).containsExactly(1L, 2L);
    assertThat(plan.part()).isEmpty();
  }

  @Test
  void aClockThatWentBackDoesNotHideATransaction() {
    transactions.put(
        3L,
        List.of(
            transaction(SITE, 21, 21 * SECOND),
            transaction(SITE, 22, 28 * SECOND),
            transaction(SITE, 23, 22 * SECOND),
            transaction(SITE, 24, 30 * SECOND)));
    assertThat(plan(at(22)).vector()).isEqualTo(VersionVector.parse("n@1=23"));
  }

  @Test
  void aTransactionIsInclusiveAndMayBeAGap() {
    assertThat(plan("tx:n@1/25").vector()).isEqualTo(VersionVector.parse("n@1=25"));
    assertThat(plan("tx:n@1/27").vector()).isEqualTo(VersionVector.parse("n@1=27"));
    assertThat(plan("tx:n@1/10").vector()).isEqualTo(VersionVector.parse("n@1=10"));
    assertThat(plan("tx:n@1/40").part()).isEmpty();
    assertThat(numbers(plan("tx:n@1/30").whole())).containsExactly(4L);
  }

  @Test
  void aVectorIsTakenAsItIs() {
    assertThat(plan("vv:n@1=15").vector()).isEqualTo(VersionVector.parse("n@1=15"));
    assertThat(numbers(plan("vv:n@1=15").whole())).containsExactly(1L);
  }

  @Test
  void whatIsOutsideNamesTheWindow() {
    for (String moment :
        List.of(at(9), at(41), "tx:n@1/9", "tx:n@1/41", "tx:m@1/20", "vv:n@1=41", "vv:m@1=1")) {
      assertThatThrownBy(() -> plan(moment))
          .as(moment)
          .isInstanceOfSatisfying(
              VarveException.class,
              e -> assertThat(e.exitCode()).isEqualTo(ExitCode.OUTSIDE_WINDOW))
          .hasMessageContaining(
              "1970-01-01T00:00:10Z (vv:n@1=10) to 1970-01-01T00:00:40Z (vv:n@1=40)");
    }
  }

  @Test
  void anOlderBaseStandsInForADamagedCheckpoint() {
    RestorePlan plan = plan("latest", Set.of("g/segments/s4"), List.of());
    assertThat(numbers(plan.whole())).containsExactly(1L, 2L, 3L, 5L);
    assertThat(plan.avoided()).containsExactly("g/segments/s4");
  }

  @Test
  void latestIsNeverSilentlyAnOlderOne() {
    assertThatThrownBy(() -> plan("latest", Set.of("g/segments/s5"), List.of()))
        .isInstanceOfSatisfying(
            VarveException.class,
            e -> {
              assertThat(e.exitCode()).isEqualTo(ExitCode.DAMAGE_FOUND);
              assertThat(e.hint()).contains("vv:n@1=30");
            });
    assertThatThrownBy(
            () ->
                plan(
                    "latest",
                    Set.of(),
                    List.of(new Damage.Missing("g/manifests/00000000000000000006.json"))))
        .isInstanceOfSatisfying(
            VarveException.class, e -> assertThat(e.exitCode()).isEqualTo(ExitCode.DAMAGE_FOUND));
  }

  @Test
  void aMomentInADamagedPartIsOutsideAndTheRestIsNot() {
    Set<String> damaged = Set.of("g/segments/s3");
    assertThat(plan(at(40), damaged, List.of()).vector()).isEqualTo(VersionVector.parse("n@1=40"));
    assertThat(plan(at(15), damaged, List.of()).vector()).isEqualTo(VersionVector.parse("n@1=15"));
    assertThatThrownBy(() -> plan(at(25), damaged, List.of()))
        .hasMessageContaining(
            "1970-01-01T00:00:10Z (vv:n@1=10) to 1970-01-01T00:00:20Z (vv:n@1=20); and"
                + " 1970-01-01T00:00:30Z (vv:n@1=30) to 1970-01-01T00:00:40Z (vv:n@1=40)");
  }

  @Test
  void aNewLifeOfTheStoreBelongsToAMomentWhollyOrNotAtAll() {
    add(Manifest.Kind.DELTA, "n@1=40", "n@1=42,n@2=7", 41, 50);
    transactions.put(
        6L,
        List.of(
            transaction(SITE, 41, 41 * SECOND),
            transaction(SITE, 42, 42 * SECOND),
            transaction(NEXT, 5, 44 * SECOND),
            transaction(NEXT, 7, 50 * SECOND)));
    assertThat(plan(at(45)).vector()).isEqualTo(VersionVector.parse("n@1=42"));
    assertThat(plan(at(50)).vector()).isEqualTo(VersionVector.parse("n@1=42,n@2=7"));
    assertThat(plan("tx:n@1/41").vector()).isEqualTo(VersionVector.parse("n@1=41"));
    assertThat(plan("tx:n@2/7").vector()).isEqualTo(VersionVector.parse("n@1=42,n@2=7"));
    assertThatThrownBy(() -> plan("tx:n@2/5"))
        .isInstanceOfSatisfying(
            VarveException.class,
            e -> {
              assertThat(e.exitCode()).isEqualTo(ExitCode.OUTSIDE_WINDOW);
              assertThat(e.hint()).contains("tx:n@2/7");
            });
    assertThatThrownBy(() -> plan("vv:n@1=42,n@2=5")).hasMessageContaining("initial scan");
  }

  @Test
  void theIdentityStaysWhenACheckpointIsMade() {
    RestorePlan before = plan("tx:n@1/35");
    add(Manifest.Kind.CHECKPOINT, "", "n@1=40", 40, 40);
    add(Manifest.Kind.DELTA, "n@1=40", "n@1=42,n@2=7", 41, 50);
    assertThat(plan("tx:n@1/35").identity()).isEqualTo(before.identity());
  }

  private void merged(long from, long to) {
    delta(from, to);
    Manifest delta = links.remove(links.size() - 1).manifest();
    add(Manifest.Kind.MERGED, delta.from().toString(), delta.to().toString(), from + 1, to);
  }

  private void thinned(long from, long to) {
    add(Manifest.Kind.THINNED, "n@1=" + from, "n@1=" + to, from + 1, to);
  }

  @Test
  void everyMomentOfAMergedDeltaCanBeRestored() {
    merged(10, 30);
    links.removeIf(link -> link.manifest().number() == 2 || link.manifest().number() == 3);
    RestorePlan plan = plan(at(23));
    assertThat(numbers(plan.whole())).containsExactly(1L);
    assertThat(numbers(plan.part())).containsExactly(6L);
    assertThat(plan.derivable()).isTrue();
    assertThat(plan("tx:n@1/15").vector()).isEqualTo(VersionVector.parse("n@1=15"));
    assertThat(numbers(plan("latest").whole())).containsExactly(4L, 5L);
  }

  @Test
  void insideAThinnedDeltaTheNearestMomentsAreNamed() {
    thinned(10, 30);
    links.removeIf(link -> link.manifest().number() == 2 || link.manifest().number() == 3);
    for (String moment : List.of(at(20), "tx:n@1/20", "vv:n@1=20")) {
      assertThatThrownBy(() -> plan(moment))
          .as(moment)
          .isInstanceOfSatisfying(
              VarveException.class,
              e -> {
                assertThat(e.exitCode()).isEqualTo(ExitCode.OUTSIDE_WINDOW);
                assertThat(e.hint())
                    .contains("1970-01-01T00:00:10Z (vv:n@1=10) before")
                    .contains("1970-01-01T00:00:30Z (vv:n@1=30) after");
              })
          .hasMessageContaining("only 1970-01-01T00:00:10Z (vv:n@1=10); and")
          .hasMessageContaining(
              "1970-01-01T00:00:30Z (vv:n@1=30) to 1970-01-01T00:00:40Z (vv:n@1=40)");
    }
    assertThat(plan(at(10)).vector()).isEqualTo(VersionVector.parse("n@1=10"));
    assertThat(plan(at(30)).vector()).isEqualTo(VersionVector.parse("n@1=30"));
    assertThat(numbers(plan("tx:n@1/30", Set.of("g/segments/s4"), List.of()).whole()))
        .containsExactly(1L, 6L);
  }

  @Test
  void latestIsTheNewestHeadWhateverCameAfterIt() {
    merged(10, 30);
    add(Manifest.Kind.CHECKPOINT, "", "n@1=20", 20, 20);
    assertThat(plan("latest").vector()).isEqualTo(VersionVector.parse("n@1=40"));
    assertThat(numbers(plan("latest").whole())).containsExactly(4L, 5L);
  }

  @Test
  void aMergedDeltaStandsInForADamagedNewestOne() {
    merged(30, 40);
    assertThat(numbers(plan("latest", Set.of("g/segments/s5"), List.of()).whole()))
        .containsExactly(4L, 6L);
  }

  @Test
  void aRestorePointIsItsVector() {
    mark("before-upgrade", "n@1=25");
    RestorePlan plan = plan("mark:before-upgrade");
    assertThat(plan.vector()).isEqualTo(VersionVector.parse("n@1=25"));
    assertThat(plan.moment()).hasToString("mark:before-upgrade");
    assertThatThrownBy(() -> plan("mark:before-upgrad"))
        .isInstanceOfSatisfying(
            VarveException.class,
            e -> {
              assertThat(e.exitCode()).isEqualTo(ExitCode.USAGE);
              assertThat(e.hint()).contains("before-upgrade");
            });
  }

  private void mark(String name, String vector) {
    ledger =
        Optional.of(
            new Ledger(
                "g",
                99,
                Optional.empty(),
                List.of(
                    new Ledger.RestorePoint(
                        name, VersionVector.parse(vector), 25 * SECOND, Instant.EPOCH)),
                List.of(),
                new Manifest.Writer("test", "0"),
                Instant.EPOCH));
  }

  @Test
  void spansAreContinuousOrSingleMoments() {
    links.clear();
    add(Manifest.Kind.BASE, "", "n@1=10", 1, 10);
    thinned(10, 20);
    thinned(20, 30);
    thinned(30, 40);
    delta(40, 50);
    delta(50, 60);
    add(Manifest.Kind.BASE, "", "n@1=80", 80, 80);
    assertThat(
            RecoverySpan.of(
                new Chain("g", links, Optional.empty(), Optional.empty(), List.of()), Set.of()))
        .extracting(
            span ->
                span.from().vector()
                    + " "
                    + span.to().vector()
                    + " "
                    + span.continuous()
                    + " "
                    + span.cuts())
        .containsExactly("n@1=10 n@1=30 false 3", "n@1=40 n@1=60 true 3", "n@1=80 n@1=80 false 1");
  }

  @Test
  void anEmptyRepositoryIsSaid() {
    links.clear();
    assertThatThrownBy(() -> plan("latest"))
        .isInstanceOfSatisfying(
            VarveException.class, e -> assertThat(e.exitCode()).isEqualTo(ExitCode.NO_REPOSITORY));
  }

  @Test
  void momentsThatAreNotExactAreRefusedAndTheNearestOthersNamed() {
    inexact = List.of(new InexactSpan(SITE, 38, 43));
    delta(40, 50);
    for (String moment : List.of("tx:n@1/38", "tx:n@1/43", "vv:n@1=40", at(39), at(43))) {
      assertThatThrownBy(() -> plan(moment))
          .as(moment)
          .isInstanceOfSatisfying(
              VarveException.class,
              e -> {
                assertThat(e.exitCode()).isEqualTo(ExitCode.OUTSIDE_WINDOW);
                assertThat(e.getMessage())
                    .contains(moment, "from tx:n@1/38 to tx:n@1/43", "lacked removals");
                assertThat(e.hint())
                    .contains(at(36) + " (vv:n@1=36) before", at(44) + " (vv:n@1=44) after");
              });
    }
    assertThat(plan("tx:n@1/36").vector()).isEqualTo(VersionVector.parse("n@1=36"));
    assertThat(plan("tx:n@1/44").vector()).isEqualTo(VersionVector.parse("n@1=44"));
    assertThat(plan("latest").vector()).isEqualTo(VersionVector.parse("n@1=50"));
  }

  @Test
  void theNewestMomentIsRefusedTooIfItIsNotExact() {
    inexact = List.of(new InexactSpan(SITE, 49, 50));
    delta(40, 50);
    assertThatThrownBy(() -> plan("latest"))
        .isInstanceOfSatisfying(
            VarveException.class,
            e -> assertThat(e.hint()).contains("(vv:n@1=48) before it").doesNotContain("after it"));
  }

  @Test
  void aNewLifeOfTheSiteIsExactWhateverTheOldOneLacked() {
    inexact = List.of(new InexactSpan(SITE, 39, 40));
    add(Manifest.Kind.DELTA, "n@1=40", "n@1=40,n@2=60", 41, 60);
    assertThatThrownBy(() -> plan("tx:n@1/40")).isInstanceOf(VarveException.class);
    assertThat(plan("latest").vector()).isEqualTo(VersionVector.parse("n@1=40,n@2=60"));
  }
}
