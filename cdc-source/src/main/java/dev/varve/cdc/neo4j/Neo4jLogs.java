package dev.varve.cdc.neo4j;

import dev.varve.cdc.StoreLog;
import dev.varve.fault.ExitCode;
import dev.varve.fault.VarveException;
import java.net.URI;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.TimeUnit;
import org.neo4j.driver.AuthToken;
import org.neo4j.driver.AuthTokens;
import org.neo4j.driver.Config;
import org.neo4j.driver.Driver;
import org.neo4j.driver.GraphDatabase;
import org.neo4j.driver.Logging;
import org.neo4j.driver.NotificationConfig;

/** Opens a database's log with whichever procedures the server offers. */
final class Neo4jLogs {

  static final String PLUGIN = "varve.cdc";
  static final String NATIVE = "db.cdc";

  /** The plugin's events in the form of Neo4j's own: what {@link CdcQueryLog} is tested with. */
  static final String PLUGIN_EVENTS = "varve.cdc.query";

  private static final int CONNECTION_TIMEOUT_S = 5;
  private static final int FETCH_ROWS = 4; // of about a megabyte

  private Neo4jLogs() {}

  static StoreLog open(Neo4jSettings settings) {
    Driver driver = driver(settings);
    Neo4jSession session = new Neo4jSession(driver, settings);
    try {
      String procedures = choose(settings, session);
      return procedures.equals(PLUGIN)
          ? PluginLog.open(session, settings)
          : CdcQueryLog.open(
              session, settings, procedures.equals(PLUGIN_EVENTS) ? PLUGIN : procedures);
    } catch (RuntimeException e) {
      session.close();
      throw e;
    }
  }

  /** Neo4j's own procedures where the server has them, else the plugin's. */
  private static String choose(Neo4jSettings settings, Neo4jSession session) {
    if (!settings.procedures().equals(Neo4jSettings.AUTO)) {
      return settings.procedures();
    }
    Set<String> names =
        new TreeSet<>(
            session.all(
                "SHOW PROCEDURES YIELD name WHERE name STARTS WITH 'varve.cdc.' OR name STARTS WITH"
                    + " 'db.cdc.' RETURN name",
                row -> row.get("name").asString()));
    if (names.containsAll(List.of(NATIVE + ".query", NATIVE + ".current"))) {
      return NATIVE;
    }
    if (names.containsAll(List.of(PLUGIN + ".read", PLUGIN + ".scan"))) {
      return PLUGIN;
    }
    throw Neo4jErrors.noProcedures(settings);
  }

  private static Driver driver(Neo4jSettings settings) {
    AuthToken auth =
        settings.user().isPresent()
            ? AuthTokens.basic(settings.user().get(), settings.password().orElse(""))
            : AuthTokens.none();
    Config config =
        Config.builder()
            .withMaxConnectionPoolSize(2)
            .withConnectionTimeout(CONNECTION_TIMEOUT_S, TimeUnit.SECONDS)
            .withConnectionAcquisitionTimeout(2L * CONNECTION_TIMEOUT_S, TimeUnit.SECONDS)
            .withMaxTransactionRetryTime(0, TimeUnit.SECONDS) // retried where the position is known
            .withFetchSize(FETCH_ROWS)
            .withNotificationConfig(NotificationConfig.disableAllConfig())
            .withLogging(Logging.slf4j())
            .withUserAgent("varve")
            .build();
    try {
      return GraphDatabase.driver(URI.create(settings.uri()), auth, config);
    } catch (IllegalArgumentException e) {
      throw new VarveException(
          ExitCode.USAGE,
          "source.uri is not an address of a Neo4j server: '"
              + settings.uri()
              + "': "
              + e.getMessage(),
          "write it as bolt://host:7687 or neo4j://host:7687",
          e);
    }
  }
}
