package dev.varve.cli;

import dev.varve.cli.pipeline.Parts;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;

/** Runs one of the observers that find out together whether the store is down. */
@Command(
    name = "observe",
    description =
        "Look at the store again and again; it is down when a majority of the observers says so.",
    footer = {
      "",
      "Run one on each of three machines, with the same observe.members. None has to be near the",
      "store; two of them that see each other through Kafka decide."
    })
final class ObserveCommand implements Callable<Integer> {

  private final Session session;

  ObserveCommand(Session session) {
    this.session = session;
  }

  @Override
  public Integer call() {
    return new PipelineRun(session).one(Parts::observe);
  }
}
