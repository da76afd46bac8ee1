package dev.varve.cli;

import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** Runs the whole pipeline in one process. */
@Command(
    name = "up",
    description = "Run capture, fold and compact in one process, and Kafka too if it is embedded.")
final class UpCommand implements Callable<Integer> {

  private final Session session;

  @Option(
      names = "--new-incarnation",
      description = "if the store was replaced or its log pruned: scan it afresh, keep the chain")
  private boolean newIncarnation;

  @Option(
      names = "--start-over",
      description = "if the tables no longer hold what follows the chain: begin with a new base")
  private boolean startOver;

  UpCommand(Session session) {
    this.session = session;
  }

  @Override
  public Integer call() {
    return new PipelineRun(session)
        .lookAtRepository()
        .all(
            session.servers(),
            parts ->
                List.of(parts.capture(newIncarnation), parts.fold(), parts.compact(startOver)));
  }
}
