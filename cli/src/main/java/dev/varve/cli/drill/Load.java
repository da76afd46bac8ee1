package dev.varve.cli.drill;

import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.locks.ReentrantLock;
import org.neo4j.driver.AuthTokens;
import org.neo4j.driver.Config;
import org.neo4j.driver.Driver;
import org.neo4j.driver.GraphDatabase;
import org.neo4j.driver.Logging;
import org.neo4j.driver.Session;
import org.neo4j.driver.async.AsyncSession;
import org.neo4j.driver.async.ResultCursor;

/**
 * A client that writes one numbered transaction after the other, each a vertex and an edge to the
 * one before, and its number on two vertices and the edge between them; and remembers every one
 * that was acknowledged. It goes where the announced primary is, and writes a transaction again
 * that nobody acknowledged; so the numbers that are acknowledged have no gap.
 */
final class Load implements AutoCloseable {

  /** Locked before it is looked at: a transaction that is written again may be there already. */
  private static final String WRITE =
      "MATCH (a:Half {side: 'a'})-[e:SAME]->(b:Half {side: 'b'})"
          + " SET a.held = true REMOVE a.held WITH a, e, b WHERE a.i < $i"
          + " SET a.i = $i, e.i = $i, b.i = $i CREATE (n:Written {i: $i, text: $text})"
          + " WITH n MATCH (m:Written {i: $i - 1}) CREATE (n)-[:AFTER]->(m)";

  private static final int TEXT_LEAST = 50;
  private static final int TEXT_MORE = 200;
  private static final long LOOK_EVERY_MS = 20;
  private static final long AFTER_FAILURE_MS = 50;
  private static final double NANOS_A_SECOND = 1e9;

  /**
   * A transaction that the store said it has committed.
   *
   * @param number from 0 on, without a gap
   * @param atNanos when the answer came
   * @param bytes of the text in it
   * @param by the address that it came from
   */
  record Acknowledged(long number, long atNanos, Instant at, int bytes, String by) {
    long atMicros() {
      return TimeUnit.SECONDS.toMicros(at.getEpochSecond())
          + TimeUnit.NANOSECONDS.toMicros(at.getNano());
    }
  }

  private final String first;
  private final Path announced;
  private final long everyNanos;
  private final Random random;
  private final Clock clock;
  private final List<Acknowledged> acknowledged = new ArrayList<>(); // guarded by itself
  private final ReentrantLock writing = new ReentrantLock(true);
  private final Thread thread;
  private volatile boolean stopping;

  /**
   * Begins to write.
   *
   * @param primary where, until another is announced
   * @param announced names another primary once there is one
   */
  Load(String primary, Path announced, double writesPerSecond, long seed, Clock clock) {
    this.first = primary;
    this.announced = announced;
    this.everyNanos = (long) (NANOS_A_SECOND / writesPerSecond);
    this.random = new Random(seed);
    this.clock = clock;
    prepare();
    thread = new Thread(this::write, "load");
    thread.setDaemon(true);
    thread.start();
  }

  /** What was acknowledged so far, in order. */
  List<Acknowledged> acknowledged() {
    synchronized (acknowledged) {
      return List.copyOf(acknowledged);
    }
  }

  /** How many that is. */
  int count() {
    synchronized (acknowledged) {
      return acknowledged.size();
    }
  }

  /** The last one, if there is one. */
  Optional<Acknowledged> last() {
    synchronized (acknowledged) {
      return acknowledged.isEmpty()
          ? Optional.empty()
          : Optional.of(acknowledged.get(acknowledged.size() - 1));
    }
  }

  /** The first that another than this address acknowledged. */
  Optional<Acknowledged> firstNotBy(String address) {
    synchronized (acknowledged) {
      return acknowledged.stream().filter(one -> !one.by().equals(address)).findFirst();
    }
  }

  /** Those from a number on. */
  List<Acknowledged> from(long number) {
    synchronized (acknowledged) {
      return List.copyOf(
          acknowledged.subList((int) Math.min(number, acknowledged.size()), acknowledged.size()));
    }
  }

