package dev.varve.cli;

import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** Runs the compactor alone. */
@Command(name = "compact", description = "Run the compactor alone: topology tables to snapshots.")
final class CompactCommand implements Callable<Integer> {

  private final Session session;

  @Option(
      names = "--start-over",
      description = "if the tables no longer hold what follows the chain: begin with a new base")
  private boolean startOver;

  CompactCommand(Session session) {
    this.session = session;
  }

  @Override
  public Integer call() {
    return new PipelineRun(session).lookAtRepository().one(parts -> parts.compact(startOver));
  }
}
