package dev.varve.cli;

import dev.varve.cli.config.Config;
import java.net.URI;
import java.time.Duration;
import java.util.List;
import java.util.OptionalLong;
import java.util.concurrent.TimeUnit;
import org.neo4j.driver.AuthToken;
import org.neo4j.driver.AuthTokens;
import org.neo4j.driver.Driver;
import org.neo4j.driver.GraphDatabase;
import org.neo4j.driver.Logging;
import org.neo4j.driver.Record;
import org.neo4j.driver.Session;
import org.neo4j.driver.SessionConfig;
import org.neo4j.driver.exceptions.Neo4jException;

/** A connection to a Neo4j source, to ask it how it is. */
final class StoreLink implements AutoCloseable {

  private static final Duration CONNECT_WITHIN = Duration.ofSeconds(5);

  private final Driver driver;
  private final String database;

  private StoreLink(Driver driver, String database) {
    this.driver = driver;
    this.database = database;
  }

  /** What the plugin says of its store. */
  record Status(
      String storeId,
      String neo4jVersion,
      String pluginVersion,
      String enrichment,
      String retentionPolicy,
      long newest,
      List<String> problems) {}

  static StoreLink to(Config.Neo4j source) {
    AuthToken token =
        source
            .user()
            .map(user -> AuthTokens.basic(user, source.password().orElse("")))
            .orElse(AuthTokens.none());
    org.neo4j.driver.Config settings =
        org.neo4j.driver.Config.builder()
            .withLogging(Logging.none())
            .withConnectionTimeout(CONNECT_WITHIN.toMillis(), TimeUnit.MILLISECONDS)
            .withMaxTransactionRetryTime(CONNECT_WITHIN.toMillis(), TimeUnit.MILLISECONDS)
            .build();
    return new StoreLink(
        GraphDatabase.driver(URI.create(source.uri()), token, settings), source.database());
  }

  /** The number of a store's last transaction; absent if it does not answer, or does not count. */
  static OptionalLong head(Config.Source source) {
    if (!(source instanceof Config.Neo4j neo4j)) {
      return OptionalLong.empty(); // PostgreSQL numbers by place in the log, which is no count
    }
    try (StoreLink link = to(neo4j)) {
      return OptionalLong.of(link.status().newest());
    } catch (Neo4jException | IllegalArgumentException e) {
      return OptionalLong.empty();
    }
  }

  /** Logs in and runs the simplest of queries. */
  void check() {
    try (Session session = session()) {
      session.run("RETURN 1").consume();
    }
  }

  Status status() {
    try (Session session = session()) {
      Record row = session.run("CALL varve.cdc.status()").single();
      return new Status(
          row.get("storeId").asString(),
          row.get("neo4jVersion").asString(""),
          row.get("pluginVersion").asString(""),
          row.get("enrichment").asString(""),
          row.get("retentionPolicy").asString(""),
          transactionOf(row.get("current").asString()),
          row.get("problems").asList(org.neo4j.driver.Value::asString));
    }
  }

  /** A position in the log is {@code store:append index:transaction:…}. */
  private static long transactionOf(String position) {
    String[] parts = position.split(":", -1);
    return Long.parseLong(parts[2]);
  }

  private Session session() {
    return driver.session(SessionConfig.forDatabase(database));
  }

  @Override
  public void close() {
    driver.close();
  }
}
