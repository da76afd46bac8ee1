package dev.varve.replay;

import dev.varve.archive.Chain;
import dev.varve.archive.Manifest;
import dev.varve.archive.Reached;
import dev.varve.archive.SegmentReader;
import dev.varve.archive.TransactionsReader;
import dev.varve.change.Transaction;
import dev.varve.change.VersionVector;
import dev.varve.fault.ExitCode;
import dev.varve.fault.VarveException;
import dev.varve.graph.ElementKind;
import dev.varve.restore.convert.RefusedException;
import dev.varve.tail.Cut;
import dev.varve.tail.Intake;
import dev.varve.tail.SortEntry;
import dev.varve.tail.SortEntry.Origin;
import dev.varve.topology.VersionHeader;
import dev.varve.wire.AvroInput;
import dev.varve.wire.VersionCodec;
import java.io.IOException;
import java.time.Duration;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Brings a standby on by the deltas of a chain. */
final class ChainFollower {

  private static final Logger LOG = LoggerFactory.getLogger(ChainFollower.class);

  private final ReplayConfig config;
  private final Consumer<ReplayStatus> status;

  /** Of what was read and is pending, the next; it rises through deltas that follow each other. */
  private long offset;

  ChainFollower(ReplayConfig config, Consumer<ReplayStatus> status) {
    this.config = config;
    this.status = status;
  }

  /** How far the chain leads. */
  enum Outcome {
    /** Something was applied. */
    ADVANCED,
    /** The chain holds nothing that the standby has not. */
    NOTHING_NEW,
    /** The chain goes farther than the standby, but does not lead there. */
    NO_WAY
  }

  /** A chain that grows as fast as it is applied must not keep the replay from Kafka for good. */
  private static final Duration KAFKA_AGAIN = Duration.ofSeconds(30);

  /** Applies the deltas that follow the standby's cut, for a while. */
  Outcome run(Applier applier, Pending pending) {
    long began = System.nanoTime();
    boolean advanced = false;
    boolean everyMoment = true;
    VersionVector read = applier.at().vector();
    while (true) {
      Chain chain = load(config);
      VersionVector at = applier.at().vector();
      if (Ends.reached(config.until(), applier)) {
        return advanced ? Outcome.ADVANCED : Outcome.NOTHING_NEW;
      }
      Optional<Manifest> next = next(chain, read);
      if (next.isEmpty()) {
        applier.refused().ifPresent(ChainFollower::raise);
        boolean farther =
            chain.head().map(link -> !at.includes(link.manifest().to())).orElse(false);
        return advanced ? Outcome.ADVANCED : farther ? Outcome.NO_WAY : Outcome.NOTHING_NEW;
      }
      if (read.equals(at)) {
        applier.letGo();
        pending.clear();
        offset = 0;
        everyMoment = true;
      }
      everyMoment &= next.get().kind().everyMoment();
      apply(next.get(), everyMoment, applier, pending);
      if (applier.refused().isPresent()) {
        read = next.get().to(); // it may be gone in the next one
        continue;
      }
      read = applier.at().vector();
      if (read.equals(at)) {
        return advanced ? Outcome.ADVANCED : Outcome.NOTHING_NEW; // not to be applied yet
      }
      advanced = true;
      if (System.nanoTime() - began >= KAFKA_AGAIN.toNanos()) {
        return Outcome.ADVANCED;
      }
    }
  }

  private static void raise(RefusedException refused) {
    throw refused;
  }

  /** A delta that begins inside the cut and ends beyond it; the finest one. */
  private static Optional<Manifest> next(Chain chain, VersionVector at) {
    return chain.links().stream()
        .map(Chain.Link::manifest)
        .filter(manifest -> !manifest.kind().whole())
        .filter(manifest -> at.includes(manifest.from()) && !at.includes(manifest.to()))
        .filter(manifest -> manifest.to().includes(at))
        .min(
            Comparator.comparing((Manifest manifest) -> !manifest.kind().everyMoment())
                .thenComparingLong(manifest -> manifest.to().weight())
                .thenComparingLong(Manifest::number));
  }

