package dev.varve.compact;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.InstanceOfAssertFactories.type;

import dev.varve.archive.Chain;
import dev.varve.archive.Keys;
import dev.varve.archive.Ledger;
import dev.varve.archive.Manifest;
import dev.varve.archive.Manifest.Kind;
import dev.varve.archive.Orphans;
import dev.varve.change.VersionVector;
import dev.varve.compact.FaultyRepository.Call;
import dev.varve.compact.FaultyRepository.Fault;
import dev.varve.fault.ExitCode;
import dev.varve.fault.VarveException;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.NavigableSet;
import java.util.Optional;
import java.util.TreeSet;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInfo;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class ExpireTest {

  private static final MergePlan.Policy THIN =
      new MergePlan.Policy(
          Duration.ofMillis(20),
          1 << 30,
          Optional.of(Duration.ofMillis(60)),
          Duration.ofMillis(50));

  @TempDir Path directory;

  private final MemoryRepository repository = new MemoryRepository();
  private Lab lab;

  @BeforeEach
  void setUp(TestInfo test) {
    long seed = Long.getLong("varve.seed", 1);
    System.out.println(test.getDisplayName() + " -Dvarve.seed=" + seed);
    lab = new Lab(seed, directory);
  }

  @AfterEach
  void tearDown() {
    lab.close();
  }

  @Test
  void theNewestChainsStay() throws Exception {
    List<Manifest> bases = chains(4);
    Expire.Removed removed = expire(chains(Optional.of(2), Optional.empty()));
    assertThat(removed.refused()).isEmpty();
    assertThat(removed.objects()).isPositive();
    Chain chain = check();
    assertThat(chain.stretches().get(0).from()).isEqualTo(bases.get(2).to());
    assertThat(Restored.moments(chain, lab.graph))
        .isEqualTo(lab.graph.history.tailMap(seq(bases.get(2)), true).keySet());
    assertNothingIsLeftOver(chain);
    assertThat(expire(chains(Optional.of(2), Optional.empty())).objects()).isZero();
  }

  @Test
  void whatIsNeededToGoBackForATimeStays() throws Exception {
    List<Manifest> bases = chains(4);
    long back = lab.graph.seq - (seq(bases.get(2)) + 3);
    expire(chains(Optional.empty(), Optional.of(Duration.ofMillis(back))));
    assertThat(check().stretches().get(0).from()).isEqualTo(bases.get(2).to());
  }

  @Test
  void whatEitherOfTheTwoKeepsStays() throws Exception {
    List<Manifest> bases = chains(4);
    expire(chains(Optional.of(3), Optional.of(Duration.ofMillis(1))));
    assertThat(check().stretches().get(0).from()).isEqualTo(bases.get(1).to());
    expire(chains(Optional.of(1), Optional.of(Duration.ofDays(10_000))));
    assertThat(check().stretches().get(0).from()).isEqualTo(bases.get(1).to());
  }

  @Test
  void withoutAPolicyEveryMomentStays() throws Exception {
    chains(3);
    NavigableSet<Long> before = Restored.moments(load(), lab.graph);
    try (Housekeeper housekeeper =
        lab.housekeeper(repository, THIN.keepingAll(), ExpirePlan.Policy.EVERYTHING, lab.clock())) {
      housekeeper.round();
      assertThat(housekeeper.status().merges()).isPositive();
      assertThat(housekeeper.status().objectsRemoved()).as("restores may be reading them").isZero();
      repository.advance(ExpirePlan.STANDBY);
      lab.graph.change(2, 2);
      lab.writer(repository, 9).layDown();
      housekeeper.round();
      assertThat(housekeeper.status().objectsRemoved()).isPositive();
    }
    assertThat(Restored.moments(check(), lab.graph)).containsAll(before);
    assertNothingIsLeftOver(load());
  }

  @Test
  void beyondTheKeepFinePeriodOnlyThinnedDeltasStay() throws Exception {
    chains(3);
    NavigableSet<Long> before = Restored.moments(load(), lab.graph);
    ExpirePlan.Policy policy =
        new ExpirePlan.Policy(Optional.of(9), Optional.empty(), THIN.keepFine(), Duration.ZERO);
    try (Housekeeper housekeeper = lab.housekeeper(repository, THIN, policy, lab.clock())) {
      housekeeper.round();
      assertThat(housekeeper.status().trouble()).isEmpty();
    }
    Chain chain = check();
    assertThat(chain.links()).anyMatch(link -> link.manifest().kind() == Kind.THINNED);
    NavigableSet<Long> after = Restored.moments(chain, lab.graph);
    assertThat(after).hasSizeLessThan(before.size());
    assertThat(after).containsAll(before.tailSet(lab.graph.seq - 60, false));
    assertNothingIsLeftOver(chain);
  }

  @Test
  void aRestorePointPinsWhatItNeeds() throws Exception {
    List<Manifest> bases = chains(4);
    TreeSet<Long> inFirst =
        new TreeSet<>(
            lab.graph.history.subMap(seq(bases.get(0)), false, seq(bases.get(1)), false).keySet());
    long point = inFirst.lower(inFirst.last());
    mark("keep", point);
    expire(chains(Optional.of(1), Optional.empty()));
    Chain chain = check();
    assertThat(Restored.moments(chain, lab.graph)).contains(point);
    assertThat(chain.links().get(0).manifest()).isEqualTo(bases.get(0));
    lab.book(repository, lab.clock())
        .update(
            Lab.GRAPH,
            LedgerBook.Unknown.REFUSE,
            (newest, now) -> newest.withRestorePoints(List.of()));
    expire(chains(Optional.of(1), Optional.empty()));
    assertThat(check().links().get(0).manifest()).isNotEqualTo(bases.get(0));
  }

  @Test
  void aClockThatJumpedForwardExpiresNothingEarly() throws Exception {
    List<Manifest> bases = chains(3);
    Instant wrong = Instant.parse("2199-01-01T00:00:00Z");
    ExpirePlan plan =
        Expire.plan(
            repository,
            Lab.GRAPH,
            chains(Optional.empty(), Optional.of(Duration.ofMillis(lab.graph.seq))),
            wrong);
    assertThat(plan.gone()).isEmpty();
    assertThat(plan.after().links().get(0).manifest()).isEqualTo(bases.get(0));
  }

  @Test
  void nothingOfADamagedChainExpires() throws Exception {
    List<Manifest> bases = chains(3);
    repository.delete(bases.get(1).key());
    assertThatThrownBy(() -> expire(chains(Optional.of(1), Optional.empty())))
        .asInstanceOf(type(VarveException.class))
        .satisfies(e -> assertThat(e.exitCode()).isEqualTo(ExitCode.DAMAGE_FOUND));
    assertThat(load().links().get(0).manifest()).isEqualTo(bases.get(0));
  }

  @Test
  void aNewerCheckpointWhoseFilesAreGoneKeepsNothingFromStaying() throws Exception {
    List<Manifest> bases = chains(3);
    repository.delete(bases.get(2).segments().get(0).object().key());
    expire(chains(Optional.of(1), Optional.empty()));
    assertThat(load().stretches().get(0).from()).isEqualTo(bases.get(1).to());
  }

  @Test
  void aLedgerThatIsLostOrDamagedAfterAnExpiryIsStoodForByTheOneBeforeIt() throws Exception {
    chains(4);
    mark("keep", lab.graph.seq);
    expire(chains(Optional.of(2), Optional.empty()));
    Chain whole = load();
    Ledger newest = whole.ledger().orElseThrow();
    assertThat(whole.fallback()).isPresent();
    assertThat(newest.expired()).isNotEmpty();
    NavigableSet<Long> moments = Restored.moments(whole, lab.graph);

    MemoryRepository lost = repository.copy();
    lost.delete(newest.key());
    Chain without = Chain.load(lost, Lab.GRAPH);
    assertThat(without.damage()).isEmpty();
    assertThat(without.restorePoints()).isEqualTo(whole.restorePoints());
    assertThat(without.links()).isEqualTo(whole.links());
    run(lost, chains(Optional.of(1), Optional.empty()));
    assertThat(Chain.load(lost, Lab.GRAPH).fallback()).isPresent();
    Restored.check(lost, Lab.GRAPH, lab.graph);

    repository.flip(newest.key());
    Chain damaged = load();
    assertThat(damaged.damage())
        .singleElement()
        .satisfies(damage -> assertThat(damage.key()).isEqualTo(newest.key()));
    assertThat(damaged.ledger()).isEqualTo(whole.fallback());
    assertThat(damaged.restorePoints()).isEqualTo(whole.restorePoints());
    assertThat(Restored.moments(damaged, lab.graph)).isEqualTo(moments);
  }

  @Test
  void whatOnlyTheNewestLedgerListsIsNotRemovedYet() throws Exception {
    List<Manifest> bases = chains(2);
    expire(ExpirePlan.Policy.EVERYTHING);
    lab.book(repository, lab.clock())
        .update(
            Lab.GRAPH,
            LedgerBook.Unknown.REFUSE,
            (newest, chain) -> newest.withExpired(List.of(bases.get(0).number()), Map.of()));
    assertThat(Expire.removeExpired(repository, Lab.GRAPH).objects()).isZero();
    assertThat(repository.sizeBytes(bases.get(0).key())).isPresent();
    expire(ExpirePlan.Policy.EVERYTHING);
    assertThat(repository.sizeBytes(bases.get(0).key())).isEmpty();
  }

  /** Its newest entries are lost: what follows from them, such as a restore point, is not known. */
  @Test
  void nothingIsMadeOrRemovedWhereTheRepositoryIsOlderThanItWas() throws Exception {
    chains(3);
    try (Housekeeper housekeeper =
        lab.housekeeper(
            repository,
            MergePlan.Policy.USUAL.keepingAll(),
            ExpirePlan.Policy.EVERYTHING,
            lab.clock())) {
      housekeeper.round();
      mark("keep", lab.graph.history.firstKey());
      housekeeper.round();
      assertThat(housekeeper.status().trouble()).isEmpty();
      String lost = load().ledger().orElseThrow().key();
      byte[] bytes = repository.read(lost, 0).readAllBytes();
      repository.delete(lost);
      List<String> before = repository.list("");
      housekeeper.round();
      assertThat(housekeeper.status().trouble().orElseThrow())
          .contains("is older than it was", lost);
      assertThat(repository.list("")).isEqualTo(before);
      repository.create(lost, bytes);
      housekeeper.round();
      assertThat(housekeeper.status().trouble()).isEmpty();
    }
  }

  @Test
  void whatALockHoldsIsReportedAndTheRestGoes() throws Exception {
    List<Manifest> bases = chains(3);
    String locked = bases.get(0).segments().get(0).object().key();
    FaultyRepository holds =
        FaultyRepository.of(
            repository,
            (call, key) -> call == Call.DELETE && key.equals(locked) ? Fault.FAILS : Fault.NONE);
    ExpirePlan.Policy policy = chains(Optional.of(1), Optional.empty());
    Expire.Removed removed =
        Expire.run(holds, Lab.GRAPH, policy, lab.book(holds, lab.clock()), lab.clock());
    assertThat(removed.refused()).singleElement().asString().contains(locked);
    assertThat(removed.objects()).isGreaterThan(3);
    assertThat(repository.sizeBytes(locked)).isPresent();
    assertThat(repository.sizeBytes(bases.get(0).key())).isPresent();
    check();
    assertThat(Expire.removeExpired(repository, Lab.GRAPH).objects()).isEqualTo(2);
    assertNothingIsLeftOver(load());
  }

  @Test
  void orphansGoWhenTheyAreOldAndNobodyCanPublishThem() throws Exception {
    chains(2);
    long head = load().head().orElseThrow().manifest().number();
    String fenced = orphan(head, "v000");
    String next = orphan(head + 1, "v000");
    String merge = orphan(head + 7, "mv000");
    String foreign = Keys.segments(Lab.GRAPH) + "notes.txt";
    repository.create(foreign, new byte[3]);
    ExpirePlan.Policy all = ExpirePlan.Policy.EVERYTHING;
    repository.advance(Orphans.AGE.minusHours(1));
    lab.graph.change(1, 1);
    Lab.Writer writer = lab.writer(repository, 5);
    assertThat(expire(all).orphans()).as("too young").isZero();
    repository.advance(Duration.ofHours(2));
    String young = orphan(head, "e000");
    assertThat(expire(all).orphans()).isEqualTo(2);
    assertThat(repository.list(Keys.segments(Lab.GRAPH)))
        .contains(next, young, foreign)
        .doesNotContain(fenced, merge);
    writer.layDown();
    expire(all);
    assertThat(repository.list(Keys.segments(Lab.GRAPH))).doesNotContain(next);
    check();
  }

  @Test
  void aMergeThatTookTooLongIsNotPublished() throws Exception {
    chains(2);
    Freshness began = new Freshness(lab.clock());
    java.time.Clock late =
        java.time.Clock.offset(lab.clock(), Orphans.AGE.dividedBy(2).plusHours(1));
    assertThatThrownBy(() -> new Freshness(new Jump(lab.clock(), late)).check())
        .isInstanceOf(IOException.class)
        .hasMessageContaining("longer than");
    began.check();
  }

  /** A clock that jumps after it was first looked at. */
  private static final class Jump extends java.time.Clock {
    private final java.time.Clock then;
    private java.time.Clock current;

    Jump(java.time.Clock now, java.time.Clock then) {
      this.current = now;
      this.then = then;
    }

    @Override
    public Instant instant() {
      Instant result = current.instant();
      current = then;
      return result;
    }

    @Override
    public java.time.ZoneId getZone() {
      return then.getZone();
    }

    @Override
    public java.time.Clock withZone(java.time.ZoneId zone) {
      throw new UnsupportedOperationException();
    }
  }

  /** A compactor goes on after its chain was expired down to almost nothing. */
  @Test
  void theEndOfAnExpiredChainIsFound() throws Exception {
    chains(3);
    mark("a", lab.graph.seq);
    mark("b", lab.graph.seq);
    mark("c", lab.graph.seq);
    expire(chains(Optional.of(1), Optional.empty()));
    assertThat(Chain.loadEnd(repository, Lab.GRAPH).orElseThrow().head().manifest().to())
        .isEqualTo(lab.cut());
    lab.graph.change(2, 3);
    lab.writer(repository, 77).layDown();
    check();
  }

  /** Whatever dies or fails, at whatever call, on either side of it. */
  @ParameterizedTest
  @EnumSource(names = {"FAILS", "ANSWER_LOST", "DIES_BEFORE", "DIES_AFTER"})
  void aFaultAtAnyCallIsMadeGoodByTheNextRun(Fault fault) throws Exception {
    chains(3);
    mark("old", lab.graph.history.firstKey());
    lab.random.nextInt();
    ExpirePlan.Policy policy = chains(Optional.of(1), Optional.empty());
    Chain before = load();
    int stride = ChainRun.STRIDE;
    for (int call = 1 + lab.random.nextInt(stride); ; call += stride) {
      MemoryRepository copy = repository.copy();
      FaultyRepository faulty = FaultyRepository.at(copy, call, fault);
      boolean done = attempt(() -> run(faulty, policy));
      Chain half = Chain.load(copy, Lab.GRAPH);
      assertThat(half.damage()).isEmpty();
      assertThat(half.checkObjects(copy)).isEmpty();
      assertThat(half.restorePoints()).isEqualTo(before.restorePoints());
      run(copy, policy);
      Chain after = Chain.load(copy, Lab.GRAPH);
      Restored.check(copy, Lab.GRAPH, lab.graph);
      assertThat(after.links()).hasSizeLessThan(before.links().size());
      assertNothingIsLeftOver(copy, after);
      if (done && faulty.calls.get() < call) {
        assertThat(call).isGreaterThan(20);
        return;
      }
    }
  }

  private Expire.Removed run(dev.varve.archive.Repository where, ExpirePlan.Policy policy)
      throws IOException {
    return Expire.run(where, Lab.GRAPH, policy, lab.book(where, lab.clock()), lab.clock());
  }

  private interface Attempt {
    void run() throws IOException;
  }

  private static boolean attempt(Attempt attempt) {
    try {
      attempt.run();
      return true;
    } catch (IOException | VarveException | IllegalStateException | FaultyRepository.Died e) {
      return false;
    }
  }

  /** A base, and checkpoints with deltas between them. */
  private List<Manifest> chains(int count) throws Exception {
    lab.graph.scan(50);
    Lab.Writer writer = lab.writer(repository, 1);
    List<Manifest> bases = new java.util.ArrayList<>();
    bases.add(writer.layDown());
    for (int i = 0; i < count; i++) {
      for (int delta = 0; delta < 4; delta++) {
        lab.graph.change(5, 4);
        writer.layDown();
      }
      if (i < count - 1) {
        bases.add(Checkpoint.make(repository, Lab.GRAPH));
      }
    }
    return bases;
  }

  private void mark(String name, long seq) {
    lab.book(repository, lab.clock())
        .update(
            Lab.GRAPH,
            LedgerBook.Unknown.REFUSE,
            (newest, chain) ->
                newest.withRestorePoints(
                    Ledger.with(
                        newest.restorePoints(),
                        new Ledger.RestorePoint(
                            name,
                            VersionVector.of(lab.graph.site, seq),
                            SyntheticGraph.micros(seq),
                            Instant.EPOCH))));
  }

  private static ExpirePlan.Policy chains(Optional<Integer> count, Optional<Duration> keepFor) {
    return new ExpirePlan.Policy(count, keepFor, Optional.empty(), ExpirePlan.STANDBY);
  }

  private Expire.Removed expire(ExpirePlan.Policy policy) throws IOException {
    return run(repository, policy);
  }

  private String orphan(long number, String part) {
    String key = Keys.part(Lab.GRAPH, number, part, lab.random.nextInt());
    repository.create(key, new byte[10]);
    return key;
  }

  private Chain load() throws IOException {
    return Chain.load(repository, Lab.GRAPH);
  }

  private Chain check() throws Exception {
    Restored.check(repository, Lab.GRAPH, lab.graph);
    return load();
  }

  private void assertNothingIsLeftOver(Chain chain) throws IOException {
    assertNothingIsLeftOver(repository, chain);
  }

  /** Every object is named by an entry, and every entry is of the chain. */
  private static void assertNothingIsLeftOver(MemoryRepository repository, Chain chain) {
    TreeSet<String> expected = new TreeSet<>();
    chain.ledger().ifPresent(ledger -> expected.add(ledger.key()));
    chain.fallback().ifPresent(ledger -> expected.add(ledger.key()));
    for (Chain.Link link : chain.links()) {
      expected.add(link.manifest().key());
      link.manifest().objects().forEach(object -> expected.add(object.key()));
    }
    assertThat(repository.list(Lab.GRAPH + "/", ""))
        .extracting(listed -> listed.key())
        .containsExactlyElementsOf(expected);
  }

  private static long seq(Manifest manifest) {
    return Restored.seq(manifest.to().seqs());
  }
}
