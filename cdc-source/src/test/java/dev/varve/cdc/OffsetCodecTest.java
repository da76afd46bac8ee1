package dev.varve.cdc;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** A key that another JVM writes with its members in another order is another key to Kafka. */
class OffsetCodecTest {

  private final OffsetCodec codec = new OffsetCodec();

  @Test
  void theOrderOfAMapDoesNotMatter() {
    Map<String, String> one = new LinkedHashMap<>();
    one.put("graph", "orders");
    one.put("site", "neo4j");
    Map<String, String> other = new LinkedHashMap<>();
    other.put("site", "neo4j");
    other.put("graph", "orders");
    assertThat(new String(codec.key("c", one), StandardCharsets.UTF_8))
        .isEqualTo(new String(codec.key("c", other), StandardCharsets.UTF_8))
        .isEqualTo("[\"c\",{\"graph\":\"orders\",\"site\":\"neo4j\"}]");
  }

  @Test
  void aKeyThatWasWrittenInAnotherOrderIsTheSame() {
    byte[] written =
        "[\"c\",{\"site\":\"neo4j\",\"graph\":\"orders\"}]".getBytes(StandardCharsets.UTF_8);
    assertThat(codec.sortedKey(written))
        .isEqualTo(ByteBuffer.wrap(codec.key("c", Map.of("graph", "orders", "site", "neo4j"))));
  }
}
