package dev.varve.cdc.neo4j;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import org.neo4j.driver.AccessMode;
import org.neo4j.driver.Driver;
import org.neo4j.driver.Record;
import org.neo4j.driver.Result;
import org.neo4j.driver.Session;
import org.neo4j.driver.SessionConfig;
import org.neo4j.driver.exceptions.Neo4jException;

/** Runs queries against one database and turns the driver's errors into ours. */
final class Neo4jSession implements AutoCloseable {

  private final Driver driver;
  private final Neo4jSettings settings;
  private final SessionConfig config;

  Neo4jSession(Driver driver, Neo4jSettings settings) {
    this.driver = driver;
    this.settings = settings;
    this.config =
        SessionConfig.builder()
            .withDatabase(settings.database())
            .withDefaultAccessMode(AccessMode.READ)
            .build();
  }

  /** Takes a row; returns whether more are wanted. */
  interface Rows {
    boolean accept(Record row) throws InterruptedException;
  }

  <T> List<T> all(String query, Function<Record, T> convert) {
    return all(query, Map.of(), convert);
  }

  <T> List<T> all(String query, Map<String, Object> parameters, Function<Record, T> convert) {
    try (Session session = driver.session(config)) {
      List<T> converted = new ArrayList<>();
      Result result = session.run(query, parameters);
      while (result.hasNext()) {
        converted.add(convert.apply(result.next()));
      }
      return converted;
    } catch (Neo4jException e) {
      throw Neo4jErrors.of(e, settings);
    }
  }

  /** The only row. */
  <T> T one(String query, Map<String, Object> parameters, Function<Record, T> convert) {
    List<T> rows = all(query, parameters, convert);
    if (rows.size() != 1) {
      throw new IllegalStateException("expected one row, got " + rows.size() + " of " + query);
    }
    return rows.get(0);
  }

  /** Rows as they come; returns whether all have been taken. */
  boolean each(String query, Map<String, Object> parameters, Rows rows)
      throws InterruptedException {
    try (Session session = driver.session(config)) {
      Result result = session.run(query, parameters);
      while (result.hasNext()) {
        if (!rows.accept(result.next())) {
          return false;
        }
      }
      return true;
    } catch (Neo4jException e) {
      throw Neo4jErrors.of(e, settings);
    }
  }

  @Override
  public void close() {
    driver.close();
  }
}
