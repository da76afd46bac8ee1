package dev.varve.observe;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.util.Optional;

/**
 * What one observer sees of the store and its capture; the value of its record in the observers
 * topic, whose key is the observer's name. JSON (docs/format/observers.md).
 *
 * @param store what it looks at, as an operator knows it
 * @param up whether it answers; it counts as up until all retries have failed
 * @param failures how many looks in a row have failed
 * @param trouble what was wrong with the last look
 * @param captureUp whether capture is at work; absent if that cannot be told
 */
public record Sighting(
    String observer,
    String store,
    boolean up,
    int failures,
    Optional<String> trouble,
    Optional<Boolean> captureUp) {

  private static final ObjectMapper JSON = new ObjectMapper();

  public Sighting {
    if (!observer.matches("[A-Za-z0-9][A-Za-z0-9._-]{0,99}")) {
      throw new IllegalArgumentException(
          "an observer's name is made of letters, digits, '.', '-' and '_', got '"
              + observer
              + "'");
    }
  }

  byte[] toJson() {
    ObjectNode node = JSON.createObjectNode();
    node.put("store", store).put("up", up).put("failures", failures);
    trouble.ifPresent(text -> node.put("trouble", text));
    captureUp.ifPresent(is -> node.put("captureUp", is.booleanValue()));
    try {
      return JSON.writeValueAsBytes(node);
    } catch (JsonProcessingException e) {
      throw new IllegalStateException(e);
    }
  }

  /**
   * Reads what {@link #toJson} wrote; members that are not known are passed over.
   *
   * @throws IllegalArgumentException if it is something else
   */
  static Sighting of(String observer, byte[] json) {
    try {
      JsonNode node = JSON.readTree(json);
      if (!node.path("store").isTextual() || !node.path("up").isBoolean()) {
        throw new IllegalArgumentException("not a sighting: " + node);
      }
      return new Sighting(
          observer,
          node.get("store").asText(),
          node.get("up").asBoolean(),
          node.path("failures").asInt(),
          Optional.ofNullable(node.get("trouble")).map(JsonNode::asText),
          Optional.ofNullable(node.get("captureUp")).map(JsonNode::asBoolean));
    } catch (IOException e) {
      throw new IllegalArgumentException("not a sighting: " + e.getMessage(), e);
    }
  }
}
