package dev.varve.replay;

import dev.varve.archive.Chain;
import dev.varve.change.VersionVector;
import dev.varve.fault.ExitCode;
import dev.varve.fault.VarveException;
import dev.varve.restore.Moment;
import dev.varve.restore.Progress;
import dev.varve.restore.ReadBack;
import dev.varve.restore.Restore;
import dev.varve.restore.RestorePlan;
import dev.varve.restore.convert.Crossing;
import dev.varve.tail.Insistence;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Finds out what a converted standby has to hold at a cut: nothing that it keeps adds up to that,
 * so the graph at the cut is taken from the chain and converted once more.
 */
final class ConvertedCut {

  private static final Logger LOG = LoggerFactory.getLogger(ConvertedCut.class);

  private final ReplayConfig config;
  private final Crossing way;
  private final Insistence insistence;

  ConvertedCut(ReplayConfig config, Crossing way, Insistence insistence) {
    this.config = config;
    this.way = way;
    this.insistence = insistence;
  }

  /**
   * Reads the graph from the chain; waits until the chain comes so far.
   *
   * @throws VarveException with {@link ExitCode#DONE_WITH_PROBLEMS} if it does not, or does not
   *     hold that cut
   */
  ReadBack expected(VersionVector cut, Progress progress) {
    Chain chain = await(cut, progress);
    RestorePlan plan;
    try {
      plan = Restore.plan(config.repository(), chain, new Moment.AtVector(cut));
    } catch (VarveException e) {
      if (e.exitCode() != ExitCode.OUTSIDE_WINDOW) {
        throw e;
      }
      throw unknown(cut, "the chain does not hold it: " + e.getMessage(), e);
    }
    if (!plan.vector().equals(cut)) {
      throw unknown(cut, "the nearest that the chain holds is vv:" + plan.vector(), null);
    }
    return Restore.survey(plan, config.repository(), way, progress).expected();
  }

  private Chain await(VersionVector cut, Progress progress) {
    long end = System.nanoTime() + config.chainPatience().toNanos();
    boolean told = false;
    while (true) {
      Chain chain = ChainFollower.load(config);
      if (chain.head().map(head -> head.manifest().to().includes(cut)).orElse(false)) {
        return chain;
      }
      if (System.nanoTime() > end) {
        throw unknown(
            cut,
            "the chain has not come so far in " + config.chainPatience().toSeconds() + " s",
            null);
      }
      if (!told) {
        LOG.info("waiting until the chain holds vv:{}, to compare the standby with it", cut);
        progress.phase("wait for the chain", 0);
        told = true;
      }
      insistence.pause(config.chainEvery());
    }
  }

  private static VarveException unknown(VersionVector cut, String why, @Nullable Throwable cause) {
    return new VarveException(
        ExitCode.DONE_WITH_PROBLEMS,
        "the standby stands at vv:%s and was not compared: %s".formatted(cut, why),
        "see that varve compact is at work, and compare again; or have a new standby stop at a cut"
            + " that varve info shows: replay --until vv:… --verify",
        cause);
  }
}
