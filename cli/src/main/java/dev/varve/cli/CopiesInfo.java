package dev.varve.cli;

import dev.varve.archive.Keys;
import dev.varve.archive.Repositories;
import dev.varve.archive.Repository;
import dev.varve.archive.RepositoryConfig;
import dev.varve.fault.VarveException;
import java.io.IOException;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;

/**
 * How far the copies of a chain are.
 *
 * @param newest number of the newest entry in it
 * @param behind entries that it lacks of those after its newest
 * @param trouble why it cannot be looked at
 */
record CopiesInfo(
    String name, String location, OptionalLong newest, long behind, Optional<String> trouble) {

  /** Looks at each of the copies; one that cannot be reached is no failure. */
  static List<CopiesInfo> of(
      Map<String, RepositoryConfig> copies, Repository repository, String graph)
      throws IOException {
    if (copies.isEmpty()) {
      return List.of();
    }
    List<String> entries = repository.list(Keys.manifests(graph));
    return copies.entrySet().stream()
        .map(copy -> of(copy.getKey(), copy.getValue(), entries, graph))
        .toList();
  }

  private static CopiesInfo of(
      String name, RepositoryConfig config, List<String> entries, String graph) {
    String location = config.location().toString();
    try (Repository copy = Repositories.open(config)) {
      List<String> there = copy.list(Keys.manifests(graph));
      String newest = there.isEmpty() ? "" : there.get(there.size() - 1);
      return new CopiesInfo(
          name,
          location,
          Keys.manifestNumber(newest),
          entries.stream().filter(key -> key.compareTo(newest) > 0).count(),
          Optional.empty());
    } catch (IOException | VarveException e) {
      return new CopiesInfo(
          name, location, OptionalLong.empty(), 0, Optional.of(String.valueOf(e.getMessage())));
    }
  }

  /** For people. */
  String text() {
    if (trouble.isPresent()) {
      return "cannot be looked at: " + trouble.get();
    }
    String step = behind == 0 ? "in step" : behind + " entries behind";
    return newest.isPresent() ? "number " + newest.getAsLong() + ", " + step : "empty, " + step;
  }

  Map<String, Object> object() {
    Map<String, Object> object = new LinkedHashMap<>();
    object.put("name", name);
    object.put("repository", location);
    object.put("newest", newest.isPresent() ? newest.getAsLong() : null);
    object.put("behind", trouble.isPresent() ? null : behind);
    object.put("trouble", trouble.orElse(null));
    return object;
  }
}
