package dev.varve.compact;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.fail;

import dev.varve.archive.Chain;
import dev.varve.archive.Copy;
import dev.varve.archive.Keys;
import dev.varve.archive.Ledger;
import dev.varve.archive.Manifest;
import dev.varve.archive.Orphans;
import dev.varve.archive.Repository;
import dev.varve.change.VersionVector;
import dev.varve.compact.FaultyRepository.Call;
import dev.varve.compact.FaultyRepository.Fault;
import dev.varve.fault.ExitCode;
import dev.varve.fault.VarveException;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.NavigableSet;
import java.util.Objects;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * Compactors, merges, checkpoints, marks and expiry beside each other on a repository that fails in
 * every way that there is, in an order that a seed decides. After each step: the chain verifies,
 * nothing that was acknowledged is lost, no moment goes that a policy does not let go, and what is
 * restored is what was.
 *
 * <p>Permitted faults: calls that fail before or after their effect, lost answers, death on either
 * side of a call, throttling, delays, reads that are cut off, break off or have a bit flipped, a
 * repository whose clock is wrong, our own clock being wrong. Not permitted: that an object which
 * was created is later gone or another; that a list lacks what was created.
 */
class ChainUnderFaultsTest {

  private static final long FIRST_SEED = Long.getLong("varve.seed", 1);
  private static final int SEEDS = Integer.getInteger("varve.seeds", 4);
  private static final int STEPS = Integer.getInteger("varve.steps", 60);

  /** Every so many calls one goes wrong; 1 for each of them. */
  static final int STRIDE = Integer.getInteger("varve.stride", 4);

  @TempDir Path directory;

  @Test
  void whatIsKeptIsRestoredAsItWas() throws Exception {
    schedules(FIRST_SEED, SEEDS);
  }

  /** The copy was so late that all it held had expired. */
  @Test
  void seed9067899() throws Exception {
    schedules(9067899, 1);
  }

  /** A copy was cut off, and what it had of an entry expired before it was carried on. */
  @Test
  void seed200011() throws Exception {
    schedules(200011, 1);
  }

  private void schedules(long first, int count) throws Exception {
    System.out.println("-Dvarve.seed=" + first + " -Dvarve.seeds=" + count);
    for (long seed = first; seed < first + count; seed++) {
      try (Run run = new Run(seed, directory.resolve("seed-" + seed))) {
        run.go(STEPS);
      } catch (Exception | AssertionError e) {
        throw new AssertionError("-Dvarve.seed=" + seed + " -Dvarve.seeds=1", e);
      }
    }
  }

  /** Two that lay down the same graph in turns: one of them is always the one that goes on. */
  @Test
  void ofTwoCompactorsExactlyOneGoesOn() throws Exception {
    System.out.println("-Dvarve.seed=" + FIRST_SEED + " -Dvarve.seeds=" + SEEDS);
    for (long seed = FIRST_SEED; seed < FIRST_SEED + SEEDS * 3L; seed++) {
      try (Run run = new Run(seed, directory.resolve("two-" + seed))) {
        run.race();
      } catch (Exception | AssertionError e) {
        throw new AssertionError("-Dvarve.seed=" + seed + " -Dvarve.seeds=1", e);
      }
    }
  }

  /** The number that a sleeping compactor wants next was taken, has expired and is gone. */
  @Test
  void aCompactorThatSleptWhileItsNumberWasTakenAndExpiredIsFenced() throws Exception {
    for (boolean answerLost : new boolean[] {false, true}) {
      try (Run run = new Run(7, directory.resolve("slept-" + answerLost))) {
        run.sleeper(answerLost);
      }
    }
  }

  /** Dies or fails at every call there is, on either side. */
  @ParameterizedTest
  @EnumSource(names = {"FAILS", "ANSWER_LOST", "DIES_BEFORE", "DIES_AFTER", "FLIPPED", "CUT_OFF"})
  void aFaultAtAnyCallOfAMergeOrCheckpointIsMadeGood(Fault fault) throws Exception {
    try (Run run = new Run(11, directory.resolve("every"))) {
      run.everyCall(fault);
    }
  }

  @ParameterizedTest
  @EnumSource(names = {"FAILS", "ANSWER_LOST", "DIES_BEFORE", "DIES_AFTER"})
  void aFaultAtAnyCallOfAMarkOrUnmarkIsMadeGood(Fault fault) throws Exception {
    try (Run run = new Run(12, directory.resolve("marks"))) {
      run.everyCallOfMarks(fault);
    }
  }

