package dev.varve.restore.target.neo4j;

import dev.varve.fault.ExitCode;
import dev.varve.fault.VarveException;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.neo4j.driver.AuthToken;
import org.neo4j.driver.AuthTokens;
import org.neo4j.driver.Config;
import org.neo4j.driver.Driver;
import org.neo4j.driver.GraphDatabase;
import org.neo4j.driver.Logging;
import org.neo4j.driver.NotificationConfig;
import org.neo4j.driver.Record;
import org.neo4j.driver.Session;
import org.neo4j.driver.SessionConfig;
import org.neo4j.driver.Transaction;
import org.neo4j.driver.TransactionConfig;
import org.neo4j.driver.exceptions.AuthenticationException;
import org.neo4j.driver.exceptions.FatalDiscoveryException;
import org.neo4j.driver.exceptions.Neo4jException;
import org.neo4j.driver.exceptions.RetryableException;
import org.neo4j.driver.exceptions.SecurityException;
import org.neo4j.driver.exceptions.ServiceUnavailableException;
import org.neo4j.driver.exceptions.SessionExpiredException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Talks to one Neo4j database: retries what may succeed later, and says the rest in words that an
 * operator can act on. Safe for use by many threads.
 */
final class BoltSession implements AutoCloseable {

  private static final Logger LOG = LoggerFactory.getLogger(BoltSession.class);
  private static final long FIRST_PAUSE_MS = 50;
  private static final long LONGEST_PAUSE_MS = 5_000;
  private static final Duration CONNECT_TIMEOUT = Duration.ofSeconds(15);
  private static final int ROWS_A_FETCH = 2_000;

  private final BoltSettings settings;
  private final Driver driver;
  private final SessionConfig session;
  private final TransactionConfig usual;

  BoltSession(BoltSettings settings) {
    this(settings, TransactionConfig.empty());
  }

  /**
   * @param usual what every transaction says in the store's log that is given no other
   */
  BoltSession(BoltSettings settings, TransactionConfig usual) {
    this.settings = settings;
    this.usual = usual;
    Config config =
        Config.builder()
            .withConnectionTimeout(CONNECT_TIMEOUT.toMillis(), TimeUnit.MILLISECONDS)
            .withConnectionAcquisitionTimeout(CONNECT_TIMEOUT.toMillis() * 2, TimeUnit.MILLISECONDS)
            .withMaxConnectionPoolSize(settings.writers() + 4)
            .withFetchSize(ROWS_A_FETCH)
            .withLogging(Logging.slf4j())
            .withNotificationConfig(NotificationConfig.disableAllConfig())
            .withUserAgent("varve")
            .build();
    AuthToken auth =
        settings
            .password()
            .map(password -> AuthTokens.basic(settings.uri().user().orElse("neo4j"), password))
            .orElse(AuthTokens.none());
    try {
      driver = GraphDatabase.driver(settings.uri().server(), auth, config);
    } catch (IllegalArgumentException e) {
      throw new VarveException(
          ExitCode.USAGE,
          "cannot use " + settings.uri() + ": " + e.getMessage(),
          "check the URI",
          e);
    }
    SessionConfig.Builder builder = SessionConfig.builder();
    settings.uri().database().ifPresent(builder::withDatabase);
    session = builder.build();
  }

  /** Checks address, password and database before any work begins; does not retry. */
  void connect() {
    try (Session once = driver.session(session)) {
      once.run("RETURN 1").consume();
    } catch (Neo4jException e) {
      throw translated(e);
    }
  }

  /**
   * Runs a statement in its own transaction, again and again until it succeeds: for what does no
   * harm when it is done twice. What it returns is read whole.
   */
  List<Record> repeatable(String statement, Map<String, Object> parameters) {
    return repeatable(usual, statement, parameters);
  }

  /** As above, with metadata for the store's log. */
  List<Record> repeatable(
      TransactionConfig config, String statement, Map<String, Object> parameters) {
    return retrying(
        () -> {
          try (Session once = driver.session(session)) {
            return once.run(statement, parameters, config).list();
          }
        });
  }

  /** Streams what a statement returns; the consumer must bear to begin again. */
  void stream(String statement, Map<String, Object> parameters, Consumer<Record> consumer) {
    try (Session once = driver.session(session)) {
      once.run(statement, parameters).forEachRemaining(consumer);
    } catch (Neo4jException e) {
      throw translated(e);
    }
  }

