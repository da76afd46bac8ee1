package dev.varve.cli;

import dev.varve.archive.Chain;
import dev.varve.archive.Ledger;
import dev.varve.compact.LedgerBook;
import dev.varve.fault.ExitCode;
import dev.varve.fault.VarveException;
import dev.varve.restore.Moment;
import dev.varve.restore.Restore;
import dev.varve.restore.RestorePlan;
import java.io.IOException;
import java.time.Clock;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Sets a restore point. */
@Command(
    name = "mark",
    description = "Set a restore point: a name for a moment, which then does not expire.",
    footer = {
      "",
      "Example: varve mark before-upgrade; later: varve restore --to mark:before-upgrade …"
    })
final class MarkCommand implements Callable<Integer> {

  private final Session session;

  @Mixin private final ChainOptions options = new ChainOptions();

  @Mixin private final LedgerOptions ledgerOptions = new LedgerOptions();

  @Parameters(
      paramLabel = "NAME",
      description = "letters, digits, dot, dash and underscore, up to 100")
  private String name = "";

  @Option(
      names = "--at",
      paramLabel = "MOMENT",
      defaultValue = "latest",
      description = "as restore --to takes it: latest (the default), a time, tx:<site>/<seq>, …")
  private String at = "";

  @Option(names = "--move", description = "if there is a restore point of this name, move it")
  private boolean move;

  MarkCommand(Session session) {
    this.session = session;
  }

  @Override
  public Integer call() throws IOException {
    Moment moment = Moment.parse(at);
    ChainOptions.Chosen chosen = options.open(session);
    Instant now = Clock.systemUTC().instant().truncatedTo(ChronoUnit.MILLIS);
    Ledger ledger =
        LedgerBook.open(chosen.repository(), "mark")
            .update(
                chosen.graph(),
                ledgerOptions.unknown(),
                (newest, chain) -> marked(chosen, moment, now, newest, chain));
    say(chosen.graph(), ledger.restorePoint(name).orElseThrow(), ledger.number());
    return ExitCode.DONE.number();
  }

  private Ledger marked(
      ChainOptions.Chosen chosen, Moment moment, Instant now, Ledger newest, Chain chain) {
    if (newest.restorePoint(name).isPresent() && !move) {
      throw new VarveException(
          ExitCode.USAGE,
          "there is a restore point '%s' already, at vv:%s"
              .formatted(name, newest.restorePoint(name).get().vector()),
          "take another name, or move it with --move");
    }
    RestorePlan plan = Restore.plan(chosen.repository(), chain, moment);
    long micros = ChronoUnit.MICROS.between(Instant.EPOCH, plan.committedAt());
    return newest.withRestorePoints(Ledger.with(newest.restorePoints(), point(plan, micros, now)));
  }

  private Ledger.RestorePoint point(RestorePlan plan, long micros, Instant now) {
    try {
      return new Ledger.RestorePoint(name, plan.vector(), micros, now);
    } catch (IllegalArgumentException e) {
      throw new VarveException(
          ExitCode.USAGE,
          String.valueOf(e.getMessage()),
          "a name has letters, digits, dot, dash and underscore, begins with a letter or digit, and"
              + " is not longer than 100",
          e);
    }
  }

  private void say(String graph, Ledger.RestorePoint point, long number) {
    session
        .console()
        .line(
            "Restore point %s of graph %s: vv:%s, committed at %s",
            point.name(),
            graph,
            point.vector(),
            Instant.EPOCH.plus(point.committedAtMicros(), ChronoUnit.MICROS));
    Map<String, Object> object = new LinkedHashMap<>();
    object.put("graph", graph);
    object.put("ledger", number);
    object.putAll(InfoCommand.object(point));
    session.console().object(object);
  }
}
