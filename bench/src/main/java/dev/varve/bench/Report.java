package dev.varve.bench;

import java.util.Locale;

/**
 * Prints the figures of a benchmark on standard output: as text, or with {@code
 * -Dvarve.bench.output=json} as one object on one line.
 */
final class Report {

  private Report() {}

  /** One figure; what it is in stands in its name. */
  record Figure(String name, double value) {}

  static Figure figure(String name, double value) {
    return new Figure(name, value);
  }

  static void print(String benchmark, Figure... figures) {
    boolean json = "json".equals(System.getProperty("varve.bench.output"));
    StringBuilder text = new StringBuilder();
    text.append(json ? "{\"benchmark\":\"" + benchmark + "\"" : benchmark + "\n");
    for (Figure figure : figures) {
      text.append(
          json
              ? String.format(Locale.ROOT, ",\"%s\":%s", figure.name(), number(figure.value()))
              : String.format(Locale.ROOT, "  %-34s %s%n", figure.name(), number(figure.value())));
    }
    System.out.println(json ? text + "}" : text.toString().stripTrailing());
  }

  private static String number(double value) {
    return value == Math.rint(value)
        ? String.format(Locale.ROOT, "%.0f", value)
        : String.format(Locale.ROOT, "%.3f", value);
  }
}
