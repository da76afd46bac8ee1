package dev.varve.archive;

import static org.assertj.core.api.Assertions.assertThat;

import dev.varve.change.VersionVector;
import dev.varve.graph.ElementKind;
import dev.varve.graph.StoreSchema;
import dev.varve.topology.Fingerprint;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ChainTest {

  @TempDir Path directory;
  private Repository repository = new DirectoryRepository(Path.of("unset"));
  private Optional<Manifest.Parent> parent = Optional.empty();
  private long number = 1;

  /** Base at 10, deltas to 20 and 30, checkpoint at 30, delta to 40. */
  @BeforeEach
  void lay() throws Exception {
    repository = new DirectoryRepository(directory.resolve("repository"));
    add(Manifest.Kind.BASE, 0, 10);
    add(Manifest.Kind.DELTA, 10, 20);
    add(Manifest.Kind.DELTA, 20, 30);
    add(Manifest.Kind.CHECKPOINT, 0, 30);
    add(Manifest.Kind.DELTA, 30, 40);
  }

  @Test
  void anUndamagedChainIsLoadedWhole() throws Exception {
    Chain chain = load();
    assertThat(chain.damage()).isEmpty();
    assertThat(chain.links()).hasSize(5);
    assertThat(chain.checkObjects(repository)).isEmpty();
    assertThat(Chain.loadEnd(repository, "g").map(Chain.End::head)).isEqualTo(chain.head());
    assertThat(Chain.loadEnd(repository, "g").map(end -> end.tip().asParent()))
        .isEqualTo(chain.tip());
    assertThat(chain.stretches())
        .extracting(s -> s.from() + "-" + s.to() + "-" + s.deltas().size())
        .containsExactly("neo4j@1=10-neo4j@1=40-3", "neo4j@1=30-neo4j@1=40-1");
  }

  @Test
  void anEmptyRepositoryHasAnEmptyChain() throws Exception {
    Chain chain = Chain.load(repository, "other");
    assertThat(chain.links()).isEmpty();
    assertThat(chain.damage()).isEmpty();
    assertThat(chain.newest()).isEmpty();
  }

  @Test
  void aMissingManifestIsNamedAndEndsTheStretch() throws Exception {
    repository.delete(Keys.manifest("g", 2));
    Chain chain = load();
    assertThat(chain.damage()).containsExactly(new Damage.Missing(Keys.manifest("g", 2)));
    assertThat(chain.stretches())
        .extracting(s -> s.from() + "-" + s.to())
        .containsExactly("neo4j@1=10-neo4j@1=10", "neo4j@1=30-neo4j@1=40");
  }

  @Test
  void aMissingCheckpointBreaksNothing() throws Exception {
    repository.delete(Keys.manifest("g", 4));
    Chain chain = load();
    assertThat(chain.damage()).containsExactly(new Damage.Missing(Keys.manifest("g", 4)));
    assertThat(chain.stretches())
        .extracting(s -> s.from() + "-" + s.to())
        .containsExactly("neo4j@1=10-neo4j@1=40");
  }

  @Test
  void expiredManifestsAreNoDamage() throws Exception {
    ledger(1, 3);
    for (long old = 1; old <= 2; old++) {
      repository.delete(Keys.manifest("g", old));
    }
    Chain chain = load();
    assertThat(chain.damage()).isEmpty();
    assertThat(chain.links()).extracting(l -> l.manifest().number()).containsExactly(4L, 5L);
    assertThat(chain.stretches()).hasSize(1);
    assertThat(chain.tip()).hasValueSatisfying(tip -> assertThat(tip.number()).isEqualTo(6));
    assertThat(chain.head())
        .hasValueSatisfying(h -> assertThat(h.manifest().number()).isEqualTo(5));
    assertThat(Chain.loadEnd(repository, "g").map(Chain.End::head)).isEqualTo(chain.head());
  }

  @Test
  void missingOnesThatHaveNotExpiredAreDamage() throws Exception {
    ledger(1, 2);
    for (long old = 1; old <= 3; old++) {
      repository.delete(Keys.manifest("g", old));
    }
    assertThat(load().damage()).containsExactly(new Damage.Missing(Keys.manifest("g", 3)));
  }

  @Test
  void onlyTheNewestLedgerCounts() throws Exception {
    ledger(1, 2);
    ledger(1, 3);
    repository.delete(Keys.manifest("g", 3));
    assertThat(load().damage()).isEmpty();
    repository.delete(Keys.manifest("g", 7));
    assertThat(load().damage()).containsExactly(new Damage.Missing(Keys.manifest("g", 3)));
  }

  @Test
  void anAlteredManifestIsNamedAndNotTrusted() throws Exception {
    String key = Keys.manifest("g", 2);
    replace(key, sealed(text(key).replace("\"vertices\" : 7", "\"vertices\" : 8")));
    Chain chain = load();
    assertThat(chain.damage()).hasSize(1);
    assertThat(chain.damage().get(0)).isInstanceOf(Damage.Altered.class);
    assertThat(chain.damage().get(0).key()).isEqualTo(key);
    assertThat(chain.links())
        .extracting(l -> l.manifest().number())
        .containsExactly(1L, 3L, 4L, 5L);
  }

  @Test
  void theNewestManifestThatNoOtherNamesIsCheckedToo() throws Exception {
    String key = Keys.manifest("g", 5);
    replace(key, text(key).replace("\"vertices\" : 7", "\"vertices\" : 8"));
    assertThat(load().damage())
        .singleElement()
        .satisfies(damage -> assertThat(damage.text()).contains(key).contains("checksum"));
  }

  @Test
  void aTruncatedManifestIsNamed() throws Exception {
    String key = Keys.manifest("g", 3);
    replace(key, text(key).substring(0, 100));
    assertThat(load().damage())
        .singleElement()
        .satisfies(
            damage -> {
              assertThat(damage).isInstanceOf(Damage.Unreadable.class);
              assertThat(damage.text()).contains(key);
            });
  }

  @Test
  void aManifestOfANewerVarveIsNamed() throws Exception {
    String key = Keys.manifest("g", 5);
    replace(key, text(key).replace("\"1.0\"", "\"9.0\""));
    assertThat(load().damage()).singleElement().isInstanceOf(Damage.TooNew.class);
  }

  @Test
  void aManifestUnderAnothersNameIsNamed() throws Exception {
    replace(Keys.manifest("g", 5), text(Keys.manifest("g", 3)));
    assertThat(load().damage())
        .singleElement()
        .satisfies(damage -> assertThat(damage.key()).isEqualTo(Keys.manifest("g", 5)));
  }

  @Test
  void damagedSegmentsAreNamed() throws Exception {
    Chain chain = load();
    String missing = chain.links().get(0).manifest().segments().get(0).object().key();
    String cut = chain.links().get(1).manifest().segments().get(0).object().key();
    String altered = chain.links().get(2).manifest().segments().get(0).object().key();
    repository.delete(missing);
    Path cutFile = directory.resolve("repository").resolve(cut);
    byte[] bytes = Files.readAllBytes(cutFile);
    Files.write(cutFile, java.util.Arrays.copyOf(bytes, bytes.length - 1));
    Path alteredFile = directory.resolve("repository").resolve(altered);
    bytes = Files.readAllBytes(alteredFile);
    bytes[bytes.length / 2] ^= 1;
    Files.write(alteredFile, bytes);

    List<Damage> found = chain.checkObjects(repository);
    assertThat(found).extracting(Damage::key).containsExactly(missing, cut, altered);
    assertThat(found.get(0)).isInstanceOf(Damage.Missing.class);
    assertThat(found.get(1)).isInstanceOf(Damage.WrongLength.class);
    assertThat(found.get(2)).isInstanceOf(Damage.Altered.class);
  }

  private Chain load() throws Exception {
    return Chain.load(repository, "g");
  }

  private void add(Manifest.Kind kind, long from, long to) throws Exception {
    Path file = directory.resolve("segment-" + number);
    String key = Keys.part("g", number, "v000", (int) number);
    Manifest.Segment segment;
    try (SegmentWriter writer = new SegmentWriter(file, key, ElementKind.VERTEX)) {
      writer.append(Samples.vertex("1", to, "Ada"));
      segment = writer.finish();
    }
    repository.create(key, file);
    Manifest manifest =
        new Manifest(
            "g",
            number,
            kind,
            parent,
            from == 0 ? VersionVector.EMPTY : VersionVector.of(Samples.SITE, from),
            VersionVector.of(Samples.SITE, to),
            new Manifest.CommitSpan(Samples.EPOCH_MICROS, Samples.EPOCH_MICROS + to),
            List.of(),
            List.of(),
            new Manifest.Counts(7, 0, 1, 0, 0),
            Fingerprint.EMPTY,
            StoreSchema.EMPTY,
            List.of(segment),
            Optional.empty(),
            new Manifest.Writer("w", "0"),
            Manifest.Encoding.ZSTD,
            Instant.EPOCH);
    repository.create(manifest.key(), EntryJson.write(manifest));
    parent = Chain.load(repository, "g").tip();
    number++;
  }

  private void ledger(long firstExpired, long lastExpired) throws Exception {
    Ledger ledger =
        new Ledger(
            "g",
            number++,
            parent,
            List.of(),
            List.of(new Ledger.Range(firstExpired, lastExpired)),
            new Manifest.Writer("w", "0"),
            Instant.EPOCH);
    repository.create(ledger.key(), EntryJson.write(ledger));
    parent = load().tip();
  }

  private static String sealed(String text) {
    return new String(EntryJsonTest.sealed(text), StandardCharsets.UTF_8);
  }

  private String text(String key) throws Exception {
    try (InputStream in = repository.read(key, 0)) {
      return new String(in.readAllBytes(), StandardCharsets.UTF_8);
    }
  }

  private void replace(String key, String text) throws Exception {
    repository.delete(key);
    repository.create(key, text.getBytes(StandardCharsets.UTF_8));
  }
}
