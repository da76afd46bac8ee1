package dev.varve.cli;

import dev.varve.restore.convert.Findings;
import dev.varve.restore.convert.Findings.Tally;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** What was found on the way into another engine, for people and for programs. */
final class FindingsView {

  private FindingsView() {}

  static void say(Console console, Findings findings) {
    console.line("  from             %s into %s", findings.from().title(), findings.to().title());
    findings.refused().forEach(tally -> console.line("  refused          %s", tally));
    findings.converted().forEach(tally -> console.line("  converted        %s", tally));
    if (findings.tallies().isEmpty()) {
      console.line("  converted        nothing: all of it is the same there");
    }
    if (!findings.rulesLeftOut().isEmpty()) {
      console.line(
          "  left out         indexes, constraints and empty labels %s", findings.rulesLeftOut());
    }
    console.line("  fingerprint then %s", findings.expected().fingerprint());
  }

  static Map<String, Object> json(Findings findings) {
    Map<String, Object> object = new LinkedHashMap<>();
    object.put("from", findings.from().name());
    object.put("to", findings.to().name());
    object.put("fingerprint", findings.expected().fingerprint().toString());
    object.put("converted", json(findings.converted()));
    object.put("refused", json(findings.refused()));
    object.put("rulesLeftOut", findings.rulesLeftOut());
    return object;
  }

  private static List<Map<String, Object>> json(List<Tally> tallies) {
    return tallies.stream()
        .map(
            tally -> {
              Map<String, Object> object = new LinkedHashMap<>();
              object.put("rule", tally.rule().name());
              object.put("what", tally.rule().subject());
              object.put("count", tally.count());
              object.put("first", tally.first().stream().map(Object::toString).toList());
              return object;
            })
        .toList();
  }
}
