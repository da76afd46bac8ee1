package dev.varve.cli.failover;

import dev.varve.cdc.CaptureSource;
import dev.varve.cdc.CaptureState;
import dev.varve.cdc.KafkaTopics;
import dev.varve.cdc.LogGapException;
import dev.varve.cdc.LogInUseException;
import dev.varve.cdc.Promotion;
import dev.varve.cdc.StoreLog;
import dev.varve.cdc.StoreUnavailableException;
import dev.varve.cdc.Succession;
import dev.varve.change.VersionVector;
import dev.varve.cli.config.Config;
import dev.varve.fault.ExitCode;
import dev.varve.fault.VarveException;
import dev.varve.wire.TopicSpecs;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Makes a standby the primary, in an order in which no moment has two: the old store is shut off,
 * then its capture is fenced for good, then everything that was captured is applied, and only then
 * are clients led over. Done again after a failure at any point, it goes on.
 */
public final class Promoter {

  private static final Logger LOG = LoggerFactory.getLogger(Promoter.class);
  private static final long LOOK_EVERY_MS = 200;
  private static final double NANOS_A_SECOND = 1e9;

  /**
   * A log that goes on all the same, as PostgreSQL's does by itself, is not waited for for ever.
   */
  private static final int ENDS_MAX = 5;

  /** A capture of the old primary that is still running finds out that it is fenced. */
  private static final Duration CAPTURE_ENDS_WITHIN = Duration.ofSeconds(30);

  private final Setting setting;
  private final Seat seat;
  private final CaptureSource old;
  private final SetAside setAside;
  private final BooleanSupplier rejoined;
  private final Clock clock;
  private final List<String> problems = new ArrayList<>();

  /**
   * What is to be done.
   *
   * @param planned whether the old primary is well: its writes are stopped, and the last of them is
   *     waited for; otherwise it is given up
   * @param unfenced whether to go on although nothing is sure to have shut the old primary off
   * @param kafka settings of Kafka clients
   * @param lost if Kafka was lost with the primary: what takes its place, and what is known still
   */
  public record Setting(
      String graph,
      String site,
      boolean planned,
      boolean unfenced,
      Map<String, String> kafka,
      Config.Promote promote,
      Optional<KafkaLost> lost) {}

  /**
   * Kafka was lost with the primary.
   *
   * @param topics what the new one's have to be like
   */
  public record KafkaLost(TopicSpecs topics, LaidDown chain) {

    /** Where capture stood at least: the standby may have come further than the chain. */
    CaptureState captured(String site, VersionVector cut) {
      return chain
          .captured(site, cut)
          .orElseThrow(
              () ->
                  new VarveException(
                      ExitCode.USAGE,
                      "the chain has nothing of site " + site + "; nothing was done",
                      "set site to one of " + chain.end().to().seqs().keySet()));
    }
  }

  /**
   * What was done.
   *
   * @param captured where the capture of the old primary stood; absent if there was none
   * @param applied how far the new one has come
   * @param left what only the old primary knows, and where it was set aside; absent if it could not
   *     be asked
   * @param shutOffSeconds from the beginning until the old one was shut off and fenced
   * @param seconds until clients were led over
   */
  public record Report(
      Promotion promotion,
      Optional<CaptureState> captured,
      Optional<VersionVector> applied,
      Optional<SetAside.Result> left,
      double shutOffSeconds,
      double seconds,
      List<String> problems) {
    public Report {
      problems = List.copyOf(problems);
    }
  }

  /**
   * @param old the primary that is replaced
   * @param rejoined whether that is a standby by now
   */
  public Promoter(
      Setting setting,
      Seat seat,
      CaptureSource old,
      SetAside setAside,
      BooleanSupplier rejoined,
      Clock clock) {
    this.setting = setting;
    this.seat = seat;
    this.old = old;
    this.setAside = setAside;
    this.rejoined = rejoined;
    this.clock = clock;
  }

