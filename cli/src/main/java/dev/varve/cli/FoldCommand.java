package dev.varve.cli;

import dev.varve.cli.pipeline.Parts;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;

/** Runs the fold alone. */
@Command(name = "fold", description = "Run the fold alone: changes to topology tables, in Kafka.")
final class FoldCommand implements Callable<Integer> {

  private final Session session;

  FoldCommand(Session session) {
    this.session = session;
  }

  @Override
  public Integer call() {
    return new PipelineRun(session).one(Parts::fold);
  }
}
