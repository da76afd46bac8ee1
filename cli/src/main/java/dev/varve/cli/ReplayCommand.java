package dev.varve.cli;

import dev.varve.archive.Branches;
import dev.varve.archive.Chain;
import dev.varve.archive.Repositories;
import dev.varve.archive.Repository;
import dev.varve.cdc.Succession;
import dev.varve.cli.config.Config;
import dev.varve.cli.failover.FormerPrimary;
import dev.varve.cli.pipeline.Part;
import dev.varve.cli.pipeline.Replaying;
import dev.varve.cli.pipeline.Sources;
import dev.varve.fault.ExitCode;
import dev.varve.fault.VarveException;
import dev.varve.replay.Replay;
import dev.varve.replay.ReplayConfig;
import dev.varve.replay.ReplayStatus;
import dev.varve.replay.Verified;
import dev.varve.restore.Moment;
import dev.varve.restore.TargetUri;
import dev.varve.restore.convert.Conversion;
import dev.varve.restore.standby.Standby;
import dev.varve.restore.target.Standbys;
import java.io.IOException;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.concurrent.Callable;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Supplier;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** Keeps a standby a few moments behind the graph. */
@Command(
    name = "replay",
    description = "Make a store a standby of the graph and bring it up to date, or keep it so.",
    footer = {
      "",
      "Example: varve replay --target bolt://standby:7687 --follow",
      "The password of the target's user comes from VARVE_TARGET_PASSWORD or a file."
    })
final class ReplayCommand implements Callable<Integer> {

  private final Session session;

  @Mixin private final TargetOptions target = new TargetOptions();

  @Option(names = "--follow", description = "go on until stopped")
  private boolean follow;

  @Option(
      names = "--until",
      paramLabel = "MOMENT",
      defaultValue = "latest",
      description =
          "apply up to there and no further, then end: a time as 2026-11-22T19:30:00Z,"
              + " tx:<site>/<seq>, vv:<...>")
  private String until = "";

  @Option(
      names = "--delay",
      paramLabel = "DURATION",
      description = "with --follow: stay that far behind, as 30s, 15m, 1h")
  private Optional<String> delay = Optional.empty();

  @Option(
      names = "--verify",
      description =
          "read the standby back and compare fingerprints, at the end; with --follow first")
  private boolean verify;

  @Option(
      names = "--writers",
      paramLabel = "NUMBER",
      description = {
        "how many transactions of the standby are written at the same time, where much waits and",
        "they have little in common; 1 for one after the other, 4 if not said"
      })
  private int writers = ReplayConfig.Limits.USUAL.writers();

  @Option(
      names = "--chain-only",
      description = "do not look for Kafka: the repository is all that is left")
  private boolean chainOnly;

  @Option(
      names = "--convert",
      description = "begin a standby of another kind: write what it cannot hold in another form")
  private boolean convert;

  @Option(names = "--overwrite", description = "remove what is in the target and begin anew")
  private boolean overwrite;

  private final AtomicReference<@Nullable Replay> running = new AtomicReference<>();
  private final AtomicBoolean begun = new AtomicBoolean();

  ReplayCommand(Session session) {
    this.session = session;
  }

  @Override
  public Integer call() throws IOException {
    TargetUri uri =
        target
            .uri()
            .orElseThrow(
                () -> new VarveException(ExitCode.USAGE, "no --target is given", Standbys.FORMS));
    Standbys.require(uri);
    Config config = session.config();
    Moment moment = Moment.parse(until);
    Duration behind = delay.map(ReplayCommand::duration).orElse(Duration.ZERO);
    if (!behind.isZero() && !follow) {
      throw new VarveException(
          ExitCode.USAGE, "--delay is for a standby that follows", "say --follow too");
    }
    if (writers < 1) {
      throw new VarveException(
          ExitCode.USAGE, "--writers must be 1 or more, got " + writers, "say --writers=1 or more");
    }
    Supplier<Standby> opening = () -> Standbys.open(uri, target.password(session));
    try (Repository repository = Repositories.open(config.repository())) {
      if (overwrite) {
        requireNothingLost(config, uri, repository);
      }
      ReplayConfig replay =
          ReplayConfig.of(
                  config.graph(),
                  kafka(config),
                  config.registry(),
                  repository,
                  config.data().resolve("replay"))
              .withFlushEvery(config.compact().flushEvery())
              .withLimits(ReplayConfig.Limits.USUAL.withWriters(writers))
              .to(follow, moment, behind);
      Part part = new Part("replay", () -> start(replay, opening, uri));
      int exit =
          new PipelineRun(session)
              .toItsEnd(
                  part,
                  () -> Optional.ofNullable(running.get()).map(Replay::done).orElse(false),
                  follow);
      return say(uri, exit);
    }
  }

