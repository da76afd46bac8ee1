package dev.varve.cdc.age;

import dev.varve.cdc.connector.LogConnectorTask;
import dev.varve.cdc.connector.LogOpener;
import io.debezium.config.Configuration;
import io.debezium.config.Field;
import java.util.Optional;
import org.apache.kafka.connect.source.SourceConnector;

/** The one task of {@link AgeConnector}. */
public final class AgeConnectorTask extends LogConnectorTask {

  static final String VERSION =
      Optional.ofNullable(AgeConnectorTask.class.getPackage().getImplementationVersion())
          .orElse("development");

  @Override
  public String version() {
    return VERSION;
  }

  @Override
  protected String connectorName() {
    return "age";
  }

  @Override
  protected Class<? extends SourceConnector> connector() {
    return AgeConnector.class;
  }

  @Override
  protected Field.Set storeFields() {
    return AgeReading.FIELDS;
  }

  @Override
  protected LogOpener opener(Configuration config) {
    AgeReading reading = AgeReading.of(config);
    return () -> AgeLog.open(reading);
  }
}
