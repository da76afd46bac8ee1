package dev.varve.cdc.connector;

import dev.varve.cdc.PieceFactory;
import dev.varve.wire.Wire;
import io.debezium.bean.StandardBeanNames;
import io.debezium.config.CommonConnectorConfig;
import io.debezium.config.Configuration;
import io.debezium.config.Field;
import io.debezium.connector.base.ChangeEventQueue;
import io.debezium.connector.common.BaseSourceTask;
import io.debezium.connector.common.CdcSourceTaskContext;
import io.debezium.document.DocumentReader;
import io.debezium.pipeline.ChangeEventSourceCoordinator;
import io.debezium.pipeline.DataChangeEvent;
import io.debezium.pipeline.ErrorHandler;
import io.debezium.pipeline.EventDispatcher;
import io.debezium.pipeline.notification.NotificationService;
import io.debezium.pipeline.signal.SignalProcessor;
import io.debezium.pipeline.spi.Offsets;
import io.debezium.schema.SchemaFactory;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.apache.kafka.connect.source.SourceConnector;
import org.apache.kafka.connect.source.SourceRecord;
import org.jspecify.annotations.Nullable;

/**
 * The task of a connector that reads a store's log; a store says how its log is opened. Its records
 * carry their final topic, partition, key and value: a worker has to write them as they are ({@code
 * ByteArrayConverter}).
 */
public abstract class LogConnectorTask extends BaseSourceTask<LogPartition, LogOffsetContext> {

  private @Nullable CdcSourceTaskContext<LogConnectorConfig> taskContext;
  private @Nullable ChangeEventQueue<DataChangeEvent> queue;
  private @Nullable ErrorHandler errorHandler;
  private @Nullable PollAssembler assembler;
  private @Nullable LogReader reader;
  private @Nullable Wire wire;
  private Map<String, ?> polledOffset = Map.of();
  private boolean bundle;

  /** The connector that this is the task of. */
  protected abstract Class<? extends SourceConnector> connector();

  /** The fields of the store's own settings. */
  protected abstract Field.Set storeFields();

  /** How to reach the store. */
  protected abstract LogOpener opener(Configuration config);

  @Override
  public final CdcSourceTaskContext<? extends CommonConnectorConfig> preStart(
      Configuration config) {
    LogConnectorConfig own = LogConnectorConfig.of(config, connectorName());
    taskContext = new CdcSourceTaskContext<>(own.getConfig(), own, own.getCustomMetricTags());
    return taskContext;
  }

  @Override
  protected final ChangeEventSourceCoordinator<LogPartition, LogOffsetContext> start(
      Configuration raw) {
    CdcSourceTaskContext<LogConnectorConfig> task = started(taskContext);
    LogConnectorConfig config = task.getConfig();
    LogPartition partition = new LogPartition(config.topics().graph(), config.site());
    Offsets<LogPartition, LogOffsetContext> previous =
        getPreviousOffsets(partition.provider(), LogOffsetContext.loader(config));
    LogOffsetContext offset = previous.getTheOnlyOffset();
    polledOffset = offset == null ? Map.of() : offset.getOffset();
    bundle = config.bundle();

    ChangeEventQueue<DataChangeEvent> events =
        new ChangeEventQueue.Builder<DataChangeEvent>()
            .pollInterval(config.getPollInterval())
            .maxBatchSize(config.getMaxBatchSize())
            .maxQueueSize(config.getMaxQueueSize())
            .maxQueueSizeInBytes(config.getMaxQueueSizeInBytes())
            .loggingContextSupplier(() -> task.configureLoggingContext("task"))
            .build();
    queue = events;
    Wire registered = Wire.open(config.registry());
    wire = registered;
    PieceFactory pieces = new PieceFactory(config.topics(), config.partitions(), registered);
    assembler = new PollAssembler(partition, pieces);
    LogReader store =
        new LogReader(opener(raw), pieces, events, partition, config.storeRetryLimit());
    reader = store;
    errorHandler = new LogErrorHandler(connector(), config, events, errorHandler);
    return coordinator(task, config, previous, events, store, errorHandler);
  }

