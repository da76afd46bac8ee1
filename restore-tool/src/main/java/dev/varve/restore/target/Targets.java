package dev.varve.restore.target;

import dev.varve.restore.GraphTarget;
import dev.varve.restore.TargetUri;
import dev.varve.restore.target.age.AgeSettings;
import dev.varve.restore.target.age.AgeTarget;
import dev.varve.restore.target.dir.DirTarget;
import dev.varve.restore.target.neo4j.BoltSettings;
import dev.varve.restore.target.neo4j.BoltTarget;
import dev.varve.restore.target.neo4j.OfflineStore;
import dev.varve.restore.target.neo4j.OfflineTarget;
import java.util.Optional;
import java.util.function.Supplier;

/** Makes targets from the URIs that name them. */
public final class Targets {

  private Targets() {}

  /**
   * What a target needs beside its URI.
   *
   * @param password of the user of a running server; no authentication if absent
   * @param resources for an offline store
   * @param offlineStore loads the implementation from its own class path; asked only when needed
   */
  public record Needs(
      Optional<String> password,
      OfflineStore.Resources resources,
      Supplier<OfflineStore> offlineStore) {}

  /** The target; nothing is opened or connected yet. */
  public static GraphTarget open(TargetUri uri, Needs needs) {
    if (uri instanceof TargetUri.Bolt bolt) {
      return new BoltTarget(BoltSettings.of(bolt, needs.password()));
    }
    if (uri instanceof TargetUri.Neo4jStore store) {
      return new OfflineTarget(store, needs.offlineStore().get(), needs.resources());
    }
    if (uri instanceof TargetUri.Age age) {
      return new AgeTarget(AgeSettings.of(age, needs.password()));
    }
    return new DirTarget((TargetUri.Directory) uri);
  }
}
