package dev.varve.cli.drill;

import dev.varve.cli.demo.Content;
import dev.varve.fault.ExitCode;
import dev.varve.fault.VarveException;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;

/**
 * That whatever follows the primary is equal to it: writes are held, the last transaction is waited
 * for, and then the primary and the standby are read from end to end as a client would, and the
 * chain is restored into open files.
 */
final class Proof {

  private static final Duration FOLLOW_WITHIN = Duration.ofMinutes(2);
  private static final long STANDBY_LOOK_EVERY_MS = 300;

  private Proof() {}

  /** Restores the chain as it is now. */
  interface Restoring {

    /**
     * Does it.
     *
     * @return the fingerprint of what came back
     * @throws VarveException if that is not possible
     */
    String fingerprint() throws IOException, InterruptedException;
  }

  /**
   * What is compared.
   *
   * @param primary past every door
   * @param standby what should be a standby of it; absent if there is none any more
   * @param within how long chain and standby may take to follow
   */
  record Subject(
      Load load,
      ChainEnd chain,
      Store primary,
      Optional<Link> standby,
      Restoring restoring,
      Duration within) {

    /** A pair whose standby follows. */
    static Subject of(Pair pair) {
      return of(pair, pair.primaryAddress(), Optional.of(pair.standbyLink()));
    }

    /** A pair whose standby is the primary by now. */
    static Subject promoted(Pair pair) {
      return of(pair, pair.standbyAddress(), Optional.empty());
    }

    private static Subject of(Pair pair, String primary, Optional<Link> standby) {
      return new Subject(
          pair.load(),
          pair.chainEnd(),
          Neo4jStore.open(primary),
          standby,
          () -> restored(pair),
          FOLLOW_WITHIN);
    }

    private static String restored(Pair pair) throws IOException, InterruptedException {
      Path target = pair.layout().directory().resolve("restored-" + System.nanoTime());
      Ran restore =
          Ran.varve(pair, "restore", "--target", "dir:" + target + "?format=avro", "--output=json");
      if (restore.exitCode() != 0) {
        throw new VarveException(ExitCode.FAILED, restore.toString(), "see the logs with --keep");
      }
      return restore.json().get("fingerprint").asText();
    }
  }

  /** Compares. */
  static void run(Trial trial, Subject subject) throws IOException, InterruptedException {
    long began = System.nanoTime();
    try (Load.Pause pause = subject.load().pause();
        Link primary = subject.primary().connect()) {
      Content source = primary.scan();
      long last = primary.lastTransaction(); // behind all that was read
      Trial.await(
          "the chain holds transaction " + last + ", the primary's last",
          subject.within(),
          () -> subject.chain().reached() >= last);
      boolean equal = true;
      trial.fact("vertices, edges", source.vertices() + ", " + source.edges());
      trial.fact("fingerprint of the primary", source.fingerprint().toString());
      if (subject.standby().isPresent()) {
        Content copy = standbyLike(source, subject.standby().get(), subject.within());
        trial.fact("fingerprint of the standby", copy.fingerprint().toString());
        equal = copy.equals(source);
      }
      try {
        String fingerprint = subject.restoring().fingerprint();
        trial.fact("fingerprint of a restore", fingerprint);
        equal &= fingerprint.equals(source.fingerprint().toString());
      } catch (VarveException e) {
        trial.damaged("the chain cannot be restored: " + e.getMessage());
        equal = false;
      }
      if (!equal && !primary.scan().equals(source)) {
        throw new VarveException(
            ExitCode.FAILED,
            "others wrote to the primary while it was read, so nothing could be compared",
            "let nobody else write while the drill goes on");
      }
      trial.equal(equal);
      trial.step(
          "proof",
          began,
          System.nanoTime(),
          "primary"
              + (subject.standby().isPresent() ? ", standby" : "")
              + " and a restore are "
              + (equal ? "equal" : "DIFFERENT"));
    }
  }

  /** The standby as soon as it is equal; as it is if it does not get so in time. */
  private static Content standbyLike(Content source, Link standby, Duration within)
      throws InterruptedException {
    long end = System.nanoTime() + within.toNanos();
    Content copy = standby.standbyScan();
    while (!copy.equals(source) && System.nanoTime() < end) {
      Thread.sleep(STANDBY_LOOK_EVERY_MS);
      copy = standby.standbyScan();
    }
    return copy;
  }
}
