package dev.varve.cli;

import dev.varve.archive.Branch;
import dev.varve.archive.BranchExport;
import dev.varve.archive.Branches;
import dev.varve.archive.Repositories;
import dev.varve.archive.Repository;
import dev.varve.cdc.CaptureSource;
import dev.varve.cdc.CaptureState;
import dev.varve.cdc.LogGapException;
import dev.varve.cdc.Promotion;
import dev.varve.cdc.Succession;
import dev.varve.cli.config.Config;
import dev.varve.cli.failover.SetAside;
import dev.varve.cli.pipeline.Sources;
import dev.varve.fault.ExitCode;
import dev.varve.fault.VarveException;
import dev.varve.restore.TargetUri;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** What nobody captured of a primary that was replaced. */
@Command(
    name = "branch",
    description = "Set aside, export and merge what only a primary knew that was replaced.")
final class BranchCommand implements Runnable {

  @Spec private CommandSpec spec = CommandSpec.create();

  /** With its own commands. */
  static CommandLine of(Session session) {
    return new CommandLine(new BranchCommand())
        .addSubcommand("save", new Save(session))
        .addSubcommand("export", new Export(session))
        .addSubcommand("merge", new BranchMergeCommand(session))
        .addSubcommand("drop", new Drop(session));
  }

  @Override
  public void run() {
    throw new CommandLine.ParameterException(
        spec.commandLine(), "which command: save, export, merge or drop?");
  }

  /** Sets aside what only the old primary knows. */
  @Command(
      name = "save",
      description = {
        "Read what only the old primary knows out of its log and lay it beside the chain, as a",
        "branch. Alters nothing in the store; done again it finds the same branch."
      })
  static final class Save implements Callable<Integer> {
    private final Session session;

    @Option(
        names = "--source",
        paramLabel = "URI",
        description =
            "the old primary, if source.uri names another by now: bolt://[user@]host:port,"
                + " age:postgresql://[user@]host:port/database/graph")
    private Optional<String> source = Optional.empty();

    @Option(
        names = "--source-password-file",
        paramLabel = "FILE",
        description = "holds the password for --source; the configuration's if not said")
    private Optional<Path> passwordFile = Optional.empty();

    Save(Session session) {
      this.session = session;
    }

    @Override
    public Integer call() throws IOException {
      Config config = session.config();
      Map<String, String> kafka = KafkaCheck.clients(config).orElseThrow(PromoteCommand::noKafka);
      Promotion promotion =
          Succession.read(kafka, config.graph(), config.site())
              .promotion()
              .orElseThrow(
                  () ->
                      new VarveException(
                          ExitCode.FAILED,
                          "the primary of " + config.graph() + " was never replaced",
                          "what it commits is captured by 'varve up'; nothing has to be set"
                              + " aside"));
      CaptureState captured =
          promotion
              .from()
              .orElseThrow(
                  () ->
                      new VarveException(
                          ExitCode.FAILED,
                          "nothing was ever captured of the old primary",
                          "export it by its own means"));
      try (Repository repository = Repositories.open(config.repository())) {
        SetAside.Result result =
            new SetAside(
                    repository,
                    config.graph(),
                    config.data().resolve("branch"),
                    Main.VERSION,
                    Clock.systemUTC())
                .run(store(config), captured, promotion, () -> rejoined(config));
        say(session.console(), result);
      } catch (LogGapException e) {
        throw otherStore(e, captured);
      }
      return ExitCode.DONE.number();
    }

    private CaptureSource store(Config config) {
      return source.isEmpty()
          ? Sources.of(config.source())
          : Sources.of(uri(config, source.get()), password(config));
    }

    /** Hints name a store without its user, who is the configuration's then. */
    private static TargetUri uri(Config config, String given) {
      TargetUri uri = TargetUri.parse(given);
      return uri instanceof TargetUri.Age age && age.user().isEmpty()
          ? age.as(config.source().user())
          : uri;
    }

    private boolean rejoined(Config config) {
      return source.isEmpty()
          ? OldPrimary.isStandby(config.source())
          : OldPrimary.isStandby(uri(config, source.get()), password(config));
    }

