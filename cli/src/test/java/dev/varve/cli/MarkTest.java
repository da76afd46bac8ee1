package dev.varve.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.varve.archive.Chain;
import dev.varve.archive.DirectoryRepository;
import dev.varve.archive.EntryJson;
import dev.varve.archive.Keys;
import dev.varve.archive.Ledger;
import dev.varve.archive.Manifest;
import dev.varve.change.Site;
import dev.varve.change.VersionVector;
import dev.varve.fault.ExitCode;
import dev.varve.graph.StoreSchema;
import dev.varve.topology.Fingerprint;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Restore points by the command, on a chain without a store. */
class MarkTest {

  private static final Site SITE = new Site("neo4j", 1);

  @TempDir Path directory;
  private DirectoryRepository repository = new DirectoryRepository(Path.of("unset"));

  @BeforeEach
  void lay() throws Exception {
    repository = new DirectoryRepository(directory);
    snapshot(Manifest.Kind.BASE, 0, 10);
    snapshot(Manifest.Kind.DELTA, 10, 20);
  }

  @Test
  void aNameIsSetOnceMovedOnRequestAndRemoved() throws Exception {
    assertThat(run("mark", "a")).isEqualTo(ExitCode.DONE.number());
    assertThat(points()).containsExactly("a=neo4j@1=20");
    assertThat(run("mark", "a", "--at", "vv:neo4j@1=10")).isEqualTo(ExitCode.USAGE.number());
    assertThat(run("mark", "a", "--at", "vv:neo4j@1=10", "--move"))
        .isEqualTo(ExitCode.DONE.number());
    assertThat(run("mark", "b", "--at", "mark:a")).isEqualTo(ExitCode.DONE.number());
    assertThat(points()).containsExactly("a=neo4j@1=10", "b=neo4j@1=10");
    assertThat(run("unmark", "a")).isEqualTo(ExitCode.DONE.number());
    assertThat(run("unmark", "a")).isEqualTo(ExitCode.USAGE.number());
    assertThat(points()).containsExactly("b=neo4j@1=10");
    assertThat(run("info", "--offline")).isEqualTo(ExitCode.DONE.number());
    assertThat(run("verify")).isEqualTo(ExitCode.DONE.number());
  }

  @Test
  void whatCannotBeRestoredCannotBeMarked() throws Exception {
    assertThat(run("mark", "a", "--at", "vv:neo4j@1=30"))
        .isEqualTo(ExitCode.OUTSIDE_WINDOW.number());
    assertThat(run("mark", "bad name")).isEqualTo(ExitCode.USAGE.number());
    assertThat(points()).isEmpty();
    assertThat(Chain.load(repository, "g").tip().orElseThrow().number()).isEqualTo(2);
  }

  @Test
  void aLostLedgerIsNotBuiltUponUnlessSaid() throws Exception {
    assertThat(run("mark", "a")).isEqualTo(ExitCode.DONE.number());
    assertThat(run("mark", "b")).isEqualTo(ExitCode.DONE.number());
    snapshot(Manifest.Kind.DELTA, 20, 30);
    repository.delete(Keys.manifest("g", 4));
    assertThat(run("mark", "c")).isEqualTo(ExitCode.DAMAGE_FOUND.number());
    assertThat(run("mark", "c", "--accept-lost-ledger")).isEqualTo(ExitCode.DONE.number());
    assertThat(points()).containsExactly("a=neo4j@1=20", "c=neo4j@1=30");
    assertThat(run("info", "--offline")).isEqualTo(ExitCode.DAMAGE_FOUND.number());
  }

  private int run(String... arguments) {
    List<String> all = new ArrayList<>(List.of(arguments));
    all.addAll(List.of("--repository", directory.toString(), "--graph", "g"));
    return Main.run(all.toArray(new String[0]), Map.of(), System.out, System.err);
  }

  private List<String> points() throws Exception {
    return Chain.load(repository, "g").restorePoints().stream()
        .map((Ledger.RestorePoint point) -> point.name() + "=" + point.vector())
        .toList();
  }

  private void snapshot(Manifest.Kind kind, long from, long to) throws Exception {
    Optional<Manifest.Parent> parent = Chain.load(repository, "g").tip();
    Manifest manifest =
        new Manifest(
            "g",
            parent.map(tip -> tip.number() + 1).orElse(1L),
            kind,
            parent,
            from == 0 ? VersionVector.EMPTY : VersionVector.of(SITE, from),
            VersionVector.of(SITE, to),
            new Manifest.CommitSpan(from, to),
            List.of(),
            List.of(),
            new Manifest.Counts(0, 0, 0, 0, 0),
            Fingerprint.EMPTY,
            StoreSchema.EMPTY,
            List.of(),
            Optional.empty(),
            new Manifest.Writer("test", "0"),
            Manifest.Encoding.ZSTD,
            Instant.EPOCH);
    repository.create(manifest.key(), EntryJson.write(manifest));
  }
}
