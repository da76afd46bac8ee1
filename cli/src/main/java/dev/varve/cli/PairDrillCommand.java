package dev.varve.cli;

import dev.varve.archive.Repositories;
import dev.varve.cdc.age.AgeSettings;
import dev.varve.cli.config.Config;
import dev.varve.cli.drill.AgeStore;
import dev.varve.cli.drill.ConfiguredPair;
import dev.varve.cli.drill.HtmlReport;
import dev.varve.cli.drill.Neo4jStore;
import dev.varve.cli.drill.Objectives;
import dev.varve.cli.drill.Outcome;
import dev.varve.cli.drill.PairDrill;
import dev.varve.cli.drill.PairPlan;
import dev.varve.cli.drill.Store;
import dev.varve.cli.failover.Hook;
import dev.varve.fault.ExitCode;
import dev.varve.fault.VarveException;
import dev.varve.restore.TargetUri;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.stream.Collectors;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** Has the configured pair broken, and measures it. */
@Command(
    name = "pair",
    description = {
      "BREAK THE CONFIGURED PAIR by a command of yours while a client writes to it, and report",
      "how long it took and what was lost. It is mended by another command, whatever happens.",
      "For a test pair: all checks are made first, but what --break does is real.",
      "Exit code 3 if an objective is missed, 2 if something is damaged or not equal, 1 if it failed."
    },
    footer = {
      "",
      "Example: varve drill pair --target bolt://neo4j@standby:7687 --announced /srv/primary.json \\",
      "  --break 'ssh primary sudo systemctl kill -s KILL neo4j' --mend 'ssh new sudo start-capture' \\",
      "  --rto 30s --rpo 1s --yes-break orders"
    })
final class PairDrillCommand implements Callable<Integer> {

  private static final String HTTP = "https?://.*";

  private final Session session;

  @Option(
      names = "--break",
      paramLabel = "COMMAND|URL",
      required = true,
      description = {
        "what breaks it: a command for the shell, which has to end with 0, or an address that is",
        "posted to; both are told what goes on, as promote.fence is"
      })
  private String breaking = "";

  @Option(
      names = "--mend",
      paramLabel = "COMMAND|URL",
      description = {
        "what mends it: run once after --break, whatever happened, also on Ctrl-C; it is told the",
        "new primary in VARVE_HOOK_NEW_PRIMARY, if there is one"
      })
  private Optional<String> mending = Optional.empty();

  @Option(
      names = "--yes-break",
      paramLabel = "GRAPH",
      description = "the name of the graph whose pair is broken; without it nothing is done")
  private Optional<String> agreed = Optional.empty();

  @Mixin private final TargetOptions target = new TargetOptions();

  @Option(
      names = "--announced",
      paramLabel = "FILE|URL",
      description = {
        "where the client learns who the primary is: the file of promote.announce, or",
        "http://OBSERVER:7490/primary"
      })
  private Optional<String> announced = Optional.empty();

  @Option(
      names = "--no-promotion",
      description = {
        "the primary lives, and what follows it is broken: recovered when the chain (and the",
        "standby, with --target) holds what had been acknowledged when it was mended"
      })
  private boolean unpromoted;

  @Option(
      names = "--lasts",
      paramLabel = "DURATION",
      description = "with --no-promotion: how long it stays broken; 10s if not said")
  private Optional<String> lasts = Optional.empty();

  @Option(
      names = "--within",
      paramLabel = "DURATION",
      defaultValue = "5m",
      description = {
        "how long the promotion may take, and chain and standby to catch up; 5m if not said"
      })
  private String within = "";

  @Option(
      names = "--rto",
      paramLabel = "DURATION",
      description = "how long it may take until it is recovered")
  private Optional<String> rto = Optional.empty();

  @Option(
      names = "--rpo",
      paramLabel = "NUMBER|DURATION",
      description = "how many transactions may be lost, or how far back they may reach")
  private Optional<String> rpo = Optional.empty();

  @Option(
      names = {"--writes-per-second", "--rate"},
      paramLabel = "NUMBER",
      description = "how often the client writes, as far as the pair can; 50 if not said")
  private double writesPerSecond = FailoverDrillCommand.WRITES_PER_SECOND;

  @Option(
      names = "--prove",
      negatable = true,
      defaultValue = "true",
      fallbackValue = "true",
      description = {
        "restore the chain in the end, once the new primary is captured, and compare it with the",
        "new primary, as a client reads it; nobody else may write meanwhile"
      })
  private boolean prove = true;

  @Option(
      names = "--scratch",
      paramLabel = "DIR",
      description = "where the chain is restored to for that; the system's temporary directory")
  private Path scratch = Path.of(System.getProperty("java.io.tmpdir"));

  @Option(names = "--keep", description = "leave what the client wrote, vertices :VarveDrill…")
  private boolean keep;

  @Option(names = "--html", paramLabel = "FILE", description = "write the report as a page too")
  private Optional<Path> html = Optional.empty();

  PairDrillCommand(Session session) {
    this.session = session;
  }

  @Override
  public Integer call() throws IOException {
    Config config = session.config();
    Objectives objectives = Objectives.parse(rto, rpo);
    PairPlan plan = plan(config);
    if (!agreed.equals(Optional.of(config.graph()))) {
      throw refused(config.graph(), plan);
    }
    Console console = session.console();
    Outcome outcome =
        objectives.judge(new PairDrill(plan, Clock.systemUTC(), console::status).run());
    console.clear();
    OutcomeView.say(console, outcome);
    html.ifPresent(
        file -> HtmlReport.write(file, config.graph(), plan.described(), List.of(outcome)));
    ExitCode exitCode = OutcomeView.exitCode(List.of(outcome));
    Map<String, Object> object = new LinkedHashMap<>();
    object.put("settings", plan.described());
    object.put("scenarios", List.of(outcome.object()));
    object.put("exitCode", exitCode.number());
    console.object(object);
    return exitCode.number();
  }

