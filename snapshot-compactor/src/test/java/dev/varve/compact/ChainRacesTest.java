package dev.varve.compact;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.fail;

import dev.varve.archive.Keys;
import dev.varve.archive.Repository;
import dev.varve.change.VersionVector;
import dev.varve.compact.FaultyRepository.Call;
import dev.varve.compact.FaultyRepository.Fault;
import dev.varve.fault.ExitCode;
import dev.varve.fault.VarveException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Two compactors on one chain, as {@link ChainSchedulesTest} has one of them at a time. */
class ChainRacesTest {

  @TempDir Path directory;

  /** Two that lay down the same graph in turns: one of them is always the one that goes on. */
  @Test
  void ofTwoCompactorsExactlyOneGoesOn() throws Exception {
    System.out.println("-Dvarve.seed=" + ChainRun.FIRST_SEED + " -Dvarve.seeds=" + ChainRun.SEEDS);
    for (long seed = ChainRun.FIRST_SEED;
        seed < ChainRun.FIRST_SEED + ChainRun.SEEDS * 3L;
        seed++) {
      try (ChainRun run = new ChainRun(seed, directory.resolve("two-" + seed))) {
        race(run);
      } catch (Exception | AssertionError e) {
        throw new AssertionError("-Dvarve.seed=" + seed + " -Dvarve.seeds=1", e);
      }
    }
  }

  /** The number that a sleeping compactor wants next was taken, has expired and is gone. */
  @Test
  void aCompactorThatSleptWhileItsNumberWasTakenAndExpiredIsFenced() throws Exception {
    for (boolean answerLost : new boolean[] {false, true}) {
      try (ChainRun run = new ChainRun(7, directory.resolve("slept-" + answerLost))) {
        sleeper(run, answerLost);
      }
    }
  }

  private static void race(ChainRun run) throws Exception {
    run.lab.graph.scan(20);
    run.faultRate = 0.05;
    long lastSeed = run.writerSeed;
    for (int turn = 0; turn < 40; turn++) {
      run.lab.graph.change(1, 4);
      if (run.random.nextInt(6) == 0) {
        run.merge();
      } else if (run.random.nextInt(8) == 0) {
        run.checkpoint();
      } else if (run.random.nextInt(8) == 0) {
        run.expire();
      }
      run.layDown(run.random.nextInt(2));
      run.verify();
    }
    assertThat(run.writerSeed).as("some were fenced or died").isGreaterThan(lastSeed + 2);
    assertThat(run.log).anyMatch(line -> line.contains("was written by another compactor"));
    // without faults: whoever published last goes on, the other one is fenced at once
    run.faultRate = 0;
    run.writers.clear();
    run.layDown(0);
    run.layDown(1);
    run.lab.graph.change(1, 4);
    run.layDown(0);
    assertThat(run.writers).hasSize(2);
    run.lab.graph.change(1, 4);
    run.layDown(1);
    assertThat(run.writers).as("the second is fenced: %s", run.log).hasSize(1);
    run.lab.graph.change(1, 4);
    run.layDown(0);
    assertThat(run.writers).as("the first goes on").hasSize(1);
    run.verify();
    run.check();
  }

  private static void sleeper(ChainRun run, boolean answerLost) throws Exception {
    run.lab.graph.scan(20);
    Lab.Writer awake = run.lab.writer(run.truth, 1);
    awake.layDown();
    run.lab.graph.change(1, 4);
    boolean[] asleep = {true};
    int[] lost = {answerLost ? 1 : 0};
    Repository slow =
        FaultyRepository.of(
            run.truth,
            (call, key) ->
                call == Call.CREATE && key.contains("/manifests/") && lost[0]-- > 0
                    ? Fault.ANSWER_LOST
                    : Fault.NONE);
    Lab.Writer sleeper = run.lab.writer(slow, 2);
    assertThat(asleep[0]).isTrue();
    for (int i = 0; i < 3; i++) {
      awake.layDown();
      Checkpoint.make(run.truth, Lab.GRAPH);
      run.lab.graph.change(1, 4);
    }
    awake.layDown();
    ExpirePlan.Policy policy =
        new ExpirePlan.Policy(Optional.of(1), Optional.empty(), Optional.empty(), Duration.ZERO);
    Expire.run(
        run.truth, Lab.GRAPH, policy, run.lab.book(run.truth, run.lab.clock()), run.lab.clock());
    assertThat(run.truth.sizeBytes(Keys.manifest(Lab.GRAPH, 2))).as("free again").isEmpty();
    VersionVector reached = run.load().head().orElseThrow().manifest().to();
    try {
      sleeper.layDown();
      fail("the sleeper went on");
    } catch (VarveException e) {
      assertThat(e.exitCode()).isEqualTo(ExitCode.FENCED);
    }
    assertThat(run.load().head().orElseThrow().manifest().to()).isEqualTo(reached);
    run.verify();
    run.check();
    run.lab.graph.change(1, 4);
    awake.layDown();
    Expire.run(
        run.truth, Lab.GRAPH, policy, run.lab.book(run.truth, run.lab.clock()), run.lab.clock());
    assertThat(run.truth.sizeBytes(Keys.manifest(Lab.GRAPH, 2))).as("what it left").isEmpty();
    run.check();
  }
}
