package dev.varve.cli;

import dev.varve.archive.Branches;
import dev.varve.archive.Chain;
import dev.varve.archive.History;
import dev.varve.change.Transaction;
import dev.varve.fault.ExitCode;
import dev.varve.fault.VarveException;
import java.io.IOException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** Lists transactions. */
@Command(
    name = "log",
    description = {
      "List transactions, the newest first: when each was committed, by whom, and how many elements",
      "of which labels it created, updated and removed."
    })
final class LogCommand implements Callable<Integer> {

  private static final int LIMIT_MAX = 100_000;

  private final Session session;

  @Mixin private final ChainOptions options = new ChainOptions();

  @Option(
      names = "--limit",
      paramLabel = "N",
      defaultValue = "20",
      description = "how many at most; 20 if not said")
  private int limit;

  @Option(
      names = "--branch",
      paramLabel = "NAME",
      description = "those of a branch, as 'varve info' lists them, not of the chain")
  private Optional<String> branch = Optional.empty();

  LogCommand(Session session) {
    this.session = session;
  }

  @Override
  public Integer call() throws IOException {
    if (limit < 1 || limit > LIMIT_MAX) {
      throw new VarveException(
          ExitCode.USAGE, "--limit is " + limit, "say a number from 1 to " + LIMIT_MAX);
    }
    ChainOptions.Chosen chosen = options.open(session);
    List<Transaction> transactions = transactions(chosen);
    Console console = session.console();
    transactions.forEach(transaction -> say(console, transaction));
    if (transactions.isEmpty()) {
      console.line("No transactions");
    }
    Map<String, Object> object = new LinkedHashMap<>();
    object.put("graph", chosen.graph());
    object.put("branch", branch.orElse(null));
    object.put("transactions", transactions.stream().map(LogCommand::object).toList());
    console.object(object);
    return ExitCode.DONE.number();
  }

  private List<Transaction> transactions(ChainOptions.Chosen chosen) throws IOException {
    if (branch.isPresent()) {
      Branches branches = Branches.load(chosen.repository(), chosen.graph());
      return History.of(branches.named(branch.get()), chosen.repository(), limit);
    }
    Chain chain = Chain.load(chosen.repository(), chosen.graph());
    if (chain.links().isEmpty() && chain.damage().isEmpty()) {
      throw new VarveException(
          ExitCode.NO_REPOSITORY,
          "there is no snapshot of graph '%s' in %s"
              .formatted(chosen.graph(), chosen.repository().location()),
          "check repository.root and graph");
    }
    return History.of(chain, chosen.repository(), limit);
  }

  private static void say(Console console, Transaction transaction) {
    console.line(
        "tx:%s/%d  %s%s",
        transaction.site(),
        transaction.seq(),
        BranchesInfo.instant(transaction.committedAtMicros()),
        transaction.user().map(user -> "  " + user).orElse(""));
    transaction.counts().forEach(count -> console.line("    %s", text(count)));
    transaction
        .schema()
        .ifPresent(
            schema ->
                console.line(
                    "    indexes and constraints: %d made, %d dropped",
                    schema.added().size(), schema.dropped().size()));
    transaction.metadata().forEach((key, value) -> console.line("    %s: %s", key, value));
  }

  private static String text(Transaction.Count count) {
    List<String> parts = new ArrayList<>();
    add(parts, count.created(), "created");
    add(parts, count.updated(), "updated");
    add(parts, count.removed(), "removed");
    return "%s %s: %s"
        .formatted(
            word(count),
            count.label().isEmpty() ? "(none)" : count.label(),
            String.join(", ", parts));
  }

  private static void add(List<String> parts, long number, String what) {
    if (number > 0) {
      parts.add("%,d %s".formatted(number, what));
    }
  }

  private static String word(Transaction.Count count) {
    return count.kind().name().toLowerCase(Locale.ROOT);
  }

  private static Map<String, Object> object(Transaction transaction) {
    Map<String, Object> object = new LinkedHashMap<>();
    object.put("site", transaction.site().toString());
    object.put("seq", transaction.seq());
    object.put("committedAt", BranchesInfo.instant(transaction.committedAtMicros()).toString());
    object.put("user", transaction.user().orElse(null));
    object.put("metadata", transaction.metadata());
    object.put("counts", transaction.counts().stream().map(LogCommand::object).toList());
    object.put(
        "schema",
        transaction
            .schema()
            .map(
                schema ->
                    Map.of(
                        "whole", schema.whole(),
                        "added", schema.added().stream().map(rule -> rule.name()).toList(),
                        "dropped", schema.dropped()))
            .orElse(null));
    return object;
  }

  private static Map<String, Object> object(Transaction.Count count) {
    Map<String, Object> object = new LinkedHashMap<>();
    object.put("kind", word(count));
    object.put("label", count.label());
    object.put("created", count.created());
    object.put("updated", count.updated());
    object.put("removed", count.removed());
    return object;
  }
}
