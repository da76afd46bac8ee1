package dev.varve.cli;

import dev.varve.cli.demo.Demo;
import dev.varve.cli.demo.DemoReport;
import dev.varve.fault.ExitCode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.LocalDateTime;
import java.time.format.DateTimeFormatter;
import java.util.Optional;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** Shows all of it on a real graph. */
@Command(
    name = "demo",
    description =
        "Everything embedded: a real graph, writes going on, a disaster, and the way back.")
final class DemoCommand implements Callable<Integer> {

  private final Session session;

  @Option(
      names = "--dir",
      paramLabel = "DIR",
      description = "where to work and to leave the chain; varve-data/demo-<time> if not said")
  private Optional<Path> directory = Optional.empty();

  DemoCommand(Session session) {
    this.session = session;
  }

  @Override
  public Integer call() throws IOException {
    Path place =
        directory.orElseGet(
            () ->
                Path.of(
                    "varve-data",
                    "demo-"
                        + LocalDateTime.now()
                            .format(DateTimeFormatter.ofPattern("yyyyMMdd-HHmmss"))));
    Session.requireAbsent(place);
    Files.createDirectories(place);
    session.logTo(place.resolve("demo.log"));
    Servers servers = session.servers();
    Console console = session.console();
    Demo.Means means =
        new Demo.Means(
            servers.kafka(),
            servers.neo4j(),
            RestoreCommand.offlineStore(servers),
            RestoreCommand.resources());
    DemoReport report =
        Demo.run(
            place,
            means,
            new Demo.Audience(line -> console.line(line.replace("%", "%%")), console::status),
            Clock.systemUTC());
    say(console, report);
    console.object(report.object());
    return (report.equal() ? ExitCode.DONE : ExitCode.FAILED).number();
  }

  private static void say(Console console, DemoReport r) {
    console.line("");
    console.line("  source, right before the disaster   %s", r.source().fingerprint());
    console.line("  second store, after the restore     %s", r.restored().fingerprint());
    console.line(
        r.equal()
            ? "  EQUAL: %,d vertices and %,d edges, every label and property"
            : "  DIFFERENT: %,d vertices and %,d edges were restored",
        r.restored().vertices(),
        r.restored().edges());
    console.line("");
    console.line(
        "  transactions captured   %,d (%,d element versions)", r.transactions(), r.changes());
    console.line("  deleted by accident     %,d elements, all back", r.deleted());
    console.line(
        "  recovery point          %d transactions and %.1f s lost",
        r.lost().transactions(), r.lost().seconds());
    console.line(
        "  not laid down yet       %d transactions, %.1f s, when the disaster struck",
        r.exposed().transactions(), r.exposed().seconds());
    console.line("  restore                 %.1f s", r.restoreSeconds());
    console.line("  chain                   %d snapshots, %,d bytes", r.snapshots(), r.bytes());
    console.line("  the whole demo          %.0f s", r.seconds());
    console.line("");
    console.line("The chain is left in %s; look at it with", r.repository());
    console.line("  varve info -c '%s'", r.config());
  }
}
