package dev.varve.cdc.neo4j;

import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.apache.kafka.common.utils.Time;
import org.apache.kafka.connect.connector.policy.AllConnectorClientConfigOverridePolicy;
import org.apache.kafka.connect.converters.ByteArrayConverter;
import org.apache.kafka.connect.json.JsonConverter;
import org.apache.kafka.connect.runtime.Worker;
import org.apache.kafka.connect.runtime.isolation.Plugins;
import org.apache.kafka.connect.runtime.standalone.StandaloneConfig;
import org.apache.kafka.connect.runtime.standalone.StandaloneHerder;
import org.apache.kafka.connect.storage.FileOffsetBackingStore;

/** Kafka Connect's own standalone worker, without its REST server. */
final class ConnectWorker implements AutoCloseable {

  private final StandaloneHerder herder;

  private ConnectWorker(StandaloneHerder herder) {
    this.herder = herder;
  }

  static ConnectWorker start(String bootstrap, Path offsets) {
    Map<String, String> settings = new HashMap<>();
    settings.put("bootstrap.servers", bootstrap);
    settings.put("key.converter", ByteArrayConverter.class.getName());
    settings.put("value.converter", ByteArrayConverter.class.getName());
    settings.put("offset.storage.file.filename", offsets.toString());
    settings.put("offset.flush.interval.ms", "200");
    settings.put("plugin.discovery", "service_load");
    Plugins plugins = new Plugins(settings);
    StandaloneConfig config = new StandaloneConfig(settings);
    AllConnectorClientConfigOverridePolicy policy = new AllConnectorClientConfigOverridePolicy();
    policy.configure(Map.of());
    JsonConverter json = new JsonConverter();
    json.configure(Map.of("schemas.enable", "false"), true);
    FileOffsetBackingStore store = new FileOffsetBackingStore(json);
    store.configure(config);
    Worker worker = new Worker("worker", Time.SYSTEM, plugins, config, store, policy);
    StandaloneHerder herder = new StandaloneHerder(worker, "cluster", policy);
    herder.start();
    return new ConnectWorker(herder);
  }

  void run(Map<String, String> connector) throws Exception {
    CompletableFuture<Boolean> created = new CompletableFuture<>();
    herder.putConnectorConfig(
        String.valueOf(connector.get("name")),
        connector,
        false,
        (error, result) -> {
          if (error != null) {
            created.completeExceptionally(error);
          } else {
            created.complete(true);
          }
        });
    created.get(60, TimeUnit.SECONDS);
  }

  @Override
  public void close() {
    herder.stop();
  }
}
