package dev.varve.cli;

import dev.varve.archive.Chain;
import dev.varve.archive.Repository.Upload;
import dev.varve.compact.Expire;
import dev.varve.compact.ExpirePlan;
import dev.varve.compact.LedgerBook;
import dev.varve.fault.ExitCode;
import dev.varve.fault.VarveException;
import dev.varve.restore.Window;
import java.io.IOException;
import java.nio.file.Files;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.format.DateTimeParseException;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** Removes what need not be kept. */
@Command(
    name = "expire",
    description = {
      "Remove what need not be kept. A chain is a base or checkpoint and what follows it.",
      "Given both options, what either keeps is kept; given none, the configuration decides. Restore"
          + " points keep what they need."
    })
final class ExpireCommand implements Callable<Integer> {

  private final Session session;

  @Mixin private final ChainOptions chain = new ChainOptions();

  @Option(names = "--keep-chains", paramLabel = "N", description = "keep the newest N chains")
  private Optional<Integer> keepChains = Optional.empty();

  @Option(
      names = "--keep-for",
      paramLabel = "P30D",
      description = "keep what is needed to restore to any moment in this time")
  private Optional<String> keepFor = Optional.empty();

  @Option(names = "--dry-run", description = "show what would go; remove nothing")
  private boolean dryRun;

  ExpireCommand(Session session) {
    this.session = session;
  }

  @Override
  public Integer call() throws IOException {
    ChainOptions.Chosen chosen = chain.open(session);
    ExpirePlan.Policy policy = policy();
    Clock clock = Clock.systemUTC();
    if (dryRun) {
      say(
          chosen,
          Expire.plan(chosen.repository(), chosen.graph(), policy, clock.instant()),
          Expire.leftUploads(chosen.repository(), chosen.graph(), policy));
      return ExitCode.DONE.number();
    }
    Expire.Removed removed =
        Expire.run(
            chosen.repository(),
            chosen.graph(),
            policy,
            LedgerBook.open(chosen.repository(), "expire"),
            clock);
    say(chosen, removed);
    return (removed.refused().isEmpty() ? ExitCode.DONE : ExitCode.DONE_WITH_PROBLEMS).number();
  }

  private ExpirePlan.Policy policy() {
    Optional<ExpirePlan.Policy> configured =
        Files.exists(session.configFile())
            ? Optional.of(session.config().compact().retention())
            : Optional.empty();
    if (keepChains.isEmpty() && keepFor.isEmpty()) {
      return configured.orElse(ExpirePlan.Policy.EVERYTHING);
    }
    if (keepChains.isPresent() && keepChains.get() < 1) {
      throw new VarveException(
          ExitCode.USAGE,
          "--keep-chains must be 1 or more, got " + keepChains.get(),
          "one chain is the least that a graph can be restored from");
    }
    return new ExpirePlan.Policy(
        keepChains,
        keepFor.map(ExpireCommand::duration),
        configured.flatMap(ExpirePlan.Policy::keepFine),
        ExpirePlan.STANDBY,
        configured.map(ExpirePlan.Policy::uploadAge).orElse(ExpirePlan.Policy.UPLOAD_AGE));
  }

  private static Duration duration(String text) {
    try {
      Duration duration = Duration.parse(text.startsWith("P") ? text : "P" + text);
      if (!duration.isNegative() && !duration.isZero()) {
        return duration;
      }
    } catch (DateTimeParseException e) {
      // said below
    }
    throw new VarveException(
        ExitCode.USAGE,
        "--keep-for must be a duration as in ISO 8601, got '" + text + "'",
        "such as P30D for thirty days, PT36H for thirty-six hours");
  }

