package dev.varve.cdc;

import dev.varve.wire.TopicSpecs;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;

/** Settings of Kafka clients: what the operator gave, below what exactly-once needs. */
final class KafkaSettings {

  static final Duration TRANSACTION_TIMEOUT = Duration.ofMinutes(1);

  private final Map<String, String> given;

  KafkaSettings(Map<String, String> given) {
    this.given = Map.copyOf(given);
  }

  String bootstrap() {
    return String.valueOf(given.get("bootstrap.servers"));
  }

  Map<String, Object> admin() {
    Map<String, Object> settings = new HashMap<>(given);
    settings.putIfAbsent("default.api.timeout.ms", "15000");
    settings.putIfAbsent("request.timeout.ms", "10000");
    return settings;
  }

  Map<String, Object> consumer() {
    Map<String, Object> settings = new HashMap<>(given);
    settings.put("isolation.level", "read_committed");
    settings.put("enable.auto.commit", "false");
    settings.putIfAbsent("default.api.timeout.ms", "15000");
    return settings;
  }

  Map<String, Object> producer(String transactionalId, String compression) {
    Map<String, Object> settings = new HashMap<>();
    settings.put("compression.type", compression);
    settings.put("linger.ms", "5");
    settings.put("batch.size", "131072");
    settings.put("buffer.memory", Long.toString(3L * TopicSpecs.RECORD_BYTES_MAX));
    settings.put("max.block.ms", "30000");
    settings.put("delivery.timeout.ms", "45000");
    settings.put("request.timeout.ms", "10000");
    settings.putAll(given);
    settings.put("transaction.timeout.ms", Long.toString(TRANSACTION_TIMEOUT.toMillis()));
    settings.put("max.request.size", Integer.toString(TopicSpecs.RECORD_BYTES_MAX));
    settings.put("enable.idempotence", "true");
    settings.put("acks", "all");
    settings.put("transactional.id", transactionalId);
    return settings;
  }
}
