package dev.varve.cli;

import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** Runs capture alone. */
@Command(name = "capture", description = "Run capture alone: the store's log to Kafka.")
final class CaptureCommand implements Callable<Integer> {

  private final Session session;

  @Option(
      names = "--new-incarnation",
      description = "if the store was replaced or its log pruned: scan it afresh, keep the chain")
  private boolean newIncarnation;

  CaptureCommand(Session session) {
    this.session = session;
  }

  @Override
  public Integer call() {
    return new PipelineRun(session).one(parts -> parts.capture(newIncarnation));
  }
}
