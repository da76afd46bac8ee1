package dev.varve.cdc.age;

import dev.varve.cdc.connector.LogConnector;
import io.debezium.config.Field;
import org.apache.kafka.connect.connector.Task;

/** Captures one graph of Apache AGE; a Kafka Connect source connector. */
public final class AgeConnector extends LogConnector {

  @Override
  public String version() {
    return AgeConnectorTask.VERSION;
  }

  @Override
  public Class<? extends Task> taskClass() {
    return AgeConnectorTask.class;
  }

  @Override
  protected Field.Set storeFields() {
    return AgeReading.FIELDS;
  }
}
