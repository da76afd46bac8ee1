package dev.varve.compact;

import static org.assertj.core.api.Assertions.assertThat;

import dev.varve.archive.Chain;
import dev.varve.archive.Keys;
import dev.varve.archive.Ledger;
import dev.varve.archive.Manifest;
import dev.varve.archive.Repository;
import dev.varve.compact.FaultyRepository.Fault;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.NavigableSet;
import java.util.Optional;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Everything that is done to a chain, with one fault at each call of it in turn. */
class ChainCrashesTest {

  @TempDir Path directory;

  /** Dies or fails at every call there is, on either side. */
  @ParameterizedTest
  @EnumSource(names = {"FAILS", "ANSWER_LOST", "DIES_BEFORE", "DIES_AFTER", "FLIPPED", "CUT_OFF"})
  void aFaultAtAnyCallOfAMergeOrCheckpointIsMadeGood(Fault fault) throws Exception {
    try (ChainRun run = new ChainRun(11, directory.resolve("every"))) {
      everyCall(run, fault);
    }
  }

  @ParameterizedTest
  @EnumSource(names = {"FAILS", "ANSWER_LOST", "DIES_BEFORE", "DIES_AFTER"})
  void aFaultAtAnyCallOfAMarkOrUnmarkIsMadeGood(Fault fault) throws Exception {
    try (ChainRun run = new ChainRun(12, directory.resolve("marks"))) {
      everyCallOfMarks(run, fault);
    }
  }

  /** Everything that is done to a chain, one after the other, with one fault at any call of it. */
  @ParameterizedTest
  @EnumSource(names = {"FAILS", "ANSWER_LOST", "DIES_BEFORE", "DIES_AFTER", "FLIPPED", "CUT_OFF"})
  void aFaultAtAnyCallOfAllTogetherIsMadeGood(Fault fault) throws Exception {
    try (ChainRun run = new ChainRun(13, directory.resolve("all"))) {
      everyCallOfAll(run, fault);
    }
  }

  private static void everyCall(ChainRun run, Fault fault) throws Exception {
    run.lab.graph.scan(20);
    Lab.Writer writer = run.lab.writer(run.truth, 1);
    writer.layDown();
    for (int i = 0; i < 10; i++) {
      run.lab.graph.change(2, 3);
      writer.layDown();
    }
    MergePlan.Policy policy =
        new MergePlan.Policy(
            Duration.ofMillis(10),
            1 << 30,
            Optional.of(Duration.ofMillis(20)),
            Duration.ofMillis(20));
    NavigableSet<Long> moments = Restored.moments(run.load(), run.lab.graph);
    run.faultRate = 1; // for one call of each round
    for (int call = ChainRun.firstCall(fault); ; call += ChainRun.STRIDE) {
      MemoryRepository copy = run.truth.copy();
      FaultyRepository faulty = FaultyRepository.at(copy, call, fault);
      run.attempt("merge", () -> mergeAndCheckpoint(run, faulty, policy));
      Chain half = Chain.load(copy, Lab.GRAPH);
      assertThat(half.damage()).isEmpty();
      assertThat(half.checkObjects(copy)).isEmpty();
      assertThat(Restored.moments(half, run.lab.graph)).isEqualTo(moments);
      mergeAndCheckpoint(run, copy, policy);
      Chain whole = Chain.load(copy, Lab.GRAPH);
      assertThat(MergePlan.of(whole, policy, Lab.at(run.lab.graph.seq)).jobs()).isEmpty();
      assertThat(whole.links()).anyMatch(l -> l.manifest().kind() == Manifest.Kind.CHECKPOINT);
      Restored.check(copy, Lab.GRAPH, run.lab.graph);
      if (faulty.calls.get() < call) {
        assertThat(call).isGreaterThan(30);
        return;
      }
    }
  }

  private static final MergePlan.Policy MERGES =
      new MergePlan.Policy(
          Duration.ofMillis(10),
          1 << 30,
          Optional.of(Duration.ofMillis(20)),
          Duration.ofMillis(20));

  private static void chainWithAPoint(ChainRun run) throws Exception {
    run.lab.graph.scan(20);
    Lab.Writer writer = run.lab.writer(run.truth, 1);
    writer.layDown();
    for (int i = 0; i < 10; i++) {
      run.lab.graph.change(2, 3);
      writer.layDown();
      if (i == 5) {
        new Checkpoint(run.lab.bench(run.truth, run.writerSeed++))
            .make(Lab.GRAPH, Chain.loadEnd(run.truth, Lab.GRAPH).orElseThrow().head().manifest());
      }
    }
    point(run, run.truth, "old", run.lab.graph.history.firstKey());
  }

  private static void point(ChainRun run, Repository repository, String name, long seq) {
    run.lab
        .book(repository, run.lab.clock())
        .update(
            Lab.GRAPH,
            LedgerBook.Unknown.REFUSE,
            (newest, chain) ->
                newest.restorePoint(name).isPresent()
                    ? newest
                    : newest.withRestorePoints(
                        Ledger.with(
                            newest.restorePoints(),
                            new Ledger.RestorePoint(
                                name,
                                run.lab.graph.vector(seq),
                                SyntheticGraph.micros(seq),
                                Instant.EPOCH))));
  }

