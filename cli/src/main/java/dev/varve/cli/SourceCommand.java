package dev.varve.cli;

import dev.varve.cdc.age.AgeSettings;
import dev.varve.cdc.age.AgeSetup;
import dev.varve.cli.config.Config;
import dev.varve.fault.ExitCode;
import dev.varve.fault.VarveException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** What is in the store for Varve's sake. */
@Command(
    name = "source",
    description = "Set the store up for capture, and take away what that left there.")
final class SourceCommand implements Runnable {

  static final String PASSWORD = "VARVE_SETUP_PASSWORD";

  @Spec private CommandSpec spec = CommandSpec.create();

  /** With its own commands. */
  static CommandLine of(Session session) {
    return new CommandLine(new SourceCommand())
        .addSubcommand("setup", new Setup(session))
        .addSubcommand("release", new Release(session));
  }

  @Override
  public void run() {
    throw new CommandLine.ParameterException(
        spec.commandLine(), "which command: setup or release?");
  }

  /** Who does it, if not the role that captures. */
  static final class Superuser {
    @Option(names = "--as", paramLabel = "ROLE", description = "log in as this role, a superuser")
    private Optional<String> role = Optional.empty();

    @Option(
        names = "--password-file",
        paramLabel = "FILE",
        description = "its password; or in the environment as VARVE_SETUP_PASSWORD")
    private Optional<Path> passwordFile = Optional.empty();

    Connection connect(Session session, AgeSettings settings) throws SQLException {
      return role.isEmpty()
          ? settings.connect()
          : settings.as(role.get(), password(session)).connect();
    }

    /** A role that is still to be made cannot log in: somebody else has to. */
    VarveException refused(AgeSettings settings, SQLException e) {
      VarveException refused = settings.refused(e);
      return new VarveException(
          refused.exitCode(),
          String.valueOf(refused.getMessage()),
          role.isEmpty()
              ? "name a superuser with --as, and its password in VARVE_SETUP_PASSWORD; or "
                  + refused.hint()
              : "check --as and the password in VARVE_SETUP_PASSWORD or --password-file; or "
                  + refused.hint(),
          e);
    }

    private Optional<String> password(Session session) {
      if (passwordFile.isEmpty()) {
        return Optional.ofNullable(session.environment().get(PASSWORD));
      }
      try {
        return Optional.of(Files.readString(passwordFile.get()).strip());
      } catch (IOException e) {
        throw new VarveException(
            ExitCode.USAGE,
            "cannot read the password file " + passwordFile.get(),
            "it must be there and readable by the user who runs varve",
            e);
      }
    }
  }

  private static AgeSettings settings(Session session) {
    if (session.config().source() instanceof Config.Age age) {
      return age.settings();
    }
    throw new VarveException(
        ExitCode.USAGE,
        "there is nothing to set up in a Neo4j by SQL",
        "put the plugin into the server's plugins directory: docs/neo4j.md; then varve doctor");
  }

  /** Prints or does what is missing. */
  @Command(
      name = "setup",
      description = {
        "Print the SQL that is still missing before the graph can be captured,",
        "for a superuser to look at and run; or run it (--apply)."
      })
  static final class Setup implements Callable<Integer> {
    private final Session session;

    @CommandLine.Mixin private final Superuser superuser = new Superuser();

    @Option(names = "--apply", description = "run it instead of printing it")
    private boolean apply;

    Setup(Session session) {
      this.session = session;
    }

    @Override
    public Integer call() {
      AgeSettings settings = settings(session);
      Console console = session.console();
      try (Connection connection = superuser.connect(session, settings)) {
        List<AgeSetup.Step> steps = AgeSetup.missing(connection, settings);
        boolean restart = steps.stream().anyMatch(AgeSetup.Step::restart);
        if (apply) {
          AgeSetup.run(connection, steps);
        }
        steps.forEach(step -> console.line("%s", step));
        console.line(
            steps.isEmpty()
                ? "-- nothing is missing; next: varve doctor"
                : apply
                    ? "-- done" + (restart ? "; restart the server" : "; next: varve doctor")
                    : "-- run this in the database " + settings.database() + ", or use --apply");
        Map<String, Object> object = new LinkedHashMap<>();
        object.put("applied", apply);
        object.put("restart", restart);
        object.put("statements", steps.stream().map(AgeSetup.Step::shown).toList());
        console.object(object);
        return ExitCode.DONE.number();
      } catch (SQLException e) {
        throw superuser.refused(settings, e);
      }
    }
  }

  /** Removes slot and publication. */
  @Command(
      name = "release",
      description = {
        "Drop the replication slot and the publication, so that the server holds back no log",
        "for Varve any more. Capture can go on after it only by a scan, as a new incarnation."
      })
  static final class Release implements Callable<Integer> {
    private final Session session;

    @CommandLine.Mixin private final Superuser superuser = new Superuser();

    @Option(names = "--yes", description = "really do it")
    private boolean yes;

    Release(Session session) {
      this.session = session;
    }

    @Override
    public Integer call() {
      AgeSettings settings = settings(session);
      if (!yes) {
        throw new VarveException(
            ExitCode.USAGE,
            "this drops the slot and the publication " + settings.slot() + "; nothing was done",
            "say --yes if nobody captures this graph any more, or it is to begin anew",
            null);
      }
      try (Connection connection = superuser.connect(session, settings)) {
        AgeSetup.Released released = AgeSetup.release(connection, settings);
        Console console = session.console();
        console.line(
            "Slot %s: %s. Publication: %s.",
            settings.slot(),
            released.slot() ? "dropped" : "was not there",
            released.publication() ? "dropped" : "was not there");
        console.line(
            "The tables keep their replica identity; ALTER TABLE … REPLICA IDENTITY DEFAULT takes"
                + " it back.");
        console.object(Map.of("slot", released.slot(), "publication", released.publication()));
        return ExitCode.DONE.number();
      } catch (SQLException e) {
        throw superuser.refused(settings, e);
      }
    }
  }
}
