package dev.varve.cli;

import dev.varve.cli.config.Config;
import dev.varve.fault.ExitCode;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;

/** Checks a live configuration. */
@Command(
    name = "doctor",
    description = "Check the configuration against the live store, Kafka, registry and repository.")
final class DoctorCommand implements Callable<Integer> {

  private final Session session;

  DoctorCommand(Session session) {
    this.session = session;
  }

  @Override
  public Integer call() {
    Config config = session.config();
    Console console = session.console();
    List<Finding> findings = new ArrayList<>();
    findings.add(
        Finding.ok(
            "configuration",
            session.configFile() + ": graph " + config.graph() + ", no unknown key"));
    console.status("asking the store …");
    findings.addAll(StoreCheck.of(config.source()));
    console.status("asking Kafka …");
    findings.addAll(KafkaCheck.of(config));
    console.status("asking the repository …");
    findings.addAll(PlaceCheck.of(config));
    long problems = findings.stream().filter(finding -> !finding.ok()).count();
    findings.forEach(finding -> say(console, finding));
    console.line("");
    console.line(problems == 0 ? "All is well. Next: varve up" : problems + " problem(s) found.");
    Map<String, Object> object = new LinkedHashMap<>();
    object.put("graph", config.graph());
    object.put("problems", problems);
    object.put("findings", findings.stream().map(Finding::object).toList());
    console.object(object);
    return (problems == 0 ? ExitCode.DONE : ExitCode.DONE_WITH_PROBLEMS).number();
  }

  private static void say(Console console, Finding finding) {
    console.line("%-8s %-14s %s", finding.ok() ? "OK" : "PROBLEM", finding.what(), finding.text());
    if (!finding.ok()) {
      console.line("         HINT: %s", finding.hint());
    }
  }
}
