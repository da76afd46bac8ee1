package dev.varve.cli.pipeline;

import dev.varve.cdc.CaptureSource;
import dev.varve.cdc.age.AgeSettings;
import dev.varve.cdc.age.AgeSource;
import dev.varve.cdc.neo4j.Neo4jSource;
import dev.varve.cli.config.Config;
import dev.varve.fault.ExitCode;
import dev.varve.fault.VarveException;
import dev.varve.restore.TargetUri;
import java.util.Optional;

/** Stores as something to capture. */
public final class Sources {

  private static final String NEO4J_DATABASE = "neo4j";
  private static final String JDBC = "jdbc:";

  private Sources() {}

  /** What the configuration says. */
  public static CaptureSource of(Config.Source source) {
    if (source instanceof Config.Age age) {
      return AgeSource.of(age.settings());
    }
    Config.Neo4j neo4j = (Config.Neo4j) source;
    return Neo4jSource.of(neo4j.uri(), neo4j.user(), neo4j.password(), neo4j.database());
  }

  /**
   * What a target would be.
   *
   * @throws VarveException with {@link ExitCode#USAGE} if it is no running store
   */
  public static CaptureSource of(TargetUri uri, Optional<String> password) {
    if (uri instanceof TargetUri.Bolt bolt) {
      return Neo4jSource.of(
          bolt.server().toString(), bolt.user(), password, bolt.database().orElse(NEO4J_DATABASE));
    }
    if (uri instanceof TargetUri.Age age) {
      return AgeSource.of(
          AgeSettings.of(
              age.jdbcUrl().substring(JDBC.length()), age.user(), password, age.graph()));
    }
    throw new VarveException(
        ExitCode.USAGE,
        uri + " is no running store",
        "name one as bolt://host:port or age:postgresql://host/database/graph");
  }
}
