package dev.varve.cdc.neo4j;

import dev.varve.cdc.CaptureSource;
import dev.varve.cdc.StoreLog;
import java.util.Map;
import java.util.Optional;

/** A Neo4j database to capture. */
public final class Neo4jSource implements CaptureSource {

  private final Neo4jSettings settings;

  private Neo4jSource(Neo4jSettings settings) {
    this.settings = settings;
  }

  /**
   * A database.
   *
   * @param uri {@code bolt://host:7687}, or one of Neo4j's other schemes
   * @param user absent if the server asks for none
   */
  public static Neo4jSource of(
      String uri, Optional<String> user, Optional<String> password, String database) {
    return new Neo4jSource(
        new Neo4jSettings(
            uri, user, password, database, Neo4jSettings.AUTO, Neo4jSettings.DEFAULT_ROW_BYTES));
  }

  /** The same database, read with procedures of another prefix than what is found to be best. */
  public Neo4jSource withProcedures(String prefix) {
    return new Neo4jSource(
        new Neo4jSettings(
            settings.uri(),
            settings.user(),
            settings.password(),
            settings.database(),
            prefix,
            settings.rowBytes()));
  }

  /** The same database, read in smaller or larger pieces. */
  public Neo4jSource withRowBytes(int bytes) {
    return new Neo4jSource(
        new Neo4jSettings(
            settings.uri(),
            settings.user(),
            settings.password(),
            settings.database(),
            settings.procedures(),
            bytes));
  }

  @Override
  public String connectorClass() {
    return Neo4jConnector.class.getName();
  }

  @Override
  public Map<String, String> connectorSettings() {
    return settings.toMap();
  }

  @Override
  public String check() {
    try (StoreLog log = open()) {
      log.head();
      return log.identity();
    }
  }

  @Override
  public StoreLog open() {
    return Neo4jLogs.open(settings);
  }

  @Override
  public String toString() {
    return settings.toString();
  }
}
