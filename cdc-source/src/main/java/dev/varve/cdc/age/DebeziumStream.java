package dev.varve.cdc.age;

import io.debezium.connector.postgresql.PostgresConnectorTask;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.apache.kafka.common.metrics.PluginMetrics;
import org.apache.kafka.connect.errors.RetriableException;
import org.apache.kafka.connect.source.SourceRecord;
import org.apache.kafka.connect.source.SourceTaskContext;
import org.apache.kafka.connect.storage.OffsetStorageReader;

/**
 * The log through Debezium's PostgreSQL connector, run inside: its task, started at a place of our
 * own and pulled by the thread that reads. Where it has got to is for us to keep; it is told only
 * how far the server may forget.
 *
 * <p>It begins with the first transaction that ends behind the place, and never skips by itself: it
 * is given the place alone, without the marks by which it would look for one inside.
 */
final class DebeziumStream implements AutoCloseable {

  private static final int BATCH = 4_096;
  private static final int QUEUE = 16_384;
  private static final long QUEUE_BYTES = 64L << 20;
  private static final int POLL_INTERVAL_MS = 10;
  private static final int STATUS_INTERVAL_MS = 5_000;

  private final PostgresConnectorTask task;
  private final Place place;

  private DebeziumStream(PostgresConnectorTask task, Place place) {
    this.task = task;
    this.place = place;
  }

  /**
   * Begins.
   *
   * @param from where, in the log
   */
  static DebeziumStream open(AgeSettings settings, long from) {
    PostgresConnectorTask task = new PostgresConnectorTask();
    Map<String, String> config = config(settings);
    Place place = new Place(from);
    task.initialize(new Context(config, place));
    try {
      task.start(config);
    } catch (RuntimeException e) {
      stop(task, e);
      throw e;
    }
    return new DebeziumStream(task, place);
  }

  private static Map<String, String> config(AgeSettings settings) {
    Map<String, String> config = new HashMap<>();
    config.put("name", settings.slot());
    config.put("connector.class", "io.debezium.connector.postgresql.PostgresConnector");
    config.put("topic.prefix", settings.slot());
    config.put("database.hostname", settings.host());
    config.put("database.port", Integer.toString(settings.port()));
    config.put("database.dbname", settings.database());
    settings.user().ifPresent(user -> config.put("database.user", user));
    settings.password().ifPresent(password -> config.put("database.password", password));
    settings.parameters().forEach((key, value) -> config.put("database." + key, value));
    config.put("plugin.name", "pgoutput");
    config.put("slot.name", settings.slot());
    config.put("slot.drop.on.stop", "false");
    config.put("slot.max.retries", "0"); // the reader tries again, with the place in hand
    config.put("publication.name", settings.publication());
    config.put("publication.autocreate.mode", "disabled");
    config.put("snapshot.mode", "no_data");
    config.put("include.unknown.datatypes", "true"); // graphid and agtype are
    config.put("skipped.operations", "none");
    config.put("tombstones.on.delete", "false");
    config.put("provide.transaction.metadata", "true");
    config.put("message.prefix.include.list", AgeSetup.MESSAGE_PREFIX);
    config.put("lsn.flush.mode", "connector");
    config.put("status.update.interval.ms", Integer.toString(STATUS_INTERVAL_MS));
    config.put("errors.max.retries", "0");
    config.put("poll.interval.ms", Integer.toString(POLL_INTERVAL_MS));
    config.put("max.batch.size", Integer.toString(BATCH));
    config.put("max.queue.size", Integer.toString(QUEUE));
    config.put("max.queue.size.in.bytes", Long.toString(QUEUE_BYTES));
    return config;
  }

  /** What has come since; perhaps nothing. */
  List<SourceRecord> poll() throws InterruptedException {
    try {
      List<SourceRecord> records = task.poll();
      return records == null ? List.of() : records;
    } catch (RetriableException e) {
      // it would begin again at its own place, not at ours
      throw new IllegalStateException(String.valueOf(e.getMessage()), e);
    }
  }

  /** Lets the server forget what is before the place; takes effect with the next poll. */
  void acknowledge(long lsn) throws InterruptedException {
    place.acknowledged = lsn;
    task.commit();
  }

  @Override
  public void close() {
    stop(task, null);
  }

  private static void stop(
      PostgresConnectorTask task, @org.jspecify.annotations.Nullable RuntimeException first) {
    try {
      task.stop();
    } catch (RuntimeException e) {
      if (first != null) {
        first.addSuppressed(e);
      }
    }
  }

  /** What the task reads as its stored offset. */
  private static final class Place implements OffsetStorageReader {

    private final long from;
    private volatile long acknowledged;

    Place(long from) {
      this.from = from;
    }

    @Override
    public <T> Map<String, Object> offset(Map<String, T> partition) {
      Map<String, Object> offset = new HashMap<>();
      offset.put("lsn", from);
      if (acknowledged > 0) {
        offset.put("lsn_commit", acknowledged);
      }
      return offset;
    }

    @Override
    public <T> Map<Map<String, T>, Map<String, Object>> offsets(
        Collection<Map<String, T>> partitions) {
      Map<Map<String, T>, Map<String, Object>> offsets = new HashMap<>();
      partitions.forEach(partition -> offsets.put(partition, offset(partition)));
      return offsets;
    }
  }

  private record Context(Map<String, String> configs, Place offsetStorageReader)
      implements SourceTaskContext {

    @Override
    public PluginMetrics pluginMetrics() {
      throw new IllegalStateException("there is no worker whose metrics could be added to");
    }
  }
}
