package dev.varve.compact;

import static org.assertj.core.api.Assertions.assertThat;

import dev.varve.archive.Chain;
import dev.varve.archive.DirectoryRepository;
import dev.varve.archive.Manifest;
import dev.varve.archive.Manifest.Kind;
import dev.varve.change.InexactSpan;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.List;
import java.util.NavigableSet;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInfo;
import org.junit.jupiter.api.io.TempDir;

class MergeTest {

  private static final MergePlan.Policy FINE =
      new MergePlan.Policy(
          Duration.ofMillis(100), 1 << 30, Optional.empty(), Duration.ofMillis(100));

  @TempDir Path directory;

  private DirectoryRepository repository;
  private Lab lab;

  @BeforeEach
  void setUp(TestInfo test) {
    long seed = Long.getLong("varve.seed", 1);
    System.out.println(test.getDisplayName() + " -Dvarve.seed=" + seed);
    repository = new DirectoryRepository(directory.resolve("repository"));
    lab = new Lab(seed, directory);
  }

  @AfterEach
  void tearDown() {
    lab.close();
  }

  @Test
  void mergedDeltasHoldEveryMoment() throws Exception {
    lab.graph.inexactEvery = 5;
    layDown(30);
    NavigableSet<Long> before = Restored.moments(load(), lab.graph);
    List<InexactSpan> inexact = inexact(load());
    assertThat(inexact).hasSizeGreaterThan(5);
    int merges = mergeAll(FINE);
    assertThat(merges).isGreaterThan(1);
    Restored.check(repository, Lab.GRAPH, lab.graph);
    assertThat(Restored.moments(load(), lab.graph)).isEqualTo(before);
    removeDeltas(Kind.DELTA, Kind.MERGED);
    assertThat(kinds(waysToHead())).contains(Kind.MERGED);
    assertThat(inexact(load())).isEqualTo(inexact);
    assertThat(mergeAll(FINE)).as("nothing is left to do").isZero();
  }

  @Test
  void thinnedDeltasLeadFromEndToEnd() throws Exception {
    lab.graph.inexactEvery = 5;
    layDown(30);
    List<InexactSpan> inexact = inexact(load());
    MergePlan.Policy policy =
        new MergePlan.Policy(
            Duration.ofMillis(20),
            1 << 30,
            Optional.of(Duration.ofMillis(60)),
            Duration.ofMillis(50));
    assertThat(mergeAll(policy)).isGreaterThan(2);
    Chain chain = load();
    List<Manifest> thinned = ofKind(chain, Kind.THINNED);
    assertThat(thinned).isNotEmpty();
    for (Manifest manifest : thinned) {
      assertThat(manifest.transactions()).isEmpty();
      assertThat(MergePlan.instant(manifest.committed().lastMicros()))
          .isBefore(Lab.at(lab.graph.seq).minusMillis(60));
      assertThat(manifest.inexact())
          .isEqualTo(inexact.stream().filter(span -> saidIn(manifest, span)).toList())
          .isNotEmpty();
      Chain alone = alone(chain, manifest);
      Restored.check(repository, alone, lab.graph);
    }
  }

  private static List<InexactSpan> inexact(Chain chain) {
    return InexactSpan.joined(
        chain.links().stream().flatMap(link -> link.manifest().inexact().stream()).toList());
  }

  /** Whether the transaction that says so is in a delta. */
  private static boolean saidIn(Manifest delta, InexactSpan span) {
    return delta.to().covers(span.site(), span.last())
        && !delta.from().covers(span.site(), span.last());
  }

  @Test
  void manyDeltasAreMergedInSteps() throws Exception {
    lab.graph.scan(20);
    Lab.Writer writer = lab.writer(repository, 1);
    writer.layDown();
    for (int i = 0; i < 150; i++) {
      lab.graph.change(1, 3);
      writer.layDown();
    }
    MergePlan.Policy long1 =
        new MergePlan.Policy(Duration.ofHours(1), 1 << 30, Optional.empty(), Duration.ofDays(1));
    Instant later = Lab.at(lab.graph.seq).plus(Duration.ofDays(1));
    assertThat(MergePlan.of(load(), long1, later).jobs())
        .as("the span is not over by the commit times of the chain")
        .isEmpty();
    lab.graph.seq += 4_000_000;
    lab.graph.change(1, 3);
    writer.layDown();
    assertThat(mergeAll(long1)).isEqualTo(4); // 64, 64, 22 and the three of them
    assertThat(waysToHead().deltas()).hasSize(2);
    Restored.check(repository, Lab.GRAPH, lab.graph);
  }

