package dev.varve.cli;

import dev.varve.archive.Chain;
import dev.varve.archive.Damage;
import dev.varve.archive.Ledger;
import dev.varve.archive.Manifest;
import dev.varve.change.VersionVector;
import dev.varve.cli.config.Config;
import dev.varve.fault.ExitCode;
import dev.varve.fault.VarveException;
import dev.varve.restore.RecoverySpan;
import dev.varve.restore.Window;
import java.io.IOException;
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
import java.util.stream.Collectors;
import org.neo4j.driver.exceptions.Neo4jException;
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

  @Option(names = "--offline", description = "do not ask the store how far behind the chain is")
  private boolean offline;

  InfoCommand(Session session) {
    this.session = session;
  }

  @Override
  public Integer call() throws IOException {
    ChainOptions.Chosen chosen = options.open(session);
    Chain chain = Chain.load(chosen.repository(), chosen.graph());
    if (chain.links().isEmpty() && chain.damage().isEmpty()) {
      throw new VarveException(
          ExitCode.NO_REPOSITORY,
          "there is no snapshot of graph '"
              + chosen.graph()
              + "' in "
              + chosen.repository().location(),
          "check repository.root and graph; if 'varve up' was only just started, wait for its"
              + " scan");
    }
    List<Damage> damage = chain.damage();
    Set<String> damaged = damage.stream().map(Damage::key).collect(Collectors.toSet());
    List<Window> windows = Window.of(chain, damaged);
    OptionalLong head = head();
    List<CopiesInfo> copies =
        offline
            ? List.of()
            : CopiesInfo.of(
                Config.copies(session.configFile(), session.environment()),
                chosen.repository(),
                chosen.graph());
    Console console = session.console();
    say(console, chosen, chain, windows, head);
    copies.forEach(
        copy -> console.line("Copy %s in %s: %s", copy.name(), copy.location(), copy.text()));
    Map<String, Object> object = object(chosen, chain, windows, head);
    object.put("copies", copies.stream().map(CopiesInfo::object).toList());
    console.object(object);
    return (damage.isEmpty() ? ExitCode.DONE : ExitCode.DAMAGE_FOUND).number();
  }

  private void say(
      Console console,
      ChainOptions.Chosen chosen,
      Chain chain,
      List<Window> windows,
      OptionalLong head) {
    console.line("Graph %s in %s", chain.graph(), chosen.repository().location());
    console.line("");
    console.line("Recovery window%s", windows.isEmpty() ? ": none" : "");
    windows.forEach(w -> console.line("  %s to %s", w.fromTime(), w.toTime()));
    windows.forEach(w -> console.line("  vv:%s to vv:%s", w.from(), w.to()));
    chain.newest().ifPresent(newest -> sayNewest(console, newest.manifest(), head));
    console.line("");
    console.line(
        "%-6s %-10s %-27s %9s %9s %9s %10s",
        "number", "kind", "committed until", "vertices", "edges", "versions", "bytes");
    List<Chain.Link> links = chain.links();
    int from = all ? 0 : Math.max(0, links.size() - SHOWN);
    if (from > 0) {
      console.line("  … %d older ones, see --all", from);
    }
    links.subList(from, links.size()).forEach(link -> sayRow(console, link.manifest()));
    console.line("");
    if (chain.damage().isEmpty()) {
      console.line("No damage in the manifests; 'varve verify' looks at every byte.");
    } else {
      chain.damage().forEach(damage -> console.line("DAMAGE %s", damage.text()));
    }
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
                      + Duration.between(until(newest), Instant.now()).toSeconds()
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
      Config config = session.config();
      try (StoreLink link = StoreLink.to(config.source())) {
        return OptionalLong.of(link.status().newest());
      }
    } catch (VarveException | Neo4jException | IllegalArgumentException e) {
      return OptionalLong.empty(); // the chain is what was asked for; its lag is an extra
    }
  }

  private static long behind(VersionVector cut, long head) {
    long reached = cut.seqs().values().stream().mapToLong(Long::longValue).max().orElse(0);
    return Math.max(0, head - reached);
  }

  private static Instant until(Manifest manifest) {
    return Instant.EPOCH.plus(manifest.committed().lastMicros(), ChronoUnit.MICROS);
  }

  private static Map<String, Object> object(
      ChainOptions.Chosen chosen, Chain chain, List<Window> windows, OptionalLong head) {
    Map<String, Object> object = new LinkedHashMap<>();
    object.put("graph", chain.graph());
    object.put("repository", chosen.repository().location());
    object.put("windows", windows.stream().map(InfoCommand::object).toList());
    Optional<Manifest> newest = chain.newest().map(Chain.Link::manifest);
    object.put("newest", newest.map(InfoCommand::object).orElse(null));
    object.put(
        "behindTransactions",
        newest.isPresent() && head.isPresent()
            ? (Object) behind(newest.get().to(), head.getAsLong())
            : null);
    object.put("storeTransaction", head.isPresent() ? (Object) head.getAsLong() : null);
    object.put("snapshots", chain.links().stream().map(link -> object(link.manifest())).toList());
    object.put("damage", chain.damage().stream().map(VerifyCommand::object).toList());
    return object;
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
