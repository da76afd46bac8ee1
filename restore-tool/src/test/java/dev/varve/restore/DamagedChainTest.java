package dev.varve.restore;

import static org.assertj.core.api.Assertions.assertThat;

import dev.varve.archive.Chain;
import dev.varve.archive.Damage;
import dev.varve.archive.Keys;
import dev.varve.archive.Ledger;
import dev.varve.archive.Manifest;
import dev.varve.change.VersionVector;
import dev.varve.fault.ExitCode;
import dev.varve.fault.VarveException;
import dev.varve.graph.Element;
import dev.varve.graph.ElementId;
import dev.varve.restore.convert.Conversion;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import java.util.stream.LongStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Random chains with merged and thinned deltas, late checkpoints and expired parts, randomly
 * damaged: what is offered is restored exactly, what is refused cannot be restored by any way.
 */
class DamagedChainTest {

  @TempDir Path directory;
  private final Set<String> damaged = new TreeSet<>();

  static LongStream seeds() {
    long first = Long.getLong("varve.seed", 0);
    return LongStream.range(first, first + Long.getLong("varve.seeds", 6));
  }

  @ParameterizedTest
  @MethodSource("seeds")
  void whatIsOfferedIsRestoredAndWhatIsRefusedCannotBe(long seed) throws IOException {
    Random random = new Random(seed);
    ChainLab lab = new ChainLab(directory).versionsASegment(5 + random.nextInt(40));
    lay(lab, random);
    damage(lab, random);
    Chain chain = Chain.load(lab.repository(), ChainLab.GRAPH);
    Verify.Report report =
        Verify.run(lab.repository(), ChainLab.GRAPH, Verify.Level.GRAPH, Progress.NONE);
    String line = "repeat with -Dvarve.seeds=1 -Dvarve.seed=" + seed + ", damaged " + damaged;
    assertThat(found(report)).as(line).containsExactlyInAnyOrderElementsOf(expected(chain));
    for (Map.Entry<Long, Map<ElementId, Element>> moment : lab.history.entrySet()) {
      long seq = moment.getKey();
      boolean possible = possible(chain, seq);
      String at = "transaction " + seq + "; " + line;
      for (String to :
          List.of("tx:" + ChainLab.SITE + "/" + seq, "vv:" + ChainLab.SITE + "=" + seq)) {
        Optional<Map<ElementId, Element>> restored = restore(lab, to);
        assertThat(restored.isPresent()).as(at).isEqualTo(possible);
        restored.ifPresent(graph -> assertThat(graph).as(at).isEqualTo(moment.getValue()));
      }
      long micros = lab.committedAt.getOrDefault(seq, 0L);
      restore(lab, Window.instant(micros).toString())
          .ifPresent(
              graph -> assertThat(graph).as(at).isEqualTo(lab.history.get(lastAt(lab, micros))));
      assertThat(report.spans().stream().anyMatch(span -> holds(span, seq)))
          .as(at)
          .isEqualTo(possible || betweenSingles(report, seq));
    }
    for (Ledger.RestorePoint point : report.lostPoints()) {
      assertThat(possible(chain, point.vector().weight())).as(line).isFalse();
    }
  }

  private static long lastAt(ChainLab lab, long micros) {
    return lab.committedAt.entrySet().stream()
        .filter(entry -> entry.getValue() <= micros)
        .mapToLong(Map.Entry::getKey)
        .max()
        .orElseThrow();
  }

  private static boolean holds(RecoverySpan span, long seq) {
    return span.from().vector().weight() <= seq && seq <= span.to().vector().weight();
  }

  private static boolean betweenSingles(Verify.Report report, long seq) {
    return report.spans().stream().anyMatch(span -> !span.continuous() && holds(span, seq));
  }

  private static Optional<Map<ElementId, Element>> restore(ChainLab lab, String to) {
    MemoryTarget target = new MemoryTarget();
    try {
      Restore.run(
          lab.repository(),
          ChainLab.GRAPH,
          Moment.parse(to),
          findings -> target,
          Conversion.NONE,
          false,
          Progress.NONE);
      return Optional.of(target.graph);
    } catch (VarveException e) {
      assertThat(e.exitCode())
          .as(e.toString())
          .isIn(ExitCode.OUTSIDE_WINDOW, ExitCode.DAMAGE_FOUND);
      return Optional.empty();
    }
  }

