package dev.varve.restore.target.age;

import dev.varve.fault.ExitCode;
import dev.varve.fault.VarveException;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Properties;
import java.util.concurrent.ThreadLocalRandom;
import org.jspecify.annotations.Nullable;

/**
 * Talks to one database: keeps connections for the next who wants one, retries what may succeed
 * later, and says the rest in words that an operator can act on. Safe for use by many threads.
 */
final class AgeSession implements AutoCloseable {

  private static final long FIRST_PAUSE_MS = 50;
  private static final long LONGEST_PAUSE_MS = 2_000;
  private static final String CONNECT_TIMEOUT_S = "15";

  private final AgeSettings settings;
  private final Deque<Connection> idle = new ArrayDeque<>();
  private boolean closed;

  AgeSession(AgeSettings settings) {
    this.settings = settings;
  }

  /** Work in a transaction of its own. */
  interface Work<T> {
    T run(Connection connection) throws SQLException;
  }

  /** A look whether an earlier try of some work was committed after all. */
  interface Done {
    boolean look(Connection connection) throws SQLException;
  }

  /** Checks address, password and database before any work begins; does not retry. */
  void connect() {
    try {
      giveBack(open());
    } catch (SQLException e) {
      throw translated(e);
    }
  }

  /** A connection of one's own, to be closed; not retried. */
  Connection open() throws SQLException {
    Properties properties = new Properties();
    settings.uri().tls().forEach(properties::setProperty);
    settings.uri().user().ifPresent(user -> properties.setProperty("user", user));
    settings.password().ifPresent(password -> properties.setProperty("password", password));
    properties.setProperty("ApplicationName", "varve restore");
    properties.setProperty("connectTimeout", CONNECT_TIMEOUT_S);
    properties.setProperty("tcpKeepAlive", "true");
    Connection connection = DriverManager.getConnection(settings.uri().jdbcUrl(), properties);
    try (Statement statement = connection.createStatement()) {
      statement.execute("SET search_path = ag_catalog, \"$user\", public");
      statement.execute("SET client_min_messages = warning");
      for (String limit :
          new String[] {
            "statement_timeout",
            "lock_timeout",
            "idle_in_transaction_session_timeout",
            "transaction_timeout"
          }) {
        statement.execute(
            "SELECT set_config(name, '0', false) FROM pg_catalog.pg_settings"
                + " WHERE name = '"
                + limit
                + "'");
      }
      connection.setAutoCommit(false);
    } catch (SQLException e) {
      connection.close();
      throw e;
    }
    return connection;
  }

  /**
   * Runs work in its own transaction, again and again until it succeeds: for what does no harm when
   * it is done twice.
   */
  <T> T repeatable(Work<T> work) {
    return retrying(work, connection -> false, () -> null);
  }

  /**
   * Commits work exactly once, whatever the network does.
   *
   * @param done looks whether an earlier try was committed after all
   */
  void commitOnce(Done done, Work<?> work) {
    retrying(
        connection -> {
          work.run(connection);
          return true;
        },
        done,
        () -> true);
  }

  private interface Earlier<T> {
    @Nullable T result();
  }

  @SuppressWarnings("NullAway") // the work's own result, or that of an earlier try, which is one
  private <T> T retrying(Work<T> work, Done done, Earlier<T> earlier) {
    long giveUpAt = System.nanoTime() + settings.retryFor().toNanos();
    long pauseMs = FIRST_PAUSE_MS;
    boolean tried = false;
    while (true) {
      try {
        Connection connection = borrow();
        try {
          if (tried && done.look(connection)) {
            connection.rollback();
            giveBack(connection);
            return earlier.result();
          }
          tried = true;
          T result = work.run(connection);
          connection.commit();
          giveBack(connection);
          return result;
        } catch (SQLException | RuntimeException e) {
          discard(connection);
          throw e;
        }
      } catch (SQLException e) {
        if (!worthRetrying(e) || System.nanoTime() >= giveUpAt) {
          throw translated(e);
        }
      }
      sleep(pauseMs + ThreadLocalRandom.current().nextLong(pauseMs));
      pauseMs = Math.min(LONGEST_PAUSE_MS, pauseMs * 2);
    }
  }

