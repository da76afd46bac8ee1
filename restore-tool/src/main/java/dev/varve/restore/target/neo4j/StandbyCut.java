package dev.varve.restore.target.neo4j;

import dev.varve.archive.Reached;
import dev.varve.fault.ExitCode;
import dev.varve.fault.VarveException;
import dev.varve.restore.convert.Crossed;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.neo4j.driver.Record;
import org.neo4j.driver.Transaction;
import org.neo4j.driver.TransactionConfig;
import org.neo4j.driver.Value;
import org.neo4j.driver.Values;

/**
 * The node in which a standby keeps how far it has come. It is altered only in the transaction that
 * brings the standby there, by the owner alone, and each time counts a step: so an owner who does
 * not know whether a commit came through looks at the step, and one who was followed by another
 * does no harm.
 */
final class StandbyCut {

  static final String LABEL = "__VarveStandbyCut";

  private static final String KEY = "cut";
  private static final String MATCH = "MATCH (c:`" + LABEL + "` {key: '" + KEY + "'}) ";

  private final BoltSession session;

  StandbyCut(BoltSession session) {
    this.session = session;
  }

  /**
   * What the node says.
   *
   * @param schemaDone whether indexes and constraints are those of the cut
   * @param crossed what is kept of a graph that comes from another engine
   */
  record Found(
      Reached reached, String owner, long step, boolean schemaDone, Optional<Crossed> crossed) {}

  Optional<Found> read() {
    return found(session.repeatable(MATCH + FIELDS, Map.of()));
  }

  private static final String FIELDS = "RETURN c.reached, c.owner, c.step, c.schemaDone, c.crossed";

  private static Optional<Found> found(List<Record> rows) {
    return rows.stream()
        .findFirst()
        .map(
            row ->
                new Found(
                    Reached.parse(row.get(0).asString()),
                    row.get(1).asString(),
                    row.get(2).asLong(),
                    row.get(3).asBoolean(),
                    row.get(4).isNull()
                        ? Optional.empty()
                        : Optional.of(Crossed.parse(row.get(4).asString()))));
  }

  /** Says in the store's log that a transaction is part of a replay, and of which. */
  static TransactionConfig replayed(Reached to) {
    Map<String, Object> origin = Map.of("graph", to.graph(), "vector", to.vector().toString());
    return TransactionConfig.builder()
        .withMetadata(Map.of(dev.varve.change.Transaction.REPLAYED, origin))
        .build();
  }

  /** The same of the restore that a standby begins with. */
  static TransactionConfig restored(boolean standby) {
    return standby ? replayed() : TransactionConfig.empty();
  }

  private static TransactionConfig replayed() {
    return TransactionConfig.builder()
        .withMetadata(Map.of(dev.varve.change.Transaction.REPLAYED, Map.of()))
        .build();
  }

  /** Makes the node: the store is a standby from now on. */
  void begin(Reached first, Optional<Crossed> crossed) {
    session.repeatable(
        replayed(first),
        "MERGE (c:`"
            + LABEL
            + "` {key: '"
            + KEY
            + "'}) ON CREATE SET c.reached = $reached, c.owner = '', c.step = 0, c.schemaDone ="
            + " true, c.crossed = $crossed",
        Map.of("reached", first.toString(), "crossed", kept(crossed)));
  }

  /** Becomes the owner. */
  Found claim(String owner) {
    return found(
            session.repeatable(
                replayed(), MATCH + "SET c.owner = $owner " + FIELDS, Map.of("owner", owner)))
        .orElseThrow(StandbyCut::gone);
  }

  void schemaDone() {
    session.repeatable(replayed(), MATCH + "SET c.schemaDone = true", Map.of());
  }

  /**
   * Takes the node for this transaction; others wait.
   *
   * @return the step at which it stands
   */
  static long lock(Transaction transaction, String owner) {
    List<Record> rows =
        transaction
            .run(MATCH + "SET c.lock = true REMOVE c.lock RETURN c.owner, c.step", Map.of())
            .list();
    if (rows.isEmpty()) {
      throw gone();
    }
    String found = rows.get(0).get(0).asString();
    if (!found.equals(owner)) {
      throw new VarveException(
          ExitCode.FENCED,
          "another replay has taken this standby over; what was applied is whole",
          "let one of them run; the one that was started last goes on");
    }
    return rows.get(0).get(1).asLong();
  }

  /** Notes the cut that the transaction brings the standby to. */
  static void advance(
      Transaction transaction,
      Reached to,
      Optional<Crossed> crossed,
      long step,
      boolean schemaDone) {
    transaction
        .run(
            MATCH
                + "SET c.reached = $reached, c.step = $step, c.schemaDone = $schemaDone,"
                + " c.crossed = $crossed",
            Map.of(
                "reached",
                to.toString(),
                "step",
                step,
                "schemaDone",
                schemaDone,
                "crossed",
                kept(crossed)))
        .consume();
  }

  /** A property that is set to null is not there. */
  private static Value kept(Optional<Crossed> crossed) {
    return crossed.map(kept -> Values.value(kept.toString())).orElse(Values.NULL);
  }

  /** From now on it may be captured, though what a replay added is still there. */
  void promoted() {
    session.repeatable(replayed(), MATCH + "SET c.promoted = true", Map.of());
  }

  void remove() {
    session.repeatable(MATCH + "DELETE c", Map.of());
  }

  private static VarveException gone() {
    return new VarveException(
        ExitCode.FAILED,
        "the store is not a standby any more: the node that says how far it has come is gone",
        "if it was promoted all is well, else restore it anew with --overwrite");
  }
}