  /**
   * Promotes.
   *
   * @throws VarveException if it cannot be done; the message says what has been done
   */
  public Report run() {
    long began = System.nanoTime();
    CompletableFuture<Succession> asked = CompletableFuture.supplyAsync(this::succession);
    String identity = identity();
    Optional<VersionVector> cut = seat.cut();
    Succession before = result(asked);
    boolean again = before.promotion().map(known -> known.store().equals(identity)).orElse(false);
    if (cut.isEmpty() && !again) {
      throw new VarveException(
          ExitCode.FAILED,
          seat.address() + " is no standby of " + setting.graph() + "; nothing was done",
          "varve replay --target <uri> --follow makes it one");
    }
    if (!again) {
      if (setting.lost().isPresent()) {
        before.requireUnknown(setting.site());
      }
      if (setting.planned()) {
        stopWrites();
      }
      shutOff(identity);
    }
    Promotion promotion = promote(identity, cut);
    LOG.warn("{} is the primary of {} from now on", seat.address(), setting.graph());
    double shutOff = secondsSince(began);
    Optional<VersionVector> applied = drain(cut, promotion);
    if (cut.isPresent()) {
      seat.whole();
    }
    leadClients(promotion);
    double seconds = secondsSince(began);
    Optional<SetAside.Result> left =
        promotion
            .from()
            .filter(CaptureState::hasPosition)
            .flatMap(captured -> left(captured, promotion));
    if (cut.isPresent()) {
      seat.tidy(promotion.from());
    }
    return new Report(
        promotion, promotion.from(), applied, left, shutOff, seconds, List.copyOf(problems));
  }

  /** Asked while the standby is asked: both take a moment, and clients wait. */
  private Succession succession() {
    setting.lost().ifPresent(lost -> KafkaTopics.ensure(setting.kafka(), lost.topics()));
    return Succession.read(setting.kafka(), setting.graph(), setting.site());
  }

  private static <T> T result(CompletableFuture<T> future) {
    try {
      return future.join();
    } catch (CompletionException e) {
      if (e.getCause() instanceof RuntimeException cause) {
        throw cause;
      }
      throw e;
    }
  }

  private Promotion promote(String identity, Optional<VersionVector> cut) {
    if (setting.lost().isEmpty()) {
      return Succession.promote(
          setting.kafka(), setting.graph(), setting.site(), identity, seat.address(), clock);
    }
    KafkaLost lost = setting.lost().get();
    return Succession.begin(
        setting.kafka(),
        setting.graph(),
        lost.captured(setting.site(), cut.orElse(VersionVector.EMPTY)),
        identity,
        seat.address(),
        clock);
  }

  /** A standby that is being started again is waited for: there may be nobody to ask twice. */
  private String identity() {
    long began = System.nanoTime();
    while (true) {
      try {
        return seat.identity();
      } catch (StoreUnavailableException e) {
        if (System.nanoTime() - began > setting.promote().drainFor().toNanos()) {
          throw new VarveException(
              ExitCode.FAILED,
              "the standby does not answer: " + e.getMessage() + "; nothing was done",
              "start it, then promote again",
              e);
        }
        LOG.info("the standby does not answer yet: {}", e.getMessage());
      }
      pause("nothing was done");
    }
  }

  /** Of a primary that is well, everything is captured that was ever committed. */
  private void stopWrites() {
    Hook quiesce =
        hook("promote.quiesce", setting.promote().quiesce())
            .orElseThrow(
                () ->
                    new VarveException(
                        ExitCode.USAGE,
                        "promote.quiesce does not say what stops writes to the old primary;"
                            + " nothing was done",
                        "set it, or say --forced if the old primary is lost"));
    quiesce.run(facts("quiesce"));
    for (int look = 0; look < ENDS_MAX; look++) { // what was under way when writes were stopped
      long end = end();
      awaitCaptured(end);
      if (end() == end) {
        return;
      }
    }
  }

  private long end() {
    try (StoreLog log = old.open()) {
      return log.head().seq().orElse(0L);
    }
  }

  private void awaitCaptured(long end) {
    await(
        "capture has not come to transaction " + end + ", the old primary's last",
        "see that varve capture is at work; let writes to the old primary go on if you give it up:"
            + " nothing but promote.quiesce was run",
        () ->
            Succession.read(setting.kafka(), setting.graph(), setting.site())
                .state()
                .filter(state -> state.scan().isEmpty() && state.seq() >= end)
                .isPresent());
  }