  /** Everything that is done to a chain, one after the other, with one fault at any call of it. */
  @ParameterizedTest
  @EnumSource(names = {"FAILS", "ANSWER_LOST", "DIES_BEFORE", "DIES_AFTER", "FLIPPED", "CUT_OFF"})
  void aFaultAtAnyCallOfAllTogetherIsMadeGood(Fault fault) throws Exception {
    try (Run run = new Run(13, directory.resolve("all"))) {
      run.everyCallOfAll(fault);
    }
  }

  private static final class Run implements AutoCloseable {
    private final Random random;
    private final Lab lab;
    private final MemoryRepository truth = new MemoryRepository();

    /** A copy, as {@code varve copy} keeps it. */
    private final MemoryRepository far = new MemoryRepository();

    private final List<Lab.Writer> writers = new ArrayList<>();
    private final List<String> log = new ArrayList<>();
    private NavigableSet<Long> promised = new TreeSet<>();
    private Optional<VersionVector> acknowledged = Optional.empty();
    private double faultRate;
    private long writerSeed;

    Run(long seed, Path directory) {
      random = new Random(seed);
      lab = new Lab(seed, directory);
      writerSeed = seed * 1000;
    }

    void go(int steps) throws Exception {
      lab.graph.scan(20);
      faultRate = random.nextInt(4) * 0.02;
      for (int step = 0; step < steps; step++) {
        truth.advance(Duration.ofMinutes(random.nextInt(600)));
        step();
        if (step % 10 == 9) {
          check();
        }
      }
      faultRate = 0;
      expire();
      check();
      assertNothingExpiredIsLeft();
      far.advance(Orphans.AGE.plusMinutes(1));
      lab.graph.change(1, 4); // something that is copied later than what was left
      writers.clear(); // none that has slept
      layDown(0);
      copy();
      checkCopy();
    }

    /** The copy is a chain, and holds what the first one does. */
    private void checkCopy() throws Exception {
      if (load().links().isEmpty()) {
        return; // nothing was ever laid down
      }
      assertThat(Chain.load(far, Lab.GRAPH)).as("%s", log).isEqualTo(load());
      assertThat(far.list("")).as("%s", log).containsExactlyElementsOf(namedObjects());
      Restored.check(far, Lab.GRAPH, lab.graph);
    }

    private Set<String> namedObjects() throws IOException {
      Chain chain = load();
      Set<String> named = new TreeSet<>(truth.list(Keys.manifests(Lab.GRAPH)));
      chain.links().stream()
          .flatMap(link -> link.manifest().objects().stream())
          .forEach(object -> named.add(object.key()));
      return named;
    }

    private void copy() {
      attempt(
          "copy",
          () -> {
            try (Copy copying =
                new Copy(
                    faulty(),
                    faulty(far),
                    Lab.GRAPH,
                    lab.directory.resolve("scratch"),
                    Copy.Watcher.NONE)) {
              copying.run();
            }
          });
      for (Repository.Listed listed : far.list(Keys.manifests(Lab.GRAPH), "")) {
        String key = listed.key();
        assertThat(bytes(truth, key).or(() -> bytes(far, key))).isEqualTo(bytes(far, key));
      }
    }

    private static Optional<String> bytes(Repository repository, String key) {
      try (java.io.InputStream in = repository.read(key, 0)) {
        return Optional.of(new String(in.readAllBytes(), java.nio.charset.StandardCharsets.UTF_8));
      } catch (IOException e) {
        return Optional.empty();
      }
    }

    private void step() throws Exception {
      switch (random.nextInt(15)) {
        case 0, 1, 2, 3, 4, 5 -> {
          lab.graph.change(1 + random.nextInt(4), 4);
          layDown(random.nextInt(2));
        }
        case 6 -> layDown(random.nextInt(2));
        case 7, 8 -> merge();
        case 9 -> checkpoint();
        case 10 -> mark();
        case 11 -> unmark();
        case 12 -> expire();
        case 13 -> copy();
        default -> writers.clear(); // all compactors are killed
      }
      verify();
    }

    /** Faults follow from the seed, in whatever order threads make their calls. */
    private Repository faulty() {
      return faulty(truth);
    }

