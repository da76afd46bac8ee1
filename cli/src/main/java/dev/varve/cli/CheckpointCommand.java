package dev.varve.cli;

import dev.varve.archive.Manifest;
import dev.varve.compact.Checkpoint;
import dev.varve.fault.ExitCode;
import java.io.IOException;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;

/** Merges base and deltas into a new base. */
@Command(
    name = "checkpoint",
    description = "Merge base and deltas into a new base, so that the chain stays short.")
final class CheckpointCommand implements Callable<Integer> {

  private final Session session;

  @Mixin private final ChainOptions chain = new ChainOptions();

  CheckpointCommand(Session session) {
    this.session = session;
  }

  @Override
  public Integer call() throws IOException {
    ChainOptions.Chosen chosen = chain.open(session);
    Manifest made = Checkpoint.make(chosen.repository(), chosen.graph());
    Console console = session.console();
    console.line(
        "Checkpoint number %d: %,d vertices, %,d edges, %,d bytes, fingerprint %s",
        made.number(),
        made.counts().vertices(),
        made.counts().edges(),
        made.totalBytes(),
        made.fingerprint());
    Map<String, Object> object = new LinkedHashMap<>();
    object.put("graph", chosen.graph());
    object.put("number", made.number());
    object.put("vertices", made.counts().vertices());
    object.put("edges", made.counts().edges());
    object.put("bytes", made.totalBytes());
    object.put("fingerprint", made.fingerprint().toString());
    console.object(object);
    return ExitCode.DONE.number();
  }
}
