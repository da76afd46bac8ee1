package dev.varve.cli;

import dev.varve.cli.config.Config;
import dev.varve.restore.TargetUri;
import dev.varve.restore.standby.Standby;
import dev.varve.restore.target.Standbys;
import java.net.URI;
import java.util.Optional;

/** A store that was the primary. */
final class OldPrimary {

  private OldPrimary() {}

  /** Whether the configured store is a standby by now; of one that is no Neo4j it is not asked. */
  static boolean isStandby(Config.Source source) {
    return source instanceof Config.Neo4j neo4j
        && isStandby(
            new TargetUri.Bolt(
                URI.create(neo4j.uri()), neo4j.user(), Optional.of(neo4j.database())),
            neo4j.password());
  }

  /** Whether a store is a standby, or about to be one. */
  static boolean isStandby(TargetUri uri, Optional<String> password) {
    try (Standby standby = Standbys.open(uri, password)) {
      return !(standby.inspect() instanceof Standby.Condition.NoStandby);
    }
  }
}
