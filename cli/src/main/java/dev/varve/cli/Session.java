package dev.varve.cli;

import dev.varve.cli.config.Config;
import dev.varve.fault.ExitCode;
import dev.varve.fault.VarveException;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.slf4j.LoggerFactory;
import picocli.CommandLine;
import picocli.CommandLine.Option;
import picocli.CommandLine.ScopeType;

/** What every command shares: the options that all of them take, and where they write. */
final class Session {

  /** The form of what goes to standard output. */
  enum Format {
    TEXT,
    JSON
  }

  @Option(
      names = {"-c", "--config"},
      paramLabel = "FILE",
      scope = ScopeType.INHERIT,
      description = "the configuration; $VARVE_CONFIG or varve.yaml if not said")
  private Path configFile;

  @Option(
      names = "--output",
      paramLabel = "text|json",
      scope = ScopeType.INHERIT,
      description = "the form of what goes to standard output; logs go to standard error")
  private Format format = Format.TEXT;

  @Option(
      names = {"-v", "--verbose"},
      scope = ScopeType.INHERIT,
      description = "log more")
  private boolean verbose;

  private final Map<String, String> environment;
  private final PrintStream out;
  private final PrintStream err;

  Session(Map<String, String> environment, PrintStream out, PrintStream err) {
    this.environment = Map.copyOf(environment);
    this.configFile = Path.of(environment.getOrDefault("VARVE_CONFIG", "varve.yaml"));
    this.out = out;
    this.err = err;
  }

  /** Sets up logging; nothing may have been logged before. */
  void begin() {
    if (verbose) {
      System.setProperty("org.slf4j.simpleLogger.defaultLogLevel", "info");
      System.setProperty("org.slf4j.simpleLogger.log.dev.varve", "debug");
    }
    // what goes wrong in a thread of some library is logged, not printed over the progress
    Thread.setDefaultUncaughtExceptionHandler(
        (thread, e) ->
            LoggerFactory.getLogger(Main.class).error("thread {} ended", thread.getName(), e));
  }

  Path configFile() {
    return configFile;
  }

  Config config() {
    return Config.read(configFile, environment);
  }

  Map<String, String> environment() {
    return environment;
  }

  Console console() {
    return new Console(format == Format.JSON, out, err);
  }

  /** Where this program is installed. */
  Servers servers() {
    // what is loaded on class paths of its own must not be the first to log: it would not find
    // the settings
    LoggerFactory.getLogger(Main.class).debug("looking for the servers");
    return Servers.installedAt(System.getProperty("varve.home"));
  }

  /** Sends the log to a file; nothing may have been logged before. */
  void logTo(Path file) {
    System.setProperty("org.slf4j.simpleLogger.logFile", file.toString());
  }

  /** Refuses a directory that has something in it. */
  static void requireAbsent(Path directory) {
    if (Files.exists(directory)) {
      throw new VarveException(
          ExitCode.FAILED,
          directory + " exists",
          "name a directory that does not exist, or remove this one");
    }
  }

  /** An exception that a command ended with. */
  int failed(Throwable e) {
    Failure failure = Failure.of(e);
    if (verbose || failure.exitCode() == ExitCode.INTERNAL) {
      LoggerFactory.getLogger(Main.class).error("the command failed", e);
    }
    return console().failure(failure);
  }

  /** A command line that cannot be understood. */
  int refused(CommandLine.ParameterException e) {
    String name = e.getCommandLine().getCommandSpec().qualifiedName();
    return console()
        .failure(
            new Failure(
                String.valueOf(e.getMessage()),
                "'" + name + " --help' shows what there is",
                ExitCode.USAGE));
  }
}