  private static void noPoint(ChainRun run, Repository repository, String name) {
    run.lab
        .book(repository, run.lab.clock())
        .update(
            Lab.GRAPH,
            LedgerBook.Unknown.REFUSE,
            (newest, chain) ->
                newest.withRestorePoints(Ledger.without(newest.restorePoints(), name)));
  }

  private static List<String> points(Repository repository) throws IOException {
    return Chain.load(repository, Lab.GRAPH).restorePoints().stream()
        .map(Ledger.RestorePoint::name)
        .toList();
  }

  private static void everyCallOfMarks(ChainRun run, Fault fault) throws Exception {
    chainWithAPoint(run);
    long seq = run.lab.graph.history.lastKey();
    run.faultRate = 1; // for one call of each round
    for (int call = 1; ; call++) {
      MemoryRepository copy = run.truth.copy();
      FaultyRepository faulty = FaultyRepository.at(copy, call, fault);
      boolean marked = run.attempt("mark", () -> point(run, faulty, "new", seq));
      boolean unmarked = run.attempt("unmark", () -> noPoint(run, faulty, "old"));
      Chain half = Chain.load(copy, Lab.GRAPH);
      assertThat(half.damage()).as("%s", run.log).isEmpty();
      List<String> left = points(copy);
      assertThat(List.of(List.of("old"), List.of("new", "old"), List.of(), List.of("new")))
          .contains(left);
      assertThat(left.contains("new") || !marked).as("what was acknowledged is there").isTrue();
      assertThat(left.contains("old") && unmarked).as("what was acknowledged is gone").isFalse();
      point(run, copy, "new", seq);
      noPoint(run, copy, "old");
      assertThat(points(copy)).containsExactly("new");
      assertThat(Restored.moments(Chain.load(copy, Lab.GRAPH), run.lab.graph)).contains(seq);
      Restored.check(copy, Lab.GRAPH, run.lab.graph);
      if (faulty.calls.get() < call) {
        assertThat(call).isGreaterThan(10);
        return;
      }
    }
  }

  private static void everyCallOfAll(ChainRun run, Fault fault) throws Exception {
    chainWithAPoint(run);
    run.lab.graph.change(2, 3);
    long point = run.lab.graph.history.lastKey();
    run.faultRate = 1; // for one call of each round
    for (int call = ChainRun.firstCall(fault); ; call += ChainRun.STRIDE) {
      MemoryRepository copy = run.truth.copy();
      FaultyRepository faulty = FaultyRepository.at(copy, call, fault);
      all(run, faulty, point, true);
      Chain half = Chain.load(copy, Lab.GRAPH);
      assertThat(half.damage()).as("call %d", call).isEmpty();
      assertThat(half.checkObjects(copy)).isEmpty();
      all(run, copy, point, false);
      Chain whole = Chain.load(copy, Lab.GRAPH);
      assertThat(whole.damage()).isEmpty();
      assertThat(whole.fallback()).as("an earlier ledger").isPresent();
      assertThat(whole.head().orElseThrow().manifest().to()).isEqualTo(run.lab.cut());
      assertThat(points(copy)).containsExactly("new");
      assertThat(Restored.moments(whole, run.lab.graph)).contains(point);
      Restored.check(copy, Lab.GRAPH, run.lab.graph);
      for (String key : copy.list(Keys.manifests(Lab.GRAPH))) {
        assertThat(whole.ledger().orElseThrow().isExpired(Keys.manifestNumber(key).orElseThrow()))
            .as(key)
            .isFalse();
      }
      if (faulty.calls.get() < call) {
        assertThat(call).isGreaterThan(100);
        return;
      }
    }
  }

  private static void all(ChainRun run, Repository repository, long point, boolean mayFail)
      throws IOException {
    ExpirePlan.Policy policy =
        new ExpirePlan.Policy(Optional.of(1), Optional.empty(), Optional.empty(), Duration.ZERO);
    List<ChainRun.Step> steps =
        List.of(
            () -> run.lab.writer(repository, run.writerSeed++).layDown(),
            () -> point(run, repository, "new", point),
            () -> mergeAndCheckpoint(run, repository, MERGES),
            () -> noPoint(run, repository, "old"),
            () ->
                Expire.run(
                    repository,
                    Lab.GRAPH,
                    policy,
                    run.lab.book(repository, run.lab.clock()),
                    run.lab.clock()));
    for (ChainRun.Step step : steps) {
      if (mayFail) {
        run.attempt("step", step);
      } else {
        step.run();
      }
    }
  }

  private static void mergeAndCheckpoint(
      ChainRun run, Repository repository, MergePlan.Policy policy) throws IOException {
    try (Housekeeper housekeeper =
        run.lab.housekeeper(repository, policy, ExpirePlan.Policy.EVERYTHING, run.lab.clock())) {
      housekeeper.mergeRound();
    }
    new Checkpoint(run.lab.bench(repository, run.writerSeed++))
        .make(Lab.GRAPH, Chain.loadEnd(repository, Lab.GRAPH).orElseThrow().head().manifest());
  }
}
