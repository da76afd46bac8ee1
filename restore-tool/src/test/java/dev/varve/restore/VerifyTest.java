package dev.varve.restore;

import static org.assertj.core.api.Assertions.assertThat;

import dev.varve.archive.Damage;
import dev.varve.archive.Manifest;
import dev.varve.fault.ExitCode;
import dev.varve.graph.Edge;
import dev.varve.graph.ElementId;
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
}
