package dev.varve.cli.drill;

import dev.varve.fault.ExitCode;
import dev.varve.fault.VarveException;
import dev.varve.restore.TargetUri;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import org.neo4j.driver.AuthToken;
import org.neo4j.driver.AuthTokens;
import org.neo4j.driver.Config;
import org.neo4j.driver.Driver;
import org.neo4j.driver.GraphDatabase;
import org.neo4j.driver.Logging;
import org.neo4j.driver.SessionConfig;

/**
 * A Neo4j database.
 *
 * @param user absent for a server without authentication
 * @param database the server's default database if absent
 */
public record Neo4jStore(
    String address, Optional<String> user, Optional<String> password, Optional<String> database)
    implements Store {

  private static final long CONNECT_WITHIN_S = 2;

  /** A server without authentication. */
  static Neo4jStore open(String address) {
    return new Neo4jStore(address, Optional.empty(), Optional.empty(), Optional.empty());
  }

  @Override
  public Neo4jStore at(String other) {
    if (TargetUri.parse(other) instanceof TargetUri.Bolt bolt) {
      return new Neo4jStore(
          bolt.server().toString(),
          bolt.user().or(this::user),
          password,
          bolt.database().or(this::database));
    }
    throw new VarveException(
        ExitCode.FAILED,
        "the announced primary " + other + " is no running Neo4j, as " + this + " is",
        "have the announcement corrected");
  }

  @Override
  public String hint() {
    return "see that it runs with Varve's plugin, and that user and password are right; 'varve"
        + " doctor' tells it of the store in source.uri";
  }

  @Override
  public String removal(Handwriting names) {
    return CypherHand.removal(names);
  }

  /** A driver that tries everything once and gives up soon. */
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

  @Override
  public Neo4jLink connect() {
    return new Neo4jLink(
        driver(), database.map(SessionConfig::forDatabase).orElse(SessionConfig.defaultConfig()));
  }

  @Override
  public String toString() {
    return address + database.map(name -> "?database=" + name).orElse("");
  }
}
