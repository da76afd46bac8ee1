package dev.varve.cli;

import dev.varve.embedded.IsolatedClassPath;
import dev.varve.fault.ExitCode;
import dev.varve.fault.VarveException;
import dev.varve.restore.GraphTarget;
import dev.varve.restore.LiveGraph;
import dev.varve.restore.Moment;
import dev.varve.restore.Restore;
import dev.varve.restore.RestorePlan;
import dev.varve.restore.RestoreReport;
import dev.varve.restore.TargetUri;
import dev.varve.restore.convert.Conversion;
import dev.varve.restore.convert.Findings;
import dev.varve.restore.target.Targets;
import dev.varve.restore.target.neo4j.OfflineStore;
import java.io.IOException;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** Restores a graph as it was at a moment. */
@Command(
    name = "restore",
    description = "Restore the graph as it was at a moment, and prove that it is.",
    footer = {
      "",
      "Example: varve restore --to tx:neo4j@1/4711 --target neo4j-store:/var/lib/neo4j",
      "The password of the user of a bolt:// or age: target comes from VARVE_TARGET_PASSWORD or a",
      "file."
    })
final class RestoreCommand implements Callable<Integer> {

  private static final long OFFLINE_MEMORY = 256L << 20;

  /** Elements a second on two cores; to say beforehand about how long it takes. */
  private static final long OFFLINE_RATE = 150_000;

  private static final long BOLT_RATE = 15_000;

  private static final long AGE_RATE = 400_000;

  private final Session session;

  @Mixin private final ChainOptions chain = new ChainOptions();

  @Option(
      names = "--to",
      paramLabel = "MOMENT",
      defaultValue = "latest",
      description =
          "latest (the default), a time as 2026-11-22T19:30:00Z, tx:<site>/<seq>, vv:<...>,"
              + " mark:<name>")
  private String to = "";

  @Mixin private final TargetOptions target = new TargetOptions();

  @Option(names = "--dry-run", description = "say what would be done, and do nothing")
  private boolean dryRun;

  @Option(
      names = "--convert",
      description = "write what another kind of store cannot hold in another form")
  private boolean convert;

  @Option(names = "--overwrite", description = "remove what is in the target first")
  private boolean overwrite;

  RestoreCommand(Session session) {
    this.session = session;
  }

  @Override
  public Integer call() throws IOException {
    Moment moment = Moment.parse(to);
    Optional<TargetUri> uri = target.uri();
    if (uri.isEmpty() && !dryRun) {
      throw new VarveException(ExitCode.USAGE, "no --target is given", TargetUri.FORMS);
    }
    ChainOptions.Chosen chosen = chain.open(session);
    Console console = session.console();
    Conversion conversion =
        uri.map(known -> Conversion.into(known, convert)).orElse(Conversion.NONE);
    if (dryRun) {
      RestorePlan plan = Restore.plan(chosen.repository(), chosen.graph(), moment);
      Optional<Findings> findings =
          Restore.survey(plan, chosen.repository(), conversion, console.progress());
      say(console, plan, uri, findings, conversion);
      return findings.flatMap(found -> found.obstacle(convert)).isPresent()
          ? ExitCode.FAILED.number()
          : ExitCode.DONE.number();
    }
    RestoreReport report =
        Restore.run(
            chosen.repository(),
            chosen.graph(),
            moment,
            findings -> Targets.open(uri.orElseThrow(), needs()),
            conversion,
            overwrite,
            console.progress());
    say(console, report);
    if (!report.problems().isEmpty()) {
      report.problems().forEach(problem -> console.line("  PROBLEM          %s", problem));
      console.line("HINT: every element is as it was; make by hand what is named above");
    }
    return (report.problems().isEmpty() ? ExitCode.DONE : ExitCode.DONE_WITH_PROBLEMS).number();
  }

  private Targets.Needs needs() {
    return new Targets.Needs(
        target.password(session), resources(), () -> offlineStore(session.servers()));
  }

  static OfflineStore.Resources resources() {
    return new OfflineStore.Resources(Runtime.getRuntime().availableProcessors(), OFFLINE_MEMORY);
  }

  static OfflineStore offlineStore(Servers servers) {
    IsolatedClassPath classPath = servers.neo4jClassPath();
    return classPath.load(OfflineStore.class);
  }

