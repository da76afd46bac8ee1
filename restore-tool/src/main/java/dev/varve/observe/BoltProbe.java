package dev.varve.observe;

import java.net.URI;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import org.neo4j.driver.AuthToken;
import org.neo4j.driver.AuthTokens;
import org.neo4j.driver.Config;
import org.neo4j.driver.Driver;
import org.neo4j.driver.GraphDatabase;
import org.neo4j.driver.Logging;
import org.neo4j.driver.Session;
import org.neo4j.driver.SessionConfig;
import org.neo4j.driver.TransactionConfig;

/** A Neo4j database: up if it answers a query, in a transaction of its own. */
public final class BoltProbe implements Probe {

  private final Driver driver;
  private final SessionConfig database;

  private BoltProbe(Driver driver, SessionConfig database) {
    this.driver = driver;
    this.database = database;
  }

  /**
   * Connects nowhere yet.
   *
   * @param user absent if the server asks for none
   * @param database the server's default one if absent
   */
  public static BoltProbe of(
      URI server,
      Optional<String> user,
      Optional<String> password,
      Optional<String> database,
      Duration timeout) {
    AuthToken token =
        user.map(name -> AuthTokens.basic(name, password.orElse(""))).orElse(AuthTokens.none());
    Config settings =
        Config.builder()
            .withLogging(Logging.none())
            .withConnectionTimeout(timeout.toMillis(), TimeUnit.MILLISECONDS)
            .withConnectionAcquisitionTimeout(timeout.toMillis(), TimeUnit.MILLISECONDS)
            .withMaxTransactionRetryTime(0, TimeUnit.MILLISECONDS)
            .withMaxConnectionPoolSize(1)
            .withEventLoopThreads(1)
            .build();
    return new BoltProbe(
        GraphDatabase.driver(server, token, settings),
        database.map(SessionConfig::forDatabase).orElse(SessionConfig.defaultConfig()));
  }

  @Override
  public void look(Duration timeout) {
    try (Session session = driver.session(database)) {
      session.run("RETURN 1", TransactionConfig.builder().withTimeout(timeout).build()).consume();
    }
  }

  @Override
  public void close() {
    driver.closeAsync();
  }
}
