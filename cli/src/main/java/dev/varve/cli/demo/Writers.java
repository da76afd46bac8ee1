package dev.varve.cli.demo;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.ReentrantReadWriteLock;
import org.neo4j.driver.Driver;
import org.neo4j.driver.Session;
import org.neo4j.driver.SessionConfig;
import org.neo4j.driver.exceptions.TransientException;

/** Clients that keep writing to the store, each over a session of its own, until closed. */
final class Writers implements AutoCloseable {

  private static final int CLIENTS = 4;
  private static final long PAUSE_MS = 12;

  private final Driver driver;
  private final AtomicBoolean stopping = new AtomicBoolean();
  private final AtomicLong committed = new AtomicLong();
  private final ReentrantReadWriteLock writing = new ReentrantReadWriteLock(true);
  private final List<Thread> clients = new ArrayList<>();

  private Writers(Driver driver) {
    this.driver = driver;
  }

  static Writers start(Driver driver) {
    Writers writers = new Writers(driver);
    for (int client = 0; client < CLIENTS; client++) {
      Random random = new Random(client);
      Thread thread = new Thread(() -> writers.work(random), "client-" + client);
      thread.start();
      writers.clients.add(thread);
    }
    return writers;
  }

  /** How many transactions were committed. */
  long committed() {
    return committed.get();
  }

  /** Runs something while no client is in a transaction. */
  void quiescent(Runnable work) {
    writing.writeLock().lock();
    try {
      work.run();
    } finally {
      writing.writeLock().unlock();
    }
  }

  @Override
  public void close() {
    stopping.set(true);
    for (Thread client : clients) {
      try {
        client.join();
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
      }
    }
  }

  private void work(Random random) {
    try (Session session = driver.session(SessionConfig.defaultConfig())) {
      while (!stopping.get()) {
        writing.readLock().lock();
        try {
          write(session, random);
          committed.incrementAndGet();
        } catch (TransientException e) {
          // two clients met at a song: this one tries another
        } finally {
          writing.readLock().unlock();
        }
        Thread.sleep(random.nextLong(PAUSE_MS));
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  /** One transaction such as an application that keeps a band's concerts would make. */
  private static void write(Session session, Random random) {
    switch (random.nextInt(10)) {
      case 0, 1, 2, 3 ->
          run(
              session,
              "MATCH (s:song) WITH s SKIP $n LIMIT 1 SET s.performances = s.performances + 1",
              Map.of("n", random.nextInt(150)));
      case 4, 5 ->
          run(
              session,
              "MATCH (s:song) WITH s SKIP $n LIMIT 3 WITH collect(s) AS songs CREATE (c:concert"
                  + " {venue: $venue, date: date() - duration({days: $days}), audience: $crowd})"
                  + " WITH c, songs UNWIND songs AS s CREATE (c)-[:played {minutes: $minutes}]->(s)",
              Map.of(
                  "n", random.nextInt(150),
                  "venue", "Hall " + random.nextInt(50),
                  "days", random.nextInt(9000),
                  "crowd", random.nextInt(80_000),
                  "minutes", random.nextDouble() * 20));
      case 6, 7 ->
          run(
              session,
              "MATCH (a:song)-[r:followedBy]->() WITH r SKIP $n LIMIT 1 SET r.weight = r.weight + 1",
              Map.of("n", random.nextInt(500)));
      case 8 ->
          run(
              session,
              "MATCH (c:concert) WITH c SKIP $n LIMIT 1 SET c:recorded, c.reels = [1, 2, $reel]",
              Map.of("n", random.nextInt(20), "reel", random.nextInt(9)));
      default ->
          run(
              session,
              "MATCH (c:concert)-[p:played]->() WITH p SKIP $n LIMIT 1 DELETE p",
              Map.of("n", random.nextInt(40)));
    }
  }

  private static void run(Session session, String cypher, Map<String, Object> parameters) {
    session.executeWriteWithoutResult(tx -> tx.run(cypher, parameters).consume());
  }
}