    private Repository faulty(Repository inner) {
      long seed = random.nextLong();
      Map<String, Integer> times = new ConcurrentHashMap<>();
      FaultyRepository faulty =
          FaultyRepository.of(
              inner,
              (call, key) -> {
                int time = times.merge(call + key, 1, Integer::sum);
                Random chance = new Random(seed ^ (key.hashCode() * 31L + time) * 0x9E3779B97F4AL);
                if (chance.nextDouble() >= faultRate) {
                  return Fault.NONE;
                }
                Fault[] possible =
                    call == Call.READ
                        ? Fault.values()
                        : new Fault[] {
                          Fault.FAILS,
                          Fault.ANSWER_LOST,
                          Fault.DIES_BEFORE,
                          Fault.DIES_AFTER,
                          Fault.THROTTLED
                        };
                return possible[chance.nextInt(possible.length)];
              });
      faulty.skew = Duration.ofHours(random.nextInt(2000) - 1000);
      return faulty;
    }

    private Clock clock() {
      Instant right = Lab.at(lab.graph.seq);
      return Clock.fixed(
          random.nextInt(4) > 0 ? right : right.plus(Duration.ofDays(random.nextInt(9000) - 4500)),
          ZoneOffset.UTC);
    }

    private interface Step {
      void run() throws IOException;
    }

    /** What may come of a step on a repository that fails. */
    private boolean attempt(String what, Step step) {
      try {
        step.run();
        log.add(what);
        return true;
      } catch (FaultyRepository.Died e) {
        log.add(what + " died");
      } catch (IllegalStateException e) {
        if (!causes(e).anyMatch(FaultyRepository.Died.class::isInstance)) {
          throw e;
        }
        log.add(what + " died");
      } catch (IOException e) {
        log.add(what + " failed: " + e);
      } catch (VarveException e) {
        assertThat(e.exitCode())
            .isIn(ExitCode.FAILED, ExitCode.FENCED, ExitCode.DAMAGE_FOUND, ExitCode.NO_REPOSITORY);
        if (faultRate == 0 && acknowledged.isPresent()) {
          assertThat(e.exitCode()).as(e.getMessage()).isEqualTo(ExitCode.FENCED);
        }
        log.add(what + " ended: " + e.getMessage());
      }
      return false;
    }

    private static Stream<Throwable> causes(Throwable e) {
      return Stream.iterate(e, Objects::nonNull, Throwable::getCause);
    }

    private void layDown(int which) {
      while (writers.size() <= which) {
        boolean started =
            attempt(
                "start " + writers.size(), () -> writers.add(lab.writer(faulty(), writerSeed++)));
        if (!started) {
          return;
        }
      }
      Manifest[] made = new Manifest[1];
      if (attempt("lay down " + which, () -> made[0] = writers.get(which).layDown())) {
        promise(made[0]);
      } else {
        writers.remove(which);
      }
    }

    private void promise(Manifest made) {
      acknowledged = Optional.of(made.to());
      long to = Restored.seq(made.to().seqs());
      long from = made.kind().whole() ? to : Restored.seq(made.from().seqs());
      promised.addAll(lab.graph.history.subMap(from, true, to, true).keySet());
    }

    private void merge() {
      MergePlan.Policy policy =
          new MergePlan.Policy(
              Duration.ofMillis(5 + random.nextInt(40)),
              20_000 + random.nextInt(1 << 20),
              keepFine(),
              Duration.ofMillis(20 + random.nextInt(60)));
      Clock clock = clock();
      attempt(
          "merge " + policy + " " + clock,
          () -> {
            try (Housekeeper housekeeper =
                lab.housekeeper(faulty(), policy, ExpirePlan.Policy.EVERYTHING, clock)) {
              housekeeper.mergeRound();
            }
          });
    }

    private Optional<Duration> keepFine() {
      return random.nextBoolean()
          ? Optional.empty()
          : Optional.of(Duration.ofMillis(20 + random.nextInt(60)));
    }

    private void checkpoint() {
      attempt(
          "checkpoint",
          () -> {
            Repository repository = faulty();
            Optional<Chain.End> end = Chain.loadEnd(repository, Lab.GRAPH);
            if (end.isPresent()) {
              new Checkpoint(lab.bench(repository, writerSeed++, clock()))
                  .make(Lab.GRAPH, end.get().head().manifest());
            }
          });
    }

