package dev.varve.cdc.neo4j;

import dev.varve.cdc.connector.LogConnectorTask;
import dev.varve.cdc.connector.LogOpener;
import io.debezium.config.Configuration;
import io.debezium.config.Field;
import java.util.Optional;
import org.apache.kafka.connect.source.SourceConnector;

/** The one task of {@link Neo4jConnector}. */
public final class Neo4jConnectorTask extends LogConnectorTask {

  static final String VERSION =
      Optional.ofNullable(Neo4jConnectorTask.class.getPackage().getImplementationVersion())
          .orElse("development");

  @Override
  public String version() {
    return VERSION;
  }

  @Override
  protected String connectorName() {
    return "neo4j";
  }

  @Override
  protected Class<? extends SourceConnector> connector() {
    return Neo4jConnector.class;
  }

  @Override
  protected Field.Set storeFields() {
    return Neo4jSettings.FIELDS;
  }

  @Override
  protected LogOpener opener(Configuration config) {
    Neo4jSettings settings = Neo4jSettings.of(config);
    return () -> Neo4jLogs.open(settings);
  }
}
