package dev.varve.cli;

import dev.varve.archive.Branches;
import dev.varve.archive.Chain;
import dev.varve.archive.Damage;
import dev.varve.archive.Keys;
import dev.varve.archive.Ledger;
import dev.varve.archive.Manifest;
import dev.varve.change.InexactSpan;
import dev.varve.change.VersionVector;
import dev.varve.cli.config.Config;
import dev.varve.fault.ExitCode;
import dev.varve.fault.VarveException;
import dev.varve.restore.Inexact;
import dev.varve.restore.RecoverySpan;
import dev.varve.restore.Window;
import java.io.IOException;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.function.Function;
import java.util.stream.Collectors;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** Shows what there is to restore from, and how far behind the store it is. */
@Command(
    name = "info",
    description = "Show the chain, what can be restored, how far behind it is, and damage.")
final class InfoCommand implements Callable<Integer> {

  private static final int SHOWN = 12;

  private final Session session;

  @Mixin private final ChainOptions options = new ChainOptions();

  @Option(names = "--all", description = "list every snapshot, not only the newest")
  private boolean all;

  @Option(
      names = "--offline",
      description = "ask neither the store how far behind the chain is, nor its copies")
  private boolean offline;

  InfoCommand(Session session) {
    this.session = session;
  }

  @Override
  public Integer call() throws IOException {
    ChainOptions.Chosen chosen = options.open(session);
    Chain chain = Chain.load(chosen.repository(), chosen.graph());
    Branches branches = Branches.load(chosen.repository(), chosen.graph());
    List<CopiesInfo> copies = offline ? List.of() : options.copies(session, chosen);
    if (chain.links().isEmpty() && chain.damage().isEmpty()) {
      ChainOptions.requireNothingLost(chosen, copies);
      throw new VarveException(
          ExitCode.NO_REPOSITORY,
          "there is no snapshot of graph '"
              + chosen.graph()
              + "' in "
              + chosen.repository().location(),
          "check repository.root and graph; if 'varve up' was only just started, wait for its"
              + " scan");
    }
    Set<String> damaged = chain.damage().stream().map(Damage::key).collect(Collectors.toSet());
    Shown shown =
        new Shown(
            chosen.repository().location(),
            chain,
            Window.of(chain, damaged),
            RecoverySpan.of(chain, damaged),
            lost(chain, damaged),
            ChainFigures.of(chain, damaged),
            head());
    Console console = session.console();
    say(console, shown);
    BranchesInfo.say(console, branches);
    CopiesInfo.say(console, copies);
    Map<String, Object> object = object(shown);
    Optional<HeldBackInfo> heldBack = heldBack();
    heldBack.ifPresent(held -> console.line("%s", held.text()));
    object.put("heldBack", heldBack.map(HeldBackInfo::object).orElse(null));
    object.put("branches", BranchesInfo.objects(branches));
    object.put("copies", copies.stream().map(CopiesInfo::object).toList());
    console.object(object);
    boolean whole = chain.damage().isEmpty() && branches.damage().isEmpty();
    ExitCode own = whole ? ExitCode.DONE : ExitCode.DAMAGE_FOUND;
    ExitCode all = CopiesInfo.worst(own, copies);
    return (all == ExitCode.DONE ? heldBack.map(HeldBackInfo::exitCode).orElse(all) : all).number();
  }

  /**
   * All that is shown.
   *
   * @param lost names of restore points that nothing leads to
   * @param head the number of the store's last transaction
   */
  private record Shown(
      String location,
      Chain chain,
      List<Window> windows,
      List<RecoverySpan> spans,
      Set<String> lost,
      ChainFigures figures,
      OptionalLong head) {

    /** The newest snapshot that was made from Kafka. */
    Optional<Manifest> newest() {
      return chain.head().or(chain::newest).map(Chain.Link::manifest);
    }
  }

  private static Set<String> lost(Chain chain, Set<String> damaged) {
    Function<VersionVector, Optional<Chain.Stretch>> ways = chain.waysTowards(damaged);
    Inexact inexact = Inexact.of(chain);
    return chain.restorePoints().stream()
        .filter(
            point -> ways.apply(point.vector()).isEmpty() || inexact.at(point.vector()).isPresent())
        .map(Ledger.RestorePoint::name)
        .collect(Collectors.toSet());
  }

