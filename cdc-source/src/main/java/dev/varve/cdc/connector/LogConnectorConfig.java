package dev.varve.cdc.connector;

import dev.varve.wire.RegistryConfig;
import dev.varve.wire.TopicSpecs;
import dev.varve.wire.Topics;
import io.debezium.config.CommonConnectorConfig;
import io.debezium.config.ConfigDefinition;
import io.debezium.config.Configuration;
import io.debezium.config.EnumeratedValue;
import io.debezium.config.Field;
import io.debezium.connector.SourceInfoStructMaker;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;
import org.apache.kafka.common.config.ConfigDef;

/** The settings of a connector that reads a store's log; a store adds its own fields. */
public final class LogConnectorConfig extends CommonConnectorConfig {

  public static final Field GRAPH =
      Field.create("varve.graph")
          .withType(ConfigDef.Type.STRING)
          .withImportance(ConfigDef.Importance.HIGH)
          .withDescription("The graph's name, which the topics' names are made of.")
          .required();
  public static final Field SITE =
      Field.create("varve.site")
          .withType(ConfigDef.Type.STRING)
          .withImportance(ConfigDef.Importance.HIGH)
          .withDescription("The name of this place where the graph is written.")
          .required();
  public static final Field PARTITIONS =
      Field.create("varve.partitions")
          .withType(ConfigDef.Type.INT)
          .withImportance(ConfigDef.Importance.HIGH)
          .withDefault(TopicSpecs.DEFAULT_PARTITIONS)
          .withValidation(Field::isPositiveInteger)
          .withDescription("How many partitions the changes topic has.");
  public static final Field REGISTRY =
      Field.create("varve.registry.url")
          .withType(ConfigDef.Type.STRING)
          .withImportance(ConfigDef.Importance.HIGH)
          .withDefault("embedded")
          .withDescription("The schema registry: 'embedded' or its address.");
  public static final Field REGISTRY_USER =
      Field.create("varve.registry.user")
          .withType(ConfigDef.Type.STRING)
          .withImportance(ConfigDef.Importance.MEDIUM)
          .withDescription("The user for the schema registry.");
  public static final Field REGISTRY_PASSWORD =
      Field.create("varve.registry.password")
          .withType(ConfigDef.Type.PASSWORD)
          .withImportance(ConfigDef.Importance.MEDIUM)
          .withDescription("The password for the schema registry.");
  public static final Field REGISTRY_TRUST_STORE =
      Field.create("varve.registry.trust.store")
          .withType(ConfigDef.Type.STRING)
          .withImportance(ConfigDef.Importance.MEDIUM)
          .withDescription("A file of the certificates that the registry's is checked against.");
  public static final Field REGISTRY_TRUST_STORE_PASSWORD =
      Field.create("varve.registry.trust.store.password")
          .withType(ConfigDef.Type.PASSWORD)
          .withImportance(ConfigDef.Importance.MEDIUM)
          .withDescription("The password of that file.");
  public static final Field REGISTRY_REGISTER =
      Field.create("varve.registry.register")
          .withType(ConfigDef.Type.BOOLEAN)
          .withImportance(ConfigDef.Importance.MEDIUM)
          .withDefault(true)
          .withDescription("Whether schemas that the registry does not have are registered.");
  public static final Field NEW_INCARNATION =
      Field.create("varve.new.incarnation")
          .withType(ConfigDef.Type.BOOLEAN)
          .withImportance(ConfigDef.Importance.MEDIUM)
          .withDefault(false)
          .withDescription(
              "Whether a store whose identity changed, or whose log was pruned, is scanned afresh"
                  + " as the next incarnation of the site instead of stopping.");
  public static final Field STORE_RETRY_LIMIT =
      Field.create("varve.store.retry.limit.ms")
          .withType(ConfigDef.Type.LONG)
          .withImportance(ConfigDef.Importance.MEDIUM)
          .withDefault(Duration.ofMinutes(10).toMillis())
          .withDescription("How long the store may be out of reach before the connector gives up.");
  public static final Field IDLE_WAIT =
      Field.create("varve.idle.wait.ms")
          .withType(ConfigDef.Type.LONG)
          .withImportance(ConfigDef.Importance.LOW)
          .withDefault(100)
          .withDescription("How long to wait at the end of the log before it is read again.");

