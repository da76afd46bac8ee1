package dev.varve.cdc;

import dev.varve.cdc.connector.LogConnector;
import dev.varve.cdc.connector.LogConnectorTask;
import dev.varve.cdc.connector.LogOpener;
import io.debezium.config.Configuration;
import io.debezium.config.Field;
import org.apache.kafka.common.config.ConfigDef;
import org.apache.kafka.connect.connector.Task;
import org.apache.kafka.connect.source.SourceConnector;

/** A connector for {@link FakeStore}. */
public final class FakeConnector extends LogConnector {

  static final Field STORE =
      Field.create("fake.store").withType(ConfigDef.Type.STRING).withDescription("name");

  @Override
  public String version() {
    return "fake";
  }

  @Override
  public Class<? extends org.apache.kafka.connect.connector.Task> taskClass() {
    return FakeTask.class;
  }

  @Override
  protected Field.Set storeFields() {
    return Field.setOf(STORE);
  }

  /** Its task. */
  public static final class FakeTask extends LogConnectorTask implements Task {

    @Override
    public String version() {
      return "fake";
    }

    @Override
    protected String connectorName() {
      return "fake";
    }

    @Override
    protected Class<? extends SourceConnector> connector() {
      return FakeConnector.class;
    }

    @Override
    protected Field.Set storeFields() {
      return Field.setOf(STORE);
    }

    @Override
    protected LogOpener opener(Configuration config) {
      FakeStore store = FakeStore.named(config.getString(STORE));
      return store::open;
    }
  }
}
