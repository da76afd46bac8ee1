package dev.varve.cli;

import dev.varve.archive.Branch;
import dev.varve.archive.Repositories;
import dev.varve.archive.Repository;
import dev.varve.cdc.Remainder;
import dev.varve.cli.config.Config;
import dev.varve.cli.failover.LaidDown;
import dev.varve.cli.failover.Promoter;
import dev.varve.cli.failover.SetAside;
import dev.varve.cli.failover.StandbySeat;
import dev.varve.cli.pipeline.Sources;
import dev.varve.fault.ExitCode;
import dev.varve.fault.VarveException;
import dev.varve.replay.ReplayConfig;
import dev.varve.restore.TargetUri;
import dev.varve.restore.convert.Conversion;
import dev.varve.restore.target.Standbys;
import java.io.IOException;
import java.time.Clock;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** Makes the standby the primary. */
@Command(
    name = "promote",
    description = {
      "Make the standby the primary: shut the old one off, fence its capture, apply all that was",
      "captured, lead clients over. Run again after a failure, it goes on where it was."
    },
    footer = {
      "",
      "Example: varve promote --forced --target bolt://neo4j@standby:7687",
      "Then set source.uri to the new primary and run 'varve up' there."
    })
final class PromoteCommand implements Callable<Integer> {

  private final Session session;

  @Mixin private final TargetOptions target = new TargetOptions();

  @ArgGroup(multiplicity = "1")
  private Way way = new Way();

  @Option(
      names = "--unfenced",
      description = {
        "go on although promote.fence is not set or fails:",
        "you have seen yourself that nobody can write to the old primary any more"
      })
  private boolean unfenced;

  @Option(
      names = "--chain-only",
      description = {
        "Kafka is lost too: what the chain has and the standby is all there is;",
        "kafka.bootstrap names the brokers that take its place, or they are embedded"
      })
  private boolean chainOnly;

  /** In which of the two ways. */
  static final class Way {
    @Option(
        names = "--planned",
        description = "the old primary is well: stop its writes, wait for the last of them")
    private boolean planned;

    @Option(names = "--forced", description = "the old primary is lost: go on without it")
    private boolean forced;
  }

  PromoteCommand(Session session) {
    this.session = session;
  }

  @Override
  public Integer call() throws IOException {
    Config config = session.config();
    TargetUri uri =
        target
            .uri()
            .orElseThrow(
                () -> new VarveException(ExitCode.USAGE, "no --target is given", Standbys.FORMS));
    Standbys.require(uri);
    if (chainOnly && way.planned) {
      throw new VarveException(
          ExitCode.USAGE,
          "--planned needs the capture of a primary that is well, and --chain-only says that it is"
              + " lost",
          "say one of them");
    }
    if (chainOnly && KafkaCheck.clients(config).isEmpty()) {
      return new PipelineRun(session)
          .withKafka(session.servers(), clients -> promote(config, uri, clients));
    }
    return promote(config, uri, KafkaCheck.clients(config).orElseThrow(PromoteCommand::noKafka));
  }

  private int promote(Config config, TargetUri uri, Map<String, String> kafka) throws IOException {
    Optional<String> password = target.password(session);
    Repository repository = Repositories.open(config.repository());
    Console console = session.console();
    StandbySeat seat =
        new StandbySeat(
            uri.toString(),
            Sources.of(uri, password),
            () -> Standbys.open(uri, password),
            Conversion.into(uri, false),
            ReplayConfig.of(
                config.graph(),
                chainOnly ? Optional.empty() : Optional.of(kafka),
                config.registry(),
                repository,
                config.data().resolve("promote")),
            console.progress());
    Promoter promoter =
        new Promoter(
            new Promoter.Setting(
                config.graph(),
                config.site(),
                way.planned,
                unfenced,
                kafka,
                config.promote(),
                lost(config, repository)),
            seat,
            Sources.of(config.source()),
            new SetAside(
                repository,
                config.graph(),
                config.data().resolve("branch"),
                Main.VERSION,
                Clock.systemUTC()),
            () -> OldPrimary.isStandby(config.source()),
            Clock.systemUTC());
    Promoter.Report report = promoter.run();
    say(console, report);
    boolean good =
        report.problems().isEmpty()
            && report.left().map(left -> left.found().isEmpty()).orElse(true);
    return (good ? ExitCode.DONE : ExitCode.DONE_WITH_PROBLEMS).number();
  }

  private Optional<Promoter.KafkaLost> lost(Config config, Repository repository)
      throws IOException {
    if (!chainOnly) {
      return Optional.empty();
    }
    LaidDown chain =
        LaidDown.in(repository, config.graph())
            .orElseThrow(
                () ->
                    new VarveException(
                        ExitCode.NO_REPOSITORY,
                        "there is no snapshot of graph '%s' in %s; nothing was done"
                            .formatted(config.graph(), repository.location()),
                        "check repository.root and graph in the configuration"));
    return Optional.of(new Promoter.KafkaLost(config.kafka().topics(), chain));
  }

  static VarveException noKafka() {
    return new VarveException(
        ExitCode.FAILED,
        "Kafka is embedded, and no 'varve up' runs here; nothing was done",
        "start 'varve up', or set kafka.bootstrap to the brokers that outlive the primary");
  }

  private void say(Console console, Promoter.Report report) {
    console.line("%s is the primary", report.promotion().address());
    report
        .captured()
        .ifPresent(
            state ->
                console.line(
                    "  replaces         %s, captured up to transaction %d",
                    state.site(), state.seq()));
    report.applied().ifPresent(vector -> console.line("  holds            vv:%s", vector));
    console.line(
        "  in               %.1f s, of which %.1f until the old one was shut out",
        report.seconds(), report.shutOffSeconds());
    report
        .left()
        .ifPresentOrElse(
            left -> sayLeft(console, left),
            () ->
                console.line(
                    "  only the old one knows   unknown: "
                        + (chainOnly ? "it was lost with Kafka" : "it does not answer")));
    report.problems().forEach(problem -> console.line("  PROBLEM          %s", problem));
    Map<String, Object> object = new LinkedHashMap<>();
    object.put("primary", report.promotion().address());
    object.put("store", report.promotion().store());
    object.put("since", report.promotion().at().toString());
    object.put("replaces", report.captured().map(state -> state.site().toString()).orElse(null));
    object.put("captured", report.captured().map(state -> state.seq()).orElse(null));
    object.put("applied", report.applied().map(Object::toString).orElse(null));
    object.put("shutOffSeconds", report.shutOffSeconds());
    object.put("seconds", report.seconds());
    object.put("leftTransactions", report.left().map(l -> l.found().transactions()).orElse(null));
    object.put("leftChanges", report.left().map(l -> l.found().changes()).orElse(null));
    object.put(
        "branches",
        report.left().map(l -> l.branches().stream().map(Branch::name).toList()).orElse(null));
    object.put("problems", report.problems());
    console.object(object);
  }

  private static void sayLeft(Console console, SetAside.Result result) {
    Remainder left = result.found();
    if (left.isEmpty()) {
      console.line("  only the old one knows   nothing: all that it committed is here");
    } else {
      console.line(
          "  only the old one knows   %d transactions (%d to %d) with %d changes",
          left.transactions(),
          left.first().orElseThrow(),
          left.last().orElseThrow(),
          left.changes());
      result.branches().forEach(branch -> console.line("  set aside as     %s", branch.name()));
      console.line("HINT: 'varve log --branch NAME' shows them; nothing of them was applied");
    }
  }
}
