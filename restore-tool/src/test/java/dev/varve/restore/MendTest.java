package dev.varve.restore;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.varve.archive.Copy;
import dev.varve.archive.Damage;
import dev.varve.archive.DirectoryRepository;
import dev.varve.archive.Manifest;
import dev.varve.archive.Mend;
import dev.varve.archive.Repository;
import dev.varve.fault.ExitCode;
import dev.varve.fault.VarveException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class MendTest {

  @TempDir Path directory;
  private final Random random = new Random(1);
  private final RandomValues values = new RandomValues(random, false);
  private final List<Manifest> manifests = new ArrayList<>();
  private ChainLab lab = new ChainLab(Path.of("unset"));
  private Path root = Path.of("unset");
  private Repository damaged = new DirectoryRepository(root);
  private Repository copy = damaged;
  private Map<String, String> whole = Map.of();

  @BeforeEach
  void aChainAndItsCopy() throws Exception {
    lab = new ChainLab(directory).versionsASegment(20);
    commit(10);
    manifests.add(lab.base());
    for (int delta = 0; delta < 4; delta++) {
      commit(5);
      manifests.add(lab.delta());
    }
    root = directory.resolve("repository");
    damaged = lab.repository();
    copy = new DirectoryRepository(directory.resolve("copy"));
    try (Copy copying =
        new Copy(damaged, copy, "g", directory.resolve("files"), Copy.Watcher.NONE)) {
      copying.run();
    }
    whole = CopyTest.contents(damaged);
  }

  private void commit(int transactions) {
    for (int i = 0; i < transactions; i++) {
      lab.tick(1000);
      lab.randomCommit(random, values);
    }
  }

  /** Objects lost, cut off and altered; manifests lost, altered, and the newest torn. */
  private List<String> damage(Path where) throws IOException {
    String lost = manifests.get(0).segments().get(0).object().key();
    String cut = manifests.get(1).segments().get(0).object().key();
    String altered = manifests.get(3).transactions().orElseThrow().object().key();
    Files.delete(where.resolve(lost));
    Files.write(
        where.resolve(cut), java.util.Arrays.copyOf(Files.readAllBytes(where.resolve(cut)), 50));
    byte[] bytes = Files.readAllBytes(where.resolve(altered));
    bytes[bytes.length / 2] ^= 1;
    Files.write(where.resolve(altered), bytes);
    Files.delete(where.resolve(manifests.get(1).key()));
    Path other = where.resolve(manifests.get(2).key());
    Files.writeString(other, Files.readString(other).replace("\"lab\"", "\"lob\""));
    Files.writeString(where.resolve(manifests.get(4).key()), "{");
    return List.of(
        manifests.get(1).key(), manifests.get(2).key(), manifests.get(4).key(), lost, cut, altered);
  }

  @Test
  void whatIsDamagedIsBroughtBack() throws Exception {
    List<String> keys = damage(root);
    Mend.Report report = mend(copy, damaged);
    assertThat(report.mended()).extracting(Damage::key).containsExactlyInAnyOrderElementsOf(keys);
    assertThat(report.left()).isEmpty();
    assertThat(CopyTest.contents(damaged)).isEqualTo(whole);
    assertThat(Verify.run(damaged, "g", Verify.Level.GRAPH, Progress.NONE).damage()).isEmpty();
    assertThat(mend(copy, damaged).mended()).isEmpty();
  }

  @Test
  void whatIsDamagedInBothIsLeftAlone() throws Exception {
    List<String> keys = damage(root);
    damage(directory.resolve("copy"));
    Map<String, String> before = CopyTest.contents(damaged);
    Mend.Report report = mend(copy, damaged);
    assertThat(report.mended()).isEmpty();
    assertThat(report.left())
        .extracting(Damage::key)
        .contains(keys.get(0), keys.get(1), keys.get(2), keys.get(3));
    assertThat(CopyTest.contents(damaged)).isEqualTo(before);
  }

  @Test
  void aCopyThatLagsBehindOrIsAheadMendsWhatBothHave() throws Exception {
    commit(2);
    lab.delta();
    whole = CopyTest.contents(damaged);
    String lost = manifests.get(0).segments().get(0).object().key();
    damaged.delete(lost);
    assertThat(mend(copy, damaged).mended()).extracting(Damage::key).containsExactly(lost);
    assertThat(CopyTest.contents(damaged)).isEqualTo(whole);
    // what the copy has and the chain lost is brought back, too
    copy.delete(lost);
    assertThat(mend(damaged, copy).mended())
        .extracting(Damage::key)
        .contains("g/manifests/00000000000000000006.json", lost);
    assertThat(CopyTest.contents(copy)).isEqualTo(whole);
  }

  @Test
  void anotherChainMendsNothing() throws Exception {
    ChainLab other = new ChainLab(directory.resolve("other"));
    other.randomCommit(new Random(5), values);
    other.base();
    damage(root);
    Map<String, String> before = CopyTest.contents(damaged);
    assertThatThrownBy(() -> mend(other.repository(), damaged))
        .isInstanceOfSatisfying(
            VarveException.class, e -> assertThat(e.exitCode()).isEqualTo(ExitCode.FENCED));
    assertThat(CopyTest.contents(damaged)).isEqualTo(before);
  }

  @Test
  void aRepairMayBeKilledAtEveryCall() throws Exception {
    int deaths = 0;
    for (boolean after : new boolean[] {false, true}) {
      for (int call = 1; ; call++) {
        Path place = directory.resolve("k" + after + call);
        Repository target = new DirectoryRepository(place);
        try (Copy copying =
            new Copy(copy, target, "g", directory.resolve("files"), Copy.Watcher.NONE)) {
          copying.run();
        }
        damage(place);
        AtomicInteger calls = new AtomicInteger();
        boolean died = false;
        try {
          mend(
              new CopyTest.Dying(copy, calls, call, after),
              new CopyTest.Dying(target, calls, call, after));
        } catch (CopyTest.Died e) {
          died = true;
        }
        assertThat(mend(copy, target).left()).isEmpty();
        assertThat(CopyTest.contents(target)).isEqualTo(whole);
        if (!died) {
          break;
        }
        deaths++;
      }
    }
    assertThat(deaths).isGreaterThan(60);
  }

  private Mend.Report mend(Repository from, Repository to) throws IOException {
    return Mend.run(from, to, "g", directory.resolve("files"), Copy.Watcher.NONE);
  }
}