  private ChangeEventSourceCoordinator<LogPartition, LogOffsetContext> coordinator(
      CdcSourceTaskContext<LogConnectorConfig> task,
      LogConnectorConfig config,
      Offsets<LogPartition, LogOffsetContext> previous,
      ChangeEventQueue<DataChangeEvent> events,
      LogReader store,
      ErrorHandler errors) {
    Elements.Schema schema = new Elements.Schema();
    config.getBeanRegistry().add(StandardBeanNames.CONNECTOR_CONFIG, config);
    config.getBeanRegistry().add(StandardBeanNames.DATABASE_SCHEMA, schema);
    config.getBeanRegistry().add(StandardBeanNames.OFFSETS, previous);
    config.getBeanRegistry().add(StandardBeanNames.CDC_SOURCE_TASK_CONTEXT, task);
    registerServiceProviders(config.getServiceRegistry());
    LogMetadataProvider metadata = new LogMetadataProvider();
    SignalProcessor<LogPartition, LogOffsetContext> signals =
        new SignalProcessor<>(
            connector(),
            config,
            Map.of(),
            getAvailableSignalChannels(),
            DocumentReader.defaultReader(),
            previous);
    EventDispatcher<LogPartition, Elements> dispatcher =
        new EventDispatcher<>(
            config,
            topicNames(config),
            schema,
            events,
            elements -> true,
            DataChangeEvent::new,
            metadata,
            config.schemaNameAdjuster(),
            signals,
            null);
    NotificationService<LogPartition, LogOffsetContext> notifications =
        new NotificationService<>(
            getNotificationChannels(),
            config,
            SchemaFactory.get(),
            dispatcher::enqueueNotification);
    LogMetrics metrics = new LogMetrics();
    ChangeEventSourceCoordinator<LogPartition, LogOffsetContext> coordinator =
        new ChangeEventSourceCoordinator<>(
            previous,
            errors,
            connector(),
            config,
            new LogSources(config, store, dispatcher, metrics),
            metrics,
            dispatcher,
            schema,
            signals,
            notifications,
            null);
    coordinator.start(task, events, metadata);
    return coordinator;
  }

  @SuppressWarnings("unchecked") // whatever the strategy, only its heartbeat topic is asked for
  private static io.debezium.spi.topic.TopicNamingStrategy<Elements> topicNames(
      LogConnectorConfig config) {
    return (io.debezium.spi.topic.TopicNamingStrategy<Elements>)
        (io.debezium.spi.topic.TopicNamingStrategy<?>)
            config.getTopicNamingStrategy(CommonConnectorConfig.TOPIC_NAMING_STRATEGY);
  }

  @Override
  protected final List<SourceRecord> doPoll() throws InterruptedException {
    List<PollAssembler.Item> items = new ArrayList<>();
    for (DataChangeEvent event : started(queue).poll()) {
      items.add(
          event instanceof PieceEvent piece
              ? new PollAssembler.PieceItem(piece.piece())
              : new PollAssembler.OwnItem(event.getRecord()));
    }
    List<SourceRecord> records =
        bundle
            ? started(assembler)
                .bundle(items, polledOffset)
                .map(List::<SourceRecord>of)
                .orElse(List.of())
            : started(assembler).flat(items, polledOffset);
    if (!records.isEmpty()) {
      polledOffset = records.get(records.size() - 1).sourceOffset();
    }
    return records;
  }

  /** The original looks at the name of the value's schema, and bytes have none. */
  @Override
  protected final boolean containsChangeDataMessages(List<SourceRecord> records) {
    return records != null && !records.isEmpty();
  }

  @Override
  protected final void doStop() {
    LogReader store = reader;
    if (store != null) {
      store.close();
    }
    ChangeEventQueue<DataChangeEvent> events = queue;
    if (events != null) {
      events.close();
    }
    Wire open = wire;
    if (open != null) {
      open.close();
    }
  }

  @Override
  protected final Optional<ErrorHandler> getErrorHandler() {
    return Optional.ofNullable(errorHandler);
  }

  @Override
  protected final Iterable<Field> getAllConfigurationFields() {
    List<Field> fields = new ArrayList<>();
    LogConnectorConfig.DEFINITION.all().forEach(fields::add);
    storeFields().forEach(fields::add);
    fields.removeIf(field -> field.name().equals(CommonConnectorConfig.TOPIC_PREFIX.name()));
    return fields;
  }

  private static <T> T started(@Nullable T part) {
    if (part == null) {
      throw new IllegalStateException("the task has not been started");
    }
    return part;
  }
}
