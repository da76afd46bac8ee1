package dev.varve.restore;

import dev.varve.archive.Damage;
import dev.varve.archive.Keys;
import dev.varve.archive.Manifest;
import dev.varve.archive.Repository;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;

/**
 * Which objects of a graph are there, and how long they are. Few are asked for one by one; for many
 * the list of all is taken.
 */
final class Presence {

  /** One list answers for a thousand. */
  private static final int ONE_BY_ONE = 32;

  private interface Lengths {
    OptionalLong of(String key) throws IOException;
  }

  private final Lengths lengths;

  private Presence(Lengths lengths) {
    this.lengths = lengths;
  }

  /**
   * Gets ready to look.
   *
   * @param count how many objects it is about
   */
  static Presence of(Repository repository, String graph, int count) throws IOException {
    if (count <= ONE_BY_ONE) {
      return new Presence(repository::sizeBytes);
    }
    Map<String, Long> listed = new HashMap<>();
    for (Repository.Listed object : repository.list(Keys.segments(graph), "")) {
      listed.put(object.key(), object.bytes());
    }
    return new Presence(
        key -> {
          Long bytes = listed.get(key);
          // a key of another graph's, or of a form that is not known yet
          return bytes == null && !key.startsWith(Keys.segments(graph))
              ? repository.sizeBytes(key)
              : bytes == null ? OptionalLong.empty() : OptionalLong.of(bytes);
        });
  }

  /** What is missing or not as long as it should be. */
  List<Damage> wrong(Collection<Manifest.StoredObject> objects) throws IOException {
    List<Damage> wrong = new ArrayList<>();
    for (Manifest.StoredObject object : objects) {
      OptionalLong bytes = lengths.of(object.key());
      if (bytes.isEmpty()) {
        wrong.add(new Damage.Missing(object.key()));
      } else if (bytes.getAsLong() != object.bytes()) {
        wrong.add(new Damage.WrongLength(object.key(), object.bytes(), bytes.getAsLong()));
      }
    }
    return wrong;
  }
}
