package dev.varve.cli.drill;

import dev.varve.cli.demo.BoltScan;
import dev.varve.cli.demo.Content;
import java.util.function.Function;
import org.neo4j.driver.Driver;
import org.neo4j.driver.Session;
import org.neo4j.driver.SessionConfig;
import org.neo4j.driver.async.AsyncSession;
import org.neo4j.driver.exceptions.Neo4jException;

/** A driver that is at work in one database of Neo4j. */
record Neo4jLink(Driver driver, SessionConfig sessions) implements Link {

  Session session() {
    return driver.session(sessions);
  }

  AsyncSession asyncSession() {
    return driver.session(AsyncSession.class, sessions);
  }

  /** Does something in a session of its own. */
  <T> T in(Function<Session, T> work) {
    try (Session session = session()) {
      return work.apply(session);
    } catch (Neo4jException e) {
      throw new StoreFailure(e);
    }
  }

  /** The one number that a query gives. */
  long number(String query) {
    return in(session -> session.run(query).single().get(0).asLong());
  }

  /** The identity that the plugin gives to the store. */
  @Override
  public String identity() {
    return in(session -> session.run("CALL varve.cdc.status()").single().get("storeId").asString());
  }

  @Override
  public boolean isStandby() {
    return number("MATCH (c:__VarveStandbyCut) RETURN count(c)") > 0;
  }

  @Override
  public boolean isConverted() {
    return number("MATCH (c:__VarveStandbyCut) WHERE c.crossed IS NOT NULL RETURN count(c)") > 0;
  }

  @Override
  public long lastTransaction() {
    String position =
        in(session -> session.run("CALL varve.cdc.current()").single().get("id").asString());
    return Long.parseLong(position.split(":", -1)[2]);
  }

  @Override
  public Content scan() {
    return scan(BoltScan::of);
  }

  @Override
  public Content standbyScan() {
    return scan(BoltScan::ofStandby);
  }

  private interface Scan {
    Content of(Driver driver, SessionConfig sessions);
  }

  private Content scan(Scan scan) {
    try {
      return scan.of(driver, sessions);
    } catch (Neo4jException e) {
      throw new StoreFailure(e);
    }
  }

  @Override
  public Hand hand(Handwriting names) {
    return new CypherHand(this, names);
  }

  @Override
  public void close() {
    driver.closeAsync();
  }
}