  private void say(ChainOptions.Chosen chosen, ExpirePlan plan, List<Upload> uploads) {
    Console console = session.console();
    if (plan.isEmpty()) {
      console.line("Nothing would expire.");
    } else {
      console.line(
          "%d entries would expire: %d snapshots with %,d objects of %,d bytes",
          plan.numbers().size(), plan.gone().size(), plan.objects(), plan.bytes());
      console.line("  numbers %s", ranges(plan));
    }
    uploads.forEach(
        upload ->
            console.line(
                "An upload of %s, begun at %s, has not ended and would be given up",
                upload.key(), upload.begunAt()));
    sayWindows(console, "Recovery window now", plan.before());
    sayWindows(console, "Recovery window then", plan.after());
    Map<String, Object> object = object(chosen, plan);
    object.put("uploads", uploads.stream().map(ExpireCommand::object).toList());
    object.put("dryRun", true);
    console.object(object);
  }

  private void say(ChainOptions.Chosen chosen, Expire.Removed removed) {
    Console console = session.console();
    console.line(
        "Removed %,d objects of %,d bytes, %,d of them left by failed attempts",
        removed.objects(), removed.bytes(), removed.orphans());
    removed
        .uploads()
        .forEach(
            upload ->
                console.line(
                    "Gave up an upload of %s, begun at %s, that had not ended",
                    upload.key(), upload.begunAt()));
    Map<String, Object> object = new LinkedHashMap<>();
    if (removed.plan().isPresent()) {
      ExpirePlan plan = removed.plan().get();
      sayWindows(console, "Recovery window", plan.after());
      object.putAll(object(chosen, plan));
    }
    removed.refused().forEach(refused -> console.line("NOT REMOVED %s", refused));
    object.put("objectsRemoved", removed.objects());
    object.put("bytesRemoved", removed.bytes());
    object.put("orphansRemoved", removed.orphans());
    object.put("uploads", removed.uploads().stream().map(ExpireCommand::object).toList());
    object.put("refused", removed.refused());
    console.object(object);
  }

  private static Map<String, Object> object(ChainOptions.Chosen chosen, ExpirePlan plan) {
    Map<String, Object> object = new LinkedHashMap<>();
    object.put("graph", chosen.graph());
    object.put("expired", List.copyOf(plan.numbers()));
    object.put("snapshots", plan.gone().size());
    object.put("objects", plan.objects());
    object.put("bytes", plan.bytes());
    object.put("windowsBefore", spans(plan.before()).stream().map(Span::object).toList());
    object.put("windowsAfter", spans(plan.after()).stream().map(Span::object).toList());
    return object;
  }

  private static Map<String, String> object(Upload upload) {
    return Map.of("key", upload.key(), "begunAt", upload.begunAt().toString());
  }

  private static void sayWindows(Console console, String title, Chain chain) {
    List<Span> spans = spans(chain);
    console.line("%s%s", title, spans.isEmpty() ? ": none" : "");
    spans.forEach(span -> console.line("  %s to %s", span.from(), span.to()));
  }

  /** A part of the recovery window; thinned or not. */
  private record Span(Instant from, Instant to) {
    Map<String, Object> object() {
      Map<String, Object> object = new LinkedHashMap<>();
      object.put("from", from.toString());
      object.put("to", to.toString());
      return object;
    }
  }

  private static List<Span> spans(Chain chain) {
    List<Span> spans = new ArrayList<>();
    Window.of(chain, Set.of()).stream()
        .map(window -> new Span(window.fromTime(), window.toTime()))
        .sorted(Comparator.comparing(Span::from))
        .forEach(
            next -> {
              Span last = spans.isEmpty() ? null : spans.get(spans.size() - 1);
              if (last == null || next.from().isAfter(last.to())) {
                spans.add(next);
              } else if (next.to().isAfter(last.to())) {
                spans.set(spans.size() - 1, new Span(last.from(), next.to()));
              }
            });
    return spans;
  }

  private static String ranges(ExpirePlan plan) {
    List<String> ranges = new ArrayList<>();
    long first = -1;
    long last = -1;
    for (long number : plan.numbers()) {
      if (first >= 0 && number != last + 1) {
        ranges.add(first == last ? "" + first : first + "-" + last);
        first = -1;
      }
      first = first < 0 ? number : first;
      last = number;
    }
    ranges.add(first == last ? "" + first : first + "-" + last);
    return String.join(", ", ranges);
  }
}