  private void say(Console console, Shown shown) {
    Chain chain = shown.chain();
    console.line("Graph %s in %s", chain.graph(), shown.location());
    console.line("");
    console.line("Recovery window%s", shown.spans().isEmpty() ? ": none" : "");
    shown.spans().forEach(span -> sayRow(console, span));
    sayInexact(console, Inexact.of(chain).spans());
    if (!chain.restorePoints().isEmpty()) {
      console.line("");
      console.line("Restore points");
    }
    chain
        .restorePoints()
        .forEach(
            point ->
                console.line(
                    "  mark:%s  %s  vv:%s%s",
                    point.name(),
                    instant(point.committedAtMicros()),
                    point.vector(),
                    shown.lost().contains(point.name()) ? "  LOST: it cannot be restored" : ""));
    shown.newest().ifPresent(newest -> sayNewest(console, newest, shown.head()));
    sayFigures(console, shown.figures());
    sayRows(console, chain.links());
    console.line("");
    if (chain.damage().isEmpty()) {
      console.line("No damage in the manifests; 'varve verify' looks at every byte.");
    } else {
      chain.damage().forEach(damage -> console.line("DAMAGE %s", damage.text()));
      ledgerInDoubt(chain).ifPresent(console::line);
    }
  }

  /** Says that restore points are shown as an earlier ledger has them. */
  private static Optional<String> ledgerInDoubt(Chain chain) {
    long newest = chain.ledger().map(Ledger::number).orElse(0L);
    boolean inDoubt =
        chain.damage().stream()
            .map(damage -> Keys.manifestNumber(damage.key()))
            .anyMatch(number -> number.isPresent() && number.getAsLong() > newest);
    return inDoubt
        ? Optional.of(
            "What is damaged may have been a newer ledger. Restore points and what has expired are"
                + " shown "
                + (newest > 0 ? "as ledger " + newest + " has them." : "without it."))
        : Optional.empty();
  }

  private static void sayRow(Console console, RecoverySpan span) {
    if (span.continuous()) {
      console.line("  %s to %s, every moment", span.from().time(), span.to().time());
    } else if (span.cuts() > 1) {
      console.line(
          "  %s to %s, %d single moments (thinned)",
          span.from().time(), span.to().time(), span.cuts());
    } else {
      console.line("  %s only", span.to().time());
    }
    console.line("    vv:%s to vv:%s", span.from().vector(), span.to().vector());
  }

  /** Moments inside the window that a restore refuses. */
  private void sayInexact(Console console, List<InexactSpan> spans) {
    int from = all ? 0 : Math.max(0, spans.size() - SHOWN);
    if (!spans.isEmpty()) {
      console.line("  but for transactions at which the store's log lacked removals");
    }
    if (from > 0) {
      console.line("    … %d earlier ones, see --all", from);
    }
    spans.subList(from, spans.size()).forEach(span -> console.line("    %s", span));
  }

  private static void sayFigures(Console console, ChainFigures figures) {
    console.line("");
    console.line("%-11s %9s %9s %16s", "kind", "snapshots", "objects", "bytes");
    figures.kinds().forEach((kind, size) -> sayRow(console, ChainFigures.word(kind), size));
    sayRow(console, "total", figures.total());
    figures
        .writeAmplification()
        .ifPresent(
            factor ->
                console.line(
                    "Write amplification %.2f: all bytes kept, for each byte of bases and deltas",
                    factor));
    figures
        .newestRestore()
        .ifPresent(
            way ->
                console.line(
                    "A restore of the newest cut reads a base and %d deltas: %,d segments, %,d"
                        + " bytes",
                    way.steps(), way.objects(), way.bytes()));
  }

  private static void sayRow(Console console, String kind, ChainFigures.Size size) {
    console.line("%-11s %,9d %,9d %,16d", kind, size.snapshots(), size.objects(), size.bytes());
  }

  private void sayRows(Console console, List<Chain.Link> links) {
    console.line("");
    console.line(
        "%-6s %-10s %-27s %9s %9s %9s %10s",
        "number", "kind", "committed until", "vertices", "edges", "versions", "bytes");
    int from = all ? 0 : Math.max(0, links.size() - SHOWN);
    if (from > 0) {
      console.line("  … %d older ones, see --all", from);
    }
    links.subList(from, links.size()).forEach(link -> sayRow(console, link.manifest()));
  }

  private static void sayNewest(Console console, Manifest newest, OptionalLong head) {
    console.line("");
    console.line("Newest snapshot    number %d, made at %s", newest.number(), newest.createdAt());
    console.line("  holds            everything up to vv:%s", newest.to());
    console.line("  fingerprint      %s", newest.fingerprint());
    head.ifPresent(
        seq -> {
          long behind = behind(newest.to(), seq);
          console.line(
              "  behind           %s",
              behind == 0
                  ? "nothing: the store's last transaction is in it"
                  : behind
                      + " transaction numbers, "
                      + Duration.between(until(newest), Clock.systemUTC().instant()).toSeconds()
                      + " s since its last commit");
        });
  }

  private static void sayRow(Console console, Manifest manifest) {
    console.line(
        "%-6d %-10s %-27s %,9d %,9d %,9d %,10d",
        manifest.number(),
        manifest.kind().name().toLowerCase(Locale.ROOT),
        until(manifest),
        manifest.counts().vertices(),
        manifest.counts().edges(),
        manifest.counts().versions(),
        manifest.totalBytes());
  }

