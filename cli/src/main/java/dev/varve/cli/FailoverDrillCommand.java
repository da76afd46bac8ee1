package dev.varve.cli;

import dev.varve.cli.config.Config;
import dev.varve.cli.drill.FailoverDrill;
import dev.varve.cli.drill.HtmlReport;
import dev.varve.cli.drill.Objectives;
import dev.varve.cli.drill.Outcome;
import dev.varve.cli.drill.Scenario;
import dev.varve.fault.ExitCode;
import dev.varve.fault.VarveException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.stream.Collectors;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Breaks a pair that is made for it, in one way after the other. */
@Command(
    name = "failover",
    description = {
      "Make a pair of stores with everything that Varve needs, write to it, break it in one way",
      "after the other, and report how long it took and what was lost. Nothing of yours is touched.",
      "Exit code 3 if an objective is missed or a scenario is not possible here, 2 if something is",
      "damaged or not equal, 1 if a scenario failed."
    },
    footer = {"", "Example: varve drill failover primary-killed primary-frozen --rto 15s --rpo 0"})
final class FailoverDrillCommand implements Callable<Integer> {

  static final double WRITES_PER_SECOND = 50;

  private final Session session;

  @Parameters(
      paramLabel = "SCENARIO",
      arity = "0..*",
      description = "which; all if none is named, --list says what there is")
  private List<String> names = List.of();

  @Option(names = "--list", description = "say which scenarios there are, and do nothing")
  private boolean list;

  @Option(
      names = "--rto",
      paramLabel = "DURATION",
      description = "how long each may take until it is recovered")
  private Optional<String> rto = Optional.empty();

  @Option(
      names = "--rpo",
      paramLabel = "NUMBER|DURATION",
      description = "how many transactions may be lost in each, or how far back they may reach")
  private Optional<String> rpo = Optional.empty();

  @Option(
      names = "--writes-per-second",
      paramLabel = "NUMBER",
      description = "how often the client writes, as far as the machine can; 50 if not said")
  private double writesPerSecond = WRITES_PER_SECOND;

  @Option(
      names = "--seed",
      paramLabel = "NUMBER",
      defaultValue = "1",
      description = "varies what is written, which broker is killed, and what is random")
  private long seed = 1;

  @Option(
      names = "--random",
      paramLabel = "ROUNDS",
      description = {
        "so many rounds of faults at random moments, several at once, drawn from the seed;",
        "if no scenario is named these alone"
      })
  private int rounds;

  @Option(
      names = "--observe-timeout",
      paramLabel = "DURATION",
      defaultValue = "2s",
      description = {
        "how long observers wait for an answer, 2s if not said: longer on a busy machine,",
        "so that they do not see the primary down when it is only slow"
      })
  private String observeTimeout = "2s";

  @Option(
      names = "--scratch",
      paramLabel = "DIR",
      description = "where the pair is made; the system's temporary directory")
  private Path scratch = Path.of(System.getProperty("java.io.tmpdir"));

  @Option(names = "--keep", description = "leave the pair's files and logs there")
  private boolean keep;

  @Option(names = "--html", paramLabel = "FILE", description = "write the report as a page too")
  private Optional<Path> html = Optional.empty();

  FailoverDrillCommand(Session session) {
    this.session = session;
  }

  @Override
  public Integer call() throws IOException {
    Console console = session.console();
    if (list) {
      return list(console);
    }
    if (!(writesPerSecond > 0)) {
      throw new VarveException(
          ExitCode.USAGE,
          "--writes-per-second must be > 0, got " + writesPerSecond,
          "leave it out for 50");
    }
    if (rounds < 0) {
      throw new VarveException(
          ExitCode.USAGE, "--random must be >= 0, got " + rounds, "say how many rounds");
    }
    Duration timeout =
        Config.duration(observeTimeout)
            .filter(duration -> duration.toMillis() > 0)
            .orElseThrow(
                () ->
                    new VarveException(
                        ExitCode.USAGE,
                        "cannot read --observe-timeout '" + observeTimeout + "'",
                        "write a number and a unit, as 500ms, 2s"));
    Objectives objectives = Objectives.parse(rto, rpo);
    List<Scenario> scenarios = chosen();
    Path home = session.servers().home();
    Path directory = Files.createTempDirectory(scratch.toAbsolutePath(), "varve-drill-");
    List<Outcome> outcomes = new ArrayList<>();
    try (FailoverDrill drill =
        new FailoverDrill(
            new FailoverDrill.Setting(
                home, directory, scenarios, writesPerSecond, seed, timeout, keep),
            Clock.systemUTC())) {
      drill.run(
          new FailoverDrill.Audience(
              console::status,
              outcome -> {
                Outcome judged = objectives.judge(outcome);
                outcomes.add(judged);
                OutcomeView.say(console, judged);
                html.ifPresent(
                    file -> HtmlReport.write(file, "drill", drill.described(), outcomes));
              }));
      console.clear();
      ExitCode exitCode = OutcomeView.exitCode(outcomes);
      say(console, outcomes);
      if (keep) {
        console.line("Kept in %s", directory);
      }
      Map<String, Object> object = new LinkedHashMap<>();
      object.put("settings", drill.described());
      object.put("scenarios", outcomes.stream().map(Outcome::object).toList());
      object.put("exitCode", exitCode.number());
      console.object(object);
      return exitCode.number();
    }
  }

  private List<Scenario> chosen() {
    List<Scenario> scenarios = new ArrayList<>();
    for (String name : names) {
      scenarios.add(
          Scenario.named(name)
              .orElseThrow(
                  () ->
                      new VarveException(
                          ExitCode.USAGE,
                          "there is no scenario '" + name + "'",
                          "there are "
                              + Scenario.all().stream()
                                  .map(Scenario::name)
                                  .collect(Collectors.joining(", ")))));
    }
    if (scenarios.isEmpty() && rounds == 0) {
      return Scenario.all();
    }
    List<Scenario> chosen = new ArrayList<>(scenarios.stream().distinct().toList());
    chosen.addAll(Scenario.random(seed, rounds, scenarios.isEmpty(), repeatedBy()));
    return chosen;
  }

  private String repeatedBy() {
    List<String> words = new ArrayList<>(List.of("varve drill failover"));
    words.addAll(names);
    words.add("--random " + rounds + " --seed " + seed);
    if (writesPerSecond != WRITES_PER_SECOND) {
      words.add("--writes-per-second " + writesPerSecond);
    }
    return String.join(" ", words);
  }

  private static int list(Console console) {
    Scenario.all().forEach(scenario -> console.line("%-20s %s", scenario.name(), scenario.what()));
    console.object(
        Map.of(
            "scenarios",
            Scenario.all().stream()
                .map(scenario -> Map.of("name", scenario.name(), "what", scenario.what()))
                .toList()));
    return ExitCode.DONE.number();
  }

  private static void say(Console console, List<Outcome> outcomes) {
    console.line("");
    console.line("%-20s %10s  %-42s %s", "scenario", "RTO", "RPO", "");
    for (Outcome outcome : outcomes) {
      console.line(
          "%-20s %10s  %-42s %s",
          outcome.scenario(),
          outcome.rtoText(),
          outcome.rpo().text(),
          outcome.good()
              ? "equal"
              : outcome
                  .ending()
                  .why()
                  .map(why -> outcome.ending().word())
                  .orElse(outcome.different() ? "NOT EQUAL" : "missed"));
    }
  }
}
