package dev.varve.restore.target;

import dev.varve.fault.ExitCode;
import dev.varve.fault.VarveException;
import dev.varve.restore.TargetUri;
import dev.varve.restore.standby.Standby;
import dev.varve.restore.target.age.AgeSettings;
import dev.varve.restore.target.age.AgeStandby;
import dev.varve.restore.target.neo4j.BoltSettings;
import dev.varve.restore.target.neo4j.BoltStandby;
import java.util.Optional;

/** Makes standbys from the URIs that name them. */
public final class Standbys {

  /** What can be a standby, for a hint. */
  public static final String FORMS =
      "a standby is a running Neo4j or a graph of Apache AGE: bolt://host:port,"
          + " age:postgresql://user@host:port/database/graph";

  private Standbys() {}

  /**
   * @throws VarveException with {@link ExitCode#USAGE} if such a store cannot be a standby
   */
  public static void require(TargetUri uri) {
    if (!(uri instanceof TargetUri.Bolt || uri instanceof TargetUri.Age)) {
      throw new VarveException(ExitCode.USAGE, uri + " cannot follow a graph", FORMS);
    }
  }

  /**
   * The standby; nothing is connected yet.
   *
   * @param password of the URI's user; no authentication if absent
   */
  public static Standby open(TargetUri uri, Optional<String> password) {
    require(uri);
    if (uri instanceof TargetUri.Age age) {
      return new AgeStandby(AgeSettings.of(age, password));
    }
    return new BoltStandby(BoltSettings.of((TargetUri.Bolt) uri, password));
  }
}
