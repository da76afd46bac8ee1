package dev.varve.restore;

import static org.assertj.core.api.Assertions.assertThat;

import dev.varve.archive.Damage;
import dev.varve.archive.Ledger;
import dev.varve.archive.Manifest;
import dev.varve.archive.SegmentFormat;
import dev.varve.fault.ExitCode;
import dev.varve.graph.Edge;
import dev.varve.graph.Element;
import dev.varve.graph.ElementId;
import dev.varve.restore.convert.Conversion;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.TreeMap;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class VerifyTest {

  @TempDir Path directory;
  private ChainLab lab;
  private final List<Manifest> manifests = new ArrayList<>();

  @BeforeEach
  void chain() {
    lab = new ChainLab(directory);
    Random random = new Random(1);
    RandomValues values = new RandomValues(random, false);
    for (int i = 0; i < 10; i++) {
      lab.randomCommit(random, values);
    }
    manifests.add(lab.base());
    for (int delta = 0; delta < 3; delta++) {
      for (int i = 0; i < 5; i++) {
        lab.tick(1000);
        lab.randomCommit(random, values);
      }
      manifests.add(lab.delta());
    }
    manifests.add(lab.checkpoint());
    lab.tick(1000);
    lab.randomCommit(random, values);
    manifests.add(lab.delta());
  }

  @ParameterizedTest
  @EnumSource(SegmentFormat.class)
  void anAlteredByteOfABaseIsFound(SegmentFormat format) throws IOException {
    lab.basesOf(format);
    Manifest checkpoint = lab.checkpoint();
    Path file = file(segment(checkpoint));
    byte[] bytes = Files.readAllBytes(file);
    Random random = new Random(3);
    for (int i = 0; i < 20; i++) {
      byte[] altered = bytes.clone();
      int place = random.nextInt(bytes.length);
      altered[place] ^= (byte) (1 << random.nextInt(8));
      Files.write(file, altered);
      assertThat(verify(Verify.Level.DATA).damage())
          .as("byte %d of %s", place, file)
          .singleElement()
          .isInstanceOf(Damage.Altered.class);
    }
  }

  /** As one would who can forge files, and their hashes in the manifest, but not the graph. */
  @ParameterizedTest
  @EnumSource(SegmentFormat.class)
  void aStateThatWasExchangedInABaseIsFound(SegmentFormat format) {
    lab.basesOf(format);
    Manifest forged = lab.forgedCheckpoint();
    for (Verify.Level level : List.of(Verify.Level.DATA, Verify.Level.GRAPH)) {
      Verify.Report report = verify(level);
      assertThat(report.exitCode()).isEqualTo(ExitCode.DAMAGE_FOUND);
      assertThat(report.damage()).extracting(Damage::key).contains(forged.key());
      assertThat(report.damage().get(0).text()).contains("promises").contains("fingerprint");
    }
  }

  private Verify.Report verify(Verify.Level level) {
    return Verify.run(lab.repository(), ChainLab.GRAPH, level, Progress.NONE);
  }

  private Path file(String key) {
    return directory.resolve("repository").resolve(key);
  }

  private static String segment(Manifest manifest) {
    return manifest.segments().get(0).object().key();
  }

  @ParameterizedTest
  @EnumSource(Verify.Level.class)
  void aWholeChainIsFoundWhole(Verify.Level level) {
    Verify.Report report = verify(level);
    assertThat(report.damage()).isEmpty();
    assertThat(report.exitCode()).isEqualTo(ExitCode.DONE);
    assertThat(report.manifests()).isEqualTo(6);
    assertThat(report.windows()).hasSize(2);
  }

  @ParameterizedTest
  @EnumSource(Verify.Level.class)
  void aMissingSegmentIsFound(Verify.Level level) throws IOException {
    Files.delete(file(segment(manifests.get(2))));
    Verify.Report report = verify(level);
    assertThat(report.damage()).containsExactly(new Damage.Missing(segment(manifests.get(2))));
    assertThat(report.exitCode()).isEqualTo(ExitCode.DAMAGE_FOUND);
    assertThat(report.windows().get(0).to()).isEqualTo(manifests.get(1).to());
    assertThat(report.windows().get(1).to()).isEqualTo(manifests.get(5).to());
  }

  @ParameterizedTest
  @EnumSource(Verify.Level.class)
  void aTruncatedSegmentIsFound(Verify.Level level) throws IOException {
    Path file = file(segment(manifests.get(0)));
    byte[] bytes = Files.readAllBytes(file);
    Files.write(file, java.util.Arrays.copyOf(bytes, bytes.length / 2));
    Verify.Report report = verify(level);
    assertThat(report.damage())
        .singleElement()
        .isInstanceOfSatisfying(
            Damage.WrongLength.class,
            damage -> assertThat(damage.key()).isEqualTo(segment(manifests.get(0))));
    assertThat(report.windows()).hasSize(1);
  }

  @Test
  void anyAlteredByteOfASegmentIsFound() throws IOException {
    Path file = file(segment(manifests.get(5)));
    byte[] bytes = Files.readAllBytes(file);
    Random random = new Random(2);
    for (int i = 0; i < 20; i++) {
      byte[] altered = bytes.clone();
      int place = random.nextInt(bytes.length);
      altered[place] ^= (byte) (1 << random.nextInt(8));
      Files.write(file, altered);
      assertThat(verify(Verify.Level.DATA).damage())
          .as("byte %d of %s", place, file)
          .singleElement()
          .isInstanceOf(Damage.Altered.class);
    }
  }

  @Test
  void anAlteredTransactionsFileIsFound() throws IOException {
    String key = manifests.get(1).transactions().orElseThrow().object().key();
    byte[] bytes = Files.readAllBytes(file(key));
    bytes[bytes.length - 3] ^= 1;
    Files.write(file(key), bytes);
    assertThat(verify(Verify.Level.DATA).damage()).extracting(Damage::key).containsExactly(key);
  }

  @Test
  void anAlteredManifestIsFound() throws IOException {
    String key = manifests.get(1).key();
    Files.writeString(file(key), Files.readString(file(key)).replace("\"lab\"", "\"lob\""));
    Verify.Report report = verify(Verify.Level.MANIFEST);
    assertThat(report.damage()).extracting(Damage::key).containsExactly(key);
    assertThat(report.restorable()).contains("; and ");
  }

  @Test
  void aMissingManifestIsFound() throws IOException {
    Files.delete(file(manifests.get(2).key()));
    assertThat(verify(Verify.Level.MANIFEST).damage())
        .containsExactly(new Damage.Missing(manifests.get(2).key()));
  }

  @Test
  void anEdgeWithoutItsVertexIsFoundAtTheLevelOfTheGraph() {
    lab.commit(
        new TreeMap<>(
            Map.of(ElementId.edge("999"), Optional.of(Edge.of("LOOSE", "998", "997", Map.of())))));
    Manifest last = lab.delta();
    assertThat(verify(Verify.Level.DATA).damage()).isEmpty();
    Verify.Report report = verify(Verify.Level.GRAPH);
    assertThat(report.damage()).extracting(Damage::key).containsOnly(last.key());
    assertThat(report.damage().get(0).text()).contains("e999 goes from v998 to v997");
  }

  /** AGE itself leaves edges so; the chain has what the store had. */
  @Test
  void anEdgeWithoutItsVertexIsNoDamageWhereTheStoreAllowsIt() throws IOException {
    ChainLab age = new ChainLab(Files.createDirectory(directory.resolve("age"))).store("age:1/d/2");
    Map<ElementId, Optional<Element>> loose = new TreeMap<>();
    for (int i = 0; i < 7; i++) {
      loose.put(ElementId.edge("90" + i), Optional.of(Edge.of("LOOSE", "998", "997", Map.of())));
    }
    age.commit(loose);
    Manifest base = age.base();
    Verify.Report report =
        Verify.run(age.repository(), ChainLab.GRAPH, Verify.Level.GRAPH, Progress.NONE);
    assertThat(report.damage()).isEmpty();
    assertThat(report.exitCode()).isEqualTo(ExitCode.DONE);
    assertThat(report.looseEdges()).hasSize(1);
    LooseEdges found = report.looseEdges().get(0);
    assertThat(found.at()).isEqualTo(base.to());
    assertThat(found.count()).isEqualTo(7);
    assertThat(found.first()).hasSize(5).contains("e900 goes from v998 to v997");
  }

  enum Victim {
    BASE,
    DELTA,
    MERGED,
    CHECKPOINT
  }

  @ParameterizedTest
  @EnumSource(Victim.class)
  void whatIsSaidToBeRestorableIsRestored(Victim victim) throws IOException {
    manifests.add(lab.merged(0, 1));
    lab.delta(); // that the newest entry of all is missing, nobody can see
    Manifest damaged =
        switch (victim) {
          case BASE -> manifests.get(0);
          case DELTA -> manifests.get(3);
          case CHECKPOINT -> manifests.get(4);
          case MERGED -> manifests.get(6);
        };
    for (Damaging how : Damaging.values()) {
      for (String key : List.of(segment(damaged), damaged.key())) {
        byte[] good = Files.readAllBytes(file(key));
        how.damage(file(key), good);
        Verify.Report report = verify(Verify.Level.DATA);
        assertThat(report.exitCode()).isEqualTo(ExitCode.DAMAGE_FOUND);
        assertThat(report.damage()).extracting(Damage::key).containsExactly(key);
        assertThat(report.spans()).isNotEmpty();
        for (RecoverySpan span : report.spans()) {
          for (RecoverySpan.Cut end : List.of(span.from(), span.to())) {
            MemoryTarget target = new MemoryTarget();
            RestoreReport restored =
                Restore.run(
                    lab.repository(),
                    ChainLab.GRAPH,
                    new Moment.AtVector(end.vector()),
                    findings -> target,
                    Conversion.NONE,
                    false,
                    Progress.NONE);
            assertThat(restored.moment()).isEqualTo(new Moment.AtVector(end.vector()));
            assertThat(target.graph)
                .as("%s of %s at %s", how, key, end)
                .isEqualTo(lab.history.get(end.vector().weight()));
          }
        }
        Files.write(file(key), good);
      }
    }
    assertThat(verify(Verify.Level.GRAPH).damage()).isEmpty();
  }

  enum Damaging {
    MISSING,
    CUT,
    FLIPPED;

    void damage(Path file, byte[] good) throws IOException {
      switch (this) {
        case MISSING -> Files.delete(file);
        case CUT -> Files.write(file, java.util.Arrays.copyOf(good, good.length / 3));
        case FLIPPED -> {
          byte[] bad = good.clone();
          bad[good.length / 2] ^= 1;
          Files.write(file, bad);
        }
      }
    }
  }

  @Test
  void theWayRoundDamageThatIsMetWhileReadingEndsInTheSameFiles() throws IOException {
    Damaging.FLIPPED.damage(
        file(segment(manifests.get(4))), Files.readAllBytes(file(segment(manifests.get(4)))));
    TargetUri uri = TargetUri.parse("dir:" + directory.resolve("restored") + "?format=avro");
    RestoreReport report =
        Restore.run(
            lab.repository(),
            ChainLab.GRAPH,
            new Moment.Latest(),
            findings ->
                dev.varve.restore.target.Targets.open(
                    uri,
                    new dev.varve.restore.target.Targets.Needs(
                        Optional.empty(),
                        new dev.varve.restore.target.neo4j.OfflineStore.Resources(1, 1 << 20),
                        () -> {
                          throw new AssertionError("no store");
                        })),
            Conversion.NONE,
            false,
            Progress.NONE);
    assertThat(report.actual()).isEqualTo(lab.fingerprint());
    assertThat(report.moment()).isEqualTo(new Moment.Latest());
    assertThat(directory.resolve("restored/varve.json")).exists();
  }

  @Test
  void whatExpiresDuringARestoreIsReadFromWhatStandsForIt() {
    MemoryTarget target =
        new MemoryTarget() {
          @Override
          public Standing open(RestoreIdentity restore, boolean overwrite, Progress progress) {
            Standing standing = super.open(restore, overwrite, progress);
            if (standing == Standing.FRESH) {
              lab.merged(0, 2);
              lab.ledger(List.of(), List.of(new Ledger.Range(2, 4)));
              for (Manifest old : manifests.subList(1, 4)) {
                file(segment(old)).toFile().delete();
                file(old.key()).toFile().delete();
              }
            }
            return standing;
          }
        };
    RestoreReport report =
        Restore.run(
            lab.repository(),
            ChainLab.GRAPH,
            new Moment.AtVector(manifests.get(2).to()),
            findings -> target,
            Conversion.NONE,
            false,
            Progress.NONE);
    assertThat(report.standing()).isEqualTo(GraphTarget.Standing.RESUMED);
    assertThat(target.graph).isEqualTo(lab.history.get(manifests.get(2).to().weight()));
  }

  @Test
  void mergedAndThinnedDeltasAreFoundGood() {
    lab.merged(0, 2);
    lab.thinned(0, 1);
    lab.thinned(1, 2);
    assertThat(verify(Verify.Level.GRAPH).damage()).isEmpty();
  }

  @Test
  void whoeverPromisesAnotherGraphAtTheSameCutIsFound() {
    ChainLab.Cut cut = lab.cuts.get(2);
    Manifest wrong =
        lab.checkpoint(
            new ChainLab.Cut(
                cut.seq(),
                cut.micros(),
                cut.vertices() + 1,
                cut.edges(),
                cut.fingerprint(),
                cut.schema(),
                cut.newest()));
    Verify.Report report = verify(Verify.Level.MANIFEST);
    assertThat(report.damage()).extracting(Damage::key).containsExactly(wrong.key());
    assertThat(report.damage().get(0).text()).contains("another graph");
  }

  @Test
  void aThinnedDeltaThatLeadsElsewhereIsFoundAtTheLevelOfTheGraph() {
    ChainLab.Laid delta = lab.deltas.get(1);
    lab.deltas.set(
        1,
        new ChainLab.Laid(
            delta.manifest(),
            delta.versions().subList(0, delta.versions().size() - 1),
            delta.transactions()));
    Manifest wrong = lab.merged(0, 1);
    assertThat(verify(Verify.Level.DATA).damage()).isEmpty();
    Verify.Report report = verify(Verify.Level.GRAPH);
    assertThat(report.damage()).extracting(Damage::key).containsExactly(wrong.key());
    assertThat(report.spans()).hasSize(1);
  }

  @Test
  void expiredObjectsAreNoDamageAndALostRestorePointIsSaid() throws IOException {
    lab.ledger(
        List.of(
            new Ledger.RestorePoint("early", manifests.get(1).to(), 1, java.time.Instant.EPOCH),
            new Ledger.RestorePoint("late", manifests.get(5).to(), 2, java.time.Instant.EPOCH)),
        List.of(new Ledger.Range(1, 4)));
    for (Manifest old : manifests.subList(0, 4)) {
      for (Manifest.Segment segment : old.segments()) {
        Files.delete(file(segment.object().key()));
      }
      Files.delete(file(old.key()));
    }
    Verify.Report report = verify(Verify.Level.GRAPH);
    assertThat(report.damage()).isEmpty();
    assertThat(report.lostPoints()).extracting(Ledger.RestorePoint::name).containsExactly("early");
    assertThat(report.exitCode()).isEqualTo(ExitCode.DAMAGE_FOUND);
  }

  @Test
  void inEveryRowOfSamplesEveryObjectHasItsTurn() {
    List<Manifest.StoredObject> objects =
        manifests.stream()
            .flatMap(manifest -> manifest.segments().stream())
            .map(Manifest.Segment::object)
            .toList();
    for (double percent : new double[] {10, 30, 100}) {
      for (long first : new long[] {0, 20_779}) {
        long days = (long) Math.ceil(100 / percent) + 1;
        for (Manifest.StoredObject object : objects) {
          assertThat(
                  java.util.stream.LongStream.range(first, first + days)
                      .anyMatch(seed -> new Verify.Sample(percent, seed).takes(object)))
              .isTrue();
        }
      }
    }
    Verify.Report some =
        Verify.run(
            lab.repository(),
            ChainLab.GRAPH,
            Verify.Level.DATA,
            Optional.of(new Verify.Sample(20, 1)),
            Progress.NONE);
    assertThat(some.read()).isLessThan(some.objects());
  }
}
