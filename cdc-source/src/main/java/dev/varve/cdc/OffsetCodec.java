package dev.varve.cdc;

import java.nio.ByteBuffer;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.apache.kafka.connect.json.JsonConverter;

/**
 * Keys and values of the offsets topic, as Kafka Connect's workers write them: JSON. A key's
 * members are sorted, for keys are compared by their bytes, and a map may have another order in
 * each JVM.
 */
final class OffsetCodec {

  private final JsonConverter keys = new JsonConverter();
  private final JsonConverter values = new JsonConverter();

  OffsetCodec() {
    keys.configure(Map.of("schemas.enable", "false"), true);
    values.configure(Map.of("schemas.enable", "false"), false);
  }

  byte[] key(String connector, Map<String, ?> sourcePartition) {
    return keys.fromConnectData("", null, List.of(connector, new TreeMap<>(sourcePartition)));
  }

  /** A key with its members sorted, whoever wrote it. */
  @SuppressWarnings("unchecked") // a source partition is a map
  ByteBuffer sortedKey(byte[] key) {
    List<Object> parts = (List<Object>) keys.toConnectData("", key).value();
    return ByteBuffer.wrap(key((String) parts.get(0), (Map<String, ?>) parts.get(1)));
  }

  byte[] value(Map<String, ?> sourceOffset) {
    return values.fromConnectData("", null, sourceOffset);
  }

  @SuppressWarnings("unchecked") // an offset is a map
  Map<String, ?> readValue(byte[] value) {
    return (Map<String, ?>) values.toConnectData("", value).value();
  }
}
