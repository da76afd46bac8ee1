package dev.varve.restore;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.varve.archive.Manifest;
import dev.varve.change.VersionVector;
import dev.varve.fault.ExitCode;
import dev.varve.fault.VarveException;
import dev.varve.graph.Element;
import dev.varve.graph.ElementId;
import dev.varve.graph.ElementKind;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class GraphMergeTest {

  @TempDir Path directory;

  static java.util.stream.LongStream seeds() {
    long first = Long.getLong("varve.seed", 0);
    return java.util.stream.LongStream.range(first, first + Long.getLong("varve.seeds", 12));
  }

  @ParameterizedTest
  @MethodSource("seeds")
  void everyMomentEqualsTheModel(long seed) {
    Random random = new Random(seed);
    ChainLab lab = new ChainLab(directory).versionsASegment(1 + random.nextInt(40));
    long begin = randomChain(lab, random);
    for (Map.Entry<Long, Map<ElementId, Element>> moment : lab.history.tailMap(begin).entrySet()) {
      long seq = moment.getKey();
      RestorePlan plan =
          Restore.plan(
              lab.repository(), ChainLab.GRAPH, Moment.parse("tx:" + ChainLab.SITE + "/" + seq));
      try (GraphMerge merge = new GraphMerge(plan, lab.repository(), 3 + random.nextInt(8))) {
        Map<ElementId, Element> expected = moment.getValue();
        assertThat(drain(merge.unhashed()))
            .as("unhashed, seed %d, transaction %d", seed, seq)
            .isEqualTo(expected);
        assertThat(merge.merged()).isEmpty();
        assertThat(merge.awaited().map(ReadBack::fingerprint))
            .contains(ChainLab.fingerprintOf(expected));
        assertThat(drain(merge)).as("seed %d, transaction %d", seed, seq).isEqualTo(expected);
        assertThat(merge.expected()).contains(ChainLab.fingerprintOf(expected));
        assertThat(Promise.merged(plan, merge).fingerprint())
            .isEqualTo(ChainLab.fingerprintOf(expected));
        assertThat(plan.schema()).isEqualTo(lab.schemas.get(seq));
      }
    }
  }

  /** Returns the first transaction that can be restored. */
  private static long randomChain(ChainLab lab, Random random) {
    RandomValues values = new RandomValues(random, false);
    for (int i = 0; i < 10; i++) {
      lab.randomCommit(random, values);
    }
    lab.base();
    final long begin = lab.seq();
    for (int snapshot = 0; snapshot < 12; snapshot++) {
      for (int i = random.nextInt(5); i >= 0; i--) {
        lab.tick(random.nextInt(3) * 1000L);
        lab.randomCommit(random, values);
      }
      lab.delta();
      if (random.nextInt(5) == 0) {
        lab.checkpoint();
      }
    }
    return begin;
  }

  private static Map<ElementId, Element> drain(LiveGraph graph) {
    Map<ElementId, Element> found = new TreeMap<>();
    for (LiveElements elements : new LiveElements[] {graph.vertices(), graph.edges()}) {
      try (elements) {
        ElementId last = null;
        for (LiveElement next = elements.next(); next != null; next = elements.next()) {
          if (last != null) {
            assertThat(next.id()).isGreaterThan(last);
          }
          last = next.id();
          found.put(next.id(), next.state());
        }
      }
    }
    return found;
  }

  @Test
  void aTruncatedSegmentIsNoGraph() throws IOException {
    assertDamageIsSeen(bytes -> java.util.Arrays.copyOf(bytes, bytes.length - 20));
  }

  @Test
  void anAlteredSegmentIsNoGraph() throws IOException {
    assertDamageIsSeen(
        bytes -> {
          bytes[bytes.length / 2] ^= 4;
          return bytes;
        });
  }

  private void assertDamageIsSeen(java.util.function.UnaryOperator<byte[]> damage)
      throws IOException {
    ChainLab lab = new ChainLab(directory);
    Random random = new Random(3);
    RandomValues values = new RandomValues(random, false);
    for (int i = 0; i < 30; i++) {
      lab.randomCommit(random, values);
    }
    Manifest base = lab.base();
    RestorePlan plan =
        Planner.plan(
            Restore.load(lab.repository(), ChainLab.GRAPH),
            new Moment.AtVector(VersionVector.of(ChainLab.SITE, lab.seq())),
            java.util.Set.of(),
            (manifest, each) -> {});
    String key = base.segments(ElementKind.EDGE).get(0).object().key();
    Path file = directory.resolve("repository").resolve(key);
    Files.write(file, damage.apply(Files.readAllBytes(file)));
    try (GraphMerge merge = new GraphMerge(plan, lab.repository())) {
      assertThatThrownBy(() -> drain(merge))
          .isInstanceOfSatisfying(
              VarveException.class,
              e -> {
                assertThat(e.exitCode()).isEqualTo(ExitCode.DAMAGE_FOUND);
                assertThat(e).hasMessageContaining(key);
              });
    }
  }
}
