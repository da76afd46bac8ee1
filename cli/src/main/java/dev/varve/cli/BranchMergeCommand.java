package dev.varve.cli;

import static java.util.stream.Collectors.joining;

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
import dev.varve.restore.branch.MergeTarget;
import dev.varve.restore.target.age.AgeMerge;
import dev.varve.restore.target.age.AgeSettings;
import dev.varve.restore.target.neo4j.BoltMerge;
import dev.varve.restore.target.neo4j.BoltSettings;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.time.Clock;
import java.util.ArrayList;
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

  @Option(
      names = "--changes-max",
      paramLabel = "NUMBER",
      description = {
        "how many changes there may be: they are written as one transaction, which is held in",
        "memory, here and by the store; 100000 if not said"
      })
  private int changesMax = BranchContent.CHANGES_MAX;

  BranchMergeCommand(Session session) {
    this.session = session;
  }

  @Override
  public Integer call() throws IOException {
    TargetUri uri = target.uri().orElseThrow(BranchMergeCommand::noPrimary);
    Config config = session.config();
    Console console = session.console();
    try (Repository repository = Repositories.open(config.repository())) {
      List<Branch> line = line(Branches.load(repository, config.graph()));
      try (MergeTarget merge = mergeTarget(uri, line)) {
        Merge.Outcome outcome =
            merged(repository, line) || merge.isDone()
                ? new Merge.Outcome(Merge.State.ALREADY_MERGED, List.of(), 0, 0)
                : merge(repository, uri, line, merge);
        boolean done =
            outcome.state() == Merge.State.MERGED || outcome.state() == Merge.State.ALREADY_MERGED;
        if (done && !dryRun) {
          for (Branch branch : line) {
            Branches.markMerged(repository, branch, uri.toString(), Clock.systemUTC().instant());
          }
          merge.forget();
        }
        return say(console, line, outcome);
      }
    }
  }

  private Merge.Outcome merge(
      Repository repository, TargetUri uri, List<Branch> line, MergeTarget merge)
      throws IOException {
    Optional<Identities> identities = identities(repository, line.get(0), uri);
    BranchContent content =
        BranchContent.load(repository, line, changesMax, identities, session.console().progress());
    return merge.run(content, Optional.ofNullable(take), dryRun, () -> merged(repository, line));
  }

  /** The branch, behind those that it goes on from and that were not merged yet. */
  private List<Branch> line(Branches branches) {
    List<Branch> line = new ArrayList<>();
    Optional<String> next = Optional.of(name);
    while (next.isPresent()) {
      Branch branch = branches.named(next.get());
      line.add(0, branch);
      next = branch.follows().filter(before -> !branches.merged().contains(before));
    }
    return line;
  }

  private static VarveException noPrimary() {
    return new VarveException(
        ExitCode.USAGE,
        "--target names no running store",
        "say --target bolt://[user@]host:port or"
            + " age:postgresql://[user@]host[:port]/database/graph of the new primary");
  }

  private MergeTarget mergeTarget(TargetUri uri, List<Branch> line) {
    List<String> names = line.stream().map(Branch::name).toList();
    if (uri instanceof TargetUri.Bolt bolt) {
      return new BoltMerge(BoltSettings.of(bolt, target.password(session)), names);
    }
    if (uri instanceof TargetUri.Age age) {
      return new AgeMerge(AgeSettings.of(age, target.password(session)), names);
    }
    throw noPrimary();
  }

  /**
   * Whether all were merged, as the repository says now: the last one is merged after the others,
   * or with them.
   *
   * @throws VarveException if others were merged since they were looked at
   */
  private static boolean merged(Repository repository, List<Branch> line) {
    try {
      if (Branches.merged(repository, line.get(line.size() - 1))) {
        return true;
      }
      for (Branch before : line.subList(0, line.size() - 1)) {
        if (Branches.merged(repository, before)) {
          throw new VarveException(
              ExitCode.FAILED,
              before.name() + " was merged at the same time; nothing was written",
              "do it again");
        }
      }
      return false;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /**
   * What the target calls the elements; absent where it is the same. It must be the store that was
   * promoted.
   */
  private Optional<Identities> identities(Repository repository, Branch branch, TargetUri uri)
      throws IOException {
    if (uri instanceof TargetUri.Age) {
      requirePromoted(uri, branch.successor().store());
      return Optional.empty();
    }
    OptionalLong captured =
        branch.from().seqs().entrySet().stream()
            .filter(entry -> entry.getKey().equals(branch.site()))
            .mapToLong(Map.Entry::getValue)
            .findFirst();
    Optional<Identities> identities =
        captured.isPresent()
            ? Identities.load(repository, branch.graph(), branch.site(), captured.getAsLong())
            : Optional.empty();
    if (identities.isEmpty()) {
      throw new VarveException(
          ExitCode.FAILED,
          "what the new primary calls the elements of "
              + name
              + " was not kept when it was promoted",
          "varve branch export writes the branch into open files");
    }
    requirePromoted(uri, identities.get().store());
    return identities;
  }

  private void requirePromoted(TargetUri uri, String promoted) {
    String store;
    try (StoreLog log = Sources.of(uri, target.password(session)).open()) {
      store = log.identity();
    }
    if (!store.equals(promoted)) {
      throw new VarveException(
          ExitCode.FAILED,
          "%s is %s, and %s was promoted when %s was left behind; nothing was written"
              .formatted(uri, store, promoted, name),
          "name the store that was promoted");
    }
  }

  private int say(Console console, List<Branch> line, Merge.Outcome outcome) {
    if (line.size() > 1) {
      console.line(
          "%s goes on from %s, which %s not merged before: they go together",
          name,
          line.stream().limit(line.size() - 1L).map(Branch::name).collect(joining(", ")),
          line.size() == 2 ? "was" : "were");
    }
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
    object.put("branches", line.stream().map(Branch::name).toList());
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
