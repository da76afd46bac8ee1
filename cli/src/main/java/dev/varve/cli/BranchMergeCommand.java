package dev.varve.cli;

import dev.varve.archive.Branch;
import dev.varve.archive.Branches;
import dev.varve.archive.Identities;
import dev.varve.archive.Repositories;
import dev.varve.archive.Repository;
import dev.varve.cdc.StoreLog;
import dev.varve.cli.config.Config;
import dev.varve.cli.pipeline.Sources;
import dev.varve.fault.ExitCode;
import dev.varve.fault.VarveException;
import dev.varve.restore.TargetUri;
import dev.varve.restore.branch.BranchContent;
import dev.varve.restore.branch.Merge;
import dev.varve.restore.target.neo4j.BoltMerge;
import dev.varve.restore.target.neo4j.BoltSettings;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.time.Clock;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Writes a branch into the new primary. */
@Command(
    name = "merge",
    description = {
      "Write a branch's transactions into the new primary, in their order, as one transaction like a",
      "client's; capture then sees it. If the primary has changed what the branch changes, nothing is",
      "written, exit code 3, unless --take says whose state wins."
    })
final class BranchMergeCommand implements Callable<Integer> {

  private static final int SHOWN = 50;

  private final Session session;

  @Mixin private final TargetOptions target = new TargetOptions();

  @Parameters(paramLabel = "NAME", description = "as 'varve info' lists it")
  private String name = "";

  @Option(names = "--dry-run", description = "say what would be done, and do nothing")
  private boolean dryRun;

  @Option(
      names = "--take",
      paramLabel = "branch|primary",
      description = "whose state an element has afterwards that both have changed")
  private Merge.@Nullable Take take;

  BranchMergeCommand(Session session) {
    this.session = session;
  }

  @Override
  public Integer call() throws IOException {
    if (!(target.uri().orElse(null) instanceof TargetUri.Bolt bolt)) {
      throw new VarveException(
          ExitCode.USAGE,
          "--target names no running Neo4j",
          "say --target bolt://[user@]host:port of the new primary; branches of Apache AGE can be"
              + " exported, not merged yet");
    }
    Config config = session.config();
    Console console = session.console();
    try (Repository repository = Repositories.open(config.repository())) {
      Branch branch = Branches.load(repository, config.graph()).named(name);
      BoltSettings settings = BoltSettings.of(bolt, target.password(session));
      try (BoltMerge merge = new BoltMerge(settings, name)) {
        if (Branches.merged(repository, branch)) {
          merge.forget();
          return say(console, new Merge.Outcome(Merge.State.ALREADY_MERGED, List.of(), 0, 0));
        }
        BranchContent content =
            BranchContent.load(
                repository, branch, identities(repository, branch, bolt), console.progress());
        Merge.Outcome outcome =
            merge.run(content, Optional.ofNullable(take), dryRun, () -> merged(repository, branch));
        if (outcome.state() == Merge.State.MERGED
            || outcome.state() == Merge.State.ALREADY_MERGED) {
          Branches.markMerged(repository, branch, bolt.toString(), Clock.systemUTC().instant());
          merge.forget();
        }
        return say(console, outcome);
      }
    }
  }

  private static boolean merged(Repository repository, Branch branch) {
    try {
      return Branches.merged(repository, branch);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** What the target calls the elements; it must be the store that was promoted. */
  private Identities identities(Repository repository, Branch branch, TargetUri.Bolt bolt)
      throws IOException {
    OptionalLong captured =
        branch.from().seqs().entrySet().stream()
            .filter(entry -> entry.getKey().equals(branch.site()))
            .mapToLong(Map.Entry::getValue)
            .findFirst();
    Optional<Identities> identities =
        captured.isPresent()
            ? Identities.load(repository, branch.graph(), branch.site(), captured.getAsLong())
            : Optional.empty();
    Identities known =
        identities.orElseThrow(
            () ->
                new VarveException(
                    ExitCode.FAILED,
                    "what the new primary calls the elements of "
                        + name
                        + " was not kept when it was promoted",
                    "varve branch export writes the branch into open files"));
    String store;
    try (StoreLog log = Sources.of(bolt, target.password(session)).open()) {
      store = log.identity();
    }
    if (!store.equals(known.store())) {
      throw new VarveException(
          ExitCode.FAILED,
          "%s is %s, and %s was promoted when %s was left behind; nothing was written"
              .formatted(bolt, store, known.store(), name),
          "name the store that was promoted");
    }
    return known;
  }

  private int say(Console console, Merge.Outcome outcome) {
    switch (outcome.state()) {
      case MERGED ->
          console.line(
              "Merged %s: %,d changes written, %,d left out",
              name, outcome.written(), outcome.leftOut());
      case ALREADY_MERGED -> console.line("%s was merged before; nothing was done", name);
      case CONFLICTS ->
          console.line(
              "%s has %,d conflicts; nothing was written", name, outcome.conflicts().size());
      case TRIED ->
          console.line(
              "Would write %,d changes of %s, and leave out %,d; %,d conflicts",
              outcome.written(), name, outcome.leftOut(), outcome.conflicts().size());
    }
    outcome.conflicts().stream()
        .limit(SHOWN)
        .forEach(conflict -> console.line("  CONFLICT %s %s", conflict.id(), conflict.what()));
    if (outcome.conflicts().size() > SHOWN) {
      console.line("  … and %,d more", outcome.conflicts().size() - SHOWN);
    }
    if (!outcome.conflicts().isEmpty() && take == null) {
      console.line(
          "HINT: --take branch or --take primary says whose state wins; --dry-run tries it");
    }
    Map<String, Object> object = new LinkedHashMap<>();
    object.put("branch", name);
    object.put("state", outcome.state().name().toLowerCase(Locale.ROOT).replace('_', ' '));
    object.put("written", outcome.written());
    object.put("leftOut", outcome.leftOut());
    object.put(
        "conflicts",
        outcome.conflicts().stream()
            .map(conflict -> Map.of("id", conflict.id().toString(), "what", conflict.what()))
            .toList());
    console.object(object);
    boolean good =
        outcome.state() != Merge.State.CONFLICTS && (outcome.conflicts().isEmpty() || take != null);
    return (good ? ExitCode.DONE : ExitCode.DONE_WITH_PROBLEMS).number();
  }
}
