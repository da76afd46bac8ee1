package dev.varve.cli;

import dev.varve.archive.Repositories;
import dev.varve.archive.Repository;
import dev.varve.archive.RepositoryConfig;
import dev.varve.cli.config.Config;
import java.io.IOException;
import java.util.Optional;
import picocli.CommandLine.Option;

/** Which chain: the configuration's, or one that is named on the command line. */
final class ChainOptions {

  @Option(
      names = "--repository",
      paramLabel = "NAME|DIR|s3://BUCKET/PREFIX",
      description = {
        "where the chain is kept, instead of the configuration's repository.root:",
        "the name of one of the configuration's copies, or a place"
      })
  private Optional<String> repository = Optional.empty();

  @Option(names = "--graph", description = "the graph's name, instead of the configuration's")
  private Optional<String> graph = Optional.empty();

  /** An opened repository and the graph in it. */
  record Chosen(String graph, Repository repository) {}

  Config.ChainPlace place(Session session) {
    Optional<RepositoryConfig> copy =
        repository.flatMap(name -> OtherPlace.configured(session, name));
    if (copy.isPresent()) {
      String name =
          graph.orElseGet(
              () ->
                  Config.chainPlace(
                          session.configFile(), session.environment(), graph, Optional.empty())
                      .graph());
      return new Config.ChainPlace(name, copy.get());
    }
    return Config.chainPlace(session.configFile(), session.environment(), graph, repository);
  }

  Chosen open(Session session) throws IOException {
    Config.ChainPlace place = place(session);
    return new Chosen(place.graph(), Repositories.open(place.repository()));
  }
}