  /** Tries all ways that there are. */
  private boolean possible(Chain chain, long seq) {
    List<Manifest> usable =
        chain.links().stream()
            .map(Chain.Link::manifest)
            .filter(m -> m.segments().stream().noneMatch(s -> damaged.contains(s.object().key())))
            .toList();
    return usable.stream()
        .filter(manifest -> manifest.kind().whole())
        .anyMatch(base -> leads(base.to(), usable, VersionVector.of(ChainLab.SITE, seq)));
  }

  private boolean leads(VersionVector at, List<Manifest> usable, VersionVector moment) {
    if (at.equals(moment)) {
      return true;
    }
    return usable.stream()
        .filter(step -> !step.kind().whole() && step.from().equals(at) && moment.includes(at))
        .anyMatch(
            step ->
                moment.includes(step.to())
                    ? leads(step.to(), usable, moment)
                    : step.kind() != Manifest.Kind.THINNED
                        && step.transactions().stream()
                            .noneMatch(file -> damaged.contains(file.object().key())));
  }

  private static Set<String> found(Verify.Report report) {
    return report.damage().stream().map(Damage::key).collect(Collectors.toSet());
  }

  /** What is damaged and neither expired nor named by what is. */
  private Set<String> expected(Chain chain) {
    Set<String> named =
        chain.links().stream()
            .map(Chain.Link::manifest)
            .flatMap(
                m ->
                    Stream.concat(
                        m.segments().stream().map(s -> s.object().key()),
                        m.transactions().stream().map(t -> t.object().key())))
            .collect(Collectors.toCollection(TreeSet::new));
    chain.damage().forEach(damage -> named.add(damage.key()));
    Set<String> all = new TreeSet<>(damaged);
    chain.damage().forEach(damage -> all.add(damage.key()));
    all.retainAll(named);
    return all;
  }

  private static void lay(ChainLab lab, Random random) throws IOException {
    RandomValues values = new RandomValues(random, false);
    for (int i = 0; i < 6; i++) {
      lab.randomCommit(random, values);
    }
    lab.base();
    List<Ledger.RestorePoint> points = new ArrayList<>();
    List<Ledger.Range> expired = List.of();
    for (int step = 0; step < 14; step++) {
      int first = lab.deltas.isEmpty() ? 0 : random.nextInt(lab.deltas.size());
      int last = Math.min(lab.deltas.size() - 1, first + 1 + random.nextInt(4));
      int kind = lab.deltas.size() < 3 ? 0 : random.nextInt(9);
      switch (kind) {
        case 5 -> lab.merged(first, last);
        case 6 -> lab.thinned(first, last);
        case 7 -> lab.checkpoint(lab.cuts.get(random.nextInt(lab.cuts.size())));
        case 8 -> {
          long seq = lab.deltas.get(first).manifest().to().weight();
          points =
              Ledger.with(
                  points,
                  new Ledger.RestorePoint(
                      "p" + step, VersionVector.of(ChainLab.SITE, seq), seq, Instant.EPOCH));
          Manifest old = lab.deltas.get(first).manifest();
          if (random.nextInt(2) == 0 && first < lab.deltas.size() - 1) {
            expired = Ledger.with(expired, List.of(old.number()));
          }
          lab.ledger(points, expired);
          if (!expired.isEmpty() && random.nextBoolean()) {
            lab.repository().delete(Keys.manifest(ChainLab.GRAPH, expired.get(0).first()));
          }
        }
        default -> {
          for (int i = random.nextInt(4); i >= 0; i--) {
            lab.tick(random.nextInt(3) * 1000L);
            lab.randomCommit(random, values);
          }
          lab.delta();
        }
      }
    }
  }

  private void damage(ChainLab lab, Random random) throws IOException {
    List<String> keys =
        lab.repository().list(ChainLab.GRAPH + "/", "").stream().map(l -> l.key()).toList();
    for (int i = random.nextInt(4); i > 0; i--) {
      String key = keys.get(random.nextInt(keys.size()));
      if (!damaged.add(key)) {
        continue;
      }
      Path file = directory.resolve("repository").resolve(key);
      byte[] bytes = Files.readAllBytes(file);
      switch (random.nextInt(3)) {
        case 0 -> Files.delete(file);
        case 1 -> Files.write(file, Arrays.copyOf(bytes, random.nextInt(bytes.length - 2)));
        default -> {
          bytes[random.nextInt(bytes.length - 1)] ^= (byte) (1 << random.nextInt(7));
          Files.write(file, bytes);
        }
      }
    }
  }
}
