package dev.varve.archive;

import static org.assertj.core.api.Assertions.assertThat;

import dev.varve.archive.Chain.Link;
import dev.varve.archive.Chain.Stretch;
import dev.varve.change.VersionVector;
import dev.varve.graph.ElementKind;
import dev.varve.graph.StoreSchema;
import dev.varve.topology.Fingerprint;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class StretchesTest {

  private final List<Link> links = new ArrayList<>();

  @Test
  void aMergedDeltaTakesThePlaceOfThoseItStandsFor() {
    base(10);
    deltas(10, 20, 30, 40);
    merged(10, 40);
    assertThat(all()).containsExactly("10:5");
    assertThat(towards(25)).contains("1:5");
    assertThat(towards(40)).contains("1:5");
    assertThat(towards(20)).contains("1:2");
  }

  @Test
  void originalsStandInForADamagedMergedOneAndTheOtherWayRound() {
    base(10);
    deltas(10, 20, 30, 40);
    merged(10, 40);
    assertThat(towards(25, 5)).contains("1:2,3");
    assertThat(all(5)).containsExactly("10:2,3,4");
    assertThat(towards(25, 3)).contains("1:5");
    assertThat(all(3)).containsExactly("10:5");
    assertThat(all(3, 5)).containsExactly("10:2");
    assertThat(towards(25, 3, 5)).isEmpty();
    assertThat(towards(40, 3, 5)).isEmpty();
  }

  @Test
  void insideAThinnedDeltaNothingCanBeRestored() {
    base(10);
    thinned(10, 40);
    deltas(40, 50);
    assertThat(towards(10)).contains("1:");
    assertThat(towards(25)).isEmpty();
    assertThat(towards(40)).contains("1:2");
    assertThat(towards(45)).contains("1:2,3");
  }

  @Test
  void originalsBesideAThinnedDeltaKeepTheirMoments() {
    base(10);
    deltas(10, 20, 30, 40);
    thinned(10, 40);
    assertThat(all()).containsExactly("10:2,3,4");
    assertThat(towards(40)).contains("1:5");
    assertThat(towards(25)).contains("1:2,3");
    assertThat(all(4)).containsExactly("10:5", "10:2,3");
    assertThat(towards(35, 4)).isEmpty();
    assertThat(towards(25, 4)).contains("1:2,3");
  }

  @Test
  void theCutAtTheEndOfADeadEndIsNotForgotten() {
    base(10);
    thinned(10, 20);
    thinned(10, 40);
    assertThat(all()).containsExactly("10:3", "10:2");
    assertThat(towards(20)).contains("1:2");
  }

  @Test
  void aLateCheckpointAtAnOlderCutIsTheNewestBaseThere() {
    base(10);
    deltas(10, 20, 30, 40);
    checkpoint(20);
    assertThat(all()).containsExactly("10:2,3,4", "20:3,4");
    assertThat(towards(35)).contains("5:3,4");
    assertThat(towards(15)).contains("1:2");
    assertThat(towards(35, 5)).contains("1:2,3,4");
  }

  @Test
  void noWayLeadsOverAGap() {
    base(10);
    deltas(10, 20);
    deltas(30, 40);
    assertThat(all()).containsExactly("10:2");
    assertThat(towards(25)).isEmpty();
    assertThat(towards(40)).isEmpty();
    assertThat(new Stretches(links, Set.of()).restorable()).hasSize(2);
  }

  @Test
  void aBaseThatStartsOverBeginsAnew() {
    base(10);
    deltas(10, 20);
    base(50);
    deltas(50, 60);
    assertThat(all()).containsExactly("10:2", "50:4");
    assertThat(towards(30)).isEmpty();
    assertThat(towards(55)).contains("3:4");
  }

  @Test
  void aDeltaWhoseTransactionsCannotBeReadLeadsOnlyToItsEnd() {
    base(10);
    deltas(10, 20, 30);
    Set<String> damaged = Set.of("t2");
    assertThat(new Stretches(links, damaged).towards(vector(15))).isEmpty();
    assertThat(new Stretches(links, damaged).towards(vector(25))).isPresent();
  }

  @Test
  void aLongChainIsGoneThroughOnce() {
    int count = Integer.getInteger("varve.deltas", 20_000);
    base(10);
    for (long cut = 10; cut < 10L + count; cut++) {
      deltas(cut, cut + 1);
      if (cut % 1440 == 0) {
        checkpoint(cut);
      }
      if (cut % 60 == 10 && cut > 60) {
        merged(cut - 60, cut);
      }
    }
    long begin = System.nanoTime();
    Stretches stretches = new Stretches(links, Set.of("s700", "s9000"));
    assertThat(stretches.all()).isNotEmpty();
    assertThat(stretches.restorable()).hasSize(links.size());
    assertThat(stretches.to(vector(9 + count))).isNotEmpty();
    for (int i = 0; i < 20; i++) {
      assertThat(stretches.towards(vector(10 + i * (count / 20)))).isPresent();
    }
    System.out.printf("%d entries: %d ms%n", links.size(), (System.nanoTime() - begin) / 1_000_000);
  }

  static LongStream seeds() {
    long first = Long.getLong("varve.seed", 0);
    return LongStream.range(first, first + Long.getLong("varve.seeds", 300));
  }

  /** What is found, against all ways that there are. */
  @ParameterizedTest
  @MethodSource("seeds")
  void everyMomentThatSomeWayLeadsToIsFound(long seed) {
    Random random = new Random(seed);
    List<VersionVector> cuts = randomCuts(random);
    Set<String> damaged = randomLinks(random, cuts);
    List<Link> usable =
        links.stream()
            .filter(l -> !damaged.contains(l.manifest().segments().get(0).object().key()))
            .toList();
    Chain chain = new Chain("g", links, Optional.empty(), Optional.empty(), List.of());
    List<Stretch> ways = everyWay(usable);
    List<Stretch> all = chain.stretches(damaged);
    String line = "seed " + seed + ": " + links + " without " + damaged;
    assertThat(ways).as(line).containsAll(all);
    for (VersionVector moment : moments(cuts)) {
      List<Stretch> leading =
          ways.stream().filter(way -> leads(way, moment, damaged)).sorted(BEST).toList();
      String at = moment + " in " + line;
      Optional<Stretch> found = chain.wayTowards(moment, damaged);
      assertThat(found.isPresent()).as(at).isEqualTo(!leading.isEmpty());
      if (leading.stream().anyMatch(way -> partial(way, moment) <= 1)) {
        assertThat(all.stream().anyMatch(way -> leads(way, moment, damaged))).as(at).isTrue();
      }
      if (found.isPresent()) {
        assertThat(leads(found.get(), moment, damaged)).as(at).isTrue();
        assertThat(BEST.compare(found.get(), leading.get(0))).as(at).isZero();
      }
      Optional<Stretch> exact =
          ways.stream().filter(way -> way.to().equals(moment)).sorted(BEST).findFirst();
      List<Stretch> to = chain.waysTo(moment, damaged);
      assertThat(to.isEmpty()).as(at).isEqualTo(exact.isEmpty());
      if (exact.isPresent()) {
        assertThat(BEST.compare(to.get(0), exact.get())).as(at).isZero();
      }
    }
    assertThat(Set.copyOf(chain.restorable(damaged)))
        .as(line)
        .isEqualTo(
            Set.copyOf(
                ways.stream()
                    .flatMap(
                        way ->
                            java.util.stream.Stream.concat(
                                java.util.stream.Stream.of(way.base()), way.deltas().stream()))
                    .toList()));
  }

  private static final Comparator<Stretch> BEST =
      Comparator.comparingLong((Stretch way) -> -extent(way.from()))
          .thenComparingInt(way -> way.deltas().size());

  private static long extent(VersionVector cut) {
    return cut.seqs().values().stream().mapToLong(seq -> seq + 1).sum();
  }

  private static List<VersionVector> randomCuts(Random random) {
    boolean two = random.nextInt(3) == 0;
    List<VersionVector> cuts = new ArrayList<>();
    long a = 1;
    long b = 0;
    for (int i = 3 + random.nextInt(4); i > 0; i--) {
      cuts.add(VersionVector.parse("a@1=" + a + (two && b > 0 ? ",b@1=" + b : "")));
      a += 1 + random.nextInt(2);
      b += two ? random.nextInt(3) : 0;
    }
    return cuts;
  }

  private Set<String> randomLinks(Random random, List<VersionVector> cuts) {
    add(Manifest.Kind.BASE, VersionVector.EMPTY, cuts.get(0));
    for (int i = 1; i < cuts.size(); i++) {
      if (random.nextInt(6) > 0) {
        add(Manifest.Kind.DELTA, cuts.get(i - 1), cuts.get(i));
      }
    }
    for (int i = random.nextInt(7); i > 0; i--) {
      int from = random.nextInt(cuts.size() - 1);
      int to = from + 1 + random.nextInt(cuts.size() - from - 1);
      switch (random.nextInt(4)) {
        case 0 -> add(Manifest.Kind.CHECKPOINT, VersionVector.EMPTY, cuts.get(to));
        case 1 -> add(Manifest.Kind.THINNED, cuts.get(from), cuts.get(to));
        default -> add(Manifest.Kind.MERGED, cuts.get(from), cuts.get(to));
      }
    }
    Set<String> damaged = new TreeSet<>();
    for (int i = random.nextInt(4); i > 0; i--) {
      damaged.add((random.nextBoolean() ? "s" : "t") + (1 + random.nextInt(links.size())));
    }
    return damaged;
  }

  private static List<VersionVector> moments(List<VersionVector> cuts) {
    List<VersionVector> moments = new ArrayList<>();
    VersionVector last = cuts.get(cuts.size() - 1);
    long most = last.seqs().values().stream().mapToLong(Long::longValue).max().orElse(0) + 1;
    boolean two = last.seqs().size() > 1;
    for (long a = 1; a <= most; a++) {
      for (long b = 0; b <= (two ? most : 0); b++) {
        moments.add(VersionVector.parse("a@1=" + a + (b > 0 ? ",b@1=" + b : "")));
      }
    }
    return moments;
  }

  private static List<Stretch> everyWay(List<Link> usable) {
    List<Stretch> ways = new ArrayList<>();
    for (Link base : usable) {
      if (base.manifest().kind().whole()) {
        goOn(new Stretch(base, List.of()), usable, ways);
      }
    }
    return ways;
  }

  private static void goOn(Stretch way, List<Link> usable, List<Stretch> ways) {
    ways.add(way);
    for (Link next : usable) {
      if (!next.manifest().kind().whole() && next.manifest().from().equals(way.to())) {
        List<Link> steps = new ArrayList<>(way.deltas());
        steps.add(next);
        goOn(new Stretch(way.base(), steps), usable, ways);
      }
    }
  }

  /** Whether the way leads to the moment, without a step that it does not need. */
  private static boolean leads(Stretch way, VersionVector moment, Set<String> damaged) {
    if (!moment.includes(way.from())) {
      return false;
    }
    VersionVector at = way.from();
    for (Link step : way.deltas()) {
      if (at.includes(moment)) {
        return true;
      }
      Manifest manifest = step.manifest();
      boolean every =
          (manifest.kind() == Manifest.Kind.DELTA || manifest.kind() == Manifest.Kind.MERGED)
              && !damaged.contains(manifest.transactions().orElseThrow().object().key());
      if (!moment.includes(manifest.to()) && !every) {
        return false;
      }
      at = manifest.to();
    }
    return at.includes(moment);
  }

  /** Moments of several sites may lie across several steps. */
  private static long partial(Stretch way, VersionVector moment) {
    return way.deltas().stream().filter(step -> !moment.includes(step.manifest().to())).count();
  }

  private void base(long at) {
    add(Manifest.Kind.BASE, VersionVector.EMPTY, vector(at));
  }

  private void checkpoint(long at) {
    add(Manifest.Kind.CHECKPOINT, VersionVector.EMPTY, vector(at));
  }

  private void deltas(long... cuts) {
    for (int i = 1; i < cuts.length; i++) {
      add(Manifest.Kind.DELTA, vector(cuts[i - 1]), vector(cuts[i]));
    }
  }

  private void merged(long from, long to) {
    add(Manifest.Kind.MERGED, vector(from), vector(to));
  }

  private void thinned(long from, long to) {
    add(Manifest.Kind.THINNED, vector(from), vector(to));
  }

  private static VersionVector vector(long seq) {
    return VersionVector.of(Samples.SITE, seq);
  }

  private List<String> all(long... damaged) {
    return new Stretches(usable(damaged), Set.of())
        .all().stream().map(way -> way.from().weight() + ":" + numbers(way)).toList();
  }

  private Optional<String> towards(long moment, long... damaged) {
    return new Stretches(usable(damaged), Set.of())
        .towards(vector(moment))
        .map(way -> way.base().manifest().number() + ":" + numbers(way));
  }

  private static String numbers(Stretch way) {
    return String.join(
        ",", way.deltas().stream().map(link -> "" + link.manifest().number()).toList());
  }

  private List<Link> usable(long... damaged) {
    Set<Long> without = Set.copyOf(LongStream.of(damaged).boxed().toList());
    return links.stream().filter(link -> !without.contains(link.manifest().number())).toList();
  }

  private void add(Manifest.Kind kind, VersionVector from, VersionVector to) {
    long number = links.size() + 1;
    Manifest manifest =
        new Manifest(
            "g",
            number,
            kind,
            Optional.empty(),
            from,
            to,
            new Manifest.CommitSpan(1, 2),
            List.of(),
            List.of(),
            new Manifest.Counts(0, 0, 1, 0, 1),
            Fingerprint.EMPTY,
            StoreSchema.EMPTY,
            List.of(
                new Manifest.Segment(
                    ElementKind.VERTEX,
                    new Manifest.StoredObject(
                        "s" + number, 100 * (to.weight() - from.weight()), "0".repeat(64)),
                    1,
                    0,
                    "1",
                    "1")),
            kind == Manifest.Kind.DELTA || kind == Manifest.Kind.MERGED
                ? Optional.of(
                    new Manifest.TransactionsFile(
                        new Manifest.StoredObject("t" + number, 10, "0".repeat(64)), 1))
                : Optional.empty(),
            new Manifest.Writer("w", "0"),
            Manifest.Encoding.ZSTD,
            Instant.EPOCH);
    links.add(new Link(manifest, "f".repeat(64)));
  }
}
