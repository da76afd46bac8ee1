package dev.varve.cli.drill;

import dev.varve.cli.demo.BoltScan;
import dev.varve.fault.ExitCode;
import dev.varve.fault.VarveException;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Function;
import org.neo4j.driver.AuthToken;
import org.neo4j.driver.AuthTokens;
import org.neo4j.driver.Config;
import org.neo4j.driver.Driver;
import org.neo4j.driver.GraphDatabase;
import org.neo4j.driver.Logging;
import org.neo4j.driver.Record;
import org.neo4j.driver.Session;
import org.neo4j.driver.SessionConfig;
import org.neo4j.driver.async.AsyncSession;

/**
 * A Neo4j database, and how a client gets into it.
 *
 * @param address without user and database
 * @param user absent for a server without authentication
 * @param database the server's default database if absent
 */
public record Store(
    String address, Optional<String> user, Optional<String> password, Optional<String> database) {

  private static final long CONNECT_WITHIN_S = 2;
  private static final Duration ANSWER_WITHIN = Duration.ofSeconds(30);

  /** A server without authentication. */
  static Store open(String address) {
    return new Store(address, Optional.empty(), Optional.empty(), Optional.empty());
  }

  /** A driver that tries everything once and gives up soon: who waits for it decides. */
  Driver driver() {
    AuthToken token =
        user.map(name -> AuthTokens.basic(name, password.orElse(""))).orElse(AuthTokens.none());
    return GraphDatabase.driver(
        address,
        token,
        Config.builder()
            .withLogging(Logging.none())
            .withConnectionTimeout(CONNECT_WITHIN_S, TimeUnit.SECONDS)
            .withMaxTransactionRetryTime(0, TimeUnit.SECONDS)
            .build());
  }

  /** Asks it something; whoever has not got an answer within half a minute gives up. */
  <T> T ask(Function<Link, T> question) {
    return ask(ANSWER_WITHIN, question);
  }

  /**
   * Asks it something, and does not wait for long: a server that hangs never answers.
   *
   * @throws VarveException if it does not answer, or not with what was asked for
   */
  <T> T ask(Duration within, Function<Link, T> question) {
    Link link = connect();
    CompletableFuture<T> answer =
        CompletableFuture.supplyAsync(
            () -> question.apply(link),
            task -> { // one of its own, as it may never end
              Thread thread = new Thread(task, "asks-" + address);
              thread.setDaemon(true);
              thread.start();
            });
    try {
      return answer.get(within.toMillis(), TimeUnit.MILLISECONDS);
    } catch (ExecutionException e) {
      Throwable cause = e.getCause() == null ? e : e.getCause();
      throw failed(String.valueOf(cause.getMessage()), cause);
    } catch (TimeoutException e) {
      throw failed("no answer within " + within.toSeconds() + " s", e);
    } catch (InterruptedException e) {
      throw Trial.interrupted(e);
    } finally {
      link.close();
    }
  }

  private VarveException failed(String why, Throwable cause) {
    return new VarveException(
        ExitCode.FAILED,
        "cannot ask " + this + ": " + why,
        "see that it runs with Varve's plugin, and that user and password are right; 'varve doctor'"
            + " tells it of the store in source.uri",
        cause);
  }

  Link connect() {
    return new Link(
        driver(), database.map(SessionConfig::forDatabase).orElse(SessionConfig.defaultConfig()));
  }

  /** A driver that is at work in one database. */
  record Link(Driver driver, SessionConfig sessions) implements AutoCloseable {

    Session session() {
      return driver.session(sessions);
    }

    AsyncSession asyncSession() {
      return driver.session(AsyncSession.class, sessions);
    }

    /** What it holds, read from end to end. */
    BoltScan scan() {
      return BoltScan.of(driver, sessions);
    }

    /** What it holds a copy of. */
    BoltScan standbyScan() {
      return BoltScan.ofStandby(driver, sessions);
    }

    /** The identity that the plugin gives to the store. */
    String identity() {
      try (Session session = session()) {
        return session.run("CALL varve.cdc.status()").single().get("storeId").asString();
      }
    }

    /** Whether it holds a copy that a replay keeps in step; no more once promote has ended. */
    boolean isStandby() {
      try (Session session = session()) {
        return session.run("MATCH (c:__VarveStandbyCut) RETURN count(c)").single().get(0).asLong()
            > 0;
      }
    }

    /** Whether what it holds comes from another kind of store: it cannot be promoted. */
    boolean isConverted() {
      try (Session session = session()) {
        return session
                .run("MATCH (c:__VarveStandbyCut) WHERE c.crossed IS NOT NULL RETURN count(c)")
                .single()
                .get(0)
                .asLong()
            > 0;
      }
    }

    /** Where the log of transactions ends. */
    long lastTransaction() {
      try (Session session = session()) {
        Record row = session.run("CALL varve.cdc.current()").single();
        return Long.parseLong(row.get("id").asString().split(":", -1)[2]);
      }
    }

    /** Nobody waits for a server that may hang. */
    @Override
    public void close() {
      driver.closeAsync();
    }
  }

  @Override
  public String toString() {
    return address + database.map(name -> "?database=" + name).orElse("");
  }
}
