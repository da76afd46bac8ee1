package dev.varve.cli.drill;

import com.fasterxml.jackson.databind.JsonNode;
import dev.varve.archive.Manifest;
import dev.varve.change.Site;
import dev.varve.cli.demo.Content;
import dev.varve.fault.ExitCode;
import dev.varve.fault.VarveException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;

/**
 * Measures what a flipped byte in the chain costs: it has to be found and named, a moment before it
 * has to be restorable and equal to what the primary held then, and a copy has to bring the whole
 * window back. Recovered it is when that moment is restored; lost, had the primary been lost too,
 * would be what was acknowledged from the damaged delta on until it was repaired.
 */
final class DamageTrial {

  private static final Duration FOLLOW_WITHIN = Duration.ofMinutes(2);

  /** So much is written after the moment that is restored, in several deltas. */
  private static final int MORE = 100;

  private DamageTrial() {}

  /** What the primary held at a moment. */
  private record Held(Site site, long seq, Content scan) {}

  static void run(Trial trial, Pair pair) throws IOException, InterruptedException {
    Held held = held(pair);
    long more = pair.load().count() + MORE;
    Trial.await("more is laid down", FOLLOW_WITHIN, () -> pair.behind().bothHold(more));
    Path copy = pair.layout().directory().resolve("copy");
    Manifest damaged = newestWithSegment(pair);
    require(Ran.varve(pair, "copy", "--to", copy.toString(), "--verify", "none"), 0, "copy");
    String key = damaged.segments().get(0).object().key();
    trial.fault(() -> flip(pair.layout().chainFiles().resolve(key)));
    trial.fact("damaged", key);
    found(trial, pair, key);
    restored(trial, pair, held);
    trial.step(
        "repair",
        "from a copy that was made before",
        () -> require(Ran.varve(pair, "repair", "--from", copy.toString()), 0, "repair"));
    List<Load.Acknowledged> notRestorable =
        pair.load().acknowledged().stream()
            .filter(one -> one.atMicros() >= damaged.committed().firstMicros())
            .toList();
    trial.rpo(Behind.Lag.of(notRestorable, System.nanoTime()).rpo());
    Proof.run(trial, Proof.Subject.of(pair));
  }

  private static Held held(Pair pair) {
    try (Load.Pause pause = pair.load().pause();
        Link primary = Neo4jStore.open(pair.primaryAddress()).connect()) {
      long seq = primary.lastTransaction();
      Trial.await(
          "the chain holds transaction " + seq,
          FOLLOW_WITHIN,
          () -> pair.chainEnd().reached() >= seq);
      return new Held(pair.chainEnd().site().orElseThrow(), seq, primary.scan());
    }
  }

  private static Manifest newestWithSegment(Pair pair) {
    Manifest[] found = new Manifest[1];
    Trial.await(
        "there is a delta with a segment",
        FOLLOW_WITHIN,
        () -> {
          Optional<Manifest> newest = pair.chainEnd().newest().filter(m -> !m.segments().isEmpty());
          newest.ifPresent(manifest -> found[0] = manifest);
          return newest.isPresent();
        });
    return found[0];
  }

  private static void flip(Path segment) throws IOException {
    byte[] bytes = Files.readAllBytes(segment);
    bytes[bytes.length / 2] ^= 1;
    Files.write(segment, bytes);
  }

  private static void found(Trial trial, Pair pair, String key)
      throws IOException, InterruptedException {
    long from = System.nanoTime();
    Ran verify = Ran.varve(pair, "verify", "--level=data", "--output=json");
    require(verify, ExitCode.DAMAGE_FOUND.number(), "verify");
    JsonNode json = verify.json();
    if (!json.get("damage").toString().contains(key)) {
      throw defect("verify does not name " + key + ": " + json.get("damage"));
    }
    trial.step("varve verify", from, System.nanoTime(), "exit code 2, names the segment");
    trial.fact("restorable in spite of it", json.get("spans").toString());
  }

  private static void restored(Trial trial, Pair pair, Held held)
      throws IOException, InterruptedException {
    long from = System.nanoTime();
    String moment = "tx:" + held.site() + "/" + held.seq();
    Path target = pair.layout().directory().resolve("before-the-damage");
    Ran restore =
        Ran.varve(
            pair,
            "restore",
            "--to",
            moment,
            "--target",
            "dir:" + target + "?format=avro",
            "--output=json");
    require(restore, 0, "restore");
    long done = System.nanoTime();
    trial.recoveredAt(done);
    trial.step("restore to " + moment, from, done, "a moment before the damage");
    String fingerprint = restore.json().get("fingerprint").asText();
    trial.fact("fingerprint of that moment", held.scan().fingerprint().toString());
    trial.fact("fingerprint of that restore", fingerprint);
    if (!fingerprint.equals(held.scan().fingerprint().toString())) {
      trial.equal(false);
      throw defect("what was restored is not what the primary held at " + moment);
    }
  }

  private static void require(Ran ran, int exitCode, String command) {
    if (ran.exitCode() != exitCode) {
      throw defect("varve " + command + " must end with " + exitCode + "; " + ran);
    }
  }

  private static VarveException defect(String what) {
    return new VarveException(ExitCode.FAILED, what, "this is a defect; see the logs with --keep");
  }
}