    private void mark() throws IOException {
      NavigableSet<Long> moments = Restored.moments(load(), lab.graph);
      if (moments.isEmpty()) {
        return;
      }
      List<Long> all = List.copyOf(moments);
      long seq = all.get(random.nextInt(all.size()));
      String name = "p" + random.nextInt(3);
      attempt(
          "mark " + name + " " + seq,
          () ->
              ledger(
                  (newest, chain) ->
                      Restored.moments(chain, lab.graph).contains(seq)
                          ? Ledger.with(
                              newest.restorePoints(),
                              new Ledger.RestorePoint(
                                  name,
                                  VersionVector.of(lab.graph.site, seq),
                                  SyntheticGraph.micros(seq),
                                  Instant.EPOCH))
                          : newest.restorePoints()));
    }

    private void unmark() {
      String name = "p" + random.nextInt(3);
      attempt(
          "unmark " + name,
          () -> ledger((newest, chain) -> Ledger.without(newest.restorePoints(), name)));
    }

    private interface Points {
      List<Ledger.RestorePoint> of(Ledger newest, Chain chain);
    }

    private void ledger(Points points) {
      lab.book(faulty(), clock())
          .update(
              Lab.GRAPH,
              LedgerBook.Unknown.REFUSE,
              (newest, chain) -> {
                List<Ledger.RestorePoint> next = points.of(newest, chain);
                return next.equals(newest.restorePoints())
                    ? newest
                    : newest.withRestorePoints(next);
              });
    }

    private void expire() throws IOException {
      Chain before = load();
      ExpirePlan.Policy policy =
          new ExpirePlan.Policy(
              random.nextInt(3) == 0 ? Optional.empty() : Optional.of(1 + random.nextInt(3)),
              random.nextInt(3) == 0
                  ? Optional.empty()
                  : Optional.of(Duration.ofMillis(1 + random.nextInt(200))),
              keepFine(),
              Duration.ofHours(random.nextInt(48)));
      Clock clock = clock();
      attempt(
          "expire " + policy + " " + clock,
          () -> {
            Repository repository = faulty();
            Expire.run(repository, Lab.GRAPH, policy, lab.book(repository, clock), clock);
          });
      NavigableSet<Long> still = Restored.moments(load(), lab.graph);
      for (long lost : List.copyOf(promised)) {
        if (!still.contains(lost)) {
          assertThat(mayGo(lost, before, policy, clock.instant()))
              .as("%d may go by %s: %s", lost, policy, log)
              .isTrue();
          promised.remove(lost);
        }
      }
    }

    /** The policy once more, in the simplest way there is. */
    private boolean mayGo(long lost, Chain before, ExpirePlan.Policy policy, Instant now) {
      Instant newest =
          MergePlan.instant(
              before.links().stream()
                  .mapToLong(link -> link.manifest().committed().lastMicros())
                  .max()
                  .orElseThrow());
      Instant reference = newest.isBefore(now) ? newest : now;
      boolean thin =
          policy.keepFine().isPresent()
              && Lab.at(lost).isBefore(reference.minus(policy.keepFine().get()));
      TreeSet<Long> bases = new TreeSet<>();
      for (Chain.Link link : before.links()) {
        if (link.manifest().kind().whole()) {
          bases.add(Restored.seq(link.manifest().to().seqs()));
        }
      }
      List<Long> newestFirst = List.copyOf(bases.descendingSet());
      boolean kept = policy.keepChains().isEmpty() && policy.keepFor().isEmpty();
      if (policy.keepChains().isPresent()) {
        int index = Math.min(policy.keepChains().get(), newestFirst.size()) - 1;
        kept |= lost >= newestFirst.get(index);
      }
      if (policy.keepFor().isPresent()) {
        kept |= !Lab.at(lost).isBefore(reference.minus(policy.keepFor().get()));
      }
      boolean marked =
          load0().restorePoints().stream()
              .anyMatch(point -> Restored.seq(point.vector().seqs()) == lost);
      return !marked && (!kept || thin);
    }

    private Chain load0() {
      try {
        return load();
      } catch (IOException e) {
        throw new IllegalStateException(e);
      }
    }

    private Chain load() throws IOException {
      return Chain.load(truth, Lab.GRAPH);
    }

