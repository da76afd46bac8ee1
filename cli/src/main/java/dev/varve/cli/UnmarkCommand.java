package dev.varve.cli;

import dev.varve.archive.Ledger;
import dev.varve.compact.LedgerBook;
import dev.varve.fault.ExitCode;
import dev.varve.fault.VarveException;
import java.io.IOException;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.stream.Collectors;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Parameters;

/** Removes a restore point. */
@Command(
    name = "unmark",
    description = "Remove a restore point; what it kept can expire from then on.")
final class UnmarkCommand implements Callable<Integer> {

  private final Session session;

  @Mixin private final ChainOptions options = new ChainOptions();

  @Mixin private final LedgerOptions ledgerOptions = new LedgerOptions();

  @Parameters(paramLabel = "NAME", description = "of a restore point, as varve info lists them")
  private String name = "";

  UnmarkCommand(Session session) {
    this.session = session;
  }

  @Override
  public Integer call() throws IOException {
    ChainOptions.Chosen chosen = options.open(session);
    Ledger ledger =
        LedgerBook.open(chosen.repository(), "unmark")
            .update(
                chosen.graph(),
                ledgerOptions.unknown(),
                (newest, chain) -> unmarked(chosen.graph(), newest));
    Console console = session.console();
    console.line("Graph %s has no restore point %s any more", chosen.graph(), name);
    Map<String, Object> object = new LinkedHashMap<>();
    object.put("graph", chosen.graph());
    object.put("ledger", ledger.number());
    object.put("name", name);
    console.object(object);
    return ExitCode.DONE.number();
  }

  private Ledger unmarked(String graph, Ledger newest) {
    List<Ledger.RestorePoint> points = newest.restorePoints();
    if (newest.restorePoint(name).isEmpty()) {
      String names =
          points.stream().map(Ledger.RestorePoint::name).collect(Collectors.joining(", "));
      throw new VarveException(
          ExitCode.USAGE,
          "graph '" + graph + "' has no restore point '" + name + "'",
          points.isEmpty() ? "it has none at all" : "it has " + names);
    }
    return newest.withRestorePoints(Ledger.without(points, name));
  }
}
