package dev.varve.cli.drill;

import dev.varve.cli.failover.Hook;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;

/**
 * What a drill of a configured pair is to do. Pure.
 *
 * @param within how long the promotion may take, and whatever follows to catch up
 * @param prove whether a restore is compared in the end
 * @param keep whether what the client wrote stays
 * @param scratch where the chain is restored to for that
 */
public record PairPlan(
    ConfiguredPair pair,
    Way way,
    Hook breaking,
    Optional<Hook> mending,
    double writesPerSecond,
    Duration within,
    boolean prove,
    boolean keep,
    Path scratch) {

  /** What is to become of the pair. */
  public sealed interface Way {

    /** What should follow the primary; absent if only the chain is looked at. */
    Optional<Store> standby();
  }

  /**
   * The standby is to take the primary's place.
   *
   * @param announced a file, or an address of HTTP, that names the new primary
   */
  public record Promoted(Store target, String announced) implements Way {

    @Override
    public Optional<Store> standby() {
      return Optional.of(target);
    }

    Announced.Place place() {
      return Announced.Place.of(announced);
    }
  }

  /**
   * The primary lives.
   *
   * @param lasts how long it stays broken
   */
  public record Unpromoted(Optional<Store> standby, Duration lasts) implements Way {}

  /** The store at an announced address: it is entered like the standby. */
  Store at(String address) {
    return way.standby().orElse(pair.primary()).at(address);
  }

  /** How long chain and standby may take to follow: they do not before the chain has grown. */
  Duration follow() {
    return within.plus(pair.flushEvery().multipliedBy(2));
  }

  /** What will be done, in order. */
  public List<String> words() {
    List<String> words = new ArrayList<>();
    words.add(
        String.format(
            Locale.ROOT,
            "write %.0f transactions a second to %s, vertices :%s and :%s",
            writesPerSecond,
            pair.primary(),
            Handwriting.OF_VARVE.written(),
            Handwriting.OF_VARVE.half()));
    words.add("run: " + breaking.line());
    if (way instanceof Promoted promoted) {
      words.add(
          "wait %d s at most until %s names another primary"
              .formatted(within.toSeconds(), promoted.announced()));
    } else if (way instanceof Unpromoted unpromoted) {
      words.add("wait %d s".formatted(unpromoted.lasts().toSeconds()));
    }
    words.add(mending.map(hook -> "run: " + hook.line()).orElse("mend nothing"));
    if (prove) {
      words.add("restore the chain into " + scratch + " and compare");
    }
    words.add(keep ? "leave what was written" : "remove what was written");
    return words;
  }

  /** For whoever reads the figures. */
  public Map<String, String> described() {
    Map<String, String> all = new LinkedHashMap<>();
    all.put("writes a second", String.format(Locale.ROOT, "%.0f", writesPerSecond));
    all.put("primary", pair.primary().toString());
    way.standby().ifPresent(standby -> all.put("standby", standby.toString()));
    if (way instanceof Promoted promoted) {
      all.put("announced", promoted.announced().toString());
    }
    all.put("--break", breaking.line());
    mending.ifPresent(hook -> all.put("--mend", hook.line()));
    all.put("--within", within.toSeconds() + " s");
    all.put("compact.flushEvery", pair.flushEvery().toMillis() + " ms");
    return all;
  }
}
