package dev.varve.archive.crypt;

import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * The keys of a repository, unwrapped: each wraps the data keys of many objects.
 *
 * @param ring the keyring that they were in
 */
record RepositoryKeys(Keyring ring, Map<String, byte[]> byId) {

  RepositoryKeys {
    byId = new LinkedHashMap<>(byId);
  }

  /** The id of the key for new objects. */
  String currentId() {
    return ring.keys().get(ring.keys().size() - 1).id();
  }

  Optional<byte[]> key(String id) {
    return Optional.ofNullable(byId.get(id));
  }

  Set<String> ids() {
    return byId.keySet();
  }

  boolean sameKeysAs(RepositoryKeys other) {
    Map<String, String> mine = new HashMap<>();
    byId.forEach((id, key) -> mine.put(id, java.util.HexFormat.of().formatHex(key)));
    Map<String, String> theirs = new HashMap<>();
    other.byId.forEach((id, key) -> theirs.put(id, java.util.HexFormat.of().formatHex(key)));
    return mine.equals(theirs);
  }

  @Override
  public String toString() {
    return "keys of " + ring.key();
  }
}
