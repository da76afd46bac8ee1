package dev.varve.cli;

import dev.varve.archive.Repositories;
import dev.varve.archive.Repository;
import dev.varve.archive.RepositoryConfig;
import dev.varve.cli.config.Config;
import dev.varve.fault.ExitCode;
import dev.varve.fault.VarveException;
import java.io.IOException;
import java.time.Clock;
import java.util.List;
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

  /**
   * How the configured copies compare with the chain; none where it is not the configuration's own
   * chain that is looked at.
   */
  List<CopiesInfo> copies(Session session, Chosen chosen) {
    return repository.isPresent()
        ? List.of()
        : CopiesInfo.of(
            Config.copies(session.configFile(), session.environment()),
            chosen.repository(),
            chosen.graph(),
            Clock.systemUTC());
  }

  /**
   * Lets a chain pass that no copy has more of; for one that is empty.
   *
   * @throws VarveException with {@link ExitCode#DAMAGE_FOUND} if one has
   */
  static void requireNothingLost(Chosen chosen, List<CopiesInfo> copies) {
    for (CopiesInfo copy : copies) {
      if (copy.lost() > 0) {
        throw new VarveException(
            ExitCode.DAMAGE_FOUND,
            "nothing of graph '%s' is in %s, but the copy %s in %s holds %d entries of it"
                .formatted(
                    chosen.graph(),
                    chosen.repository().location(),
                    copy.name(),
                    copy.location(),
                    copy.lost()),
            "if the repository was lost, bring it back: varve copy --repository "
                + copy.name()
                + " --to <root of the repository>");
      }
    }
  }

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
