package dev.varve.archive;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.varve.change.InexactSpan;
import dev.varve.change.Site;
import dev.varve.change.VersionVector;
import dev.varve.graph.ElementKind;
import dev.varve.graph.StoreSchema;
import dev.varve.topology.Fingerprint;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class EntryJsonTest {

  private static final String SHA = "0123456789abcdef".repeat(4);
  private static final String KEY = Keys.manifest("orders", 7);

  private static final Manifest DELTA =
      new Manifest(
          "orders",
          7,
          Manifest.Kind.DELTA,
          Optional.of(new Manifest.Parent(6, SHA)),
          VersionVector.parse("neo4j@1=90"),
          VersionVector.parse("neo4j@1=99,neo4j@2=120"),
          new Manifest.CommitSpan(1_790_000_000_000_001L, 1_790_000_060_000_000L),
          List.of(
              new Manifest.Position(
                  "varve.orders-vertices-changelog", Optional.of("Zq8vS1"), 0, 1234, 1200),
              new Manifest.Position("varve.orders.transactions", Optional.empty(), 0, 12, 11)),
          List.of(
              new Manifest.SiteCut(
                  new Site("neo4j", 1), "neo4j:aa", 99, 1_790_000_000_000_001L, Optional.empty()),
              new Manifest.SiteCut(
                  new Site("neo4j", 2),
                  "neo4j:bb",
                  120,
                  1_790_000_060_000_000L,
                  Optional.of(new Site("neo4j", 1)))),
          new Manifest.Counts(1000, 2000, 30, 4, 5),
          Fingerprint.parse("00112233445566778899aabbccddeeff"),
          new StoreSchema(
              List.of(
                  new StoreSchema.Rule(
                      "person_name",
                      StoreSchema.Form.CONSTRAINT,
                      "UNIQUENESS",
                      ElementKind.VERTEX,
                      List.of("Person"),
                      List.of("name"),
                      Optional.of("CREATE CONSTRAINT person_name")))),
          List.of(
              new Manifest.Segment(
                  ElementKind.VERTEX,
                  new Manifest.StoredObject(Keys.part("orders", 7, "v000", 0xCAFE), 4321, SHA),
                  30,
                  4,
                  "9",
                  "1207")),
          Optional.of(
              new Manifest.TransactionsFile(
                  new Manifest.StoredObject(Keys.part("orders", 7, "t", 0xCAFE), 321, SHA), 5)),
          new Manifest.Writer("5f0c", "0.1.0"),
          Manifest.Encoding.ZSTD,
          Instant.parse("2026-11-22T19:00:00.123Z"));

  @Test
  void theGoldenManifestIsReadAndWrittenByteForByte() throws Exception {
    byte[] golden = Golden.file("manifest-v1.json", EntryJson.write(DELTA));
    assertThat(new String(EntryJson.write(DELTA), StandardCharsets.UTF_8))
        .isEqualTo(new String(golden, StandardCharsets.UTF_8));
    assertThat(EntryJson.read(KEY, golden)).isEqualTo(DELTA);
  }

  @Test
  void mergedAndThinnedDeltasAreReadAndWrittenByteForByte() throws Exception {
    for (Manifest.Kind kind : List.of(Manifest.Kind.MERGED, Manifest.Kind.THINNED)) {
      Manifest manifest = ofKind(kind);
      byte[] golden =
          Golden.file(
              kind.name().toLowerCase(java.util.Locale.ROOT) + "-v1.json",
              EntryJson.write(manifest));
      assertThat(EntryJson.write(manifest)).isEqualTo(golden);
      assertThat(EntryJson.read(KEY, golden)).isEqualTo(manifest);
    }
  }

  @Test
  void spansThatAreNotExactAreReadAndWrittenByteForByte() throws Exception {
    Manifest manifest =
        inexact(
            List.of(
                new InexactSpan(new Site("neo4j", 1), 88, 95),
                new InexactSpan(new Site("neo4j", 2), 101, 101)));
    byte[] golden = Golden.file("inexact-v1.json", EntryJson.write(manifest));
    assertThat(new String(EntryJson.write(manifest), StandardCharsets.UTF_8))
        .isEqualTo(new String(golden, StandardCharsets.UTF_8));
    assertThat(EntryJson.read(KEY, golden)).isEqualTo(manifest);
  }

  private static Manifest inexact(List<InexactSpan> spans) {
    return new Manifest(
        DELTA.graph(),
        DELTA.number(),
        DELTA.kind(),
        DELTA.parent(),
        DELTA.from(),
        DELTA.to(),
        DELTA.committed(),
        DELTA.positions(),
        DELTA.sites(),
        DELTA.counts(),
        DELTA.fingerprint(),
        DELTA.schema(),
        DELTA.segments(),
        DELTA.transactions(),
        spans,
        DELTA.writer(),
        DELTA.encoding(),
        DELTA.createdAt());
  }

  @Test
  void aBaseIsReadAndWrittenByteForByte() throws Exception {
    Manifest base = ofKind(Manifest.Kind.BASE);
    byte[] golden = Golden.file("base-v2.json", EntryJson.write(base));
    assertThat(new String(EntryJson.write(base), StandardCharsets.UTF_8))
        .isEqualTo(new String(golden, StandardCharsets.UTF_8));
    assertThat(EntryJson.read(KEY, golden)).isEqualTo(base);
  }

  @Test
  void segmentsOfAVersionThatIsNotKnownAreDamage() {
    String json = text().replace("\"compression\"", "\"segments\" : 3, \"compression\"");
    assertThatThrownBy(() -> EntryJson.read(KEY, sealed(json)))
        .isInstanceOf(DamagedException.class)
        .hasMessageContaining("segments of version 3");
  }

  /** A thinned one lists no transactions. */
  private static Manifest ofKind(Manifest.Kind kind) {
    boolean fine = kind != Manifest.Kind.THINNED;
    return new Manifest(
        DELTA.graph(),
        DELTA.number(),
        kind,
        DELTA.parent(),
        kind.whole() ? VersionVector.EMPTY : DELTA.from(),
        DELTA.to(),
        DELTA.committed(),
        DELTA.positions(),
        DELTA.sites(),
        new Manifest.Counts(1000, 2000, 30, 4, fine ? 5 : 0),
        DELTA.fingerprint(),
        DELTA.schema(),
        DELTA.segments(),
        fine ? DELTA.transactions() : Optional.empty(),
        DELTA.writer(),
        Manifest.Encoding.of(kind, DELTA.encoding().keyId()),
        DELTA.createdAt());
  }

  @Test
  void unknownMembersAndAHigherMinorVersionAreIgnored() {
    String json =
        text().replace("\"version\" : \"1.0\"", "\"version\" : \"1.9\", \"mood\" : {\"x\" : 1}");
    assertThat(EntryJson.read(KEY, sealed(json))).isEqualTo(DELTA);
  }

  @Test
  void anUnknownMajorVersionIsRefused() {
    String json = text().replace("\"version\" : \"1.0\"", "\"version\" : \"3.0\"");
    assertThatThrownBy(() -> EntryJson.read(KEY, sealed(json)))
        .isInstanceOf(NewerFormatException.class)
        .hasMessageContaining(KEY)
        .hasMessageContaining("3.0");
  }

  @Test
  void everyTruncationIsDamage() {
    byte[] good = EntryJson.write(DELTA);
    for (int length = 0; length < good.length - 2; length++) {
      byte[] cut = java.util.Arrays.copyOf(good, length);
      assertThatThrownBy(() -> EntryJson.read(KEY, cut))
          .as("%d bytes", length)
          .isInstanceOf(DamagedException.class)
          .hasMessageContaining(KEY);
    }
  }

  @Test
  void aMissingMemberIsNamed() {
    for (String member : List.of("graph", "number", "fingerprint", "segments", "to", "createdAt")) {
      String json = text().replaceFirst("\"" + member + "\"", "\"x\"");
      assertThatThrownBy(() -> EntryJson.read(KEY, sealed(json)))
          .isInstanceOf(DamagedException.class)
          .hasMessageContaining("'" + member + "'");
    }
  }

  @Test
  void anyAlteredByteIsDamage() {
    byte[] good = EntryJson.write(DELTA);
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

  /** The bytes of a text that was changed on purpose. */
  static byte[] sealed(String text) {
    String open = text.substring(0, text.lastIndexOf("\"checksum\""));
    String sha256 = Digests.sha256Of(open.getBytes(StandardCharsets.UTF_8));
    return (open + "\"checksum\" : \"" + sha256 + "\"\n}\n").getBytes(StandardCharsets.UTF_8);
  }

  private static String text() {
    return new String(EntryJson.write(DELTA), StandardCharsets.UTF_8);
  }
}
