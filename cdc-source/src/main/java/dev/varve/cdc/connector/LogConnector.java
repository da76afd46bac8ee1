package dev.varve.cdc.connector;

import io.debezium.config.Configuration;
import io.debezium.config.Field;
import io.debezium.connector.common.BaseSourceConnector;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.apache.kafka.common.config.Config;
import org.apache.kafka.common.config.ConfigDef;
import org.apache.kafka.common.config.ConfigValue;
import org.apache.kafka.connect.source.ConnectorTransactionBoundaries;
import org.apache.kafka.connect.source.ExactlyOnceSupport;

/** A Kafka Connect source connector that reads a store's log in one task. */
public abstract class LogConnector extends BaseSourceConnector {

  private Map<String, String> settings = Map.of();

  /** The fields of the store's own settings. */
  protected abstract Field.Set storeFields();

  @Override
  public final void start(Map<String, String> props) {
    settings = Map.copyOf(props);
  }

  @Override
  public final List<Map<String, String>> taskConfigs(int maxTasks) {
    return List.of(new HashMap<>(settings)); // a log has one order
  }

  @Override
  public final void stop() {
    settings = Map.of();
  }

  @Override
  public final ConfigDef config() {
    ConfigDef definition = LogConnectorConfig.DEFINITION.configDef();
    definition.configKeys().remove("topic.prefix"); // made of the graph's name
    storeFields().forEach(field -> Field.group(definition, "Store", field));
    return definition;
  }

  @Override
  public final Config validate(Map<String, String> props) {
    return new Config(new ArrayList<>(validateAllFields(Configuration.from(props)).values()));
  }

  @Override
  protected final Map<String, ConfigValue> validateAllFields(Configuration config) {
    Configuration whole = LogConnectorConfig.withDefaults(config);
    Map<String, ConfigValue> found =
        new HashMap<>(whole.validate(Field.setOf(LogConnectorConfig.DEFINITION.all())));
    found.putAll(whole.validate(storeFields()));
    return found;
  }

  @Override
  public final ExactlyOnceSupport exactlyOnceSupport(Map<String, String> props) {
    return ExactlyOnceSupport.SUPPORTED;
  }

  @Override
  public final ConnectorTransactionBoundaries canDefineTransactionBoundaries(
      Map<String, String> props) {
    return ConnectorTransactionBoundaries.UNSUPPORTED;
  }
}
