package dev.varve.cdc;

import java.nio.ByteBuffer;
import java.util.Collection;
import java.util.HashMap;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Future;
import org.apache.kafka.connect.runtime.WorkerConfig;
import org.apache.kafka.connect.storage.OffsetBackingStore;
import org.apache.kafka.connect.util.Callback;

/**
 * The offset store of Debezium's engine: reads what {@link Publisher} committed together with the
 * records, and writes nothing itself. Made by the engine from its class name.
 */
public final class KafkaOffsetStore implements OffsetBackingStore {

  /** What comes before the settings of the Kafka client among the engine's properties. */
  static final String KAFKA_PREFIX = "varve.offsets.kafka.";

  static final String TOPIC = "varve.offsets.topic";

  private Map<String, Object> consumerSettings = Map.of();
  private String topic = "";

  @Override
  public void configure(WorkerConfig config) {
    Map<String, String> kafka = new HashMap<>();
    config
        .originalsStrings()
        .forEach(
            (key, value) -> {
              if (key.startsWith(KAFKA_PREFIX)) {
                kafka.put(key.substring(KAFKA_PREFIX.length()), value);
              }
            });
    consumerSettings = new KafkaSettings(kafka).consumer();
    topic = String.valueOf(config.originals().get(TOPIC));
  }

  @Override
  public void start() {
    // every get opens a consumer of its own
  }

  @Override
  public void stop() {
    // nothing stays open
  }

  @Override
  public Future<Map<ByteBuffer, ByteBuffer>> get(Collection<ByteBuffer> keys) {
    Map<ByteBuffer, byte[]> all = OffsetsTopic.read(consumerSettings, topic);
    OffsetCodec codec = new OffsetCodec();
    Map<ByteBuffer, ByteBuffer> found = new HashMap<>();
    for (ByteBuffer key : keys) {
      byte[] value = all.get(codec.sortedKey(bytes(key)));
      if (value != null) {
        found.put(key, ByteBuffer.wrap(value));
      }
    }
    return CompletableFuture.completedFuture(found);
  }

  private static byte[] bytes(ByteBuffer buffer) {
    byte[] bytes = new byte[buffer.remaining()];
    buffer.duplicate().get(bytes);
    return bytes;
  }

  @Override
  public Future<Void> set(Map<ByteBuffer, ByteBuffer> values, Callback<Void> callback) {
    if (callback != null) {
      callback.onCompletion(null, null); // the publisher has done it, in the records' transaction
    }
    return CompletableFuture.completedFuture(null);
  }

  @Override
  public Set<Map<String, Object>> connectorPartitions(String connectorName) {
    return Set.of();
  }
}
