package dev.varve.cli;

import dev.varve.cli.drill.Outcome;
import dev.varve.fault.ExitCode;
import java.util.List;

/** What a drill came to, for people, and for the shell. */
final class OutcomeView {

  private OutcomeView() {}

  static void say(Console console, Outcome outcome) {
    console.line("Drill: %s at %s", outcome.scenario(), outcome.at());
    outcome
        .ending()
        .why()
        .ifPresent(
            why ->
                console.line(
                    "  %s: %s", outcome.ending().word().toUpperCase(java.util.Locale.ROOT), why));
    console.line("  RTO              %s", outcome.rtoText());
    console.line("  RPO              %s", outcome.rpo().text());
    outcome.equal().ifPresent(equal -> console.line("  equal            %s", equal ? "yes" : "NO"));
    outcome.facts().forEach((name, value) -> console.line("  %-16s %s", name, value));
    outcome
        .steps()
        .forEach(
            step ->
                console.line(
                    "  %6.1f s  %-20s %6.1f s  %s",
                    step.atSeconds(), step.name(), step.seconds(), step.result()));
    outcome.missed().forEach(missed -> console.line("  MISSED %s", missed));
    outcome.damage().forEach(damage -> console.line("  DAMAGE %s", damage));
  }

  /** The worst of them: what failed before damage, damage before a missed objective. */
  static ExitCode exitCode(List<Outcome> outcomes) {
    if (outcomes.stream().anyMatch(one -> one.ending() instanceof Outcome.Failed)) {
      return ExitCode.FAILED;
    }
    if (outcomes.stream().anyMatch(one -> !one.damage().isEmpty() || one.different())) {
      return ExitCode.DAMAGE_FOUND;
    }
    return outcomes.stream().allMatch(Outcome::good) ? ExitCode.DONE : ExitCode.DONE_WITH_PROBLEMS;
  }
}
