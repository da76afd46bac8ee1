package dev.varve.cli.pipeline;

import dev.varve.cdc.age.SlotStatus;
import dev.varve.cli.config.Config;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Looks now and then how much of its log a PostgreSQL holds back for capture, and says so when it
 * is too much. Nothing is dropped for it.
 */
final class HeldBackWatch implements AutoCloseable {

  private static final Logger LOG = LoggerFactory.getLogger(HeldBackWatch.class);
  private static final long EVERY_S = 30;
  private static final int ANSWER_MS = 20_000;

  private final Config.Age source;
  private final Thread looking;
  private volatile Optional<SlotStatus> last = Optional.empty();

  private HeldBackWatch(Config.Age source) {
    this.source = source;
    this.looking = new Thread(this::lookOn, "held back log");
    this.looking.setDaemon(true);
  }

  /** Begins to look; absent where the store keeps its log whoever reads it. */
  static Optional<HeldBackWatch> start(Config.Source source) {
    if (!(source instanceof Config.Age age)) {
      return Optional.empty();
    }
    HeldBackWatch watch = new HeldBackWatch(age);
    watch.looking.start();
    return Optional.of(watch);
  }

  private void lookOn() {
    try {
      while (true) {
        look();
        TimeUnit.SECONDS.sleep(EVERY_S);
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt(); // closed
    }
  }

  private void look() {
    Optional<SlotStatus> found = Optional.empty();
    try (Connection connection = source.settings().connect()) {
      connection.setNetworkTimeout(Runnable::run, ANSWER_MS);
      found =
          SlotStatus.of(connection, source.settings().slot())
              .map(slot -> slot.within(source.heldBackLimitBytes()));
    } catch (SQLException | RuntimeException e) {
      LOG.debug("what the store holds back is not known", e); // capture says what is wrong there
    }
    boolean before = last.map(SlotStatus::nearLimit).orElse(false);
    if (!before && found.isPresent() && found.get().nearLimit()) {
      LOG.warn(
          "PostgreSQL holds back {} for capture; HINT: see why capture does not catch up (varve"
              + " info, varve doctor) before the server gives the slot up or its disk is full",
          found.get().heldBack());
    }
    last = found;
  }

  /** For the line of {@code up}; empty while all is well. */
  String text() {
    return last.filter(SlotStatus::nearLimit)
        .map(slot -> " (PostgreSQL holds back " + slot.heldBack() + ")")
        .orElse("");
  }

  /** For programs. */
  Map<String, Object> report() {
    Map<String, Object> report = new LinkedHashMap<>();
    Optional<SlotStatus> slot = last;
    report.put("bytes", slot.map(SlotStatus::heldBackBytes).orElse(null));
    report.put("limitBytes", slot.flatMap(SlotStatus::limitBytes).orElse(null));
    report.put("nearLimit", slot.map(SlotStatus::nearLimit).orElse(null));
    return report;
  }

  @Override
  public void close() {
    looking.interrupt();
  }
}
