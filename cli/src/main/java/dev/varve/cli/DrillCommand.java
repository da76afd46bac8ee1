package dev.varve.cli;

import dev.varve.cli.drill.HtmlReport;
import dev.varve.cli.drill.Objectives;
import dev.varve.cli.drill.Outcome;
import dev.varve.cli.drill.RestoreDrill;
import dev.varve.fault.VarveException;
import dev.varve.restore.Moment;
import dev.varve.restore.Restore;
import dev.varve.restore.TargetUri;
import dev.varve.restore.Verify;
import dev.varve.restore.convert.Conversion;
import dev.varve.restore.convert.Engine;
import dev.varve.restore.target.Targets;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.stream.Stream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** Tries a disaster, and measures it. */
@Command(name = "drill", description = "Try what a disaster would cost, and measure it.")
final class DrillCommand implements Runnable {

  private static final Logger LOG = LoggerFactory.getLogger(DrillCommand.class);

  @Spec private CommandSpec spec = CommandSpec.create();

  /** With its own commands. */
  static CommandLine of(Session session) {
    return new CommandLine(new DrillCommand())
        .addSubcommand("restore", new Restoring(session))
        .addSubcommand("failover", new FailoverDrillCommand(session))
        .addSubcommand("pair", new PairDrillCommand(session));
  }

  @Override
  public void run() {
    throw new CommandLine.ParameterException(
        spec.commandLine(), "which drill: restore, failover, pair?");
  }

  /** Restores last night's chain into a store that is thrown away. */
  @Command(
      name = "restore",
      description = {
        "Restore the chain into a store that is thrown away, compare it, look for damage, and",
        "report how long it took and what would have been lost. Made for cron.",
        "Exit code 3 if an objective is missed, 2 if there is damage."
      },
      footer = {"", "Example: varve drill restore --rto 30m --rpo 5m --html /var/www/drill.html"})
  static final class Restoring implements Callable<Integer> {

    private final Session session;

    @Mixin private final ChainOptions chain = new ChainOptions();

    @Mixin private final TargetOptions target = new TargetOptions();

    @Option(
        names = "--to",
        paramLabel = "MOMENT",
        defaultValue = "latest",
        description = "as for restore; latest if not said")
    private String to = "";

    @Option(
        names = "--rto",
        paramLabel = "DURATION",
        description = "how long the restore may take, read back and compared")
    private Optional<String> rto = Optional.empty();

    @Option(
        names = "--rpo",
        paramLabel = "NUMBER|DURATION",
        description = "how many transactions may be missing, or how old the newest one may be")
    private Optional<String> rpo = Optional.empty();

    @Option(
        names = "--level",
        paramLabel = "manifest|data|graph",
        description =
            "how closely the chain is looked at afterwards, as by verify; not if not said")
    private Optional<Verify.Level> level = Optional.empty();

    @Option(
        names = "--scratch",
        paramLabel = "DIR",
        description = "where the throw-away store is made; the system's temporary directory")
    private Path scratch = Path.of(System.getProperty("java.io.tmpdir"));

    @Option(
        names = "--overwrite",
        description = "with --target: remove what the last drill left there")
    private boolean overwrite;

    @Option(names = "--offline", description = "do not ask the store how far it is")
    private boolean offline;

    @Option(names = "--html", paramLabel = "FILE", description = "write the report as a page too")
    private Optional<Path> html = Optional.empty();

    Restoring(Session session) {
      this.session = session;
    }

    @Override
    public Integer call() throws IOException {
      Moment moment = Moment.parse(to);
      Objectives objectives = Objectives.parse(rto, rpo);
      ChainOptions.Chosen chosen = chain.open(session);
      Path made = Files.createTempDirectory(scratch, "varve-drill-");
      try {
        TargetUri uri = target.uri().orElseGet(() -> throwAway(chosen, moment, made));
        Outcome outcome =
            objectives.judge(
                new RestoreDrill(
                        chosen.repository(),
                        chosen.graph(),
                        moment,
                        Clock.systemUTC(),
                        session.console().progress())
                    .run(
                        findings -> Targets.open(uri, needs()),
                        Conversion.into(uri, false),
                        overwrite,
                        this::head,
                        level));
        html.ifPresent(file -> HtmlReport.write(file, chosen.graph(), List.of(outcome)));
        return say(outcome);
      } finally {
        remove(made);
      }
    }

    /**
     * A store of the kind that the chain comes from, where it can be made here; else open files.
     */
    private static TargetUri throwAway(ChainOptions.Chosen chosen, Moment moment, Path made) {
      Engine engine =
          Engine.ofStores(Restore.plan(chosen.repository(), chosen.graph(), moment).stores());
      return engine == Engine.NEO4J
          ? new TargetUri.Neo4jStore(made.resolve("store"), "neo4j")
          : new TargetUri.Directory(made.resolve("graph"), Set.of(TargetUri.Format.AVRO));
    }

    private Targets.Needs needs() {
      return new Targets.Needs(
          target.password(session),
          RestoreCommand.resources(),
          () -> RestoreCommand.offlineStore(session.servers()));
    }

    private OptionalLong head() {
      if (offline) {
        return OptionalLong.empty();
      }
      try {
        return StoreLink.head(session.config().source());
      } catch (VarveException e) {
        return OptionalLong.empty(); // a chain can be tried on a machine without a configuration
      }
    }

    private int say(Outcome outcome) {
      OutcomeView.say(session.console(), outcome);
      session.console().object(outcome.object());
      return OutcomeView.exitCode(List.of(outcome)).number();
    }

    private static void remove(Path directory) {
      try (Stream<Path> files = Files.walk(directory)) {
        for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
          Files.deleteIfExists(file);
        }
      } catch (IOException | UncheckedIOException e) {
        LOG.warn("could not remove {}: {}", directory, e.toString());
      }
    }
  }
}