  /** Set by our own capture: a poll gives one record that holds all. */
  public static final Field BUNDLE =
      Field.createInternal("varve.bundle").withType(ConfigDef.Type.BOOLEAN).withDefault(false);

  /** Set by our own capture: the incarnation whose log has turned out not to be readable on. */
  public static final Field ENDED_INCARNATION =
      Field.createInternal("varve.ended.incarnation").withType(ConfigDef.Type.INT).withDefault(0);

  static final ConfigDefinition DEFINITION =
      CommonConnectorConfig.CONFIG_DEFINITION
          .edit()
          .name("Varve")
          .connector(
              GRAPH,
              SITE,
              PARTITIONS,
              REGISTRY,
              REGISTRY_USER,
              REGISTRY_PASSWORD,
              REGISTRY_TRUST_STORE,
              REGISTRY_TRUST_STORE_PASSWORD,
              REGISTRY_REGISTER,
              NEW_INCARNATION,
              STORE_RETRY_LIMIT,
              IDLE_WAIT)
          .create();

  /** Rows of about a megabyte wait in the queue, not single records. */
  private static final int QUEUE_ROWS = 33;

  private static final int BATCH_ROWS = 16;
  private static final long QUEUE_BYTES = 64L << 20;
  private static final int POLL_INTERVAL_MS = 50;

  private final String connectorName;

  private LogConnectorConfig(Configuration config, String connectorName) {
    super(config, 0);
    this.connectorName = connectorName;
  }

  /**
   * The settings with their defaults.
   *
   * @param connectorName the store's name, which also names the metrics ({@code debezium.<name>})
   */
  static LogConnectorConfig of(Configuration config, String connectorName) {
    return new LogConnectorConfig(withDefaults(config), connectorName);
  }

  /** What Debezium asks for and we know better. */
  static Configuration withDefaults(Configuration config) {
    return config
        .edit()
        .withDefault(TOPIC_PREFIX, "varve." + config.getString(GRAPH))
        .withDefault(MAX_QUEUE_SIZE, QUEUE_ROWS)
        .withDefault(MAX_BATCH_SIZE, BATCH_ROWS)
        .withDefault(MAX_QUEUE_SIZE_IN_BYTES, QUEUE_BYTES)
        .withDefault(POLL_INTERVAL_MS_NAME, POLL_INTERVAL_MS)
        .build();
  }

  private static final String POLL_INTERVAL_MS_NAME = CommonConnectorConfig.POLL_INTERVAL_MS.name();

  String site() {
    return getConfig().getString(SITE);
  }

  Topics topics() {
    return new Topics(getConfig().getString(GRAPH));
  }

  int partitions() {
    return getConfig().getInteger(PARTITIONS);
  }

  boolean newIncarnation() {
    return getConfig().getBoolean(NEW_INCARNATION);
  }

  int endedIncarnation() {
    return getConfig().getInteger(ENDED_INCARNATION);
  }

  Duration storeRetryLimit() {
    return Duration.ofMillis(getConfig().getLong(STORE_RETRY_LIMIT));
  }

  Duration idleWait() {
    return Duration.ofMillis(getConfig().getLong(IDLE_WAIT));
  }

  boolean bundle() {
    return getConfig().getBoolean(BUNDLE);
  }

  RegistryConfig registry() {
    Configuration config = getConfig();
    return new RegistryConfig(
        config.getString(REGISTRY),
        Optional.ofNullable(config.getString(REGISTRY_USER)),
        Optional.ofNullable(config.getString(REGISTRY_PASSWORD)),
        Optional.ofNullable(config.getString(REGISTRY_TRUST_STORE)).map(Path::of),
        Optional.ofNullable(config.getString(REGISTRY_TRUST_STORE_PASSWORD)),
        config.getBoolean(REGISTRY_REGISTER));
  }

  @Override
  public String getContextName() {
    return connectorName;
  }

  @Override
  public String getConnectorName() {
    return connectorName;
  }

  @Override
  public EnumeratedValue getSnapshotMode() {
    return () -> "initial";
  }

  @Override
  public Optional<EnumeratedValue> getSnapshotLockingMode() {
    return Optional.empty();
  }

  @Override
  protected SourceInfoStructMaker<?> getSourceInfoStructMaker(Version version) {
    return new LogSourceInfo.StructMaker();
  }
}
