package dev.varve.restore.target.neo4j;

import dev.varve.fault.ExitCode;
import dev.varve.fault.VarveException;
import dev.varve.graph.ElementId;
import dev.varve.restore.RestoreIdentity;
import java.nio.ByteBuffer;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.neo4j.driver.Record;
import org.neo4j.driver.Transaction;
import org.neo4j.driver.Value;

/**
 * What an unfinished restore keeps in its target: one node that says which restore it is, and one
 * for each batch, written in the batch's own transaction. So no batch is written twice, and the ids
 * that the target gave out survive a crash. A uniqueness constraint on the batch's key makes sure
 * of it even when the outcome of a commit is not known.
 *
 * <p>All of it is removed when the restore is finished.
 */
final class Bookkeeping {

  /** The label of all these nodes; a graph that uses it itself cannot be restored over Bolt. */
  static final String BATCH = "__VarveRestoreBatch";

  static final String CONSTRAINT = "__varve_restore_batch";

  private static final String ROOT = "root";
  private static final int NODES_A_REMOVAL = 1_000;

  private final BoltSession session;

  Bookkeeping(BoltSession session) {
    this.session = session;
  }

  /** How far an unfinished restore got. */
  enum State {
    WRITING,
    /** Compared and good. */
    GOOD,
    /** Compared and not equal. */
    DIFFERENT
  }

  /**
   * The restore that is at work in the target.
   *
   * @param batchElements see {@link BoltSettings}
   * @param batchBytes see {@link BoltSettings}
   */
  record Root(String restore, State state, int batchElements, int batchBytes) {}

  Optional<Root> root() {
    List<Record> found =
        session.repeatable(
            "MATCH (b:`"
                + BATCH
                + "` {key: $key}) RETURN b.restore, b.state, b.batchElements, b.batchBytes",
            Map.of("key", ROOT));
    if (found.isEmpty()) {
      return Optional.empty();
    }
    Record root = found.get(0);
    return Optional.of(
        new Root(
            root.get(0).asString(),
            State.valueOf(root.get(1).asString()),
            root.get(2).asInt(),
            root.get(3).asInt()));
  }

  /** Notes that a restore begins. */
  Root begin(RestoreIdentity restore, BoltSettings settings) {
    session.repeatable(
        "CREATE CONSTRAINT `"
            + CONSTRAINT
            + "` IF NOT EXISTS FOR (b:`"
            + BATCH
            + "`) REQUIRE b.key IS UNIQUE",
        Map.of());
    Root root =
        new Root(
            restore.toString(), State.WRITING, settings.batchElements(), settings.batchBytes());
    session.commitOnce(
        transaction -> ids(transaction, ROOT),
        transaction -> {
          transaction
              .run(
                  "CREATE (:`"
                      + BATCH
                      + "` {key: $key, restore: $restore, state: $state, batchElements: $elements,"
                      + " batchBytes: $bytes, ids: $ids})",
                  Map.of(
                      "key", ROOT,
                      "restore", root.restore(),
                      "state", root.state().name(),
                      "elements", root.batchElements(),
                      "bytes", root.batchBytes(),
                      "ids", new byte[0]))
              .consume();
          return new long[0];
        });
    Optional<Root> found = root();
    if (found.isEmpty() || !found.get().restore().equals(root.restore())) {
      throw new VarveException(
          ExitCode.FAILED,
          "another restore began in the target at the same moment",
          "let one finish first");
    }
    return found.get();
  }

  void mark(State state) {
    session.repeatable(
        "MATCH (b:`" + BATCH + "` {key: $key}) SET b.state = $state",
        Map.of("key", ROOT, "state", state.name()));
  }

  /** The keys of all batches that were committed. */
  Set<String> done() {
    Set<String> keys = new HashSet<>();
    session.stream(
        "MATCH (b:`" + BATCH + "`) RETURN b.key", Map.of(), row -> keys.add(row.get(0).asString()));
    return keys;
  }

  /** The ids that the target gave to the elements of a batch; absent if it was not committed. */
  Optional<long[]> ids(String key) {
    return session.repeatable(SELECT_IDS, Map.of("key", key)).stream()
        .findFirst()
        .map(row -> unpack(row.get(0)));
  }

  static Optional<long[]> ids(Transaction transaction, String key) {
    return transaction.run(SELECT_IDS, Map.of("key", key)).stream()
        .findFirst()
        .map(row -> unpack(row.get(0)));
  }

  private static final String SELECT_IDS = "MATCH (b:`" + BATCH + "` {key: $key}) RETURN b.ids";

  /** Notes in its own transaction that a batch is written. */
  static void note(Transaction transaction, String key, long[] ids) {
    ByteBuffer packed = ByteBuffer.allocate(ids.length * Long.BYTES);
    packed.asLongBuffer().put(ids);
    transaction
        .run(
            "CREATE (:`" + BATCH + "` {key: $key, ids: $ids})",
            Map.of("key", key, "ids", packed.array()))
        .consume();
  }

  static VarveException labelInUse(ElementId id) {
    return new VarveException(
        ExitCode.FAILED,
        id + " has the label " + BATCH + ", which an unfinished restore was captured with",
        "restore to a moment before or after that restore");
  }

  private static long[] unpack(Value packed) {
    byte[] bytes = packed.asByteArray();
    long[] ids = new long[bytes.length / Long.BYTES];
    ByteBuffer.wrap(bytes).asLongBuffer().get(ids);
    return ids;
  }

  /** Removes all of it, the node that names the restore last. */
  void remove() {
    while (!session
        .repeatable(
            "MATCH (b:`"
                + BATCH
                + "`) WHERE b.key <> $root WITH b LIMIT "
                + NODES_A_REMOVAL
                + " DELETE b RETURN 1",
            Map.of("root", ROOT))
        .isEmpty()) {
      // until none is left
    }
    session.repeatable("MATCH (b:`" + BATCH + "`) DELETE b", Map.of());
    session.repeatable("DROP CONSTRAINT `" + CONSTRAINT + "` IF EXISTS", Map.of());
  }
}
