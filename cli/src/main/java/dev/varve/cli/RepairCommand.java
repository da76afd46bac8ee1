package dev.varve.cli;

import dev.varve.archive.Damage;
import dev.varve.archive.Mend;
import dev.varve.archive.Repositories;
import dev.varve.archive.Repository;
import dev.varve.archive.RepositoryConfig;
import dev.varve.fault.ExitCode;
import dev.varve.fault.VarveException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** Brings what is damaged back from a copy. */
@Command(
    name = "repair",
    description = {
      "Bring what is damaged or missing in the chain back from a copy of it.",
      "Reads every object; exit code 2 if something is damaged in the copy too."
    })
final class RepairCommand implements Callable<Integer> {

  private final Session session;

  @Mixin private final ChainOptions chain = new ChainOptions();

  @Option(
      names = "--from",
      required = true,
      paramLabel = "NAME|DIR|s3://BUCKET/PREFIX",
      description = {
        "the copy: the name of one of the configuration's copies, or a place;",
        "a bucket is reached with the settings of the repository that is mended"
      })
  private String from = "";

  @Option(
      names = "--from-key-file",
      paramLabel = "FILE",
      description = "the copy's key; or set $VARVE_FROM_KEY; for a place only")
  private Optional<Path> fromKeyFile = Optional.empty();

  @Option(
      names = "--from-key-command",
      paramLabel = "LINE",
      description = "a command line that prints the copy's key")
  private Optional<String> fromKeyCommand = Optional.empty();

  RepairCommand(Session session) {
    this.session = session;
  }

  @Override
  public Integer call() throws IOException {
    RepositoryConfig other =
        OtherPlace.of(
            session,
            chain.place(session).repository(),
            from,
            OtherPlace.key(session, "from", fromKeyFile, fromKeyCommand));
    ChainOptions.Chosen chosen = chain.open(session);
    Console console = session.console();
    try (Repository damaged = chosen.repository();
        Repository copy = Repositories.open(other)) {
      if (damaged.location().equals(copy.location())) {
        throw new VarveException(
            ExitCode.USAGE,
            damaged.location() + " cannot be mended from itself",
            "name a copy with --from");
      }
      Mend.Report report =
          Mend.run(
              copy,
              damaged,
              chosen.graph(),
              Files.createTempDirectory("varve-repair"),
              new CopyCommand.Watched(console.progress()));
      console.line(
          "Looked at %,d entries and %,d objects of graph %s in %s",
          report.entries(), report.objects(), report.graph(), damaged.location());
      report.mended().forEach(damage -> console.line("MENDED %s", damage.text()));
      report.left().forEach(damage -> console.line("DAMAGE %s", damage.text()));
      console.line(
          report.left().isEmpty()
              ? "No damage is left."
              : "The copy does not have these whole; 'varve verify' says what can be restored.");
      console.object(object(report));
      return (report.left().isEmpty() ? ExitCode.DONE : ExitCode.DAMAGE_FOUND).number();
    }
  }

  private static Map<String, Object> object(Mend.Report report) {
    Map<String, Object> object = new LinkedHashMap<>();
    object.put("graph", report.graph());
    object.put("entries", report.entries());
    object.put("objects", report.objects());
    object.put("mended", objects(report.mended()));
    object.put("damage", objects(report.left()));
    return object;
  }

  private static List<Map<String, String>> objects(List<Damage> damage) {
    return damage.stream().map(VerifyCommand::object).toList();
  }
}