  /**
   * Commits a piece of work exactly once, whatever the network does.
   *
   * @param done looks whether an earlier try was committed after all; its result then counts
   * @param work writes; runs in a transaction of its own
   */
  <T> T commitOnce(Function<Transaction, Optional<T>> done, Function<Transaction, T> work) {
    return commitOnce(usual, done, work);
  }

  /** As above, with metadata for the store's log. */
  <T> T commitOnce(
      TransactionConfig config,
      Function<Transaction, Optional<T>> done,
      Function<Transaction, T> work) {
    boolean[] tried = {false};
    return retrying(
        () -> {
          try (Session once = driver.session(session);
              Transaction transaction = once.beginTransaction(config)) {
            if (tried[0]) {
              Optional<T> earlier = done.apply(transaction);
              if (earlier.isPresent()) {
                return earlier.get();
              }
            }
            tried[0] = true;
            T result = work.apply(transaction);
            transaction.commit();
            return result;
          }
        });
  }

  /** Begins a transaction, to be closed; nothing is retried. */
  Open begin(TransactionConfig config) {
    Session once = driver.session(session);
    try {
      return new Open(once, once.beginTransaction(config));
    } catch (RuntimeException e) {
      once.close();
      throw e;
    }
  }

  /** A transaction that is under way. */
  record Open(Session session, Transaction transaction) implements AutoCloseable {

    /** Commits and lets go of it. */
    void commit() {
      transaction.commit();
      close();
    }

    /** Rolls it back, unless it is committed. */
    @Override
    public void close() {
      try {
        session.close();
      } catch (Neo4jException e) {
        LOG.debug("letting go of a transaction: {}", e.getMessage());
      }
    }
  }

  private interface Attempt<T> {
    T run();
  }

  private <T> T retrying(Attempt<T> attempt) {
    long giveUpAt = System.nanoTime() + settings.retryFor().toNanos();
    long pauseMs = FIRST_PAUSE_MS;
    while (true) {
      try {
        return attempt.run();
      } catch (Neo4jException e) {
        if (!worthRetrying(e) || System.nanoTime() >= giveUpAt) {
          throw translated(e);
        }
      }
      sleep(pauseMs + ThreadLocalRandom.current().nextLong(pauseMs));
      pauseMs = Math.min(LONGEST_PAUSE_MS, pauseMs * 2);
    }
  }

  /**
   * A constraint that was violated is worth it because the look at what is done follows: it is how
   * an earlier try shows that was committed meanwhile.
   */
  private static boolean worthRetrying(Neo4jException e) {
    return e instanceof RetryableException
        || e instanceof ServiceUnavailableException
        || e instanceof SessionExpiredException
        || e.code().startsWith("Neo.TransientError")
        || (e.code().equals("Neo.ClientError.Schema.ConstraintValidationFailed")
            && String.valueOf(e.getMessage()).contains(Bookkeeping.BATCH));
  }

  private VarveException translated(Neo4jException e) {
    String where = settings.uri().toString();
    if (e instanceof AuthenticationException) {
      return failed(
          "Neo4j at " + where + " refuses user '" + settings.uri().user().orElse("neo4j") + "'",
          "check user and password of the target",
          e);
    }
    if (e instanceof SecurityException) {
      return failed(
          "Neo4j at " + where + " does not allow it: " + e.getMessage(),
          "a restore needs a user who may read, write and alter the schema",
          e);
    }
    if (e instanceof FatalDiscoveryException
        || e.code().equals("Neo.ClientError.Database.DatabaseNotFound")) {
      return failed(
          "there is no such database at " + where + ": " + e.getMessage(),
          "create it first, or leave ?database= away",
          e);
    }
    if (e instanceof ServiceUnavailableException || e instanceof SessionExpiredException) {
      return failed(
          "cannot reach Neo4j at " + where + ": " + e.getMessage(),
          "see that the server runs and that the address is right; the same command goes on where"
              + " it stopped",
          e);
    }
    return failed(
        "Neo4j at " + where + " answered " + e.code() + ": " + e.getMessage(),
        "see the server's log; the same command goes on where it stopped",
        e);
  }

  private static VarveException failed(String what, String hint, @Nullable Throwable cause) {
    return new VarveException(ExitCode.FAILED, what, hint, cause);
  }

  static void sleep(long ms) {
    try {
      Thread.sleep(ms);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException("interrupted while waiting for Neo4j", e);
    }
  }

  @Override
  public void close() {
    try {
      driver.close();
    } catch (Neo4jException e) {
      // the connections are gone with the server: nothing is left to let go of
    }
  }
}
