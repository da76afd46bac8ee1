package dev.varve.cli.drill;

import java.time.Instant;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * What a drill came to.
 *
 * @param scenario such as {@code restore}
 * @param rtoSeconds from the disaster until the graph could be used again, proved equal
 * @param rpo what would have been lost
 * @param equal whether what came back has the fingerprint that was promised
 * @param damage what is wrong with the chain, in words
 * @param steps in order, with the time that each took
 * @param facts further figures, by name
 * @param missed objectives that were not met, in words
 */
public record Outcome(
    String scenario,
    Instant at,
    double rtoSeconds,
    Rpo rpo,
    boolean equal,
    List<String> damage,
    List<Step> steps,
    Map<String, String> facts,
    List<String> missed) {

  public Outcome {
    damage = List.copyOf(damage);
    steps = List.copyOf(steps);
    facts = java.util.Collections.unmodifiableMap(new LinkedHashMap<>(facts));
    missed = List.copyOf(missed);
  }

  /**
   * A part of it.
   *
   * @param atSeconds when it began
   */
  public record Step(String name, double atSeconds, double seconds, String result) {}

  /**
   * What would have been lost.
   *
   * @param transactions numbers that the store has given since the newest one that came back;
   *     absent if nobody could tell
   * @param seconds from the newest commit that came back until now; the store may have been idle
   *     since
   */
  public record Rpo(Optional<Long> transactions, double seconds) {}

  /** Whether all objectives were met, and the graph is the one that was promised. */
  public boolean good() {
    return equal && damage.isEmpty() && missed.isEmpty();
  }

  Outcome missing(List<String> objectives) {
    return new Outcome(scenario, at, rtoSeconds, rpo, equal, damage, steps, facts, objectives);
  }

  /** For programs. */
  public Map<String, Object> object() {
    Map<String, Object> object = new LinkedHashMap<>();
    object.put("scenario", scenario);
    object.put("at", at.toString());
    object.put("rtoSeconds", rtoSeconds);
    object.put("rpoTransactions", rpo.transactions().orElse(null));
    object.put("rpoSeconds", rpo.seconds());
    object.put("equal", equal);
    object.put("damage", damage);
    object.put(
        "steps",
        steps.stream()
            .map(
                step ->
                    Map.of(
                        "name", step.name(),
                        "atSeconds", step.atSeconds(),
                        "seconds", step.seconds(),
                        "result", step.result()))
            .toList());
    object.put("facts", facts);
    object.put("missed", missed);
    return object;
  }
}
