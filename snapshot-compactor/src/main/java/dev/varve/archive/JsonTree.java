package dev.varve.archive;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.varve.change.Site;
import dev.varve.change.VersionVector;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.function.Function;

/**
 * Members of a JSON tree, by name. What is not there or of another type is an {@link
 * IllegalArgumentException} that names it.
 */
public final class JsonTree {

  private static final int MICROS_PER_SECOND = 1_000_000;

  private JsonTree() {}

  static void writeVector(ObjectNode json, VersionVector vector) {
    vector.seqs().forEach((site, seq) -> json.put(site.toString(), seq));
  }

  static VersionVector vector(JsonNode json) {
    SortedMap<Site, Long> seqs = new TreeMap<>();
    json.fieldNames().forEachRemaining(name -> seqs.put(Site.parse(name), number(json, name)));
    return new VersionVector(seqs);
  }

  static String time(long micros) {
    return Instant.ofEpochSecond(
            Math.floorDiv(micros, MICROS_PER_SECOND),
            Math.floorMod(micros, MICROS_PER_SECOND) * 1000L)
        .toString();
  }

  static long micros(String time) {
    return ChronoUnit.MICROS.between(Instant.EPOCH, Instant.parse(time));
  }

  /** The text of a member. */
  public static String text(JsonNode json, String name) {
    return optionalText(json, name)
        .orElseThrow(() -> new IllegalArgumentException("no text '" + name + "'"));
  }

  static Optional<String> optionalText(JsonNode json, String name) {
    JsonNode node = json.get(name);
    return node != null && node.isTextual() ? Optional.of(node.textValue()) : Optional.empty();
  }

  static long number(JsonNode json, String name) {
    JsonNode node = json.get(name);
    if (node == null || !node.isIntegralNumber() || !node.canConvertToLong()) {
      throw new IllegalArgumentException("no whole number '" + name + "'");
    }
    return node.longValue();
  }

  static JsonNode object(JsonNode json, String name) {
    JsonNode node = json.get(name);
    if (node == null || !node.isObject()) {
      throw new IllegalArgumentException("no object '" + name + "'");
    }
    return node;
  }

  static <T> Optional<T> optional(JsonNode json, String name, Function<JsonNode, T> reader) {
    return json.has(name) ? Optional.of(reader.apply(object(json, name))) : Optional.empty();
  }

  static <T> List<T> list(JsonNode json, String name, Function<JsonNode, T> reader) {
    JsonNode node = json.get(name);
    if (node == null || !node.isArray()) {
      throw new IllegalArgumentException("no list '" + name + "'");
    }
    List<T> items = new ArrayList<>(node.size());
    node.forEach(item -> items.add(reader.apply(item)));
    return items;
  }
}
