package dev.varve.cli.drill;

import dev.varve.fault.ExitCode;
import dev.varve.fault.VarveException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/** What drills came to, as one page that needs nothing else: a table, and a picture of each. */
public final class HtmlReport {

  private static final int WIDTH = 900;
  private static final int LEFT = 220;
  private static final int ROW = 26;
  private static final int BAR = 16;
  private static final double LEAST = 2;

  private HtmlReport() {}

  /** Writes the page; whoever reads it sees the old one or the new one, whole. */
  public static void write(Path file, String graph, List<Outcome> outcomes) {
    write(file, graph, Map.of(), outcomes);
  }

  /**
   * Writes the page with how the drill was set up.
   *
   * @param settings by name, in order
   */
  public static void write(
      Path file, String graph, Map<String, String> settings, List<Outcome> outcomes) {
    Path next = file.resolveSibling(file.getFileName() + ".next");
    try {
      Files.writeString(next, page(graph, settings, outcomes));
      Files.move(next, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
    } catch (IOException e) {
      throw new VarveException(
          ExitCode.FAILED,
          "cannot write the report: " + e,
          "name a file in a directory that you may write to",
          e);
    }
  }

  static String page(String graph, Map<String, String> settings, List<Outcome> outcomes) {
    StringBuilder page = new StringBuilder();
    page.append(
        """
        <!doctype html>
        <html lang="en"><head><meta charset="utf-8"><title>Varve: drill of %s</title><style>
        body{font:15px/1.5 system-ui,sans-serif;margin:2rem auto;max-width:60rem;color:#1d2733}
        table{border-collapse:collapse}th,td{text-align:left;padding:.3rem .9rem;border-bottom:1px solid #d5dce4}
        .good{color:#14713d}.bad{color:#b3261e;font-weight:600}svg text{font:12px system-ui,sans-serif;fill:#1d2733}
        </style></head><body>
        <h1>Drill of graph %s</h1>
        <table><tr><th>scenario</th><th>at</th><th>RTO</th><th>RPO</th><th>equal</th><th>objectives</th><th>damage</th></tr>
        """
            .formatted(text(graph), text(graph)));
    outcomes.forEach(outcome -> page.append(row(outcome)));
    page.append("</table>\n");
    for (Outcome outcome : outcomes) {
      page.append("<h2>").append(text(outcome.scenario())).append("</h2>\n");
      if (!outcome.steps().isEmpty()) {
        page.append(picture(outcome.steps())).append(table(outcome.steps()));
      }
      page.append(pairs(outcome.facts()));
    }
    if (!settings.isEmpty()) {
      page.append("<h2>set up with</h2>\n").append(pairs(settings));
    }
    return page.append("</body></html>\n").toString();
  }

  private static String table(List<Outcome.Step> steps) {
    StringBuilder table = new StringBuilder("<table><tr><th>at</th><th>step</th><th>took</th>");
    table.append("<th></th></tr>\n");
    for (Outcome.Step step : steps) {
      table.append(
          String.format(
              Locale.ROOT,
              "<tr><td>%.1f s</td><td>%s</td><td>%.1f s</td><td>%s</td></tr>%n",
              step.atSeconds(),
              text(step.name()),
              step.seconds(),
              text(step.result())));
    }
    return table.append("</table>\n").toString();
  }

  private static String pairs(Map<String, String> facts) {
    StringBuilder table = new StringBuilder("<table>");
    facts.forEach(
        (name, value) ->
            table
                .append("<tr><th>")
                .append(text(name))
                .append("</th><td>")
                .append(text(value))
                .append("</td></tr>"));
    return table.append("</table>\n").toString();
  }

  private static String row(Outcome outcome) {
    return String.format(
        Locale.ROOT,
        "<tr><td>%s</td><td>%s</td><td>%s</td><td>%s</td>%s%s%s</tr>%n",
        text(outcome.scenario()),
        outcome.at(),
        outcome.rtoText(),
        outcome.rpo().text(),
        outcome
            .equal()
            .map(equal -> cell(equal, equal ? "yes" : "NO"))
            .orElseGet(() -> cell(false, "not compared")),
        outcome
            .ending()
            .why()
            .map(why -> cell(false, outcome.ending().word() + ": " + why))
            .orElseGet(
                () ->
                    cell(
                        outcome.missed().isEmpty(),
                        outcome.missed().isEmpty() ? "met" : String.join("; ", outcome.missed()))),
        cell(
            outcome.damage().isEmpty(),
            outcome.damage().isEmpty() ? "none" : String.join("; ", outcome.damage())));
  }

  private static String cell(boolean good, String what) {
    return "<td class=\"" + (good ? "good" : "bad") + "\">" + text(what) + "</td>";
  }

  private static String picture(List<Outcome.Step> steps) {
    double end =
        steps.stream().mapToDouble(step -> step.atSeconds() + step.seconds()).max().orElse(1);
    double scale = (WIDTH - LEFT - ROW) / Math.max(end, 1e-3);
    StringBuilder svg = new StringBuilder();
    svg.append(
        String.format(
            Locale.ROOT,
            "<svg role=\"img\" aria-label=\"timeline\" width=\"%d\" height=\"%d\">%n",
            WIDTH,
            ROW * steps.size() + BAR));
    for (int i = 0; i < steps.size(); i++) {
      Outcome.Step step = steps.get(i);
      svg.append(
          String.format(
              Locale.ROOT,
              "<text x=\"0\" y=\"%d\">%s</text><rect x=\"%.1f\" y=\"%d\" width=\"%.1f\" height=\"%d\""
                  + " fill=\"#3b6ea5\"><title>%s</title></rect><text x=\"%.1f\" y=\"%d\">%.1f s</text>%n",
              i * ROW + BAR,
              text(step.name()),
              LEFT + step.atSeconds() * scale,
              i * ROW + 3,
              Math.max(LEAST, step.seconds() * scale),
              BAR,
              text(step.result()),
              Math.min(WIDTH - 2.0 * ROW, LEFT + (step.atSeconds() + step.seconds()) * scale + 4),
              i * ROW + BAR,
              step.seconds()));
    }
    return svg.append("</svg>\n").toString();
  }

  private static String text(String raw) {
    return raw.replace("&", "&amp;")
        .replace("<", "&lt;")
        .replace(">", "&gt;")
        .replace("\"", "&quot;");
  }
}
