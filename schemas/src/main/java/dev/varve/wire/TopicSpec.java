package dev.varve.wire;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * What one topic has to be like.
 *
 * @param partitions how many; an existing topic must have as many
 * @param settings the topic's configuration when it is created
 * @param required those of the settings that an existing topic must have too, for nothing to be
 *     lost; the others may have been changed by an operator
 */
public record TopicSpec(
    String name, int partitions, SortedMap<String, String> settings, Set<String> required) {

  public TopicSpec {
    if (partitions < 1) {
      throw new IllegalArgumentException("partitions must be >= 1, got " + partitions);
    }
    settings = Collections.unmodifiableSortedMap(new TreeMap<>(settings));
    required = Set.copyOf(required);
    if (!settings.keySet().containsAll(required)) {
      throw new IllegalArgumentException("required settings without a value: " + required);
    }
  }

  /**
   * What is wrong with the topic as it was found; empty if nothing is.
   *
   * @param found the topic's configuration, defaults included
   */
  public List<String> problems(int partitionsFound, Map<String, String> found) {
    List<String> problems = new ArrayList<>();
    if (partitionsFound != partitions) {
      problems.add(name + " has " + partitionsFound + " partitions, expected " + partitions);
    }
    required.stream()
        .sorted()
        .filter(key -> !Objects.equals(settings.get(key), found.get(key)))
        .forEach(
            key ->
                problems.add(
                    "%s has %s=%s, expected %s"
                        .formatted(name, key, found.get(key), settings.get(key))));
    return problems;
  }
}