    /** After every step. */
    private void verify() throws IOException {
      Chain chain = load();
      assertThat(chain.damage()).as(log.toString()).isEmpty();
      for (Chain.Link link : chain.links()) {
        for (Manifest.StoredObject object : link.manifest().objects()) {
          assertThat(truth.sizeBytes(object.key())).as(log.toString()).hasValue(object.bytes());
        }
      }
      if (acknowledged.isPresent()) {
        assertThat(chain.head().orElseThrow().manifest().to().includes(acknowledged.get()))
            .as("what was acknowledged is there: %s", log)
            .isTrue();
      }
      Set<VersionVector> begun = new HashSet<>();
      for (Chain.Link link : chain.links()) {
        if (link.manifest().kind() == Manifest.Kind.DELTA) {
          assertThat(begun.add(link.manifest().from())).as("a fork: %s", log).isTrue();
        }
      }
      NavigableSet<Long> moments = Restored.moments(chain, lab.graph);
      for (long moment : promised) {
        assertThat(moments).as("%s", log).contains(moment);
      }
      for (Ledger.RestorePoint point : chain.restorePoints()) {
        assertThat(moments).as("%s", log).contains(Restored.seq(point.vector().seqs()));
      }
    }

    private void check() throws Exception {
      Restored.check(truth, Lab.GRAPH, lab.graph);
    }

    private void assertNothingExpiredIsLeft() throws IOException {
      Optional<Ledger> ledger = load().ledger();
      for (String key : truth.list(Keys.manifests(Lab.GRAPH))) {
        long number = Keys.manifestNumber(key).orElseThrow();
        assertThat(ledger.isPresent() && ledger.get().isExpired(number)).as(key).isFalse();
      }
    }

    void race() throws Exception {
      lab.graph.scan(20);
      faultRate = 0.05;
      long lastSeed = writerSeed;
      for (int turn = 0; turn < 40; turn++) {
        lab.graph.change(1, 4);
        if (random.nextInt(6) == 0) {
          merge();
        } else if (random.nextInt(8) == 0) {
          checkpoint();
        } else if (random.nextInt(8) == 0) {
          expire();
        }
        layDown(random.nextInt(2));
        verify();
      }
      assertThat(writerSeed).as("some were fenced or died").isGreaterThan(lastSeed + 2);
      assertThat(log).anyMatch(line -> line.contains("was written by another compactor"));
      // without faults: whoever published last goes on, the other one is fenced at once
      faultRate = 0;
      writers.clear();
      layDown(0);
      layDown(1);
      lab.graph.change(1, 4);
      layDown(0);
      assertThat(writers).hasSize(2);
      lab.graph.change(1, 4);
      layDown(1);
      assertThat(writers).as("the second is fenced: %s", log).hasSize(1);
      lab.graph.change(1, 4);
      layDown(0);
      assertThat(writers).as("the first goes on").hasSize(1);
      verify();
      check();
    }

    void sleeper(boolean answerLost) throws Exception {
      lab.graph.scan(20);
      Lab.Writer awake = lab.writer(truth, 1);
      awake.layDown();
      lab.graph.change(1, 4);
      boolean[] asleep = {true};
      int[] lost = {answerLost ? 1 : 0};
      Repository slow =
          FaultyRepository.of(
              truth,
              (call, key) ->
                  call == Call.CREATE && key.contains("/manifests/") && lost[0]-- > 0
                      ? Fault.ANSWER_LOST
                      : Fault.NONE);
      Lab.Writer sleeper = lab.writer(slow, 2);
      assertThat(asleep[0]).isTrue();
      for (int i = 0; i < 3; i++) {
        awake.layDown();
        Checkpoint.make(truth, Lab.GRAPH);
        lab.graph.change(1, 4);
      }
      awake.layDown();
      ExpirePlan.Policy policy =
          new ExpirePlan.Policy(Optional.of(1), Optional.empty(), Optional.empty(), Duration.ZERO);
      Expire.run(truth, Lab.GRAPH, policy, lab.book(truth, lab.clock()), lab.clock());
      assertThat(truth.sizeBytes(Keys.manifest(Lab.GRAPH, 2))).as("free again").isEmpty();
      VersionVector reached = load().head().orElseThrow().manifest().to();
      try {
        sleeper.layDown();
        fail("the sleeper went on");
      } catch (VarveException e) {
        assertThat(e.exitCode()).isEqualTo(ExitCode.FENCED);
      }
      assertThat(load().head().orElseThrow().manifest().to()).isEqualTo(reached);
      verify();
      check();
      lab.graph.change(1, 4);
      awake.layDown();
      Expire.run(truth, Lab.GRAPH, policy, lab.book(truth, lab.clock()), lab.clock());
      assertThat(truth.sizeBytes(Keys.manifest(Lab.GRAPH, 2))).as("what it left").isEmpty();
      check();
    }

