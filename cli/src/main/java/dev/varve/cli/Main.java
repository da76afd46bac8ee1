package dev.varve.cli;

import java.io.PrintStream;
import java.util.Map;
import java.util.logging.Level;
import java.util.logging.LogManager;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Spec;

/** The command {@code varve}. */
@Command(
    name = "varve",
    version = "varve " + Main.VERSION,
    mixinStandardHelpOptions = true,
    scope = CommandLine.ScopeType.INHERIT,
    synopsisSubcommandLabel = "COMMAND",
    description = "Streaming backup for graph databases.",
    footer = {
      "",
      "Exit codes: 0 done; 1 failed; 2 damage found; 3 done with problems; 10 no repository;",
      "11 fenced or locked; 12 wrong key; 20 outside the recovery window; 64 usage; 70 internal"
          + " error."
    })
final class Main implements Runnable {

  static final String VERSION = "0.1.0-SNAPSHOT";

  @Mixin private final Session session;
  @Spec private CommandSpec spec = CommandSpec.create();

  private Main(Session session) {
    this.session = session;
  }

  /** Runs a command and ends the process with its exit code. */
  public static void main(String[] arguments) {
    System.exit(run(arguments, System.getenv(), System.out, System.err));
  }

  static int run(
      String[] arguments, Map<String, String> environment, PrintStream out, PrintStream err) {
    LogManager.getLogManager().getLogger("").setLevel(Level.WARNING);
    Session session = new Session(environment, out, err);
    CommandLine command =
        new CommandLine(new Main(session))
            .addSubcommand("demo", new DemoCommand(session))
            .addSubcommand("init", new InitCommand(session))
            .addSubcommand("source", SourceCommand.of(session))
            .addSubcommand("doctor", new DoctorCommand(session))
            .addSubcommand("up", new UpCommand(session))
            .addSubcommand("capture", new CaptureCommand(session))
            .addSubcommand("fold", new FoldCommand(session))
            .addSubcommand("compact", new CompactCommand(session))
            .addSubcommand("observe", new ObserveCommand(session))
            .addSubcommand("promote", new PromoteCommand(session))
            .addSubcommand("checkpoint", new CheckpointCommand(session))
            .addSubcommand("merge", new MergeCommand(session))
            .addSubcommand("expire", new ExpireCommand(session))
            .addSubcommand("info", new InfoCommand(session))
            .addSubcommand("log", new LogCommand(session))
            .addSubcommand("branch", BranchCommand.of(session))
            .addSubcommand("mark", new MarkCommand(session))
            .addSubcommand("unmark", new UnmarkCommand(session))
            .addSubcommand("restore", new RestoreCommand(session))
            .addSubcommand("drill", DrillCommand.of(session))
            .addSubcommand("replay", new ReplayCommand(session))
            .addSubcommand("verify", new VerifyCommand(session))
            .addSubcommand("copy", new CopyCommand(session))
            .addSubcommand("repair", new RepairCommand(session))
            .addSubcommand("key", KeyCommand.of(session))
            .setCaseInsensitiveEnumValuesAllowed(true)
            .setParameterExceptionHandler((e, args) -> session.refused(e))
            .setExecutionExceptionHandler((e, line, parsed) -> session.failed(e));
    command.setExecutionStrategy(
        parsed -> {
          session.begin();
          return new CommandLine.RunLast().execute(parsed);
        });
    try {
      return command.execute(arguments);
    } catch (LinkageError | OutOfMemoryError e) { // picocli hands over exceptions only
      return session.failed(e);
    }
  }

  @Override
  public void run() {
    throw new CommandLine.ParameterException(spec.commandLine(), "which command?");
  }
}
