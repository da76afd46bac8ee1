package dev.varve.cli;

import dev.varve.archive.Copy;
import dev.varve.archive.Damage;
import dev.varve.archive.Repositories;
import dev.varve.archive.Repository;
import dev.varve.archive.RepositoryConfig;
import dev.varve.fault.ExitCode;
import dev.varve.fault.VarveException;
import dev.varve.restore.Progress;
import dev.varve.restore.Verify;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** Copies a chain to another repository and verifies the copy. */
@Command(
    name = "copy",
    description = {
      "Copy the chain to another repository, or complete a copy, and verify it.",
      "A copy that was interrupted goes on when the command is run again."
    })
final class CopyCommand implements Callable<Integer> {

  private enum Check {
    NONE,
    MANIFEST,
    DATA,
    GRAPH
  }

  private final Session session;

  @Mixin private final ChainOptions chain = new ChainOptions();

  @Option(
      names = "--to",
      required = true,
      paramLabel = "NAME|DIR|s3://BUCKET/PREFIX",
      description = {
        "the other repository: the name of one of the configuration's copies, or a place;",
        "a bucket is reached with the settings of the repository that is copied"
      })
  private String to = "";

  @Option(
      names = "--to-key-file",
      paramLabel = "FILE",
      description = "encrypt the copy under this key; or set $VARVE_TO_KEY; for a place only")
  private Optional<Path> toKeyFile = Optional.empty();

  @Option(
      names = "--to-key-command",
      paramLabel = "LINE",
      description = "encrypt the copy under the key that this command line prints")
  private Optional<String> toKeyCommand = Optional.empty();

  @Option(
      names = "--verify",
      paramLabel = "none|manifest|data|graph",
      defaultValue = "data",
      description = "how deep to verify the copy, as 'verify --level': data if not said")
  private Check check = Check.DATA;

  CopyCommand(Session session) {
    this.session = session;
  }

  @Override
  public Integer call() throws IOException {
    RepositoryConfig destination =
        OtherPlace.of(
            session,
            chain.place(session).repository(),
            to,
            OtherPlace.key(session, "to", toKeyFile, toKeyCommand));
    ChainOptions.Chosen chosen = chain.open(session);
    Console console = session.console();
    try (Repository source = chosen.repository();
        Repository copy = Repositories.open(destination)) {
      if (source.location().equals(copy.location())) {
        throw new VarveException(
            ExitCode.USAGE,
            source.location() + " cannot be copied to itself",
            "name another place with --to");
      }
      Copy.Report report = copy(source, copy, chosen.graph(), console.progress());
      if (report.newest().isEmpty()) {
        throw new VarveException(
            ExitCode.NO_REPOSITORY,
            "there is no snapshot of graph '" + chosen.graph() + "' in " + source.location(),
            "check repository.root and graph in the configuration");
      }
      say(console, source, copy, report);
      Verify.@Nullable Report verified = verify(console, copy, chosen.graph());
      console.object(object(source, copy, report, verified));
      return (verified != null && verified.exitCode() != ExitCode.DONE
              ? verified.exitCode()
              : report.exitCode())
          .number();
    }
  }

  private static Copy.Report copy(
      Repository source, Repository copy, String graph, Progress progress) throws IOException {
    Path scratch = Files.createTempDirectory("varve-copy");
    try (Copy copying = new Copy(source, copy, graph, scratch, new Watched(progress))) {
      return copying.run();
    }
  }

  record Watched(Progress progress) implements Copy.Watcher {
    @Override
    public void begins(long entries, long bytes) {
      progress.phase("bytes copied", bytes);
    }

    @Override
    public void copied(long bytes) {
      progress.advance(bytes);
    }
  }

  private Verify.@Nullable Report verify(Console console, Repository copy, String graph) {
    if (check == Check.NONE) {
      return null;
    }
    Verify.Level level = Verify.Level.valueOf(check.name());
    Verify.Report report = Verify.run(copy, graph, level, console.progress());
    console.line(
        "Verified the copy (level %s): %d manifests, %d objects, %,d versions; %s",
        check.name().toLowerCase(Locale.ROOT),
        report.manifests(),
        report.objects(),
        report.versions(),
        report.damage().isEmpty() ? "no damage." : "damage:");
    report.damage().forEach(damage -> console.line("DAMAGE in the copy: %s", damage.text()));
    console.line("%s", report.restorable());
    return report;
  }

  private static void say(Console console, Repository source, Repository copy, Copy.Report report) {
    console.line(
        "Copied graph %s from %s to %s: %,d entries, %,d objects, %,d bytes",
        report.graph(),
        source.location(),
        copy.location(),
        report.entries(),
        report.objects(),
        report.bytes());
    if (report.present() > 0) {
      console.line("%,d objects of these entries were there", report.present());
    }
    if (report.removed() > 0) {
      console.line("%,d objects that had expired were removed from the copy", report.removed());
    }
    report.sourceDamage().forEach(d -> console.line("DAMAGE, not copied: %s", d.text()));
    report.destinationDamage().forEach(d -> console.line("DAMAGE in the copy: %s", d.text()));
  }

  private static Map<String, Object> object(
      Repository source, Repository copy, Copy.Report report, Verify.@Nullable Report verified) {
    Map<String, Object> object = new LinkedHashMap<>();
    object.put("graph", report.graph());
    object.put("source", source.location());
    object.put("copy", copy.location());
    object.put("newest", report.newest().orElse(0));
    object.put("entries", report.entries());
    object.put("objects", report.objects());
    object.put("bytes", report.bytes());
    object.put("present", report.present());
    object.put("removed", report.removed());
    object.put("sourceDamage", objects(report.sourceDamage()));
    object.put("copyDamage", objects(report.destinationDamage()));
    object.put(
        "verified",
        verified == null
            ? null
            : Map.of(
                "level", verified.level().name().toLowerCase(Locale.ROOT),
                "damage", objects(verified.damage()),
                "restorable", verified.restorable()));
    return object;
  }

  private static List<Map<String, String>> objects(List<Damage> damage) {
    return damage.stream().map(VerifyCommand::object).toList();
  }
}