  /**
   * @param everyMoment whether every version is here, in it and in those that were read before it
   */
  private void apply(Manifest delta, boolean everyMoment, Applier applier, Pending pending) {
    requireOneSite(delta);
    LOG.info("applying manifest {} up to vv:{}", delta.number(), delta.to());
    try {
      read(delta, applier.at(), pending);
    } catch (IOException e) {
      throw new VarveException(
          ExitCode.FAILED,
          "cannot read " + delta.key() + " in " + config.repository().location() + ": " + e,
          "see that the repository can be reached and read; the standby is as it was",
          e);
    }
    Cut end = new Cut(delta.to(), delta.sites());
    List<Manifest.Position> before = applier.at().positions();
    Goal goal =
        new Goal(
            end,
            1,
            (cut, beyond) -> cut.vector().equals(end.vector()) ? delta.positions() : before,
            everyMoment,
            Optional.of(delta.fingerprint()));
    boolean more = true;
    while (more) {
      boolean refused = applier.refused().isPresent();
      // refused for the first time, all that is here is tried at once
      more = applier.step(goal) || (!refused && applier.refused().isPresent());
      status.accept(applier.status(ReplayStatus.Phase.FROM_CHAIN, Optional.empty()));
    }
  }

  /** In a delta it does not show which of two concurrent versions came first. */
  private static void requireOneSite(Manifest delta) {
    long living =
        delta.sites().stream()
            .filter(
                cut ->
                    delta.sites().stream()
                        .noneMatch(other -> other.replaces().equals(Optional.of(cut.site()))))
            .count();
    if (living > 1) {
      throw new VarveException(
          ExitCode.FAILED,
          "several sites write graph '%s', and manifest %d alone does not tell how their changes"
                  .formatted(delta.graph(), delta.number())
              + " met; the standby is whole, at an earlier cut",
          "bring Kafka back, or restore the standby anew with --overwrite");
    }
  }

  private void read(Manifest delta, Reached at, Pending pending) throws IOException {
    if (delta.transactions().isPresent()) {
      try (TransactionsReader reader =
          TransactionsReader.open(config.repository(), delta.transactions().get())) {
        for (Transaction next = reader.next(); next != null; next = reader.next()) {
          pending.transaction(
              new Origin(0, offset++, 0),
              next,
              NO_BODY,
              at.vector().covers(next.site(), next.seq()));
        }
      }
    }
    for (ElementKind kind : ElementKind.values()) {
      for (Manifest.Segment segment : delta.segments(kind)) {
        read(segment, at.vector(), pending);
      }
    }
  }

  private static final Intake.Body NO_BODY = new Intake.Body(new byte[0], 0, 0);

  private void read(Manifest.Segment segment, VersionVector at, Pending pending)
      throws IOException {
    VersionCodec codec = new VersionCodec();
    byte kind = segment.kind() == ElementKind.VERTEX ? SortEntry.VERTEX : SortEntry.EDGE;
    try (SegmentReader reader = SegmentReader.open(config.repository(), segment)) {
      while (reader.next()) {
        AvroInput input = reader.versionBytes();
        int from = input.position();
        int length = input.remaining();
        VersionHeader header = codec.readHeader(input);
        if (!at.covers(header.dot())) {
          pending.version(
              kind,
              reader.id(),
              new Origin(0, offset++, 0),
              header,
              new Intake.Body(input.array(), from, length),
              false);
        }
      }
    }
  }

  /** Loads a chain, with an I/O error in words for an operator. */
  static Chain load(ReplayConfig config) {
    try {
      return Chain.load(config.repository(), config.graph());
    } catch (IOException e) {
      throw new VarveException(
          ExitCode.FAILED,
          "cannot read the repository " + config.repository().location() + ": " + e,
          "see that it can be reached and read",
          e);
    }
  }
}