  private Replaying start(ReplayConfig config, Supplier<Standby> opening, TargetUri uri) {
    boolean anew = overwrite && begun.compareAndSet(false, true);
    Replay replay =
        Replay.start(
            config.withOverwrite(anew),
            opening,
            Conversion.into(uri, convert),
            verify,
            session.console().progress());
    running.set(replay);
    return new Replaying(replay);
  }

  /**
   * A standby may be emptied, and what was never a primary; a former one only if nothing is lost.
   */
  private void requireNothingLost(Config config, TargetUri uri, Repository repository)
      throws IOException {
    if (OldPrimary.isStandby(uri, target.password(session))) {
      return;
    }
    FormerPrimary store =
        new FormerPrimary(uri.toString(), Sources.of(uri, target.password(session)));
    Optional<Map<String, String>> kafka = chainOnly ? Optional.empty() : KafkaCheck.clients(config);
    if (kafka.isPresent()) {
      store.requireNothingLost(
          Succession.read(kafka.get(), config.graph(), config.site()),
          Branches.load(repository, config.graph()));
    } else {
      store.requireNeverPrimary(Chain.load(repository, config.graph()));
    }
  }

  /** The brokers' address; absent if an embedded one never ran here. */
  private Optional<Map<String, String>> kafka(Config config) {
    if (chainOnly) {
      return Optional.empty();
    }
    Optional<String> bootstrap =
        config.kafka().embedded() ? KafkaCheck.kept(config) : config.kafka().bootstrap();
    return bootstrap.map(
        address -> {
          Map<String, String> settings = new TreeMap<>(config.kafka().client());
          settings.put("bootstrap.servers", address);
          return settings;
        });
  }

  private static Duration duration(String text) {
    return Config.duration(text)
        .orElseThrow(
            () ->
                new VarveException(
                    ExitCode.USAGE,
                    "cannot read the duration '" + text + "'",
                    "write a number and a unit, as 30s, 15m, 1h"));
  }

  private static String counts(SortedMap<String, Long> converted) {
    return converted.entrySet().stream()
        .map(entry -> "%,d × %s".formatted(entry.getValue(), entry.getKey()))
        .collect(Collectors.joining(", "));
  }

  private int say(TargetUri uri, int exit) {
    Console console = session.console();
    Replay replay = running.get();
    if (replay == null) {
      return exit;
    }
    ReplayStatus status = replay.status();
    console.line("The standby %s stands at vv:%s", uri, status.applied());
    status.appliedAt().ifPresent(at -> console.line("  committed at     %s", at));
    console.line(
        "  applied          %,d transactions, %,d elements, in %,d steps",
        status.transactions(), status.elements(), status.steps());
    if (!status.converted().isEmpty()) {
      console.line("  converted        %s", counts(status.converted()));
    }
    Optional<Verified> verified = replay.verified();
    verified.ifPresent(
        found ->
            console.line(
                "  read back        %s, as it was captured%s; %,d vertices, %,d edges",
                found.actual().fingerprint(),
                found.converted() ? " and converted" : "",
                found.actual().vertices(),
                found.actual().edges()));
    status.trouble().ifPresent(trouble -> console.line("  PROBLEM          %s", trouble));
    Map<String, Object> object = new LinkedHashMap<>();
    object.put("target", uri.toString());
    object.putAll(new Replaying(replay).report());
    object.put("verified", verified.isPresent());
    verified.ifPresent(
        found -> {
          object.put("fingerprint", found.actual().fingerprint().toString());
          object.put("vertices", found.actual().vertices());
          object.put("edges", found.actual().edges());
        });
    console.object(object);
    return replay.done() && status.trouble().isPresent()
        ? ExitCode.DONE_WITH_PROBLEMS.number()
        : exit;
  }
}
