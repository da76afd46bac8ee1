package dev.varve.replay;

import dev.varve.archive.Manifest;
import dev.varve.fault.VarveException;
import dev.varve.tail.Cut;
import dev.varve.tail.CutTracker;
import dev.varve.tail.Insistence;
import dev.varve.tail.Intake;
import dev.varve.tail.Place;
import dev.varve.tail.SortEntry.Origin;
import dev.varve.tail.TableGapException;
import dev.varve.tail.Tail;
import dev.varve.wire.Wire;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Follows the topology tables with a standby. */
final class TableFollower {

  private static final Logger LOG = LoggerFactory.getLogger(TableFollower.class);
  private static final Duration POLL = Duration.ofMillis(50);
  private static final Duration ASK_EVERY = Duration.ofSeconds(2);

  /** What is read ahead at most, unless a single transaction is larger. */
  private static final long PENDING_BYTES_MAX = 64L << 20;

  private final ReplayConfig config;
  private final Map<String, String> kafka;
  private final Insistence insistence;
  private final Consumer<ReplayStatus> status;

  TableFollower(
      ReplayConfig config,
      Map<String, String> kafka,
      Insistence insistence,
      Consumer<ReplayStatus> status) {
    this.config = config;
    this.kafka = impatient(kafka);
    this.insistence = insistence;
    this.status = status;
  }

  /** Why following ended. */
  sealed interface Ending {

    /** All is applied that was asked for. */
    record Done() implements Ending {}

    /** Kafka does not answer. */
    record Unreachable(String why) implements Ending {}

    /** The tables no longer hold what follows. */
    record Gap(TableGapException why) implements Ending {}
  }

  /** Whether Kafka is there has to show while a primary is down, not minutes later. */
  private static Map<String, String> impatient(Map<String, String> settings) {
    Map<String, String> impatient = new HashMap<>(settings);
    impatient.putIfAbsent("request.timeout.ms", "5000");
    impatient.putIfAbsent("default.api.timeout.ms", "5000");
    impatient.putIfAbsent("fetch.max.wait.ms", "100");
    return impatient;
  }

  /** Applies what comes, until it ends. */
  Ending run(Applier applier, Pending pending) {
    Tail.Source source = new Tail.Source(config.graph(), kafka, "standby", config.kafkaPatience());
    applier.letGo();
    pending.clear();
    try (Wire wire = wire();
        Tail tail = open(source)) {
      List<Manifest.Position> positions = seek(tail, applier);
      CutTracker tracker = CutTracker.resumed(tail.places(), positions, applier.cut(), tail.ends());
      Intake intake = new Intake(wire, tail.places(), applier.at().vector(), tracker, pending);
      long[] ends = config.follow() ? new long[0] : tail.writtenEnds();
      LOG.info("following the tables after vv:{}", applier.at().vector());
      return follow(new Reading(tail, tracker, intake, ends), applier, pending);
    } catch (TableGapException e) {
      return new Ending.Gap(e);
    } catch (IOException | UnreachableException e) {
      return new Ending.Unreachable(String.valueOf(e.getMessage()));
    }
  }

  private static final class UnreachableException extends RuntimeException {
    UnreachableException(Throwable cause) {
      super(cause.getMessage(), cause);
    }
  }

  /** Where Kafka is gone its registry may be too. */
  private Wire wire() {
    try {
      return Wire.open(config.registry());
    } catch (VarveException e) {
      throw new UnreachableException(e);
    }
  }

  private Tail open(Tail.Source source) {
    try {
      return Tail.open(source, insistence);
    } catch (VarveException e) {
      throw new UnreachableException(e);
    }
  }

  private List<Manifest.Position> seek(Tail tail, Applier applier) throws IOException {
    return tail.seek(applier.at().positions(), "the standby's cut " + applier.at().vector());
  }

  /**
   * What is read from.
   *
   * @param ends where to stop; of no length for nowhere
   */
  @SuppressWarnings("ArrayRecordComponent") // is never compared
  private record Reading(Tail tail, CutTracker tracker, Intake intake, long[] ends) {

    List<Manifest.Position> positions(Cut cut, Optional<Origin>[] firstUncovered) {
      List<Manifest.Position> positions = new ArrayList<>();
      for (int place = 0; place < tail.places().size(); place++) {
        Place p = tail.places().get(place);
        Origin origin = tracker.position(place, cut.vector(), firstUncovered[place].orElse(null));
        positions.add(
            new Manifest.Position(
                p.topic(),
                tail.topicId(p.topic()),
                p.partition(),
                origin.offset(),
                origin.ordinal()));
      }
      return positions;
    }
  }

  private Ending follow(Reading reading, Applier applier, Pending pending) throws IOException {
    Tail tail = reading.tail();
    int places = tail.places().size();
    long askedAt = System.nanoTime();
    long answeredAt = askedAt;
    Optional<long[]> lastChance = Optional.empty();
    while (true) {
      poll(reading, applier, pending);
      for (int place = 0; place < places; place++) {
        reading.tracker().passed(place, tail.position(place));
      }
      Cut reached = reading.tracker().cut();
      while (!insistence.isStopped()
          && applier.step(Goal.ofTables(reached, places, reading::positions))) {
        status.accept(applier.status(ReplayStatus.Phase.FOLLOWING, Optional.empty()));
      }
      status.accept(applier.status(ReplayStatus.Phase.FOLLOWING, Optional.empty()));
      if (applier.refused().isPresent()) {
        lastChance = Optional.of(lastChance(reading, lastChance, applier, pending));
      } else if (Ends.reached(config.until(), applier)
          || (!config.follow() && tail.reached(reading.ends()))) {
        return new Ending.Done();
      } else {
        lastChance = Optional.empty();
      }
      insistence.pause(Duration.ZERO);
      if (System.nanoTime() - askedAt >= ASK_EVERY.toNanos()) {
        askedAt = System.nanoTime();
        try {
          tail.ends();
          answeredAt = System.nanoTime();
        } catch (IOException e) {
          if (System.nanoTime() - answeredAt >= config.kafkaPatience().toNanos()) {
            return new Ending.Unreachable(String.valueOf(e.getMessage()));
          }
        }
      }
    }
  }

  /**
   * What the standby cannot hold may be gone in what was written until it was met.
   *
   * @param chance up to where to read on; absent if it was met just now
   */
  private static long[] lastChance(
      Reading reading, Optional<long[]> chance, Applier applier, Pending pending)
      throws IOException {
    if (chance.isEmpty()) {
      return reading.tail().writtenEnds();
    }
    if (reading.tail().reached(chance.get()) || pending.bytes() >= PENDING_BYTES_MAX) {
      throw applier.refused().orElseThrow();
    }
    return chance.get();
  }

  /**
   * Reads on. Where much waits already, only what holds the cut back is read; and nothing, if it
   * waits for its time.
   */
  private void poll(Reading reading, Applier applier, Pending pending) {
    Cut reached = reading.tracker().cut();
    Set<Integer> resting = Set.of();
    if (pending.bytes() >= PENDING_BYTES_MAX) {
      if (!reached.vector().equals(applier.at().vector())) {
        insistence.pause(POLL);
        return;
      }
      resting = reading.tracker().ahead(reached.vector());
    }
    reading.tail().rest(resting);
    reading.tail().poll(POLL, reading.intake());
  }
}
