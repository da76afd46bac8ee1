package dev.varve.restore;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.varve.fault.ExitCode;
import dev.varve.fault.VarveException;
import dev.varve.graph.ElementId;
import java.nio.file.Path;
import java.util.Random;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Whether a target is found to be good, and if not, who is to blame. */
class RestoreTest {

  @TempDir Path directory;
  private ChainLab lab = new ChainLab(Path.of("unset"));

  @BeforeEach
  void chain() {
    lab = new ChainLab(directory);
    Random random = new Random(9);
    RandomValues values = new RandomValues(random, false);
    for (int i = 0; i < 30; i++) {
      lab.randomCommit(random, values);
    }
    lab.base();
  }

  @Test
  void whatIsReadBackAsTheChainPromisesIsGood() {
    Judged target = new Judged(false);
    assertThat(run(target).actual()).isEqualTo(lab.fingerprint());
    assertThat(target.graph).isEqualTo(lab.alive());
    assertThat(target.judgement).isEqualTo("good");
  }

  @Test
  void aTargetThatHoldsSomethingElseIsToBlame() {
    Judged target = new Judged(true);
    assertThatThrownBy(() -> run(target))
        .isInstanceOfSatisfying(
            VarveException.class, e -> assertThat(e.exitCode()).isEqualTo(ExitCode.FAILED))
        .hasMessageContaining("does not hold what was written to it");
    assertThat(target.judgement).isEqualTo("different");
  }

  /** Every object is as its manifest says, but together they are not the graph that it promises. */
  @Test
  void aChainThatDoesNotAddUpIsToBlame() {
    lab.forgedCheckpoint();
    Judged target = new Judged(false);
    assertThatThrownBy(() -> run(target))
        .isInstanceOfSatisfying(
            VarveException.class, e -> assertThat(e.exitCode()).isEqualTo(ExitCode.DAMAGE_FOUND))
        .hasMessageContaining("do not add up");
    assertThat(target.judgement).isEqualTo("none");
  }

  private RestoreReport run(GraphTarget target) {
    RestorePlan plan = Restore.plan(lab.repository(), ChainLab.GRAPH, new Moment.Latest());
    return Restore.run(plan, lab.repository(), target, false, Progress.NONE);
  }

  /** Remembers how it was ended, and may lose an element while it is written. */
  private static final class Judged extends MemoryTarget {
    private final boolean losing;
    private String judgement = "none";

    Judged(boolean losing) {
      this.losing = losing;
    }

    @Override
    public void write(LiveGraph source, Progress progress) {
      super.write(source, progress);
      if (losing) {
        ElementId first = graph.keySet().iterator().next();
        graph.remove(first);
      }
    }

    @Override
    public void finish(boolean good, Progress progress) {
      judgement = good ? "good" : "different";
    }
  }
}
