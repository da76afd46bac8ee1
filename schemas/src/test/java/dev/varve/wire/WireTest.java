package dev.varve.wire;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.varve.change.Change;
import dev.varve.change.ChangeHeader;
import dev.varve.change.Dot;
import dev.varve.change.Site;
import dev.varve.change.VersionVector;
import dev.varve.change.Watermark;
import dev.varve.fault.ExitCode;
import dev.varve.fault.VarveException;
import dev.varve.graph.ElementHasher;
import dev.varve.graph.ElementId;
import dev.varve.graph.ElementKind;
import dev.varve.graph.RandomGraph;
import dev.varve.graph.Vertex;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Collections;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.apache.avro.Schema;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

class WireTest {

  private static final Site BERLIN = new Site("berlin", 1);
  private static final Watermark WATERMARK =
      new Watermark(BERLIN, 9, 5_000_000, 3, "neo4j:x", Optional.empty());

  private final SchemaCatalog catalog = SchemaCatalog.load();

  @Test
  void aValueIsAZeroByteTheIdBigEndianAndTheBody() {
    try (Wire wire = Wire.open(RegistryConfig.embedded())) {
      AvroOutput body = new AvroOutput();
      new WatermarkCodec().write(WATERMARK, body);

      assertThat(HexFormat.of().formatHex(wire.frame(RecordKind.WATERMARK, body)))
          .isEqualTo(
              "00" // magic
                  + "00000003" // id
                  + "10" // length 8
                  + HexFormat.of().formatHex("berlin@1".getBytes(StandardCharsets.UTF_8))
                  + "12" // seq 9
                  + "80ade204" // 5 000 000 microseconds
                  + "06" // versions 3
                  + "0e6e656f346a3a78" // store
                  + "00"); // replaces nothing
    }
  }

  @ParameterizedTest
  @EnumSource
  void everyKindIsOpenedAsWhatItWasFramedAs(RecordKind kind) {
    try (Wire wire = Wire.open(RegistryConfig.embedded())) {
      byte[] body = {1, 2, 3};
      Wire.Body opened = wire.open(wire.frame(kind, body, 1, 2));

      assertThat(opened.kind()).isEqualTo(kind);
      assertThat(opened.input().remaining()).isEqualTo(2);
      assertThat(opened.input().readLong()).isEqualTo(1);
      assertThat(opened.input().array()[opened.input().position()]).isEqualTo((byte) 3);
    }
  }

  @Test
  void idsOfTheEmbeddedRegistryAreTheSameAtEveryStart() {
    for (int start = 0; start < 2; start++) {
      try (Wire wire = Wire.open(RegistryConfig.embedded())) {
        assertThat(Arrays.stream(RecordKind.values()).map(wire::idOf))
            .containsExactly(1, 2, 3, 4, 5, 6);
      }
    }
  }

  @Test
  void aSchemaThatIsAppendedLeavesTheOtherIdsAlone() {
    try (Wire wire = Wire.open(RegistryConfig.embedded(), withWiderWatermark())) {
      assertThat(Arrays.stream(RecordKind.values()).map(wire::idOf))
          .containsExactly(1, 2, 7, 4, 5, 6);
    }
  }

  @Test
  void aRecordOfAnOlderWriterIsOpenedInTheNewestLayout() {
    byte[] old;
    try (Wire wire = Wire.open(RegistryConfig.embedded())) {
      AvroOutput body = new AvroOutput();
      new WatermarkCodec().write(WATERMARK, body);
      old = wire.frame(RecordKind.WATERMARK, body);
    }
    try (Wire wire = Wire.open(RegistryConfig.embedded(), withWiderWatermark())) {
      Wire.Body opened = wire.open(old);

      assertThat(opened.kind()).isEqualTo(RecordKind.WATERMARK);
      AvroInput in = opened.input();
      assertThat(in.remaining()).isEqualTo(old.length - Wire.HEADER_BYTES + 1);
      byte[] common = new byte[in.remaining() - 1];
      System.arraycopy(in.array(), in.position(), common, 0, common.length);
      assertThat(common).isEqualTo(Arrays.copyOfRange(old, Wire.HEADER_BYTES, old.length));
      in.skip(common.length);
      assertThat(in.readLong()).isEqualTo(42);
      in.expectEnd();
    }
  }

