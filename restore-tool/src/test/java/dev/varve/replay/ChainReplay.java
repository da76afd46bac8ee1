package dev.varve.replay;

import dev.varve.archive.Reached;
import dev.varve.graph.ElementKind;
import dev.varve.restore.ChainLab;
import dev.varve.restore.Progress;
import dev.varve.restore.convert.Conversion;
import dev.varve.restore.convert.Engine;
import dev.varve.restore.standby.Advance;
import dev.varve.restore.standby.Standby;
import dev.varve.wire.RegistryConfig;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.function.Supplier;

/** Replays the chain of a lab, with no Kafka, as far as it goes, and has the standby compared. */
public final class ChainReplay {

  private static final long LOOK_EVERY_MS = 20;

  private ChainReplay() {}

  /**
   * Brings a standby up to date, and compares it.
   *
   * @param limits how much is applied at once
   */
  public static Verified run(
      ChainLab lab,
      Path directory,
      Supplier<Standby> standby,
      Conversion conversion,
      ReplayConfig.Limits limits) {
    try (Replay replay = start(lab, directory, standby, conversion, limits, true)) {
      Throwable failure = end(replay).orElse(null);
      if (failure != null) {
        throw new AssertionError(failure);
      }
      return replay.verified().orElseThrow();
    }
  }

  /**
   * Brings a standby up to date as far as it can be.
   *
   * @return why it cannot be brought further
   */
  public static Optional<Throwable> apply(
      ChainLab lab,
      Path directory,
      Supplier<Standby> standby,
      Conversion conversion,
      ReplayConfig.Limits limits) {
    try (Replay replay = start(lab, directory, standby, conversion, limits, false)) {
      return end(replay);
    }
  }

  private static Replay start(
      ChainLab lab,
      Path directory,
      Supplier<Standby> standby,
      Conversion conversion,
      ReplayConfig.Limits limits,
      boolean verify) {
    ReplayConfig config =
        ReplayConfig.of(
                ChainLab.GRAPH,
                Optional.empty(),
                RegistryConfig.embedded(),
                lab.repository(),
                directory.resolve("replay"))
            .withLimits(limits);
    return Replay.start(config, standby, conversion, verify, Progress.NONE);
  }

  private static Optional<Throwable> end(Replay replay) {
    try {
      while (!replay.done() && replay.failure().isEmpty()) {
        Thread.sleep(LOOK_EVERY_MS);
      }
      return replay.failure();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException(e);
    }
  }

  /** Why a converted standby cannot be compared, with no patience for the chain. */
  public static Throwable comparing(ChainLab lab, Path directory, Supplier<Standby> standby) {
    ReplayConfig config =
        ReplayConfig.of(
                ChainLab.GRAPH,
                Optional.empty(),
                RegistryConfig.embedded(),
                lab.repository(),
                directory.resolve("replay"))
            .withChainPatience(Duration.ZERO);
    Conversion conversion = new Conversion(Optional.of(Engine.NEO4J), false);
    try (Replay replay = Replay.start(config, standby, conversion, true, Progress.NONE)) {
      while (replay.failure().isEmpty()) {
        if (replay.done()) {
          throw new AssertionError("it was compared");
        }
        Thread.sleep(LOOK_EVERY_MS);
      }
      return replay.failure().get();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException(e);
    }
  }

  /** An advance that changes nothing and leads nowhere. */
  public static Advance nothing(Reached at) {
    return new Advance() {
      @Override
      public Reached from() {
        return at;
      }

      @Override
      public Reached to() {
        return at;
      }

      @Override
      public void each(ElementKind kind, Consumer<Changed> receiver) {}

      @Override
      public long elements() {
        return 0;
      }
    };
  }
}