  /** Without a connection to anything. */
  private PairPlan plan(Config config) throws IOException {
    if (!(writesPerSecond > 0)) {
      throw usage("--writes-per-second must be > 0, got " + writesPerSecond, "leave it out for 50");
    }
    html.ifPresent(PairDrillCommand::requireWritable);
    Store primary = primary(config.source());
    Optional<Store> standby = standby(config.source());
    Duration hookTimeout = config.promote().hookTimeout();
    return new PairPlan(
        new ConfiguredPair(
            config.graph(),
            primary,
            Repositories.open(config.repository()),
            config.compact().flushEvery()),
        unpromoted ? endured(standby) : promoted(standby),
        hook("--break", breaking, hookTimeout),
        mending.map(line -> hook("--mend", line, hookTimeout)),
        writesPerSecond,
        duration("--within", within),
        prove,
        keep,
        scratch);
  }

  private PairPlan.Way endured(Optional<Store> standby) {
    if (announced.isPresent()) {
      throw usage("with --no-promotion no other primary is announced", "leave one of the two out");
    }
    return new PairPlan.Unpromoted(
        standby, lasts.map(text -> duration("--lasts", text)).orElse(Duration.ofSeconds(10)));
  }

  private PairPlan.Way promoted(Optional<Store> standby) {
    if (lasts.isPresent()) {
      throw usage(
          "--lasts goes with --no-promotion: else --mend is run when the new primary serves",
          "leave it out");
    }
    String where =
        announced.orElseThrow(
            () ->
                usage(
                    "no --announced is given",
                    "name the file of promote.announce, or http://OBSERVER:7490/primary; if the"
                        + " primary is not lost, say --no-promotion"));
    if (where.matches(HTTP)) {
      uri("--announced", where);
    }
    return new PairPlan.Promoted(
        standby.orElseThrow(
            () ->
                usage(
                    "no --target is given",
                    "name the standby, as bolt://neo4j@standby:7687 or"
                        + " age:postgresql://postgres@standby/database/graph: it is looked at"
                        + " before anything is broken")),
        where);
  }

  private static Store primary(Config.Source source) {
    if (source instanceof Config.Age age) {
      return AgeStore.of(age.settings());
    }
    Config.Neo4j neo4j = (Config.Neo4j) source;
    return new Neo4jStore(
        neo4j.uri(), neo4j.user(), neo4j.password(), Optional.of(neo4j.database()));
  }

  /** Entered as the primary is, where nothing else is said. */
  private Optional<Store> standby(Config.Source source) {
    return target
        .uri()
        .map(
            uri ->
                source instanceof Config.Age age
                    ? ofAge(uri, age.settings())
                    : ofNeo4j(uri, (Config.Neo4j) source));
  }

  private Store ofNeo4j(TargetUri uri, Config.Neo4j source) {
    if (uri instanceof TargetUri.Bolt bolt) {
      return new Neo4jStore(
          bolt.server().toString(),
          bolt.user().or(source::user),
          target.password(session).or(source::password),
          bolt.database());
    }
    throw usage(
        uri + " is no running Neo4j, as the primary is", "name one as bolt://neo4j@standby:7687");
  }

  private Store ofAge(TargetUri uri, AgeSettings source) {
    if (uri instanceof TargetUri.Age age) {
      return new AgeStore(
          age.as(age.user().or(source::user)), target.password(session).or(source::password));
    }
    throw usage(
        uri + " is no graph in PostgreSQL, as the primary is",
        "name one as age:postgresql://postgres@standby/database/graph");
  }

  private static Hook hook(String option, String line, Duration timeout) {
    if (line.isBlank()) {
      throw usage(option + " is empty", "give a command, or an address that is posted to");
    }
    if (line.matches(HTTP)) {
      uri(option, line);
    }
    return new Hook(option, line, timeout);
  }

  private static void uri(String option, String text) {
    try {
      URI.create(text);
    } catch (IllegalArgumentException e) {
      throw usage(option + " '" + text + "' is no address: " + e.getMessage(), "correct it");
    }
  }

  private static Duration duration(String option, String text) {
    return Config.duration(text)
        .filter(duration -> duration.toMillis() > 0)
        .orElseThrow(
            () ->
                usage(
                    "cannot read " + option + " '" + text + "'",
                    "write a number and a unit, as 30s, 5m"));
  }

  private static void requireWritable(Path file) {
    Path directory = file.toAbsolutePath().getParent();
    if (directory == null || !Files.isWritable(directory) || Files.isDirectory(file)) {
      throw usage(
          "cannot write the report to " + file, "name a file in a directory that you may write to");
    }
  }

  private static VarveException refused(String graph, PairPlan plan) {
    return usage(
        "this breaks the pair of graph '%s' in earnest, and nothing was done; it would:%n%s"
            .formatted(
                graph,
                plan.words().stream()
                    .map(line -> "  - " + line)
                    .collect(Collectors.joining(System.lineSeparator()))),
        "if that is what you want, and it is a test pair, add --yes-break " + graph);
  }

  private static VarveException usage(String what, String hint) {
    return new VarveException(ExitCode.USAGE, what, hint);
  }
}