  private static long rate(TargetUri uri) {
    if (uri instanceof TargetUri.Age) {
      return AGE_RATE;
    }
    return uri instanceof TargetUri.Bolt ? BOLT_RATE : OFFLINE_RATE;
  }

  private static void say(
      Console console,
      RestorePlan plan,
      Optional<TargetUri> uri,
      Optional<Findings> findings,
      Conversion conversion) {
    LiveGraph.Size size = plan.estimate();
    long elements = size.vertices() + size.edges();
    long seconds = Math.max(1, 2 * elements / uri.map(RestoreCommand::rate).orElse(OFFLINE_RATE));
    console.line("Would restore %s of graph %s", plan.moment(), plan.graph());
    console.line("  which is         vv:%s, committed at %s", plan.vector(), plan.committedAt());
    console.line("  to               %s", uri.map(Object::toString).orElse("no target named"));
    console.line(
        "  reading          %,d segments of %d snapshots, %,d bytes, %,d versions",
        plan.segments(), plan.manifests().size(), plan.bytes(), plan.versions());
    console.line(
        "  writing          about %,d vertices and %,d edges, %d indexes and constraints",
        size.vertices(), size.edges(), plan.schema().rules().size());
    console.line("  taking           about %,d s, reading it back included", seconds);
    plan.fingerprint().ifPresent(f -> console.line("  fingerprint      %s", f));
    plan.avoided().forEach(key -> console.line("  way round damage in %s", key));
    findings.ifPresent(found -> FindingsView.say(console, found));
    Optional<VarveException> obstacle =
        findings.flatMap(found -> found.obstacle(conversion.agreed()));
    obstacle.ifPresent(error -> console.line("It would be refused.%nHINT: %s", error.hint()));
    Map<String, Object> object = new LinkedHashMap<>();
    object.put("dryRun", true);
    object.put("graph", plan.graph());
    object.put("moment", plan.moment().toString());
    object.put("vector", plan.vector().toString());
    object.put("committedAt", plan.committedAt().toString());
    object.put("snapshots", plan.manifests().size());
    object.put("segments", plan.segments());
    object.put("bytes", plan.bytes());
    object.put("versions", plan.versions());
    object.put("vertices", size.vertices());
    object.put("edges", size.edges());
    object.put("rules", plan.schema().rules().size());
    object.put("estimatedSeconds", seconds);
    object.put("fingerprint", plan.fingerprint().map(Object::toString).orElse(null));
    object.put("avoided", plan.avoided());
    findings.ifPresent(found -> object.put("conversion", FindingsView.json(found)));
    obstacle.ifPresent(error -> object.put("refused", String.valueOf(error.getMessage())));
    obstacle.ifPresent(error -> object.put("hint", error.hint()));
    console.object(object);
  }

  private static void say(Console console, RestoreReport report) {
    console.line("Restored %s of graph %s to %s", report.moment(), report.graph(), report.target());
    console.line(
        "  which is         vv:%s, committed at %s", report.vector(), report.committedAt());
    console.line(
        "  holding          %,d vertices, %,d edges, %d indexes and constraints",
        report.vertices(), report.edges(), report.rules());
    console.line("  promised         %s", report.expected());
    report.conversion().ifPresent(found -> FindingsView.say(console, found));
    console.line("  read back        %s", report.actual());
    console.line(
        "  in               %.1f s (writing %.1f, reading back %.1f) from %,d bytes",
        report.seconds().total(),
        report.seconds().write(),
        report.seconds().readBack(),
        report.bytes());
    Map<String, Object> object = new LinkedHashMap<>();
    object.put("graph", report.graph());
    object.put("moment", report.moment().toString());
    object.put("vector", report.vector().toString());
    object.put("committedAt", report.committedAt().toString());
    object.put("target", report.target());
    object.put("resumed", report.standing() != GraphTarget.Standing.FRESH);
    object.put("vertices", report.vertices());
    object.put("edges", report.edges());
    object.put("rules", report.rules());
    object.put("expectedFingerprint", report.expected().toString());
    object.put("fingerprint", report.actual().toString());
    report.conversion().ifPresent(found -> object.put("conversion", FindingsView.json(found)));
    object.put("segments", report.segments());
    object.put("bytes", report.bytes());
    object.put("problems", report.problems());
    object.put("writeSeconds", report.seconds().write());
    object.put("readBackSeconds", report.seconds().readBack());
    object.put("seconds", report.seconds().total());
    console.object(object);
  }
}