  private void shutOff(String identity) {
    Optional<Hook> fence = hook("promote.fence", setting.promote().fence());
    if (fence.isEmpty()) {
      if (!setting.unfenced()) {
        throw new VarveException(
            ExitCode.USAGE,
            "promote.fence does not say what shuts the old primary off; it was not promoted",
            "set it; or shut the old primary off yourself and say --unfenced");
      }
      problems.add(
          "nothing but you shuts the old primary off: clients that still reach it write"
              + " what nobody captures");
      return;
    }
    try {
      fence.get().run(facts("fence"));
    } catch (VarveException e) {
      if (!setting.unfenced()) {
        throw new VarveException(
            ExitCode.FAILED,
            e.getMessage() + "; " + identity + " was not promoted",
            "two primaries would overwrite each other; shut the old one off in another way and say"
                + " --unfenced",
            e);
      }
      problems.add(String.valueOf(e.getMessage()));
    }
  }

  /** Everything that was captured is in the tables or on its way there. */
  private Optional<VersionVector> drain(Optional<VersionVector> cut, Promotion promotion) {
    if (cut.isEmpty() || promotion.from().isEmpty()) {
      return cut;
    }
    CaptureState captured = promotion.from().get();
    VersionVector wanted = captured.seen().with(captured.site(), captured.seq());
    return Optional.of(seat.applyUpTo(wanted, setting.promote().drainFor()));
  }

  private void leadClients(Promotion promotion) {
    setting
        .promote()
        .announce()
        .ifPresent(file -> Announcement.write(file, setting.graph(), promotion));
    hook("promote.reroute", setting.promote().reroute())
        .ifPresent(
            reroute -> {
              try {
                reroute.run(Announcement.facts(setting.graph(), promotion));
              } catch (VarveException e) {
                problems.add(e.getMessage() + "; the standby is the primary all the same");
              }
            });
  }

  /** A primary that is still there may hold what nobody saw. */
  private Optional<SetAside.Result> left(CaptureState captured, Promotion promotion) {
    try {
      return Optional.of(readLeft(captured, promotion));
    } catch (StoreUnavailableException e) {
      LOG.info("the old primary does not tell what only it knows: {}", e.getMessage());
    } catch (LogGapException e) {
      if (e.reason() != LogGapException.Reason.OTHER_STORE) {
        problems.add("the old primary's log does not tell what only it knows: " + e.getMessage());
      }
    } catch (RuntimeException e) {
      problems.add(e.getMessage() + " (varve branch save tries it again)");
    }
    return Optional.empty();
  }

  private SetAside.Result readLeft(CaptureState captured, Promotion promotion) {
    long began = System.nanoTime();
    while (true) {
      try {
        return setAside.run(old, captured, promotion, rejoined);
      } catch (LogInUseException e) {
        if (System.nanoTime() - began > CAPTURE_ENDS_WITHIN.toNanos()) {
          throw e;
        }
        LOG.info("the old primary's capture has not ended yet: {}", e.getMessage());
      }
      pause("promote again: it goes on from here");
    }
  }

  private Map<String, String> facts(String what) {
    return Map.of("graph", setting.graph(), "step", what, "newPrimary", seat.address());
  }

  private Optional<Hook> hook(String key, Optional<String> line) {
    return line.map(text -> new Hook(key, text, setting.promote().hookTimeout()));
  }

  private interface Condition {
    boolean holds();
  }

  private void await(String otherwise, String hint, Condition condition) {
    Duration limit = setting.promote().drainFor();
    long began = System.nanoTime();
    while (!condition.holds()) {
      if (System.nanoTime() - began > limit.toNanos()) {
        throw new VarveException(
            ExitCode.FAILED, otherwise + " after " + limit.toSeconds() + " s", hint);
      }
      pause(hint);
    }
  }

  private static void pause(String hint) {
    try {
      TimeUnit.MILLISECONDS.sleep(LOOK_EVERY_MS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new VarveException(ExitCode.FAILED, "interrupted", hint, e);
    }
  }

  private static double secondsSince(long nanos) {
    return (System.nanoTime() - nanos) / NANOS_A_SECOND;
  }
}