    private Optional<String> password(Config config) {
      if (passwordFile.isEmpty()) {
        return config.source().password();
      }
      try {
        return Optional.of(Files.readString(passwordFile.get()).strip());
      } catch (IOException e) {
        throw new VarveException(
            ExitCode.USAGE,
            "cannot read the password in " + passwordFile.get(),
            "name a file that holds the password of the old primary's user",
            e);
      }
    }

    private static VarveException otherStore(LogGapException e, CaptureState captured) {
      return e.reason() != LogGapException.Reason.OTHER_STORE
          ? new VarveException(
              ExitCode.FAILED,
              "the old primary's log does not tell what only it knows: " + e.getMessage(),
              "keep the store; compare it with a restore of vv:"
                  + captured.seen().with(captured.site(), captured.seq()),
              e)
          : new VarveException(
              ExitCode.FAILED,
              "this is not the old primary: " + e.getMessage(),
              "name the old primary with --source",
              e);
    }

    private static void say(Console console, SetAside.Result result) {
      if (result.found().isEmpty()) {
        console.line("Nothing to set aside: all that the old primary committed was captured");
      }
      result.made().ifPresent(branch -> console.line("Set aside as %s", branch.name()));
      if (result.made().isEmpty() && !result.branches().isEmpty()) {
        console.line("Nothing new: all of it was set aside before");
      }
      result.branches().forEach(branch -> BranchesInfo.say(console, branch));
      Map<String, Object> object = new LinkedHashMap<>();
      object.put("transactions", result.found().transactions());
      object.put("changes", result.found().changes());
      object.put("made", result.made().map(Branch::name).orElse(null));
      object.put("branches", BranchesInfo.objects(result.branches()));
      console.object(object);
    }
  }

  /** Writes a branch into open files. */
  @Command(
      name = "export",
      description = {
        "Write a branch into a directory of open files: Avro containers, the same as lines of JSON,",
        "and the manifest. They can be read without Varve."
      })
  static final class Export implements Callable<Integer> {
    private final Session session;

    @Mixin private final ChainOptions options = new ChainOptions();

    @Parameters(paramLabel = "NAME", description = "as 'varve info' lists it")
    private String name = "";

    @Option(
        names = "--target",
        paramLabel = "dir:PATH",
        required = true,
        description = "an empty directory, or one that is not there yet")
    private String target = "";

    Export(Session session) {
      this.session = session;
    }

    @Override
    public Integer call() throws IOException {
      if (!(TargetUri.parse(target) instanceof TargetUri.Directory directory)) {
        throw new VarveException(
            ExitCode.USAGE, target + " is no directory", "say --target dir:<path>");
      }
      ChainOptions.Chosen chosen = options.open(session);
      Branch branch = Branches.load(chosen.repository(), chosen.graph()).named(name);
      BranchExport.write(chosen.repository(), branch, directory.path());
      session
          .console()
          .line(
              "Wrote %,d transactions with %,d changes to %s",
              branch.counts().transactions(), branch.counts().changes(), directory.path());
      Map<String, Object> object = BranchesInfo.object(branch);
      object.put("target", target);
      session.console().object(object);
      return ExitCode.DONE.number();
    }
  }

  /** Removes a branch. */
  @Command(
      name = "drop",
      description = {
        "Remove a branch for good. Nothing else ever does. What it holds is then in the old store",
        "alone, if that is still there."
      })
  static final class Drop implements Callable<Integer> {
    private final Session session;

    @Mixin private final ChainOptions options = new ChainOptions();

    @Parameters(paramLabel = "NAME", description = "as 'varve info' lists it")
    private String name = "";

    Drop(Session session) {
      this.session = session;
    }

    @Override
    public Integer call() throws IOException {
      ChainOptions.Chosen chosen = options.open(session);
      Branches branches = Branches.load(chosen.repository(), chosen.graph());
      Branch branch = branches.named(name);
      branches.drop(chosen.repository(), branch);
      session.console().line("Removed %s: %,d transactions", name, branch.counts().transactions());
      session.console().object(Map.of("dropped", name));
      return ExitCode.DONE.number();
    }
  }
}