  /** Writes nothing while it is held; nothing is on its way either. */
  Pause pause() {
    CompletableFuture<Void> held = new CompletableFuture<>();
    CompletableFuture<Void> released = new CompletableFuture<>();
    Thread holding =
        new Thread(
            () -> {
              writing.lock();
              try {
                held.complete(null);
                released.join();
              } finally {
                writing.unlock();
              }
            },
            "load-pause");
    holding.setDaemon(true);
    holding.start();
    held.join();
    return () -> released.complete(null);
  }

  /** Until it is closed. */
  interface Pause extends AutoCloseable {
    @Override
    void close();
  }

  /** The writer finds vertices by their number. */
  private void prepare() {
    try (Driver driver = driver(first);
        Session session = driver.session()) {
      session.run("CREATE INDEX written IF NOT EXISTS FOR (n:Written) ON (n.i)").consume();
      session.run("CALL db.awaitIndexes(60)").consume();
      session
          .run("CREATE (:Half {side: 'a', i: -1})-[:SAME {i: -1}]->(:Half {side: 'b', i: -1})")
          .consume();
    }
  }

  private void write() {
    String address = first;
    Driver driver = driver(address);
    long next = System.nanoTime();
    long number = 0;
    String text = text();
    try {
      while (!stopping) {
        String wanted = primary();
        if (!wanted.equals(address)) {
          driver.closeAsync();
          address = wanted;
          driver = driver(address);
        }
        writing.lock();
        boolean done;
        try {
          done = one(driver, address, number, text);
        } finally {
          writing.unlock();
        }
        if (done) {
          number++;
          text = text();
          next = Math.max(next + everyNanos, System.nanoTime() - everyNanos);
          TimeUnit.NANOSECONDS.sleep(next - System.nanoTime());
        } else {
          TimeUnit.MILLISECONDS.sleep(AFTER_FAILURE_MS);
        }
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    } finally {
      driver.closeAsync();
    }
  }

  /** Whether it was acknowledged; given up when another primary is announced. */
  private boolean one(Driver driver, String address, long number, String text)
      throws InterruptedException {
    AsyncSession session = driver.session(AsyncSession.class);
    CompletableFuture<?> answer =
        session
            .runAsync(WRITE, Map.of("i", number, "text", text))
            .thenCompose(ResultCursor::consumeAsync)
            .toCompletableFuture();
    try {
      while (!stopping) {
        try {
          answer.get(LOOK_EVERY_MS, TimeUnit.MILLISECONDS);
          long now = System.nanoTime();
          int bytes = text.getBytes(StandardCharsets.UTF_8).length;
          synchronized (acknowledged) {
            acknowledged.add(new Acknowledged(number, now, clock.instant(), bytes, address));
          }
          return true;
        } catch (TimeoutException e) {
          if (!primary().equals(address)) {
            return false;
          }
        }
      }
      return false;
    } catch (ExecutionException e) {
      return false; // nobody acknowledged it: it is written again
    } finally {
      var unused = session.closeAsync();
    }
  }

  private String primary() {
    if (!Files.exists(announced)) {
      return first;
    }
    try {
      return new ObjectMapper().readTree(Files.readString(announced)).get("primary").asText();
    } catch (IOException e) {
      return first;
    }
  }

  private String text() {
    StringBuilder text = new StringBuilder();
    int length = TEXT_LEAST + random.nextInt(TEXT_MORE);
    for (int i = 0; i < length; i++) {
      text.append((char) ('a' + random.nextInt('z' - 'a' + 1)));
    }
    return text.toString();
  }

  static Driver driver(String address) {
    return GraphDatabase.driver(
        address,
        AuthTokens.none(),
        Config.builder()
            .withLogging(Logging.none())
            .withConnectionTimeout(2, TimeUnit.SECONDS)
            .withMaxTransactionRetryTime(0, TimeUnit.SECONDS)
            .build());
  }

  @Override
  public void close() {
    stopping = true;
    thread.interrupt();
  }
}
