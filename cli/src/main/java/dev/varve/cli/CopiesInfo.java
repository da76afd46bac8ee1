package dev.varve.cli;

import dev.varve.archive.Chain;
import dev.varve.archive.DamagedException;
import dev.varve.archive.Keys;
import dev.varve.archive.Manifest;
import dev.varve.archive.NewerFormatException;
import dev.varve.archive.Repositories;
import dev.varve.archive.Repository;
import dev.varve.archive.Repository.Listed;
import dev.varve.archive.RepositoryConfig;
import dev.varve.fault.ExitCode;
import dev.varve.fault.VarveException;
import java.io.IOException;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.TreeMap;

/**
 * How a copy of a chain compares with the chain. A chain that has lost its newest entries looks
 * whole: only who holds more shows it.
 *
 * @param newest number of the newest entry in the copy
 * @param behind entries of the chain that the copy lacks, of those after the copy's newest
 * @param late whether the first of these has been there for longer than a copy may take
 * @param lost entries that the copy has after the chain's newest: the chain has lost them
 * @param differs why it is not a copy of this chain
 * @param trouble why it cannot be looked at
 */
record CopiesInfo(
    String name,
    String location,
    OptionalLong newest,
    long behind,
    boolean late,
    long lost,
    Optional<String> differs,
    Optional<String> trouble) {

  /** How long an entry may have been in the chain and not in a copy, and nothing is wrong. */
  static final Duration MAY_TAKE = Duration.ofMinutes(15);

  /** Compares each of the copies; one that cannot be reached is no failure. */
  static List<CopiesInfo> of(
      Map<String, RepositoryConfig> copies, Repository repository, String graph, Clock clock) {
    return copies.entrySet().stream()
        .map(copy -> of(copy.getKey(), copy.getValue(), repository, graph, clock))
        .toList();
  }

  private static CopiesInfo of(
      String name, RepositoryConfig config, Repository repository, String graph, Clock clock) {
    String location = config.location().toString();
    TreeMap<Long, Listed> there;
    TreeMap<Long, Listed> here;
    try (Repository copy = Repositories.open(config)) {
      // the copy first: what is copied meanwhile is then in the chain's list
      there = entries(copy, graph);
      here = entries(repository, graph);
      Optional<String> differs = differs(repository, copy, here, there);
      if (differs.isEmpty() && late(here, there)) {
        differs = wentItsOwnWay(repository, graph, copy, there.lastEntry().getValue().key());
      }
      return compare(name, location, here, there, differs, clock);
    } catch (IOException | VarveException e) {
      return new CopiesInfo(
          name,
          location,
          OptionalLong.empty(),
          0,
          false,
          0,
          Optional.empty(),
          Optional.of(String.valueOf(e.getMessage())));
    }
  }

  private static TreeMap<Long, Listed> entries(Repository repository, String graph)
      throws IOException {
    TreeMap<Long, Listed> entries = new TreeMap<>();
    for (Listed listed : repository.list(Keys.manifests(graph), "")) {
      Keys.manifestNumber(listed.key()).ifPresent(number -> entries.put(number, listed));
    }
    return entries;
  }

  private static CopiesInfo compare(
      String name,
      String location,
      TreeMap<Long, Listed> here,
      TreeMap<Long, Listed> there,
      Optional<String> differs,
      Clock clock) {
    Map<Long, Listed> missing = there.isEmpty() ? here : here.tailMap(there.lastKey(), false);
    Map<Long, Listed> more = here.isEmpty() ? there : there.tailMap(here.lastKey(), false);
    Instant due = clock.instant().minus(MAY_TAKE);
    boolean late = missing.values().stream().anyMatch(entry -> entry.modifiedAt().isBefore(due));
    return new CopiesInfo(
        name,
        location,
        there.isEmpty() ? OptionalLong.empty() : OptionalLong.of(there.lastKey()),
        missing.size(),
        late,
        more.size(),
        differs,
        Optional.empty());
  }

  /**
   * Each entry names the one before it by its hash: if the newest common one is the same, all are.
   */
  private static Optional<String> differs(
      Repository repository,
      Repository copy,
      TreeMap<Long, Listed> here,
      TreeMap<Long, Listed> there)
      throws IOException {
    for (Map.Entry<Long, Listed> entry : here.descendingMap().entrySet()) {
      if (there.containsKey(entry.getKey())) {
        String key = entry.getValue().key();
        try {
          return Chain.Tip.read(repository, key).equals(Chain.Tip.read(copy, key))
              ? Optional.empty()
              : Optional.of("its " + key + " is another one");
        } catch (DamagedException | NewerFormatException e) {
          // one of the two is damaged, which is shown as such: the one before tells as well
        }
      }
    }
    return here.isEmpty() || there.isEmpty() || late(here, there)
        ? Optional.empty()
        : Optional.of("they have no entry in common that can be read");
  }

  /** Whether the copy's newest entry is no longer in the chain, and later ones are. */
  private static boolean late(TreeMap<Long, Listed> here, TreeMap<Long, Listed> there) {
    return !here.isEmpty()
        && !there.isEmpty()
        && !here.containsKey(there.lastKey())
        && there.lastKey() < here.lastKey();
  }

  /** By what the chain remembers of its entries. */
  private static Optional<String> wentItsOwnWay(
      Repository repository, String graph, Repository copy, String newest) throws IOException {
    Manifest.Parent entry = Chain.Tip.read(copy, newest).asParent();
    boolean known =
        Chain.load(repository, graph)
            .knows(entry)
            .orElseThrow(
                () ->
                    new VarveException(
                        ExitCode.FENCED,
                        "whether it is a copy of this chain cannot be told, for its newest entry,"
                            + " number %d, has expired in the chain and is forgotten"
                                .formatted(entry.number()),
                        "see docs/operations.md, \"Copies\""));
    return known ? Optional.empty() : Optional.of("its " + newest + " is another one");
  }

  /**
   * {@link ExitCode#DAMAGE_FOUND} if the chain has lost entries or the copy is another chain,
   * {@link ExitCode#DONE_WITH_PROBLEMS} if the copy is late or cannot be looked at.
   */
  ExitCode exitCode() {
    if (lost > 0 || differs.isPresent()) {
      return ExitCode.DAMAGE_FOUND;
    }
    return late || trouble.isPresent() ? ExitCode.DONE_WITH_PROBLEMS : ExitCode.DONE;
  }

  /** The worst of all, the chain's own among them. */
  static ExitCode worst(ExitCode own, List<CopiesInfo> copies) {
    List<ExitCode> all = copies.stream().map(CopiesInfo::exitCode).toList();
    if (own != ExitCode.DONE || all.isEmpty()) {
      return own;
    }
    return all.contains(ExitCode.DAMAGE_FOUND)
        ? ExitCode.DAMAGE_FOUND
        : all.contains(ExitCode.DONE_WITH_PROBLEMS) ? ExitCode.DONE_WITH_PROBLEMS : ExitCode.DONE;
  }

  /** Shows them all. */
  static void say(Console console, List<CopiesInfo> copies) {
    copies.forEach(
        copy -> console.line("Copy %s in %s: %s", copy.name(), copy.location(), copy.text()));
  }

  /** For people. */
  String text() {
    if (trouble.isPresent()) {
      return "cannot be looked at: " + trouble.get();
    }
    if (differs.isPresent()) {
      return "DIFFERS: it is not a copy of this chain, "
          + differs.get()
          + ". HINT: find out which of the two is right before either is written to; 'varve"
          + " --repository' takes the name of a copy";
    }
    if (lost > 0) {
      return "LOST: the chain has lost its newest "
          + lost
          + " entries, which this copy still holds, up to number "
          + newest.orElse(0)
          + ". HINT: stop whatever writes to the chain, then 'varve repair --from "
          + name
          + "'";
    }
    String step =
        behind == 0
            ? "in step"
            : behind
                + " entries behind"
                + (late ? ", some for more than " + MAY_TAKE.toMinutes() + " minutes" : "");
    return newest.isPresent() ? "number " + newest.getAsLong() + ", " + step : "empty, " + step;
  }

  Map<String, Object> object() {
    Map<String, Object> object = new LinkedHashMap<>();
    object.put("name", name);
    object.put("repository", location);
    object.put("newest", newest.isPresent() ? newest.getAsLong() : null);
    object.put("behind", trouble.isPresent() ? null : behind);
    object.put("late", trouble.isPresent() ? null : late);
    object.put("lostHere", trouble.isPresent() ? null : lost);
    object.put("differs", differs.orElse(null));
    object.put("trouble", trouble.orElse(null));
    return object;
  }
}
