package dev.varve.cli.failover;

import dev.varve.archive.Identities;
import dev.varve.cdc.CaptureSource;
import dev.varve.cdc.CaptureState;
import dev.varve.cdc.StoreLog;
import dev.varve.change.VersionVector;
import dev.varve.fault.ExitCode;
import dev.varve.fault.VarveException;
import dev.varve.replay.Replay;
import dev.varve.replay.ReplayConfig;
import dev.varve.restore.Moment;
import dev.varve.restore.Progress;
import dev.varve.restore.convert.Conversion;
import dev.varve.restore.convert.Engine;
import dev.varve.restore.standby.Standby;
import dev.varve.tail.WorkDirectory;
import java.io.IOException;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;

/** A standby that a replay keeps in step, seen as what is to be promoted. */
public final class StandbySeat implements Seat {

  private static final long LOOK_EVERY_MS = 50;

  private final String address;
  private final CaptureSource source;
  private final Supplier<Standby> opening;
  private final Conversion conversion;
  private final ReplayConfig replay;
  private final Progress progress;

  /**
   * @param source the same store as something to capture
   * @param opening opens it as a standby
   * @param conversion what kind of store it is
   * @param replay how it is followed
   */
  public StandbySeat(
      String address,
      CaptureSource source,
      Supplier<Standby> opening,
      Conversion conversion,
      ReplayConfig replay,
      Progress progress) {
    this.address = address;
    this.source = source;
    this.opening = opening;
    this.conversion = conversion;
    this.replay = replay;
    this.progress = progress;
  }

  @Override
  public String address() {
    return address;
  }

  @Override
  public String identity() {
    try (StoreLog log = source.open()) {
      return log.identity();
    } catch (VarveException e) {
      cut(); // refuses a converted standby, which need not be set up for capture at all
      throw e;
    }
  }

  @Override
  public Optional<VersionVector> cut() {
    try (Standby standby = opening.get()) {
      if (!(standby.inspect() instanceof Standby.Condition.At at)) {
        return Optional.empty();
      }
      at.crossed().ifPresent(crossed -> refuse(crossed.from()));
      return Optional.of(at.reached().vector());
    }
  }

  /** Its elements are not those that were captured, and another kind of capture would go on. */
  private void refuse(Engine from) {
    throw new VarveException(
        ExitCode.USAGE,
        "%s is a standby of a graph of %s, written in another form: it cannot take its place;"
                .formatted(address, from.title())
            + " nothing was done",
        "promote a standby that is of %s, or varve restore the chain into one"
            .formatted(from.title()));
  }

  @Override
  public VersionVector applyUpTo(VersionVector wanted, Duration limit) {
    ReplayConfig upTo = replay.to(true, new Moment.AtVector(wanted), Duration.ZERO);
    long end = System.nanoTime() + limit.toNanos();
    try (Replay drain = Replay.start(upTo, opening, conversion, false, progress)) {
      while (!drain.done()) {
        drain.failure().ifPresent(StandbySeat::raise);
        if (System.nanoTime() > end) {
          throw new VarveException(
              ExitCode.FAILED,
              "the standby is at vv:%s and has not come to vv:%s within %d s%s"
                  .formatted(
                      drain.status().applied(),
                      wanted,
                      limit.toSeconds(),
                      drain.status().trouble().map(trouble -> " (" + trouble + ")").orElse("")),
              "see that varve fold is at work, and promote again: it goes on from here; the old"
                  + " primary is not captured any more");
        }
        TimeUnit.MILLISECONDS.sleep(LOOK_EVERY_MS);
      }
      return drain.status().applied();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new VarveException(
          ExitCode.FAILED, "the promotion was interrupted", "promote again: it goes on", e);
    }
  }

  private static void raise(Throwable failure) {
    if (failure instanceof RuntimeException e) {
      throw e;
    }
    throw new IllegalStateException(failure);
  }

  @Override
  public void whole() {
    try (Standby standby = opening.get()) {
      standby.promoted();
    }
  }

  @Override
  public void tidy(Optional<CaptureState> captured) {
    String identity = identity();
    try (Standby standby = opening.get()) {
      captured.ifPresent(state -> keepIdentities(standby, state, identity));
      standby.strip(progress);
    }
  }

  /** Without them nobody could tell any more which element a branch of the old primary means. */
  private void keepIdentities(Standby standby, CaptureState captured, String identity) {
    if (!standby.namesElements()) {
      return;
    }
    try (WorkDirectory directory = WorkDirectory.claim(replay.workDirectory(), "identities-")) {
      Identities.keep(
          replay.repository(),
          directory.path(),
          new Identities.Of(replay.graph(), captured.site(), captured.seq(), identity),
          standby::identities);
    } catch (IOException e) {
      throw new VarveException(
          ExitCode.FAILED,
          "%s is the primary, but what the old one called its elements could not be kept: %s"
              .formatted(address, e.getMessage()),
          "check the repository, and promote again: it goes on from here",
          e);
    }
  }
}
