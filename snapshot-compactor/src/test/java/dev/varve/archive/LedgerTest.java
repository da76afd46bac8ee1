package dev.varve.archive;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.varve.archive.Ledger.Range;
import dev.varve.archive.Ledger.RestorePoint;
import dev.varve.change.VersionVector;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class LedgerTest {

  private static final String KEY = Keys.manifest("orders", 12);

  private static final Ledger LEDGER =
      new Ledger(
          "orders",
          12,
          Optional.of(new Manifest.Parent(11, "0123456789abcdef".repeat(4))),
          List.of(
              point("before-upgrade", "neo4j@1=99,neo4j@2=120"), point("year-2026", "neo4j@1=7")),
          List.of(new Range(1, 4), new Range(6, 6)),
          new Manifest.Writer("mark-5f0c", "0.1.0"),
          Instant.parse("2026-11-22T19:00:00.123Z"));

  private static RestorePoint point(String name, String vector) {
    return new RestorePoint(
        name,
        VersionVector.parse(vector),
        1_790_000_000_000_001L,
        Instant.parse("2026-11-22T18:00:00.5Z"));
  }

  @Test
  void theGoldenLedgerIsReadAndWrittenByteForByte() throws Exception {
    byte[] golden = Golden.file("ledger-v1.json", EntryJson.write(LEDGER));
    assertThat(new String(EntryJson.write(LEDGER), StandardCharsets.UTF_8))
        .isEqualTo(new String(golden, StandardCharsets.UTF_8));
    assertThat(EntryJson.read(KEY, golden)).isEqualTo(LEDGER);
  }

  @Test
  void theGoldenLedgerThatRemembersHashesIsReadAndWrittenByteForByte() throws Exception {
    Ledger ledger =
        LEDGER.withExpired(
            List.of(8L, 9L, 10L), Map.of(6L, sha256("a"), 8L, sha256("b"), 9L, sha256("c")));
    byte[] golden = Golden.file("ledger-hashes-v1.json", EntryJson.write(ledger));
    assertThat(new String(EntryJson.write(ledger), StandardCharsets.UTF_8))
        .isEqualTo(new String(golden, StandardCharsets.UTF_8));
    assertThat(EntryJson.read(KEY, golden)).isEqualTo(ledger);
    assertThat(ledger.expiredHashes().areOf(9, sha256("c"))).contains(true);
    assertThat(ledger.expiredHashes().areOf(9, sha256("b"))).contains(false);
    assertThat(ledger.expiredHashes().areOf(7, sha256("b"))).isEmpty();
    assertThat(ledger.expiredHashes().areOf(10, sha256("b"))).isEmpty();
  }

  private static String sha256(String text) {
    return Digests.sha256Of(text.getBytes(StandardCharsets.UTF_8));
  }

  @Test
  void onlyTheNewestHashesAreRemembered() {
    Map<Long, String> all = new TreeMap<>();
    for (long number = 1; number <= ExpiredHashes.ENTRIES_MAX + 5; number++) {
      all.put(number, sha256("" + number));
    }
    ExpiredHashes hashes = ExpiredHashes.NONE.with(all);
    assertThat(hashes.areOf(5, sha256("5"))).isEmpty();
    assertThat(hashes.areOf(6, sha256("6"))).contains(true);
    assertThat(ExpiredHashes.of(hashes.runs())).isEqualTo(hashes);
    Ledger ledger = LEDGER.withExpired(all.keySet(), all);
    assertThat(EntryJson.write(ledger)).hasSizeLessThan(200_000);
    assertThat(EntryJson.read(KEY, EntryJson.write(ledger))).isEqualTo(ledger);
  }

  @Test
  void hashesThatAreNoneAreDamage() {
    String json =
        new String(EntryJson.write(LEDGER), StandardCharsets.UTF_8)
            .replace(
                "  \"writer\"",
                "  \"expiredHashes\" : [ { \"first\" : 2, \"sha256\" : \"01234567\" } ],\n  \"writer\"");
    assertThatThrownBy(() -> EntryJson.read(KEY, EntryJsonTest.sealed(json)))
        .isInstanceOf(DamagedException.class)
        .hasMessageContaining("not hashes");
  }

  @Test
  void everyTruncationIsDamage() {
    byte[] good = EntryJson.write(LEDGER);
    for (int length = 0; length < good.length - 2; length++) {
      byte[] cut = Arrays.copyOf(good, length);
      assertThatThrownBy(() -> EntryJson.read(KEY, cut))
          .as("%d bytes", length)
          .isInstanceOf(DamagedException.class)
          .hasMessageContaining(KEY);
    }
  }

  @Test
  void anyAlteredByteIsDamage() {
    byte[] good = EntryJson.write(LEDGER);
    for (int at = 0; at < good.length - 1; at++) {
      byte[] bad = good.clone();
      bad[at] ^= 2;
      assertThatThrownBy(() -> EntryJson.read(KEY, bad))
          .as("byte %d", at)
          .satisfiesAnyOf(
              e -> assertThat(e).isInstanceOf(DamagedException.class),
              e -> assertThat(e).isInstanceOf(NewerFormatException.class))
          .hasMessageContaining(KEY);
    }
  }

  @Test
  void unknownMembersAreIgnored() {
    String json = new String(EntryJson.write(LEDGER), StandardCharsets.UTF_8);
    String more = json.replace("\"graph\"", "\"mood\" : {\"x\" : 1}, \"graph\"");
    assertThat(EntryJson.read(KEY, EntryJsonTest.sealed(more))).isEqualTo(LEDGER);
  }

  @Test
  void whatIsOutOfOrderIsDamage() {
    String json = new String(EntryJson.write(LEDGER), StandardCharsets.UTF_8);
    for (String bad :
        List.of(
            json.replace("\"first\" : 6", "\"first\" : 5"),
            json.replace("\"last\" : 4", "\"last\" : 0"),
            json.replace("before-upgrade", "zebra"),
            json.replace("before-upgrade", "year-2026"),
            json.replace("before-upgrade", "../x"))) {
      assertThatThrownBy(() -> EntryJson.read(KEY, EntryJsonTest.sealed(bad)))
          .isInstanceOf(DamagedException.class);
    }
  }

  @Test
  void aRestorePointTakesThePlaceOfTheOneOfItsName() {
    List<RestorePoint> points = Ledger.with(LEDGER.restorePoints(), point("aa", "neo4j@1=1"));
    assertThat(points)
        .extracting(RestorePoint::name)
        .containsExactly("aa", "before-upgrade", "year-2026");
    List<RestorePoint> moved = Ledger.with(points, point("aa", "neo4j@1=2"));
    assertThat(moved).hasSize(3).contains(point("aa", "neo4j@1=2"));
    assertThat(Ledger.without(moved, "aa")).isEqualTo(LEDGER.restorePoints());
    assertThat(LEDGER.restorePoint("year-2026")).isPresent();
    assertThat(LEDGER.restorePoint("year-2027")).isEmpty();
  }

  static LongStream seeds() {
    long first = Long.getLong("varve.seed", 0);
    return LongStream.range(first, first + Long.getLong("varve.seeds", 50));
  }

  @ParameterizedTest
  @MethodSource("seeds")
  void rangesHoldExactlyTheNumbersThatExpired(long seed) {
    Random random = new Random(seed);
    TreeSet<Long> expected = new TreeSet<>();
    Ledger ledger = LEDGER.withExpired(List.of(), Map.of());
    expected.addAll(List.of(1L, 2L, 3L, 4L, 6L));
    for (int i = 0; i < 8; i++) {
      List<Long> more = new ArrayList<>();
      for (int j = random.nextInt(6); j > 0; j--) {
        more.add(1L + random.nextInt(40));
      }
      expected.addAll(more);
      ledger = ledger.withExpired(more, Map.of());
      for (long number = 1; number <= 41; number++) {
        assertThat(ledger.isExpired(number))
            .as("seed %d, number %d of %s", seed, number, ledger.expired())
            .isEqualTo(expected.contains(number));
      }
    }
  }

  @Test
  void manyNumbersExpireInNoTime() {
    List<Long> numbers = LongStream.rangeClosed(1, 200_000).boxed().toList();
    assertThat(Ledger.with(List.of(), numbers)).containsExactly(new Range(1, 200_000));
    List<Long> odd = numbers.stream().filter(number -> number % 2 == 1).toList();
    assertThat(Ledger.with(List.of(), odd)).hasSize(100_000);
  }

  @Test
  void aLedgerGoesBehindAnotherEntry() {
    Manifest.Parent other = new Manifest.Parent(20, "f".repeat(64));
    Ledger behind = LEDGER.behind(other);
    assertThat(behind.number()).isEqualTo(21);
    assertThat(behind.parent()).contains(other);
    assertThat(behind.restorePoints()).isEqualTo(LEDGER.restorePoints());
    assertThat(behind.expired()).isEqualTo(LEDGER.expired());
    assertThat(behind.head()).isFalse();
  }
}
