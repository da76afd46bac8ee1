package dev.varve.cli.drill;

import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.neo4j.driver.Driver;
import org.neo4j.driver.Record;
import org.neo4j.driver.Session;
import org.neo4j.driver.Transaction;
import org.neo4j.driver.TransactionConfig;
import org.neo4j.driver.exceptions.Neo4jException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Reads a store again and again while the load is written, and keeps what it has seen of a
 * transaction that was not there as a whole.
 *
 * <p>Neo4j shows the newest of each node as it is read, so both halves are locked before they are
 * read. While they are, the transaction that numbered them is there with all its parts, and the
 * next, which would have to lock them too, is not.
 */
final class Onlooker implements AutoCloseable {

  private static final Logger LOG = LoggerFactory.getLogger(Onlooker.class);
  private static final long LOOK_EVERY_MS = 100;
  private static final TransactionConfig LIMIT =
      TransactionConfig.builder().withTimeout(java.time.Duration.ofSeconds(10)).build();
  private static final String HALVES =
      "MATCH (h:Half) WITH h ORDER BY h.side SET h.held = true REMOVE h.held RETURN h.i AS i";
  private static final String BETWEEN = "MATCH (:Half)-[e:SAME]->(:Half) RETURN e.i AS i";
  private static final String WRITTEN =
      "UNWIND [$i - 1, $i, $i + 1] AS i OPTIONAL MATCH (w:Written {i: i})"
          + " OPTIONAL MATCH (w)-[r:AFTER]->()"
          + " RETURN count(DISTINCT w) AS vertices, count(DISTINCT r) AS edges, i ORDER BY i";

  private final String store;
  private final Driver driver;
  private final Thread thread;
  private final AtomicLong looks = new AtomicLong();
  private volatile Optional<String> half = Optional.empty();
  private volatile boolean closed;

  /**
   * Begins to look.
   *
   * @param store what it is called
   * @param address past every door
   */
  Onlooker(String store, String address) {
    this.store = store;
    this.driver = Neo4jStore.open(address).driver();
    thread = new Thread(this::again, "looks-on-" + store);
    thread.setDaemon(true);
    thread.start();
  }

  /** How often it has looked. */
  long looks() {
    return looks.get();
  }

  /** What was not whole, if it has ever seen something. */
  Optional<String> half() {
    return half;
  }

  private void again() {
    try {
      while (!closed) {
        try {
          look();
        } catch (Neo4jException e) {
          LOG.debug("{} cannot be looked at: {}", store, e.toString());
        }
        TimeUnit.MILLISECONDS.sleep(LOOK_EVERY_MS);
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    } catch (RuntimeException e) {
      if (!closed) {
        half = Optional.of("the reader of the " + store + " has ended: " + e);
      }
    }
  }

  private void look() {
    try (Session session = driver.session();
        Transaction tx = session.beginTransaction(LIMIT)) {
      List<Long> halves = tx.run(HALVES).list(row -> row.get("i").asLong());
      List<Long> between = tx.run(BETWEEN).list(row -> row.get("i").asLong());
      long number = halves.isEmpty() ? 0 : halves.get(0);
      List<Record> written = tx.run(WRITTEN, Map.of("i", number)).list();
      tx.rollback();
      if (!whole(number, halves, between, written)) {
        half =
            Optional.of(
                "the %s showed half a transaction: halves %s, between them %s, written %s"
                    .formatted(store, halves, between, written));
        LOG.error("{}", half.orElseThrow());
      }
      looks.incrementAndGet();
    }
  }

  private static boolean whole(
      long number, List<Long> halves, List<Long> between, List<Record> written) {
    boolean one = written.get(1).get("vertices").asLong() == (number < 0 ? 0 : 1);
    boolean noNext = written.get(2).get("vertices").asLong() == 0;
    // the one before may have been lost with a primary
    boolean linked =
        written.get(1).get("edges").asLong() == written.get(0).get("vertices").asLong();
    return halves.equals(List.of(number, number))
        && between.equals(List.of(number))
        && one
        && noNext
        && linked;
  }

  @Override
  public void close() {
    closed = true;
    thread.interrupt();
    driver.closeAsync();
  }
}
