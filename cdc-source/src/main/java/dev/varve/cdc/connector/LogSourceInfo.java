package dev.varve.cdc.connector;

import io.debezium.config.CommonConnectorConfig;
import io.debezium.connector.AbstractSourceInfo;
import io.debezium.connector.SnapshotRecord;
import io.debezium.connector.SourceInfoStructMaker;
import java.time.Instant;
import org.apache.kafka.connect.data.Schema;
import org.apache.kafka.connect.data.SchemaBuilder;
import org.apache.kafka.connect.data.Struct;

/**
 * What Debezium wants to know of a record's source; our records say it themselves, so it is empty.
 */
final class LogSourceInfo extends AbstractSourceInfo {

  private final Instant timestamp;

  LogSourceInfo(CommonConnectorConfig config, Instant timestamp) {
    super(config);
    this.timestamp = timestamp;
  }

  @Override
  protected Instant timestamp() {
    return timestamp;
  }

  @Override
  protected SnapshotRecord snapshot() {
    return SnapshotRecord.FALSE;
  }

  @Override
  protected String database() {
    return "";
  }

  static final class StructMaker implements SourceInfoStructMaker<LogSourceInfo> {

    private final Schema schema = SchemaBuilder.struct().name("dev.varve.cdc.Source").build();

    @Override
    public void init(String connector, String version, CommonConnectorConfig config) {
      // nothing of it is written
    }

    @Override
    public Schema schema() {
      return schema;
    }

    @Override
    public Struct struct(LogSourceInfo sourceInfo) {
      return new Struct(schema);
    }
  }
}
