package dev.varve.cli;

import dev.varve.archive.Damage;
import dev.varve.archive.Keys;
import dev.varve.fault.ExitCode;
import dev.varve.fault.VarveException;
import dev.varve.restore.LooseEdges;
import dev.varve.restore.Verify;
import java.io.IOException;
import java.math.BigDecimal;
import java.time.LocalDate;
import java.time.ZoneOffset;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** Looks for damage in a chain. */
@Command(
    name = "verify",
    description = {
      "Look for damage in the chain, and compare it with its copies; exit code 2 if there is any,",
      "or if a copy has more than the chain or differs; 3 if a copy is late."
    })
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

  @Option(
      names = "--subset",
      paramLabel = "PERCENT",
      description = {
        "read only a part of the objects, such as 10%; each day another part,",
        "so that after 10 days all had their turn"
      })
  private Optional<String> subset = Optional.empty();

  @Option(
      names = "--seed",
      paramLabel = "NUMBER",
      description = "choose the part by this number, not by the day")
  private Optional<Long> seed = Optional.empty();

  @Option(
      names = "--offline",
      description = "do not compare the chain with the configuration's copies")
  private boolean offline;

  VerifyCommand(Session session) {
    this.session = session;
  }

  @Override
  public Integer call() throws IOException {
    ChainOptions.Chosen chosen = chain.open(session);
    Console console = session.console();
    Optional<Verify.Sample> sample = subset.map(this::sample);
    sample.ifPresent(
        part -> console.line("Reading %s%% of the objects: --seed=%d", text(part), part.seed()));
    List<CopiesInfo> copies = offline ? List.of() : chain.copies(session, chosen);
    if (chosen.repository().list(Keys.manifests(chosen.graph())).isEmpty()) {
      ChainOptions.requireNothingLost(chosen, copies);
    }
    Verify.Report report =
        Verify.run(chosen.repository(), chosen.graph(), level, sample, console.progress());
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
    report
        .looseEdges()
        .forEach(loose -> console.line("NOTE %s: no damage, the store had it so", loose));
    report
        .lostPoints()
        .forEach(
            point ->
                console.line(
                    "LOST restore point %s (vv:%s): it cannot be restored any more",
                    point.name(), point.vector()));
    console.line(
        report.exitCode() == ExitCode.DONE
            ? "No damage. What can be restored:"
            : "What can be restored in spite of it:");
    if (report.spans().isEmpty()) {
      console.line("  nothing");
    }
    report.spans().forEach(span -> console.line("  %s", span));
    CopiesInfo.say(console, copies);
    ExitCode exitCode = CopiesInfo.worst(report.exitCode(), copies);
    Map<String, Object> object = object(report, name, sample);
    object.put("copies", copies.stream().map(CopiesInfo::object).toList());
    object.put("ok", exitCode == ExitCode.DONE);
    console.object(object);
    return exitCode.number();
  }

  private Verify.Sample sample(String text) {
    try {
      double percent =
          Double.parseDouble(text.endsWith("%") ? text.substring(0, text.length() - 1) : text);
      return new Verify.Sample(
          percent, seed.orElseGet(() -> LocalDate.now(ZoneOffset.UTC).toEpochDay()));
    } catch (IllegalArgumentException e) {
      throw new VarveException(
          ExitCode.USAGE, "--subset is '" + text + "'", "give a percentage such as 10%", e);
    }
  }

  private static String text(Verify.Sample sample) {
    return BigDecimal.valueOf(sample.percent()).stripTrailingZeros().toPlainString();
  }

  private static Map<String, Object> object(
      Verify.Report report, String level, Optional<Verify.Sample> sample) {
    List<Map<String, String>> damage = report.damage().stream().map(VerifyCommand::object).toList();
    Map<String, Object> object = new LinkedHashMap<>();
    object.put("graph", report.graph());
    object.put("level", level);
    object.put("manifests", report.manifests());
    object.put("objects", report.objects());
    object.put("read", report.read());
    sample.ifPresent(part -> object.put("subsetPercent", part.percent()));
    sample.ifPresent(part -> object.put("seed", part.seed()));
    object.put("bytes", report.bytes());
    object.put("versions", report.versions());
    object.put("damage", damage);
    object.put("edgesWithoutEnd", report.looseEdges().stream().map(VerifyCommand::object).toList());
    object.put("restorable", report.restorable());
    object.put("spans", report.spans().stream().map(InfoCommand::object).toList());
    object.put("lostRestorePoints", report.lostPoints().stream().map(InfoCommand::object).toList());
    return object;
  }

  private static Map<String, Object> object(LooseEdges loose) {
    return Map.of("at", "vv:" + loose.at(), "count", loose.count(), "first", loose.first());
  }

  static Map<String, String> object(Damage damage) {
    return Map.of(
        "kind", damage.getClass().getSimpleName(), "key", damage.key(), "text", damage.text());
  }
}