  @Test
  void aDamagedDeltaIsNotMergedAndTheOthersAre() throws Exception {
    layDown(30);
    Manifest damaged = load().links().get(5).manifest();
    Path file = directory.resolve("repository").resolve(damaged.segments().get(0).object().key());
    byte[] bytes = Files.readAllBytes(file);
    bytes[bytes.length / 2] ^= 1;
    Files.write(file, bytes);
    try (Housekeeper housekeeper = housekeeper(FINE)) {
      housekeeper.round();
      assertThat(housekeeper.status().trouble())
          .hasValueSatisfying(text -> assertThat(text).contains("is damaged"));
      assertThat(housekeeper.status().merges()).isPositive();
    }
    for (Manifest merged : ofKind(load(), Kind.MERGED)) {
      assertThat(merged.from().includes(damaged.to()) || damaged.from().includes(merged.to()))
          .isTrue();
    }
  }

  @Test
  void aCheckpointOfManyDeltasIsSorted() throws Exception {
    lab.graph.scan(20);
    Lab.Writer writer = lab.writer(repository, 1);
    writer.layDown();
    for (int i = 0; i < VersionMerge.RUNS_MAX + 5; i++) {
      lab.graph.change(1, 3);
      writer.layDown();
    }
    Manifest made = Checkpoint.make(repository, Lab.GRAPH);
    assertThat(made.to()).isEqualTo(lab.cut());
    Restored.check(repository, Lab.GRAPH, lab.graph);
  }

  @Test
  void aCheckpointGoesRoundADamagedMerge() throws Exception {
    layDown(30);
    mergeAll(FINE);
    Manifest merged = ofKind(load(), Kind.MERGED).get(0);
    repository.delete(merged.segments().get(0).object().key());
    assertThat(Checkpoint.make(repository, Lab.GRAPH).to()).isEqualTo(lab.cut());
  }

  private void layDown(int deltas) throws Exception {
    lab.graph.scan(60);
    Lab.Writer writer = lab.writer(repository, 1);
    writer.layDown();
    for (int i = 0; i < deltas; i++) {
      lab.graph.change(5, 5);
      writer.layDown();
    }
  }

  private int mergeAll(MergePlan.Policy policy) throws Exception {
    try (Housekeeper housekeeper = housekeeper(policy)) {
      housekeeper.round();
      assertThat(housekeeper.status().trouble()).isEmpty();
      return (int) housekeeper.status().merges();
    }
  }

  private Housekeeper housekeeper(MergePlan.Policy policy) {
    return lab.housekeeper(
        repository,
        policy,
        ExpirePlan.Policy.EVERYTHING,
        Clock.fixed(Lab.at(lab.graph.seq).plusSeconds(100), ZoneOffset.UTC));
  }

  private Chain load() throws Exception {
    return Chain.load(repository, Lab.GRAPH);
  }

  private Chain.Stretch waysToHead() throws Exception {
    return load().waysTo(lab.cut(), java.util.Set.of()).get(0);
  }

  /** Removes the segments of deltas that others stand for. */
  private void removeDeltas(Kind removed, Kind by) throws Exception {
    List<Manifest> standing = ofKind(load(), by);
    for (Manifest delta : ofKind(load(), removed)) {
      if (standing.stream()
          .anyMatch(m -> delta.from().includes(m.from()) && m.to().includes(delta.to()))) {
        for (Manifest.StoredObject object : delta.objects()) {
          repository.delete(object.key());
        }
      }
    }
    for (Chain.Stretch stretch : load().stretches()) {
      Restored.check(repository, stretch, lab.graph);
    }
  }

  /** The chain with a thinned delta in place of what it stands for. */
  private static Chain alone(Chain chain, Manifest thinned) {
    return new Chain(
        chain.graph(),
        chain.links().stream()
            .filter(
                link ->
                    link.manifest().equals(thinned)
                        || link.manifest().kind().whole()
                        || thinned.from().includes(link.manifest().to())
                        || link.manifest().from().includes(thinned.to()))
            .toList(),
        chain.ledger(),
        chain.tip(),
        List.of());
  }

  private static List<Manifest> ofKind(Chain chain, Kind kind) {
    return chain.links().stream()
        .map(Chain.Link::manifest)
        .filter(manifest -> manifest.kind() == kind)
        .toList();
  }

  private static List<Kind> kinds(Chain.Stretch stretch) {
    return stretch.deltas().stream().map(link -> link.manifest().kind()).toList();
  }
}
