package dev.varve.cli.drill;

import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;

/**
 * What a drill came to.
 *
 * @param scenario such as {@code restore}
 * @param ending whether it came to figures at all
 * @param rtoSeconds from the disaster until the graph could be used again, proved equal; absent if
 *     it could not be measured
 * @param rpo what would have been lost
 * @param equal whether what came back has the fingerprint that was promised; absent if that was not
 *     compared
 * @param damage what is wrong with the chain, in words
 * @param steps in order, with the time that each took
 * @param facts further figures, by name
 * @param missed objectives that were not met, in words
 */
public record Outcome(
    String scenario,
    Instant at,
    Ending ending,
    Optional<Double> rtoSeconds,
    Rpo rpo,
    Optional<Boolean> equal,
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
   * @param atSeconds when it began, after the disaster
   */
  public record Step(String name, double atSeconds, double seconds, String result) {}

  /** How a drill can end. */
  public sealed interface Ending {

    /** In a word, for programs. */
    String word();

    /** In words, for people; nothing if there is nothing to say. */
    default Optional<String> why() {
      return Optional.empty();
    }
  }

  /** It was gone through to its end. */
  public record Measured() implements Ending {
    @Override
    public String word() {
      return "measured";
    }
  }

  /** It was gone through to its end, and a comparison was not asked for. */
  public record Unproved() implements Ending {
    @Override
    public String word() {
      return "measured, not compared";
    }
  }

  /** It cannot be tried on this machine; that is no success. */
  public record NotPossible(String reason) implements Ending {
    @Override
    public String word() {
      return "not possible here";
    }

    @Override
    public Optional<String> why() {
      return Optional.of(reason);
    }
  }

  /** Something did not go as it must; figures that were measured until then stand. */
  public record Failed(String reason) implements Ending {
    @Override
    public String word() {
      return "failed";
    }

    @Override
    public Optional<String> why() {
      return Optional.of(reason);
    }
  }

  /**
   * What would have been lost. What could not be measured is absent.
   *
   * @param transactions how many; a restore counts the numbers that the store has given since the
   *     newest one that came back
   * @param bytes of what clients had written in them
   * @param seconds from the first of them on; a restore counts from the newest commit that came
   *     back until now, though the store may have been idle since
   */
  public record Rpo(Optional<Long> transactions, Optional<Long> bytes, Optional<Double> seconds) {

    public static final Rpo UNKNOWN = new Rpo(Optional.empty(), Optional.empty(), Optional.empty());

    /** For people. */
    public String text() {
      List<String> parts = new ArrayList<>();
      transactions.ifPresent(number -> parts.add(number + " transactions"));
      bytes.ifPresent(number -> parts.add(number + " bytes"));
      seconds.ifPresent(time -> parts.add(String.format(Locale.ROOT, "%.1f s", time)));
      return parts.isEmpty() ? "not known" : String.join(", ", parts);
    }
  }

  /** Such as {@code 12.3 s}. */
  public String rtoText() {
    return rtoSeconds.map(time -> String.format(Locale.ROOT, "%.1f s", time)).orElse("not known");
  }

  /** Whether it is known that what came back is something else than was promised. */
  public boolean different() {
    return !equal.orElse(true);
  }

  /** Whether all objectives were met, and the graph is the one that was promised, if asked for. */
  public boolean good() {
    return (ending instanceof Measured || ending instanceof Unproved)
        && equal.orElse(ending instanceof Unproved)
        && damage.isEmpty()
        && missed.isEmpty();
  }

  Outcome missing(List<String> objectives) {
    return new Outcome(
        scenario, at, ending, rtoSeconds, rpo, equal, damage, steps, facts, objectives);
  }

  /** For programs. */
  public Map<String, Object> object() {
    Map<String, Object> object = new LinkedHashMap<>();
    object.put("scenario", scenario);
    object.put("at", at.toString());
    object.put("ended", ending.word());
    ending.why().ifPresent(why -> object.put("why", why));
    object.put("rtoSeconds", rtoSeconds.orElse(null));
    object.put("rpoTransactions", rpo.transactions().orElse(null));
    object.put("rpoBytes", rpo.bytes().orElse(null));
    object.put("rpoSeconds", rpo.seconds().orElse(null));
    object.put("equal", equal.orElse(null));
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
