package dev.varve.cli.drill;

import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.Optional;

/** One way in which things go wrong. What is measured of it is in one place for each kind. */
public sealed interface Scenario
    permits RandomRound,
        PlannedSwitch,
        SiteLost,
        Scenario.PrimaryLost,
        Scenario.Trouble,
        Scenario.CorruptSegment {

  /** Such as {@code primary-killed}. */
  String name();

  /** What is done, in a line. */
  String what();

  /** What it cannot do without. */
  default Need need() {
    return Need.NOTHING;
  }

  /** The command that does the same again, if it was drawn. */
  default Optional<String> repeatedBy() {
    return Optional.empty();
  }

  /** Whether nothing else can be tried on the pair after it: the standby is the primary then. */
  default boolean usesPairUp() {
    return false;
  }

  /** What of a pair a scenario cannot do without. */
  enum Need {
    NOTHING,
    /** The chain is kept on a file system of its own, a small one. */
    SMALL_DISK,
    /** The chain is kept in an object store. */
    OBJECT_STORE
  }

  /** The primary is lost: the standby takes its place. */
  non-sealed interface PrimaryLost extends Scenario {

    @Override
    default boolean usesPairUp() {
      return true;
    }

    void inject(Pair pair) throws IOException, InterruptedException;

    /** What else goes wrong; its beginning is some seconds before the loss. */
    default FaultPlan meanwhile() {
      return FaultPlan.NOTHING;
    }

    /** The old primary is there again, as far as whoever shut it off cannot help it. */
    void comeBack(Pair pair) throws IOException, InterruptedException;
  }

  /** The primary lives, and what follows it is in trouble. */
  non-sealed interface Trouble extends Scenario {

    void inject(Pair pair) throws IOException, InterruptedException;

    /** How long it stays as it is. */
    Duration lasts();

    /** What mends it, in a line. */
    String mending();

    /**
     * Whether everything has to be caught up before it is mended; else it is mended, and then
     * caught up.
     */
    default boolean enduredUnmended() {
      return false;
    }

    void mend(Pair pair) throws IOException, InterruptedException;

    /** What the loss of the primary at the worst moment would have been measured against. */
    Follower concerns();
  }

  /** What is behind the primary. */
  enum Follower {
    STANDBY,
    CHAIN
  }

  /** A part of the chain is altered. */
  record CorruptSegment() implements Scenario {
    @Override
    public String name() {
      return "corrupt-segment";
    }

    @Override
    public String what() {
      return "a byte of the newest delta's segment is flipped";
    }
  }

  /** All that have a name of their own, in the order in which they are tried. */
  static List<Scenario> all() {
    return List.of(
        new StageKilled("capture", Follower.STANDBY),
        new StageKilled("compact", Follower.CHAIN),
        new CorruptSegment(),
        new BrokerKilled(),
        new DiskFull(),
        new ObjectStoreDown(),
        new ObjectStoreSlow(),
        new PlannedSwitch(),
        new PrimaryKilled(),
        new PrimaryFrozen(),
        new PrimaryPartitioned(),
        new SiteLost());
  }

  /**
   * Rounds of faults at random moments.
   *
   * @param alone whether nothing else is tried: then the seed draws too what the chain is kept on,
   *     and whether and how the primary is lost in the end
   * @param command does the same again
   */
  static List<Scenario> random(long seed, int rounds, boolean alone, String command) {
    return RandomRound.drawn(seed, rounds, alone, command);
  }

  /** The one of this name. */
  static Optional<Scenario> named(String name) {
    return all().stream().filter(scenario -> scenario.name().equals(name)).findFirst();
  }
}
