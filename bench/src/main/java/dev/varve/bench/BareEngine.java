package dev.varve.bench;

import dev.varve.cdc.age.AgeSettings;
import io.debezium.embedded.Connect;
import io.debezium.engine.DebeziumEngine;
import io.debezium.engine.RecordChangeEvent;
import io.debezium.engine.format.ChangeEventFormat;
import java.io.IOException;
import java.util.Properties;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;
import org.apache.kafka.connect.data.Struct;
import org.apache.kafka.connect.source.SourceRecord;

/**
 * Debezium's engine with its PostgreSQL connector and nothing behind it: what it delivers is
 * counted and dropped. Its settings are those that lose nothing of a graph, and large batches.
 */
final class BareEngine {

  private static final double NANOS_A_SECOND = 1e9;

  private BareEngine() {}

  private static Properties settings(AgeSettings source, String slot) {
    Properties settings = new Properties();
    settings.setProperty("name", "bare");
    settings.setProperty("connector.class", "io.debezium.connector.postgresql.PostgresConnector");
    settings.setProperty(
        "offset.storage", "org.apache.kafka.connect.storage.MemoryOffsetBackingStore");
    settings.setProperty("offset.flush.interval.ms", "60000");
    settings.setProperty("topic.prefix", "bare");
    settings.setProperty("database.hostname", source.host());
    settings.setProperty("database.port", Integer.toString(source.port()));
    settings.setProperty("database.dbname", source.database());
    settings.setProperty("database.user", source.user().orElseThrow());
    settings.setProperty("database.password", source.password().orElseThrow());
    settings.setProperty("plugin.name", "pgoutput");
    settings.setProperty("slot.name", slot);
    settings.setProperty("publication.name", source.publication());
    settings.setProperty("publication.autocreate.mode", "disabled");
    settings.setProperty("snapshot.mode", "no_data");
    settings.setProperty("include.unknown.datatypes", "true");
    settings.setProperty("skipped.operations", "none");
    settings.setProperty("tombstones.on.delete", "false");
    settings.setProperty("provide.transaction.metadata", "true");
    settings.setProperty("max.batch.size", "8192");
    settings.setProperty("max.queue.size", "32768");
    return settings;
  }

  /**
   * Reads so many changes from a slot, and leaves the slot behind them.
   *
   * @return seconds from the start of the engine until the last of them was delivered
   */
  static double read(AgeSettings source, String slot, long changes)
      throws IOException, InterruptedException {
    CountDownLatch delivered = new CountDownLatch(1);
    AtomicLong left = new AtomicLong(changes);
    AtomicReference<Throwable> failure = new AtomicReference<>();
    long start = System.nanoTime();
    DebeziumEngine<RecordChangeEvent<SourceRecord>> engine =
        DebeziumEngine.create(ChangeEventFormat.of(Connect.class))
            .using(settings(source, slot))
            .notifying(
                (events, committer) -> {
                  for (RecordChangeEvent<SourceRecord> event : events) {
                    if (isChange(event.record()) && left.decrementAndGet() == 0) {
                      delivered.countDown();
                    }
                    committer.markProcessed(event);
                  }
                  committer.markBatchFinished();
                })
            .using(
                (DebeziumEngine.CompletionCallback)
                    (success, message, error) -> {
                      failure.set(error);
                      delivered.countDown();
                    })
            .build();
    Thread thread = new Thread(engine, "bare-engine");
    thread.start();
    try {
      delivered.await();
      if (left.get() > 0) {
        throw new IOException("the engine ended " + left + " changes early", failure.get());
      }
      return (System.nanoTime() - start) / NANOS_A_SECOND;
    } finally {
      engine.close();
      thread.join();
    }
  }

  /** Not the beginnings and ends of transactions. */
  private static boolean isChange(SourceRecord record) {
    return record.value() instanceof Struct value && value.schema().field("op") != null;
  }
}