  /** The number of the store's last transaction; absent if it is not asked or does not answer. */
  private OptionalLong head() {
    if (offline) {
      return OptionalLong.empty();
    }
    try {
      return StoreLink.head(session.config().source());
    } catch (VarveException e) {
      return OptionalLong.empty(); // the chain is what was asked for; its lag is an extra
    }
  }

  /** What a PostgreSQL keeps for capture; absent if it is not asked. */
  private Optional<HeldBackInfo> heldBack() {
    if (offline) {
      return Optional.empty();
    }
    Config config;
    try {
      config = session.config();
    } catch (VarveException e) {
      return Optional.empty(); // a repository can be looked at without one
    }
    return config.source() instanceof Config.Age age
        ? Optional.of(HeldBackInfo.of(age))
        : Optional.empty();
  }

  private static long behind(VersionVector cut, long head) {
    long reached = cut.seqs().values().stream().mapToLong(Long::longValue).max().orElse(0);
    return Math.max(0, head - reached);
  }

  private static Instant until(Manifest manifest) {
    return instant(manifest.committed().lastMicros());
  }

  private static Instant instant(long micros) {
    return Instant.EPOCH.plus(micros, ChronoUnit.MICROS);
  }

  private static Map<String, Object> object(Shown shown) {
    Chain chain = shown.chain();
    OptionalLong head = shown.head();
    Map<String, Object> object = new LinkedHashMap<>();
    object.put("graph", chain.graph());
    object.put("repository", shown.location());
    object.put("windows", shown.windows().stream().map(InfoCommand::object).toList());
    object.put("spans", shown.spans().stream().map(InfoCommand::object).toList());
    object.put("inexact", Inexact.of(chain).spans().stream().map(InfoCommand::object).toList());
    object.put(
        "restorePoints",
        chain.restorePoints().stream()
            .map(
                point -> {
                  Map<String, Object> one = object(point);
                  one.put("restorable", !shown.lost().contains(point.name()));
                  return one;
                })
            .toList());
    Optional<Manifest> newest = shown.newest();
    object.put("newest", newest.map(InfoCommand::object).orElse(null));
    object.put(
        "behindTransactions",
        newest.isPresent() && head.isPresent()
            ? (Object) behind(newest.get().to(), head.getAsLong())
            : null);
    object.put("storeTransaction", head.isPresent() ? (Object) head.getAsLong() : null);
    object.put(
        "secondsSinceLastCommit",
        newest
            .map(last -> Duration.between(until(last), Clock.systemUTC().instant()).toSeconds())
            .orElse(null));
    object.put("figures", shown.figures().object());
    object.put("snapshots", chain.links().stream().map(link -> object(link.manifest())).toList());
    object.put("damage", chain.damage().stream().map(VerifyCommand::object).toList());
    return object;
  }

  private static Map<String, Object> object(InexactSpan span) {
    return Map.of("site", span.site().toString(), "first", span.first(), "last", span.last());
  }

  static Map<String, Object> object(RecoverySpan span) {
    Map<String, Object> object = new LinkedHashMap<>();
    object.put("from", span.from().time().toString());
    object.put("to", span.to().time().toString());
    object.put("fromVector", span.from().vector().toString());
    object.put("toVector", span.to().vector().toString());
    object.put("continuous", span.continuous());
    object.put("cuts", span.cuts());
    return object;
  }

  static Map<String, Object> object(Ledger.RestorePoint point) {
    Map<String, Object> object = new LinkedHashMap<>();
    object.put("name", point.name());
    object.put("vector", point.vector().toString());
    object.put(
        "committedAt", Instant.EPOCH.plus(point.committedAtMicros(), ChronoUnit.MICROS).toString());
    object.put("setAt", point.setAt().toString());
    return object;
  }

  private static Map<String, Object> object(Window window) {
    Map<String, Object> object = new LinkedHashMap<>();
    object.put("from", window.fromTime().toString());
    object.put("to", window.toTime().toString());
    object.put("fromVector", window.from().toString());
    object.put("toVector", window.to().toString());
    object.put("base", window.base().manifest().number());
    object.put("deltas", window.deltas().size());
    return object;
  }

  private static Map<String, Object> object(Manifest manifest) {
    Map<String, Object> object = new LinkedHashMap<>();
    object.put("number", manifest.number());
    object.put("kind", manifest.kind().name().toLowerCase(Locale.ROOT));
    object.put("to", manifest.to().toString());
    object.put("committedUntil", until(manifest).toString());
    object.put("createdAt", manifest.createdAt().toString());
    object.put("vertices", manifest.counts().vertices());
    object.put("edges", manifest.counts().edges());
    object.put("versions", manifest.counts().versions());
    object.put("transactions", manifest.counts().transactions());
    object.put("bytes", manifest.totalBytes());
    object.put("fingerprint", manifest.fingerprint().toString());
    return object;
  }
}
