package dev.varve.restore.convert;

import dev.varve.restore.TargetUri;
import java.util.Collection;
import java.util.Optional;

/** The kind of database that a graph lives in, or comes from. */
public enum Engine {
  NEO4J("Neo4j", "neo4j:"),
  AGE("Apache AGE", "age:"),
  /** A kind that no target is for, or several in one chain. */
  OTHER("another kind of store", "");

  private final String title;
  private final String identityPrefix;

  Engine(String title, String identityPrefix) {
    this.title = title;
    this.identityPrefix = identityPrefix;
  }

  /**
   * Whether no edge is without an end. Only AGE leaves edges where it was told to remove vertices
   * without them: a TRUNCATE of their table, or SQL's DELETE.
   */
  public boolean removesEdgesWithTheirEnds() {
    return this != AGE;
  }

  /** How it is called in a message. */
  public String title() {
    return title;
  }

  /**
   * Where a chain comes from.
   *
   * @param stores the identities of the stores that it was captured from
   */
  public static Engine ofStores(Collection<String> stores) {
    for (Engine engine : new Engine[] {NEO4J, AGE}) {
      if (stores.stream().allMatch(store -> store.startsWith(engine.identityPrefix))) {
        return engine;
      }
    }
    return OTHER;
  }

  /** What a target is; absent if it holds every graph as it is. */
  public static Optional<Engine> ofTarget(TargetUri uri) {
    if (uri instanceof TargetUri.Age) {
      return Optional.of(AGE);
    }
    return uri instanceof TargetUri.Directory ? Optional.empty() : Optional.of(NEO4J);
  }
}
