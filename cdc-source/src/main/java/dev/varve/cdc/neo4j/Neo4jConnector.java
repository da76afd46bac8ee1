package dev.varve.cdc.neo4j;

import dev.varve.cdc.connector.LogConnector;
import io.debezium.config.Field;
import org.apache.kafka.connect.connector.Task;

/** Captures one Neo4j database; a Kafka Connect source connector. */
public final class Neo4jConnector extends LogConnector {

  @Override
  public String version() {
    return Neo4jConnectorTask.VERSION;
  }

  @Override
  public Class<? extends Task> taskClass() {
    return Neo4jConnectorTask.class;
  }

  @Override
  protected Field.Set storeFields() {
    return Neo4jSettings.FIELDS;
  }
}
