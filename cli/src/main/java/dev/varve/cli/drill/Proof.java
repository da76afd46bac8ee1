package dev.varve.cli.drill;

import dev.varve.archive.Manifest;
import dev.varve.change.Site;
import dev.varve.cli.demo.BoltScan;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Comparator;
import java.util.Map;
import java.util.Optional;
import org.neo4j.driver.Driver;
import org.neo4j.driver.Session;

/**
 * That whatever follows the primary is equal to it: writes are held, the last transaction is waited
 * for, and then the primary and the standby are read from end to end with nothing but Cypher, and
 * the chain is restored into open files.
 */
final class Proof {

  private static final Duration FOLLOW_WITHIN = Duration.ofMinutes(2);
  private static final long STANDBY_LOOK_EVERY_MS = 300;

  private Proof() {}

  /**
   * Compares.
   *
   * @param primary past every door
   * @param standby what should be a standby of it; absent if there is none any more
   */
  static void run(Trial trial, String primary, Optional<Driver> standby)
      throws IOException, InterruptedException {
    Pair pair = trial.pair();
    long began = System.nanoTime();
    try (Load.Pause pause = pair.load().pause();
        Driver driver = Load.driver(primary)) {
      long last = lastTransaction(driver);
      Trial.await(
          "the chain holds transaction " + last + ", the primary's last",
          FOLLOW_WITHIN,
          () -> reached(pair) >= last);
      BoltScan source = BoltScan.of(driver);
      boolean equal = true;
      trial.fact("vertices, edges", source.vertices() + ", " + source.edges());
      trial.fact("fingerprint of the primary", source.fingerprint().toString());
      if (standby.isPresent()) {
        BoltScan copy = standbyLike(source, standby.get());
        trial.fact("fingerprint of the standby", copy.fingerprint().toString());
        equal = copy.equals(source);
      }
      Path target = pair.layout().directory().resolve("restored-" + System.nanoTime());
      Trial.Ended restore =
          trial.varve("restore", "--target", "dir:" + target + "?format=avro", "--output=json");
      if (restore.exitCode() == 0) {
        String fingerprint = restore.json().get("fingerprint").asText();
        trial.fact("fingerprint of a restore", fingerprint);
        equal &= fingerprint.equals(source.fingerprint().toString());
      } else {
        trial.damaged("the chain cannot be restored: " + restore);
        equal = false;
      }
      trial.equal(equal);
      trial.step(
          "proof",
          began,
          System.nanoTime(),
          "primary"
              + (standby.isPresent() ? ", standby" : "")
              + " and a restore are "
              + (equal ? "equal" : "DIFFERENT"));
    }
  }

  /** The standby as soon as it is equal; as it is if it does not get so in time. */
  private static BoltScan standbyLike(BoltScan source, Driver standby) throws InterruptedException {
    long end = System.nanoTime() + FOLLOW_WITHIN.toNanos();
    BoltScan copy = BoltScan.ofStandby(standby);
    while (!copy.equals(source) && System.nanoTime() < end) {
      Thread.sleep(STANDBY_LOOK_EVERY_MS);
      copy = BoltScan.ofStandby(standby);
    }
    return copy;
  }

  static long lastTransaction(Driver driver) {
    try (Session session = driver.session()) {
      String position = session.run("CALL varve.cdc.current()").single().get("id").asString();
      return Long.parseLong(position.split(":", -1)[2]);
    }
  }

  /** The last transaction in the chain, of the site that is captured now; -1 if there is none. */
  static long reached(Pair pair) {
    return newest(pair)
        .flatMap(
            manifest ->
                manifest.to().seqs().entrySet().stream()
                    .max(Comparator.comparingInt(entry -> entry.getKey().incarnation())))
        .map(Map.Entry::getValue)
        .orElse(-1L);
  }

  /** Which site is captured now, as far as the chain goes. */
  static Optional<Site> site(Pair pair) {
    return newest(pair)
        .flatMap(
            manifest ->
                manifest.to().seqs().keySet().stream()
                    .max(Comparator.comparingInt(Site::incarnation)));
  }

  static Optional<Manifest> newest(Pair pair) {
    try {
      return Behind.newest(pair.chain(), Pair.GRAPH);
    } catch (IOException e) {
      return Optional.empty(); // the next look will tell
    }
  }
}