    void everyCall(Fault fault) throws Exception {
      lab.graph.scan(20);
      Lab.Writer writer = lab.writer(truth, 1);
      writer.layDown();
      for (int i = 0; i < 10; i++) {
        lab.graph.change(2, 3);
        writer.layDown();
      }
      MergePlan.Policy policy =
          new MergePlan.Policy(
              Duration.ofMillis(10),
              1 << 30,
              Optional.of(Duration.ofMillis(20)),
              Duration.ofMillis(20));
      NavigableSet<Long> moments = Restored.moments(load(), lab.graph);
      faultRate = 1; // for one call of each round
      for (int call = 1 + (int) Math.floorMod(FIRST_SEED + fault.ordinal(), STRIDE);
          ;
          call += STRIDE) {
        MemoryRepository copy = truth.copy();
        FaultyRepository faulty = FaultyRepository.at(copy, call, fault);
        attempt("merge", () -> mergeAndCheckpoint(faulty, policy));
        Chain half = Chain.load(copy, Lab.GRAPH);
        assertThat(half.damage()).isEmpty();
        assertThat(half.checkObjects(copy)).isEmpty();
        assertThat(Restored.moments(half, lab.graph)).isEqualTo(moments);
        mergeAndCheckpoint(copy, policy);
        Chain whole = Chain.load(copy, Lab.GRAPH);
        assertThat(MergePlan.of(whole, policy, Lab.at(lab.graph.seq)).jobs()).isEmpty();
        assertThat(whole.links()).anyMatch(l -> l.manifest().kind() == Manifest.Kind.CHECKPOINT);
        Restored.check(copy, Lab.GRAPH, lab.graph);
        if (faulty.calls.get() < call) {
          assertThat(call).isGreaterThan(30);
          return;
        }
      }
    }

    private static final MergePlan.Policy MERGES =
        new MergePlan.Policy(
            Duration.ofMillis(10),
            1 << 30,
            Optional.of(Duration.ofMillis(20)),
            Duration.ofMillis(20));

    private void chainWithAPoint() throws Exception {
      lab.graph.scan(20);
      Lab.Writer writer = lab.writer(truth, 1);
      writer.layDown();
      for (int i = 0; i < 10; i++) {
        lab.graph.change(2, 3);
        writer.layDown();
        if (i == 5) {
          new Checkpoint(lab.bench(truth, writerSeed++))
              .make(Lab.GRAPH, Chain.loadEnd(truth, Lab.GRAPH).orElseThrow().head().manifest());
        }
      }
      point(truth, "old", lab.graph.history.firstKey());
    }

    private void point(Repository repository, String name, long seq) {
      lab.book(repository, lab.clock())
          .update(
              Lab.GRAPH,
              LedgerBook.Unknown.REFUSE,
              (newest, chain) ->
                  newest.restorePoint(name).isPresent()
                      ? newest
                      : newest.withRestorePoints(
                          Ledger.with(
                              newest.restorePoints(),
                              new Ledger.RestorePoint(
                                  name,
                                  VersionVector.of(lab.graph.site, seq),
                                  SyntheticGraph.micros(seq),
                                  Instant.EPOCH))));
    }

    private void noPoint(Repository repository, String name) {
      lab.book(repository, lab.clock())
          .update(
              Lab.GRAPH,
              LedgerBook.Unknown.REFUSE,
              (newest, chain) ->
                  newest.withRestorePoints(Ledger.without(newest.restorePoints(), name)));
    }

    private static List<String> points(Repository repository) throws IOException {
      return Chain.load(repository, Lab.GRAPH).restorePoints().stream()
          .map(Ledger.RestorePoint::name)
          .toList();
    }