  @Test
  void resolvingKeepsEveryValueAndTheOrderOfMaps() {
    Schema change = catalog.newest(RecordKind.CHANGE);
    Schema wider = SchemaVersions.withField(change, "added", Schema.create(Schema.Type.LONG), 42L);
    Resolution widen = new Resolution(change, wider);
    Resolution narrow = new Resolution(wider, change);
    for (long seed = 1; seed <= 50; seed++) {
      AvroOutput out = new AvroOutput();
      new ChangeCodec().write(randomChange(seed), out);
      byte[] bytes = out.toByteArray();

      byte[] widened = widen.apply(bytes, 0, bytes.length);

      assertThat(narrow.apply(widened, 0, widened.length)).as("seed %d", seed).isEqualTo(bytes);
    }
  }

  @Test
  void manyThreadsOpenOlderRecordsAtOnce() throws Exception {
    AvroOutput body = new AvroOutput();
    new WatermarkCodec().write(WATERMARK, body);
    byte[] old = new byte[Wire.HEADER_BYTES + body.length()];
    old[4] = 3;
    System.arraycopy(body.array(), 0, old, Wire.HEADER_BYTES, body.length());
    ExecutorService threads = Executors.newFixedThreadPool(8);
    try (Wire wire = Wire.open(RegistryConfig.embedded(), withWiderWatermark())) {
      List<Callable<Integer>> tasks =
          Collections.nCopies(200, () -> wire.open(old).input().remaining());
      for (Future<Integer> task : threads.invokeAll(tasks)) {
        assertThat(task.get()).isEqualTo(body.length() + 1);
      }
    } finally {
      threads.shutdownNow();
    }
  }

  @ParameterizedTest
  @CsvSource({
    "'', is too short",
    "00000000, is too short",
    "0100000003, begins with the byte 1",
    "7b226964, is too short",
    "7b22696422, begins with the byte 123",
  })
  void whatIsNotInTheWireFormatIsRefused(String hex, String message) {
    try (Wire wire = Wire.open(RegistryConfig.embedded())) {
      assertThatThrownBy(() -> wire.open(HexFormat.of().parseHex(hex)))
          .isInstanceOf(VarveException.class)
          .hasMessageContaining(message)
          .extracting("hint")
          .asString()
          .contains("not Varve's");
    }
  }

  @Test
  void anUnknownIdIsRefused() {
    try (Wire wire = Wire.open(RegistryConfig.embedded())) {
      assertThatThrownBy(() -> wire.open(HexFormat.of().parseHex("00000001ff02")))
          .isInstanceOf(VarveException.class)
          .hasMessageContaining("schema 511")
          .hasMessageContaining("embedded");
    }
  }

  @Test
  void anOlderRecordThatIsCutShortIsMalformed() {
    try (Wire wire = Wire.open(RegistryConfig.embedded(), withWiderWatermark())) {
      assertThatThrownBy(() -> wire.open(HexFormat.of().parseHex("000000000310")))
          .isInstanceOf(MalformedRecordException.class)
          .hasMessageContaining("dev.varve.wire.Watermark");
    }
  }

  @ParameterizedTest
  @CsvSource({
    "ftp://registry:8081, ftp://registry",
    "registry:8081, registry:8081",
    "http://user:secret@registry:8081, must not contain user and password",
    "'http://a:1,nonsense', nonsense",
    "'http://a b', registry must be",
    "'', registry must be",
  })
  void anAddressOfAnotherFormIsAUsageError(String url, String message) {
    assertThatThrownBy(() -> RegistryConfig.at(url))
        .isInstanceOf(VarveException.class)
        .hasMessageContaining(message)
        .hasMessageNotContaining("secret")
        .extracting("exitCode")
        .isEqualTo(ExitCode.USAGE);
  }

  @Test
  void theConfigurationNeverPrintsThePassword() {
    assertThat(RegistryConfig.at("http://registry:8081").withUser("ada", "s3cret"))
        .hasToString("RegistryConfig[http://registry:8081, user ada]");
  }

  private SchemaCatalog withWiderWatermark() {
    Schema wider =
        SchemaVersions.withField(
            catalog.newest(RecordKind.WATERMARK), "added", Schema.create(Schema.Type.LONG), 42L);
    return SchemaVersions.with(catalog, RecordKind.WATERMARK, wider);
  }

  private static Change randomChange(long seed) {
    Vertex vertex = (Vertex) new RandomGraph(new Random(seed)).element(ElementKind.VERTEX);
    ElementId id = ElementId.vertex("" + seed);
    ChangeHeader header =
        new ChangeHeader(
            new Dot(BERLIN, seed, 0),
            seed,
            VersionVector.EMPTY,
            Optional.of(new ElementHasher().hash(id, vertex)),
            List.of(),
            List.of());
    return new Change(id, header, Optional.of(vertex));
  }
}
