package dev.varve.compact;

import static org.assertj.core.api.Assertions.assertThat;

import dev.varve.archive.Chain;
import dev.varve.archive.Copy;
import dev.varve.archive.Keys;
import dev.varve.archive.Ledger;
import dev.varve.archive.Manifest;
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

/**
 * What is done to a chain beside each other, on a repository that fails as often as it is told to,
 * and what has to hold after each step. What is done follows from a seed.
 *
 * <p>{@code -Dvarve.seed=} is the first seed, {@code -Dvarve.seeds=} how many there are, {@code
 * -Dvarve.steps=} how long a schedule is; {@code -Dvarve.stride=1} lets every call fail in turn,
 * and not every fourth.
 */
final class ChainRun implements AutoCloseable {

  static final long FIRST_SEED = Long.getLong("varve.seed", 1);
  static final int SEEDS = Integer.getInteger("varve.seeds", 4);
  static final int STEPS = Integer.getInteger("varve.steps", 60);

  /** Every so many calls one goes wrong; 1 for each of them. */
  static final int STRIDE = Integer.getInteger("varve.stride", 12);

  final Random random;
  final Lab lab;
  final MemoryRepository truth = new MemoryRepository();

  /** A copy, as {@code varve copy} keeps it. */
  final MemoryRepository far = new MemoryRepository();

  final List<Lab.Writer> writers = new ArrayList<>();
  final List<String> log = new ArrayList<>();
  NavigableSet<Long> promised = new TreeSet<>();
  Optional<VersionVector> acknowledged = Optional.empty();
  double faultRate;
  long writerSeed;

  ChainRun(long seed, Path directory) {
    random = new Random(seed);
    lab = new Lab(seed, directory);
    writerSeed = seed * 1000;
  }

  void copy() {
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

  /** Faults follow from the seed, in whatever order threads make their calls. */
  Repository faulty() {
    return faulty(truth);
  }

  Repository faulty(Repository inner) {
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

  interface Step {
    void run() throws IOException;
  }

  /** What may come of a step on a repository that fails. */
  boolean attempt(String what, Step step) {
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

  void layDown(int which) {
    while (writers.size() <= which) {
      boolean started =
          attempt("start " + writers.size(), () -> writers.add(lab.writer(faulty(), writerSeed++)));
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

  void merge() {
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

  void checkpoint() {
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

  void mark() throws IOException {
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
                    Restored.cut(chain, seq, lab.graph)
                        .map(
                            cut ->
                                Ledger.with(
                                    newest.restorePoints(),
                                    new Ledger.RestorePoint(
                                        name, cut, SyntheticGraph.micros(seq), Instant.EPOCH)))
                        .orElse(newest.restorePoints())));
  }

  void unmark() {
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
              return next.equals(newest.restorePoints()) ? newest : newest.withRestorePoints(next);
            });
  }

  void expire() throws IOException {
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

  Chain load() throws IOException {
    return Chain.load(truth, Lab.GRAPH);
  }

  /** After every step. */
  void verify() throws IOException {
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

  void check() throws Exception {
    Restored.check(truth, Lab.GRAPH, lab.graph);
  }

  /** The first call that goes wrong. */
  static int firstCall(Fault fault) {
    return 1 + Math.floorMod(FIRST_SEED + fault.ordinal(), STRIDE);
  }

  @Override
  public void close() {
    lab.close();
  }
}