    void everyCallOfMarks(Fault fault) throws Exception {
      chainWithAPoint();
      long seq = lab.graph.history.lastKey();
      faultRate = 1; // for one call of each round
      for (int call = 1; ; call++) {
        MemoryRepository copy = truth.copy();
        FaultyRepository faulty = FaultyRepository.at(copy, call, fault);
        boolean marked = attempt("mark", () -> point(faulty, "new", seq));
        boolean unmarked = attempt("unmark", () -> noPoint(faulty, "old"));
        Chain half = Chain.load(copy, Lab.GRAPH);
        assertThat(half.damage()).as("%s", log).isEmpty();
        List<String> left = points(copy);
        assertThat(List.of(List.of("old"), List.of("new", "old"), List.of(), List.of("new")))
            .contains(left);
        assertThat(left.contains("new") || !marked).as("what was acknowledged is there").isTrue();
        assertThat(left.contains("old") && unmarked).as("what was acknowledged is gone").isFalse();
        point(copy, "new", seq);
        noPoint(copy, "old");
        assertThat(points(copy)).containsExactly("new");
        assertThat(Restored.moments(Chain.load(copy, Lab.GRAPH), lab.graph)).contains(seq);
        Restored.check(copy, Lab.GRAPH, lab.graph);
        if (faulty.calls.get() < call) {
          assertThat(call).isGreaterThan(10);
          return;
        }
      }
    }

    void everyCallOfAll(Fault fault) throws Exception {
      chainWithAPoint();
      lab.graph.change(2, 3);
      long point = lab.graph.history.lastKey();
      faultRate = 1; // for one call of each round
      for (int call = 1 + (int) Math.floorMod(FIRST_SEED + fault.ordinal(), STRIDE);
          ;
          call += STRIDE) {
        MemoryRepository copy = truth.copy();
        FaultyRepository faulty = FaultyRepository.at(copy, call, fault);
        all(faulty, point, true);
        Chain half = Chain.load(copy, Lab.GRAPH);
        assertThat(half.damage()).as("call %d", call).isEmpty();
        assertThat(half.checkObjects(copy)).isEmpty();
        all(copy, point, false);
        Chain whole = Chain.load(copy, Lab.GRAPH);
        assertThat(whole.damage()).isEmpty();
        assertThat(whole.fallback()).as("an earlier ledger").isPresent();
        assertThat(whole.head().orElseThrow().manifest().to()).isEqualTo(lab.cut());
        assertThat(points(copy)).containsExactly("new");
        assertThat(Restored.moments(whole, lab.graph)).contains(point);
        Restored.check(copy, Lab.GRAPH, lab.graph);
        for (String key : copy.list(Keys.manifests(Lab.GRAPH))) {
          assertThat(whole.ledger().orElseThrow().isExpired(Keys.manifestNumber(key).orElseThrow()))
              .as(key)
              .isFalse();
        }
        if (faulty.calls.get() < call) {
          assertThat(call).isGreaterThan(100);
          return;
        }
      }
    }

    private void all(Repository repository, long point, boolean mayFail) throws IOException {
      ExpirePlan.Policy policy =
          new ExpirePlan.Policy(Optional.of(1), Optional.empty(), Optional.empty(), Duration.ZERO);
      List<Step> steps =
          List.of(
              () -> lab.writer(repository, writerSeed++).layDown(),
              () -> point(repository, "new", point),
              () -> mergeAndCheckpoint(repository, MERGES),
              () -> noPoint(repository, "old"),
              () ->
                  Expire.run(
                      repository,
                      Lab.GRAPH,
                      policy,
                      lab.book(repository, lab.clock()),
                      lab.clock()));
      for (Step step : steps) {
        if (mayFail) {
          attempt("step", step);
        } else {
          step.run();
        }
      }
    }

    private void mergeAndCheckpoint(Repository repository, MergePlan.Policy policy)
        throws IOException {
      try (Housekeeper housekeeper =
          lab.housekeeper(repository, policy, ExpirePlan.Policy.EVERYTHING, lab.clock())) {
        housekeeper.mergeRound();
      }
      new Checkpoint(lab.bench(repository, writerSeed++))
          .make(Lab.GRAPH, Chain.loadEnd(repository, Lab.GRAPH).orElseThrow().head().manifest());
    }

    @Override
    public void close() {
      lab.close();
    }
  }
}
