package dev.varve.cli;

import dev.varve.archive.Damage;
import dev.varve.fault.ExitCode;
import dev.varve.restore.Verify;
import java.io.IOException;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** Looks for damage in a chain. */
@Command(
    name = "verify",
    description = "Look for damage in the chain; exit code 2 if there is any.")
final class VerifyCommand implements Callable<Integer> {

  private final Session session;

  @Mixin private final ChainOptions chain = new ChainOptions();

  @Option(
      names = "--level",
      paramLabel = "manifest|data|graph",
      defaultValue = "data",
      description = {
        "manifest: the manifests' links, each object's presence and length;",
        "data (the default): every byte; graph: what the segments add up to, too"
      })
  private Verify.Level level = Verify.Level.DATA;

  VerifyCommand(Session session) {
    this.session = session;
  }

  @Override
  public Integer call() throws IOException {
    ChainOptions.Chosen chosen = chain.open(session);
    Console console = session.console();
    Verify.Report report =
        Verify.run(chosen.repository(), chosen.graph(), level, console.progress());
    String name = level.name().toLowerCase(Locale.ROOT);
    console.line(
        "Looked at %d manifests and %d objects of graph %s (level %s): %,d bytes, %,d versions",
        report.manifests(),
        report.objects(),
        report.graph(),
        name,
        report.bytes(),
        report.versions());
    report.damage().forEach(damage -> console.line("DAMAGE %s", damage.text()));
    console.line(report.damage().isEmpty() ? "No damage." : "What can be restored in spite of it:");
    console.line(report.restorable());
    console.object(object(report, name));
    return report.exitCode().number();
  }

  private static Map<String, Object> object(Verify.Report report, String level) {
    List<Map<String, String>> damage = report.damage().stream().map(VerifyCommand::object).toList();
    Map<String, Object> object = new LinkedHashMap<>();
    object.put("graph", report.graph());
    object.put("level", level);
    object.put("manifests", report.manifests());
    object.put("objects", report.objects());
    object.put("bytes", report.bytes());
    object.put("versions", report.versions());
    object.put("damage", damage);
    object.put("restorable", report.restorable());
    object.put("ok", report.exitCode() == ExitCode.DONE);
    return object;
  }

  static Map<String, String> object(Damage damage) {
    return Map.of(
        "kind", damage.getClass().getSimpleName(), "key", damage.key(), "text", damage.text());
  }
}
