package dev.varve.cdc;

import java.util.List;
import java.util.Map;
import org.apache.kafka.connect.json.JsonConverter;

/** Keys and values of the offsets topic, as Kafka Connect's workers write them: JSON. */
final class OffsetCodec {

  private final JsonConverter keys = new JsonConverter();
  private final JsonConverter values = new JsonConverter();

  OffsetCodec() {
    keys.configure(Map.of("schemas.enable", "false"), true);
    values.configure(Map.of("schemas.enable", "false"), false);
  }

  byte[] key(String connector, Map<String, ?> sourcePartition) {
    return keys.fromConnectData("", null, List.of(connector, sourcePartition));
  }

  byte[] value(Map<String, ?> sourceOffset) {
    return values.fromConnectData("", null, sourceOffset);
  }

  @SuppressWarnings("unchecked") // an offset is a map
  Map<String, ?> readValue(byte[] value) {
    return (Map<String, ?>) values.toConnectData("", value).value();
  }
}