  /** A connection to be given back, or discarded if anything went wrong. */
  Connection borrow() throws SQLException {
    synchronized (idle) {
      if (!idle.isEmpty()) {
        return idle.pop();
      }
    }
    return open();
  }

  /** Without a transaction under way. */
  void giveBack(Connection connection) {
    synchronized (idle) {
      if (!closed) {
        idle.push(connection);
        return;
      }
    }
    discard(connection);
  }

  /** What is wrong with a connection that is let go does not matter any more. */
  static void discard(Connection connection) {
    try {
      connection.close();
    } catch (SQLException e) {
      // it was broken
    }
  }

  /**
   * A key that is there twice is worth it because the look at what is done follows: it is how an
   * earlier try shows that was committed meanwhile.
   */
  static boolean worthRetrying(SQLException e) {
    String state = state(e);
    return switch (state) {
      case "08000",
          "08001",
          "08003",
          "08006",
          "08007", // the connection
          "57P01",
          "57P02",
          "57P03", // shut down, crashed, starting
          "40001",
          "40P01",
          "53300",
          "55P03" ->
          true;
      case "23505" -> String.valueOf(e.getMessage()).contains(Bookkeeping.PART_KEY);
      default -> false;
    };
  }

  private static String state(SQLException e) {
    return e.getSQLState() == null ? "" : e.getSQLState();
  }

  /** An error of the server in words for an operator. */
  VarveException translated(SQLException e) {
    String where = settings.uri().toString();
    String user = settings.uri().user().orElse(System.getProperty("user.name"));
    return switch (state(e)) {
      case "28P01", "28000", "08004" ->
          failed(
              "PostgreSQL at " + where + " refuses user '" + user + "': " + e.getMessage(),
              "check user and password of the target, and what pg_hba.conf permits",
              e);
      case "3D000" ->
          failed(
              "there is no database '" + settings.uri().database() + "' at " + where,
              "create it first: CREATE DATABASE " + Sql.name(settings.uri().database()),
              e);
      case "42501" ->
          failed(
              "PostgreSQL at " + where + " does not allow it to '" + user + "': " + e.getMessage(),
              "as a superuser, in that database: "
                  + String.join("; ", AgeDatabase.grants(settings.uri().database(), user)),
              e);
      case "25006" ->
          failed(
              "PostgreSQL at " + where + " takes no writes: " + e.getMessage(),
              "name the primary and not a standby; see default_transaction_read_only of the server,"
                  + " the database and the role '"
                  + user
                  + "'",
              e);
      case "53100" ->
          failed(
              "the disk of PostgreSQL at " + where + " is full: " + e.getMessage(),
              "make room there; the same command goes on where it stopped",
              e);
      case "08000", "08001", "08003", "08006", "08007", "57P01", "57P02", "57P03" ->
          failed(
              "cannot reach PostgreSQL at " + where + ": " + e.getMessage(),
              "see that the server runs and that the address is right; the same command goes on"
                  + " where it stopped",
              e);
      default ->
          failed(
              "PostgreSQL at " + where + " answered " + state(e) + ": " + e.getMessage(),
              "see the server's log; the same command goes on where it stopped",
              e);
    };
  }

  private static VarveException failed(String what, String hint, @Nullable Throwable cause) {
    return new VarveException(ExitCode.FAILED, what, hint, cause);
  }

  private static void sleep(long ms) {
    try {
      Thread.sleep(ms);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException("interrupted while waiting for PostgreSQL", e);
    }
  }

  @Override
  public void close() {
    synchronized (idle) {
      closed = true;
      idle.forEach(AgeSession::discard);
      idle.clear();
    }
  }
}
