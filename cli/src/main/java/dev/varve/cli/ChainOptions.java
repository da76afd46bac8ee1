package dev.varve.cli;

import dev.varve.archive.DirectoryRepository;
import dev.varve.archive.Repository;
import dev.varve.cli.config.Config;
import java.nio.file.Path;
import java.util.Optional;
import picocli.CommandLine.Option;

/** Which chain: the configuration's, or one that is named on the command line. */
final class ChainOptions {

  @Option(
      names = "--repository",
      paramLabel = "DIR",
      description = "where the chain is kept, instead of the configuration's repository.root")
  private Optional<Path> repository = Optional.empty();

  @Option(names = "--graph", description = "the graph's name, instead of the configuration's")
  private Optional<String> graph = Optional.empty();

  /** An opened repository and the graph in it. */
  record Chosen(String graph, Repository repository) {}

  Config.ChainPlace place(Session session) {
    if (graph.isPresent() && repository.isPresent()) {
      return new Config.ChainPlace(graph.get(), repository.get());
    }
    Config.ChainPlace configured = Config.chainPlace(session.configFile(), session.environment());
    return new Config.ChainPlace(
        graph.orElse(configured.graph()), repository.orElse(configured.repository()));
  }

  Chosen open(Session session) {
    Config.ChainPlace place = place(session);
    return new Chosen(place.graph(), new DirectoryRepository(place.repository()));
  }
}
