package dev.varve.cli;

import dev.varve.archive.Chain;
import dev.varve.archive.Manifest;
import dev.varve.cli.config.Config;
import dev.varve.compact.Housekeeper;
import dev.varve.compact.MergePlan;
import dev.varve.fault.ExitCode;
import java.io.IOException;
import java.nio.file.Files;
import java.time.Instant;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** Merges what is due. */
@Command(
    name = "merge",
    description = "Merge deltas into longer ones, as the compactor does by itself now and then.")
final class MergeCommand implements Callable<Integer> {

  private final Session session;

  @Mixin private final ChainOptions chain = new ChainOptions();

  @Option(names = "--dry-run", description = "show what would be merged")
  private boolean dryRun;

  MergeCommand(Session session) {
    this.session = session;
  }

  @Override
  public Integer call() throws IOException {
    ChainOptions.Chosen chosen = chain.open(session);
    MergePlan.Policy policy =
        configured().map(Config.Compact::merges).orElse(MergePlan.Policy.USUAL.keepingAll());
    return dryRun ? plan(chosen, policy) : merge(chosen, policy);
  }

  private Optional<Config.Compact> configured() {
    return Files.exists(session.configFile())
        ? Optional.of(session.config().compact())
        : Optional.empty();
  }

  private int plan(ChainOptions.Chosen chosen, MergePlan.Policy policy) throws IOException {
    MergePlan plan =
        MergePlan.of(Chain.load(chosen.repository(), chosen.graph()), policy, Instant.now());
    Console console = session.console();
    for (MergePlan.Job job : plan.jobs()) {
      console.line(
          "%s of %d deltas, numbers %d to %d, %,d bytes",
          word(job.kind()),
          job.deltas().size(),
          job.deltas().get(0).manifest().number(),
          job.last().number(),
          bytes(job));
    }
    if (plan.jobs().isEmpty()) {
      console.line("Nothing is to be merged.");
    }
    console.object(
        Map.of(
            "graph",
            chosen.graph(),
            "planned",
            plan.jobs().stream().map(MergeCommand::object).toList()));
    return ExitCode.DONE.number();
  }

  private int merge(ChainOptions.Chosen chosen, MergePlan.Policy policy) {
    Housekeeper.Merged merged = Housekeeper.mergeNow(chosen.repository(), chosen.graph(), policy);
    Console console = session.console();
    for (Manifest made : merged.made()) {
      console.line(
          "Number %d: %s, %,d versions, %,d bytes, up to vv:%s",
          made.number(), word(made.kind()), made.counts().versions(), made.totalBytes(), made.to());
    }
    merged.problems().forEach(problem -> console.line("PROBLEM %s", problem));
    if (merged.made().isEmpty() && merged.problems().isEmpty()) {
      console.line("Nothing was to be merged.");
    }
    Map<String, Object> object = new LinkedHashMap<>();
    object.put("graph", chosen.graph());
    object.put("made", merged.made().stream().map(Manifest::number).toList());
    object.put("problems", merged.problems());
    console.object(object);
    return (merged.problems().isEmpty() ? ExitCode.DONE : ExitCode.DONE_WITH_PROBLEMS).number();
  }

  private static Map<String, Object> object(MergePlan.Job job) {
    List<Long> numbers = job.deltas().stream().map(link -> link.manifest().number()).toList();
    return Map.of("kind", word(job.kind()), "of", numbers, "bytes", bytes(job));
  }

  private static long bytes(MergePlan.Job job) {
    return job.deltas().stream().mapToLong(link -> link.manifest().totalBytes()).sum();
  }

  private static String word(Manifest.Kind kind) {
    return kind.name().toLowerCase(Locale.ROOT);
  }
}
